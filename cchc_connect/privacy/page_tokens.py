"""Page tokens of sources: which may be stored, and how they are shown.

A page token is a number, a key or a URL, with anything that the source puts in. A request uses it unchanged; this
module decides what is stored and shown.
"""

import re

from cchc_connect.privacy.redaction import is_secret_name, redact
from cchc_connect.privacy.secrets import mask_secrets

_PARAMETER_NAME = re.compile(r"[?&;]([^=&;#]*)=")
_USER_INFO = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@|^//[^/?#]*@")


def storable_token(page_token: str | None) -> str | None:
    """Return a page token if it may be stored, None if it holds a secret.

    Without a stored token the next run starts the listing at its first page.

    >>> storable_token("/parcels?offset=300"), storable_token("/parcels?offset=300&access_token=abc")
    ('/parcels?offset=300', None)
    """
    return None if page_token is None or holds_secret(page_token) else page_token


def display_token(page_token: str | None) -> str | None:
    """Return a page token for display: only the path of a URL, with long numbers masked.

    >>> display_token("https://land.example/parcels?offset=300"), display_token("300")
    ('/parcels?***', '300')
    """
    if page_token is None:
        return None
    from cchc_connect.http import HttpRequest  # noqa: PLC0415  # most reports contain no token, and `runs` must be fast

    query = "?***" if "?" in page_token else ""
    # A token may be a path or URL; a request shows of it what its own log lines show.
    return redact(HttpRequest(method="GET", path=page_token).display_path) + query


def holds_secret(page_token: str) -> bool:
    """True if a page token contains a secret: `user:password@`, a parameter named like one, or a registered one."""
    names = _PARAMETER_NAME.findall(page_token)
    return (
        bool(_USER_INFO.match(page_token)) or any(map(is_secret_name, names)) or mask_secrets(page_token) != page_token
    )
