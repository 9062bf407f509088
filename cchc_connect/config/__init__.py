"""Reads `cchc.toml`: its tables, its connections and accounts, and the secrets it refers to."""
