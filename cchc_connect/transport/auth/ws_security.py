"""WS-Security authentication: a UsernameToken in every SOAP envelope (OASIS WSS 1.0 Username Token Profile)."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from typing import Any

from cchc_connect.errors import MessageRefused
from cchc_connect.extras import require_extra
from cchc_connect.http import Credentials
from cchc_connect.transport.auth.schemes import AuthenticationScheme
from cchc_connect.transport.calls.call import PreparedRequest


@dataclass(frozen=True, kw_only=True)
class WsSecurity(AuthenticationScheme):
    """A service account in the header of every envelope (OASIS WSS 1.0 Username Token Profile)."""

    credentials: Credentials
    digest: bool = False
    """True: send a digest over nonce, time and password instead of the password (`PasswordDigest`).

    The server needs the password in plain text to check the digest, so it only protects against eavesdroppers;
    over TLS the plain form (`PasswordText`) is no weaker.
    """

    def authenticate_request(self, prepared: PreparedRequest, now: datetime) -> PreparedRequest:
        """Return the request with a new token created at `now`; a request without a body is unchanged.

        Raises:
            ConfigurationError: the extra `soap` is not installed.
            MessageRefused: the body is no SOAP envelope.
        """
        if prepared.body is None:
            return prepared
        return replace(prepared, body=_with_token(prepared.body, self.credentials, now, digest=self.digest))


def _with_token(envelope: bytes, credentials: Credentials, now: datetime, *, digest: bool) -> bytes:
    with require_extra("soap", "zeep", "lxml"):
        etree: Any = import_module("lxml.etree")  # imported by name: neither package has types
        username: Any = import_module("zeep.wsse.username")
    token = username.UsernameToken(
        credentials.username,
        credentials.password,
        use_digest=digest,
        nonce=secrets.token_urlsafe(24),
        created=now,
        zulu_timestamp=True,
    )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        with_token, _ = token.apply(etree.fromstring(envelope, parser), {})
        return bytes(etree.tostring(with_token, encoding="utf-8", xml_declaration=True))
    except (etree.XMLSyntaxError, AttributeError, ValueError):
        pass  # lxml's error quotes the envelope
    raise MessageRefused("soap.no_envelope")
