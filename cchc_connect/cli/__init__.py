"""The command line `cchc-connect`."""

from cchc_connect.cli.main import main

__all__ = ["main"]
