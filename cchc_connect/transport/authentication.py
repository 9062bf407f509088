"""How a connection shows who it is: a small closed union, joined by one class for each way.

A session, where the system's dialect wants one, is opened with the same account; see `sessions`.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cchc_connect.http import Credentials


@dataclass(frozen=True)
class Anonymous:
    """Nobody: the system is open, or the network decides who may ask."""

    @property
    def account(self) -> None:
        """There is no account to open a session with."""
        return None

    def headers(self) -> Mapping[str, str]:
        """Return no header."""
        return {}


@dataclass(frozen=True)
class Login:
    """A service account that is used to open the dialect's session and for nothing else."""

    account: Credentials

    def headers(self) -> Mapping[str, str]:
        """Return no header: the session goes where the dialect puts it."""
        return {}


@dataclass(frozen=True)
class Basic:
    """A service account shown in every request by HTTP Basic (RFC 7617, UTF-8)."""

    account: Credentials

    def headers(self) -> Mapping[str, str]:
        """Return the Authorization header."""
        pair = f"{self.account.username}:{self.account.password}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}


Authentication: TypeAlias = Anonymous | Login | Basic
"""One of the ways above."""
