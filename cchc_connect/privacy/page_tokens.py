"""Where a listing goes on, in the source's own words: a number, a key, or an address with all that a source puts in.

The engine asks with it as it is. What is kept and what is shown is another matter.
"""

import re

from cchc_connect.http import HttpRequest
from cchc_connect.privacy.redaction import redacted, tells_secret
from cchc_connect.privacy.secrets import without_secrets

_PARAMETER = re.compile(r"[?&;]([^=&;#]*)=")
_USER = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@|^//[^/?#]*@")


def kept(position: str | None) -> str | None:
    """Return what of a position may be stored; nothing of one with a secret in it: that listing begins anew.

    >>> kept("/parcels?offset=300"), kept("/parcels?offset=300&access_token=abc")
    ('/parcels?offset=300', None)
    """
    return None if position is None or holds_secret(position) else position


def shown(position: str | None) -> str | None:
    """Return a position as people see it: of an address the path alone, long numbers masked.

    >>> shown("https://land.example/parcels?offset=300"), shown("300")
    ('/parcels?***', '300')
    """
    if position is None:
        return None
    query = "?***" if "?" in position else ""
    return redacted(HttpRequest(method="GET", path=position).place) + query


def holds_secret(position: str) -> bool:
    """Say whether an address names a user, has a parameter of a secret's name, or holds a secret that was read."""
    names = _PARAMETER.findall(position)
    return bool(_USER.match(position)) or any(map(tells_secret, names)) or without_secrets(position) != position
