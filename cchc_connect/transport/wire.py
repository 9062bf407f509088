"""A request as it goes over the wire: whole address, all headers, encoded body."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from cchc_connect.http import HttpResponse, Verdict
from cchc_connect.transport.call import Call
from cchc_connect.transport.network.url_guard import Origin


@dataclass(frozen=True, kw_only=True)
class Wire:
    """What a carrier sends, byte for byte; only what an account signs with the time is new in each attempt."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    def __repr__(self) -> str:
        """Show the method only: all the rest may hold secrets or personal values."""
        return f"<{self.method} on the wire>"


@dataclass(frozen=True)
class Send:
    """One request to be sent, as often as the policy allows."""

    call: Call
    wire: Wire
    origins: Collection[Origin] = field(repr=False)
    """Where it may go."""
    classify: Callable[[HttpResponse], Verdict] = field(repr=False)
    """What its answer means."""
    is_login: bool = False
    """Does it open a session? It is no message of the connection then, and its answer is none."""
