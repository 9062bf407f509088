"""A server on loopback that sends scripted bytes with scripted pauses.

It uses no HTTP library, so that it can send malformed responses. It never logs.
"""

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from cchc_connect.testing.doubles.loopback_server import LoopbackServer
from cchc_connect.testing.doubles.server import ReceivedRequest
from cchc_connect.testing.faults.response_scripts import CUT, KEEP_OPEN, RESET, ConnectionEnd, ResponseScript

ScriptSelector = Callable[[ReceivedRequest], ResponseScript]
"""Returns the script for a request."""

_CLIENT_TIMEOUT_S = 2.0  # a client that neither sends nor reads for so long has left
_TLS_CLOSE_TIMEOUT_S = 0.1
_MAX_LINE_BYTES = 64 * 1024


class ScriptedServer(LoopbackServer):
    """Runs a script; use it as a context manager, or call `start` and `stop`."""

    def __init__(self, script: ScriptSelector) -> None:
        super().__init__()
        self._script = script
        self.requests: list[ReceivedRequest] = []
        """Every request, in order of arrival."""

    @property
    def request_lines(self) -> list[str]:
        """Method and target of every request, as sent."""
        return [f"{request.method} {request.target}" for request in self.requests]

    def serve(self, connection: socket.socket) -> None:
        """Run the script for each request of a connection."""
        with suppress(OSError):  # the client may leave: in many tests it must
            connection.settimeout(_CLIENT_TIMEOUT_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = self.accept_connection(connection)
            if stream is not None:
                with self.closed_by_stop(stream):
                    self._serve_requests(stream)

    def accept_connection(self, connection: socket.socket) -> socket.socket | None:
        """Return the socket for the requests of a new connection; None to close it."""
        return connection

    def run_script(self, script: ResponseScript, connection: socket.socket) -> ConnectionEnd | None:
        """Run a script; return how to end the connection."""
        for step in script:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, int | float):
                self._closing.wait(step)
            else:
                return step
            if self._closing.is_set():
                break
        return None

    def _serve_requests(self, connection: socket.socket) -> None:
        end: ConnectionEnd | None = KEEP_OPEN
        while end is KEEP_OPEN and not self._closing.is_set():
            request = _read_request(connection)
            if request is None:
                return
            self.requests.append(request)
            end = self.run_script(self._script_of(request), connection)
        if end is RESET:
            reset_on_close(connection)
        elif end is not CUT:
            _close_tls(connection)

    def _script_of(self, request: ReceivedRequest) -> ResponseScript:
        try:
            return self._script(request)
        except Exception as error:
            self.failures.append(error)
            raise


def reset_on_close(connection: socket.socket) -> None:
    """Make closing the connection reset it, even if sent bytes are still in transit."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _close_tls(connection: socket.socket) -> None:
    """Send the closing alert of a TLS session (RFC 8446 section 6.1); do nothing without TLS."""
    unwrap = getattr(connection, "unwrap", None)
    if unwrap is not None:
        connection.settimeout(_TLS_CLOSE_TIMEOUT_S)
        with suppress(OSError, ValueError):  # the client need not respond, and may have left
            unwrap()


def _read_request(connection: socket.socket) -> ReceivedRequest | None:
    """Read one request; None if there is none."""
    with connection.makefile("rb") as stream:
        if stream.peek(1)[:1] == b"\x16":  # a TLS handshake where no TLS is spoken
            return ReceivedRequest(method="TLS", path="", target="", query={}, headers={}, body=b"")
        request_line = stream.readline(_MAX_LINE_BYTES).decode("latin-1").split()
        if len(request_line) < 2:  # noqa: PLR2004  # without method and target it is no request
            return None
        method, target = request_line[:2]
        headers: dict[str, str] = {}
        while line := stream.readline(_MAX_LINE_BYTES).decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
    address = urlsplit(target)
    query = parse_qs(address.query, keep_blank_values=True)
    return ReceivedRequest(method=method, path=address.path, target=target, query=query, headers=headers, body=body)
