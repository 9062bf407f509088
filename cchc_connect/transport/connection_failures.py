"""Helpers of both carriers: inspect the exceptions of HTTP libraries, with their causes."""

import http.client
import ssl
from collections.abc import Iterator

from cchc_connect.transport.network.http1 import Overlong

# A handshake that was cut off or timed out is a broken connection; other TLS errors would recur.
_HANDSHAKE_CUT_OFF = (
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and every exception it was made from, wherever its library stores them."""
    seen: list[BaseException] = []
    pending: list[object] = [error]
    while pending:
        cause = pending.pop()
        if isinstance(cause, BaseException) and all(cause is not previous for previous in seen):
            seen.append(cause)
            yield cause
            pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def is_distrust(chain: list[BaseException]) -> bool:
    """True if TLS refused the server, or the server refused our TLS."""
    return any(isinstance(cause, ssl.SSLError) and not isinstance(cause, _HANDSHAKE_CUT_OFF) for cause in chain)


def is_overlong(chain: list[BaseException]) -> bool:
    """True if a head was too long, or had too many lines for the standard library, which has no class for that."""
    return any(isinstance(cause, Overlong) or type(cause) is http.client.HTTPException for cause in chain)
