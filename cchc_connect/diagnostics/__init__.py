"""Finds out what is wrong with connections, network, clock and database for `cchc-connect check`."""
