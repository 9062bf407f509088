"""How a connection without a word of its own about TLS trusts the other side."""

import ssl
from functools import cache

import certifi


@cache
def machine_trust() -> ssl.SSLContext:
    """Return a context that trusts the usual authorities, wants the right host name and speaks TLS 1.2 or newer.

    Both libraries used certifi's bundle until now, so the same systems are trusted as before.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
