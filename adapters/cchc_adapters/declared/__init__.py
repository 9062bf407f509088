"""What holds for every source that is declared in TOML, whatever it is read from: HTTP, a database, files, SOAP."""
