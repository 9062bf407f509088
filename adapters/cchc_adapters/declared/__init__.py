"""What holds for every source that is declared in TOML, whatever it is read from: HTTP, a database, files, SOAP.

Listings in pages (`paged_source`) are shared by REST and SOAP.
"""
