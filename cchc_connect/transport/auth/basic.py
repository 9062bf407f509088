"""HTTP Basic (RFC 7617): how a name and a password stand in a header."""

from base64 import b64encode

from cchc_connect.http import Credentials
from cchc_connect.privacy.secrets import SecretText


def basic(account: Credentials) -> str:
    """Return the value of an Authorization header; both are UTF-8."""
    return SecretText(f"Basic {b64encode(f'{account.username}:{account.password}'.encode()).decode()}")
