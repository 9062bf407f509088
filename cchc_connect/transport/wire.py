"""Prepared requests: absolute URL, all headers and encoded body, ready to send."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.transport.call import Call
from cchc_connect.transport.network.url_guard import Origin


@dataclass(frozen=True, kw_only=True)
class Wire:
    """A request exactly as a carrier sends it; only a signature that includes the time is new in each attempt."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        """Show only the method: URL, headers and body may hold secrets or personal values."""
        return f"<{self.method} on the wire>"


@dataclass(frozen=True)
class Send:
    """Step: send one request, with as many attempts as the policy allows."""

    call: Call
    wire: Wire
    origins: Collection[Origin] = field(repr=False)
    """Origins that it may go to."""
    classify: Callable[[HttpResponse], Verdict] = field(repr=False)
    """Returns the verdict on its response."""
    is_login: bool = False
    """True: it opens a session; request and response are not signed as messages."""
