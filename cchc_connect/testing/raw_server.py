"""A real server on loopback that answers byte for byte what it is told to, at the pace it is told.

No HTTP library stands behind it, so nothing is too wrong for it to say. It never logs.
"""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from cchc_connect.testing.loopback_server import LoopbackServer
from cchc_connect.testing.plays import CUT, KEEP, RESET, Move, Play
from cchc_connect.testing.server import Asked

Script = Callable[[Asked], Play]
"""Says what is done with each request."""

_PATIENCE_S = 2.0  # a client that neither sends nor reads for so long has gone
_FAREWELL_S = 0.1
_LONGEST_LINE = 64 * 1024


class RawServer(LoopbackServer):
    """Plays a script; use it as a context manager, or call `start` and `stop`."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script
        self.asked: list[Asked] = []
        """Every request that came, in its order."""

    @property
    def targets(self) -> list[str]:
        """Method and target of every request, as they were written."""
        return [f"{asked.method} {asked.target}" for asked in self.asked]

    def serve(self, connection: socket.socket) -> None:
        """Play the script for each request of a connection."""
        with suppress(OSError):  # the client may go, as many tests want it to
            connection.settimeout(_PATIENCE_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            spoken = self.welcome(connection)
            if spoken is not None:
                with self.closed_by_stop(spoken):
                    self._converse(spoken)

    def welcome(self, connection: socket.socket) -> socket.socket | None:
        """Return what is spoken over with somebody who connected, None where nothing more is said."""
        return connection

    def perform(self, play: Play, connection: socket.socket) -> Move | None:
        """Make a play's moves; return how it leaves the line."""
        for move in play:
            if isinstance(move, bytes):
                connection.sendall(move)
            elif isinstance(move, int | float):
                self._closing.wait(move)
            else:
                return move
            if self._closing.is_set():
                break
        return None

    def _converse(self, connection: socket.socket) -> None:
        left: Move | None = KEEP
        while left is KEEP and not self._closing.is_set():
            asked = _read(connection)
            if asked is None:
                return
            self.asked.append(asked)
            left = self.perform(self._script(asked), connection)
        if left is RESET:
            reset(connection)
        elif left is not CUT:
            _say_farewell(connection)


def reset(connection: socket.socket) -> None:
    """Let the connection be reset when it is closed, whatever is still under way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _say_farewell(connection: socket.socket) -> None:
    """End a TLS session in good order (RFC 8446 section 6.1); a plain line has no such word."""
    unwrap = getattr(connection, "unwrap", None)
    if unwrap is not None:
        connection.settimeout(_FAREWELL_S)
        with suppress(OSError, ValueError):  # the client need not answer, and may have gone
            unwrap()


def _read(connection: socket.socket) -> Asked | None:
    """Read one request; None where none comes."""
    with connection.makefile("rb") as stream:
        if stream.peek(1)[:1] == b"\x16":  # a TLS client's greeting on a plain line
            return Asked(method="TLS", path="", target="", query={}, headers={}, body=b"")
        words = stream.readline(_LONGEST_LINE).decode("latin-1").split()
        if len(words) < 2:  # noqa: PLR2004  # no method and target: it is no request
            return None
        headers: dict[str, str] = {}
        while line := stream.readline(_LONGEST_LINE).decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
    address = urlsplit(words[1])
    query = parse_qs(address.query, keep_blank_values=True)
    return Asked(method=words[0], path=address.path, target=words[1], query=query, headers=headers, body=body)
