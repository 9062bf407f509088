"""How listings come in pages: the kinds of paging, their page tokens and what proves their ends, for every adapter."""
