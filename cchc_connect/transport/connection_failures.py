"""What foreign exceptions have inside, for the carriers' seams."""

import http.client
import ssl
from collections.abc import Iterator

from cchc_connect.transport.network.http1 import Overlong

# A handshake that merely ends, or was waiting for more, is a broken line; other TLS trouble stays whatever we do.
_ENDED = (
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    ssl.SSLSyscallError,
    ssl.SSLWantReadError,
    ssl.SSLWantWriteError,
)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and every exception it was made from, however its library keeps them."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and all(cause is not known for known in seen):
            seen.append(cause)
            yield cause
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def is_distrust(chain: list[BaseException]) -> bool:
    """Say whether TLS refused the other side, or was refused."""
    return any(isinstance(cause, ssl.SSLError) and not isinstance(cause, _ENDED) for cause in chain)


def is_overlong(chain: list[BaseException]) -> bool:
    """Say whether a head went on and on, or the standard library gave up on its many lines (it has no class for it)."""
    return any(isinstance(cause, Overlong) or type(cause) is http.client.HTTPException for cause in chain)
