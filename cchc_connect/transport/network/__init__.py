"""Names, addresses, TLS and HTTP/1.1 framing: what a connection needs before a library is trusted with it."""
