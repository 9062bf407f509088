"""Page tokens of sources: which may be stored, and how they are shown.

A page token is a number, a key or a URL, with anything that the source puts in. A request uses it unchanged; this
module decides what is stored and shown.
"""

import re

from cchc_connect.http import HttpRequest
from cchc_connect.privacy.redaction import is_secret_name, redact
from cchc_connect.privacy.secrets import mask_secrets

_PARAMETER = re.compile(r"[?&;]([^=&;#]*)=")
_USER = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@|^//[^/?#]*@")


def storable_token(position: str | None) -> str | None:
    """Return a page token if it may be stored, None if it holds a secret; that listing then restarts.

    >>> storable_token("/parcels?offset=300"), storable_token("/parcels?offset=300&access_token=abc")
    ('/parcels?offset=300', None)
    """
    return None if position is None or holds_secret(position) else position


def display_token(position: str | None) -> str | None:
    """Return a page token for display: only the path of a URL, with long numbers masked.

    >>> display_token("https://land.example/parcels?offset=300"), display_token("300")
    ('/parcels?***', '300')
    """
    if position is None:
        return None
    query = "?***" if "?" in position else ""
    return redact(HttpRequest(method="GET", path=position).display_path) + query


def holds_secret(position: str) -> bool:
    """True if a page token names a user, has a parameter with the name of a secret, or holds a registered secret."""
    names = _PARAMETER.findall(position)
    return bool(_USER.match(position)) or any(map(is_secret_name, names)) or mask_secrets(position) != position
