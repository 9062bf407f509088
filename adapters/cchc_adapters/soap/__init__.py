"""The adapter `soap`: systems with SOAP services, declared in TOML."""
