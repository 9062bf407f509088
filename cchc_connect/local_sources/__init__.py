"""Sources that are not reached over HTTP: a database, a folder, a file."""
