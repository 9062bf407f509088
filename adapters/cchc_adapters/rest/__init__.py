"""A system with a REST interface that is described in TOML, without code (`adapter = "rest"`)."""
