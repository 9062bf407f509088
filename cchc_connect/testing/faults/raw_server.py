"""A real server on loopback that answers byte for byte what it is told to, at the pace it is told.

No HTTP library stands behind it, so nothing is too wrong for it to say. It never logs.
"""

import socket
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from cchc_connect.testing.doubles.server import LOOPBACK, Asked
from cchc_connect.testing.faults.plays import CUT, KEEP, RESET, Move, Play

Script = Callable[[Asked], Play]
"""Says what is done with each request."""

_PATIENCE_S = 2.0  # a client that neither sends nor reads for so long has gone
_FAREWELL_S = 0.1
_LONGEST_LINE = 64 * 1024


class RawServer:
    """Plays a script; use it as a context manager, or call `start` and `stop`."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.asked: list[Asked] = []
        """Every request that came, in its order."""
        self.connections = 0
        """How often somebody connected."""
        self._closing = Event()
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._accepting: Thread | None = None

    @property
    def scheme(self) -> str:
        """How its address begins."""
        return "http"

    @property
    def place(self) -> tuple[str, int]:
        """Address and port it listens on.

        Raises:
            RuntimeError: it is not running.
        """
        if self._listener is None:
            raise RuntimeError(f"{type(self).__name__} is not running")
        address, port = self._listener.getsockname()
        return str(address), int(port)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self.place[1]

    @property
    def base_url(self) -> str:
        """The server's root address, without a slash at the end."""
        return "{}://{}:{}".format(self.scheme, *self.place)

    @property
    def targets(self) -> list[str]:
        """Method and target of every request, as they were written."""
        return [f"{asked.method} {asked.target}" for asked in self.asked]

    def start(self, address: str = LOOPBACK) -> Self:
        """Listen on a free port of a loopback address.

        Raises:
            RuntimeError: it is running already.
        """
        if self._listener is not None:
            raise RuntimeError(f"{type(self).__name__} is running already")
        self._closing.clear()
        self._listener = socket.create_server((address, 0))
        self._accepting = Thread(target=self._accept, args=(self._listener,), name="raw-server", daemon=True)
        self._accepting.start()
        return self

    def stop(self) -> None:
        """End every connection and wait for every thread; stopping twice does no harm."""
        if self._listener is None or self._accepting is None:
            return
        self._closing.set()
        with suppress(OSError):  # nobody is waiting any more
            socket.create_connection(self._listener.getsockname(), _PATIENCE_S).close()
        self._accepting.join()
        self._listener.close()
        self._listener = self._accepting = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

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

    def _accept(self, listener: socket.socket) -> None:
        serving: list[Thread] = []
        while not self._closing.is_set():
            connection, _ = listener.accept()
            if self._closing.is_set():
                connection.close()
                break
            self.connections += 1
            thread = Thread(target=self._serve, args=(connection,), name="raw-connection", daemon=True)
            thread.start()
            serving.append(thread)
        self._hang_up()
        for thread in serving:
            thread.join()

    def _hang_up(self) -> None:
        for connection in list(self._open):
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_PATIENCE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), self._kept(connection):  # the client may go, as many tests want it to
            spoken = self.welcome(connection)
            if spoken is not None:
                with self._kept(spoken):
                    self._converse(spoken)

    @contextmanager
    def _kept(self, connection: socket.socket) -> Generator[None]:
        """Let `stop` find a connection while the block runs, and close it then."""
        with connection:
            self._open.add(connection)
            try:
                yield
            finally:
                self._open.discard(connection)

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
