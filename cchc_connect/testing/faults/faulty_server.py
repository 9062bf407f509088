"""A server on loopback that responds correctly until a test gives it one of `FAULTS`."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Self

from cchc_connect.extras import require_extra
from cchc_connect.testing.doubles.loopback_server import FREE_PORT, LOOPBACK
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, json_response
from cchc_connect.testing.faults import FAULTS, WireFault
from cchc_connect.testing.faults.fault import ServerCertificate, normal_script
from cchc_connect.testing.faults.response_scripts import RESET, ResponseScript
from cchc_connect.testing.faults.scripted_server import ScriptedServer, reset_on_close

_DRAIN_TIMEOUT_S = 0.3
_BLOCK = 64 * 1024

Responder = Callable[[ReceivedRequest], ServerResponse | None]

_GOOD = json_response({"items": [{"id": "p1", "use": "Đất ở tại đô thị"}, {"id": "p2", "use": "Đất trồng lúa"}]})


class FaultyServer(ScriptedServer):
    """A server on loopback with your responses and named faults.

    Use it as a context manager::

        with FaultyServer(json_response({"parcels": []})) as server:
            server.fail("reset_in_body", times=2)
            ...                                     # the third request succeeds

    The good responses may also come from a double: `FaultyServer(double.respond)`.
    """

    def __init__(self, response: ServerResponse | Responder = _GOOD, *, tls: bool = False) -> None:
        """Respond to every request with `response`.

        Args:
            response: one response for all requests, or a function of the request; if it returns None, the connection
                is reset.
            tls: speak TLS, with certificates made for this server by the extra `testing`.
        """
        super().__init__(self._script_for)
        self._lock = Lock()
        self.response = response
        self.tls = tls
        self._fault: WireFault | None = None
        self._remaining: int | None = None
        self._folder: TemporaryDirectory[str] | None = None
        self._contexts: Mapping[ServerCertificate, ssl.SSLContext] = {}

    @property
    def scheme(self) -> str:
        """Scheme of its address: `http` or `https`."""
        return "https" if self.tls else "http"

    @property
    def ca_file(self) -> Path:
        """The certificate of the authority that a client must trust, as a PEM file.

        Raises:
            RuntimeError: it is not running, or has no TLS.
        """
        if self._folder is None:
            raise RuntimeError(f"{type(self).__name__} is not running, or has no TLS")
        return Path(self._folder.name) / "ca.pem"

    def fail(self, fault: WireFault | str, *, times: int | None = None) -> None:
        """Apply `fault` to requests from now on.

        Args:
            fault: one of `FAULTS`, or its name.
            times: how many requests get the fault before good responses follow; None: all.

        Raises:
            KeyError: no fault has that name.
            ValueError: the fault needs TLS, and this server has none.
        """
        fault = FAULTS[fault] if isinstance(fault, str) else fault
        if fault.needs_tls and not self.tls:
            raise ValueError(f"{fault.name} needs FaultyServer(tls=True)")
        with self._lock:
            self._fault, self._remaining = fault, times

    def clear_fault(self) -> None:
        """Respond correctly from now on."""
        with self._lock:
            self._fault = None

    def start(self, address: str = LOOPBACK, port: int = FREE_PORT) -> Self:
        """Listen on a port of a loopback address.

        Raises:
            ConfigurationError: TLS is needed, and the extra `testing` is not installed.
            RuntimeError: it is running already.
            OSError: the port is in use.
        """
        if self.tls and self._folder is None:
            make_contexts = _server_tls_contexts()
            self._folder = TemporaryDirectory(prefix="faulty-server-")
            self._contexts = make_contexts(Path(self._folder.name))
        return super().start(address, port)

    def stop(self) -> None:
        """Close every connection, wait for every thread, delete the certificates; stopping twice does no harm."""
        super().stop()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def accept_connection(self, connection: socket.socket) -> socket.socket | None:
        """Make the TLS handshake if the server has TLS, or what the fault does instead."""
        if not self.tls:
            return connection
        fault = self._next_fault() if self._fault is not None and self._fault.needs_tls else None
        if fault is not None and fault.handshake_script is not None:
            if self.run_script(fault.handshake_script(), connection) is RESET:
                reset_on_close(connection)
            return None
        return self._wrap_tls(connection, fault)

    def _wrap_tls(self, connection: socket.socket, fault: WireFault | None) -> socket.socket:
        context = self._contexts[fault.certificate if fault else ServerCertificate.GOOD]
        secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        try:
            secured.do_handshake()
        except OSError as error:
            with secured:
                if isinstance(error, ssl.SSLError):
                    _drain(secured)
            raise
        return secured

    def _script_for(self, request: ReceivedRequest) -> ResponseScript:
        fault = self._next_fault() if self._fault is not None and not self._fault.needs_tls else None
        response = self.response if isinstance(self.response, ServerResponse) else self.response(request)
        if response is None:
            return [RESET]
        if not isinstance(response, ServerResponse):  # pyright: ignore[reportUnnecessaryIsInstance]  # doubles need no type checker
            raise TypeError(f"a double returns a ServerResponse or None, not a {type(response).__name__}")
        return normal_script(response) if fault is None else fault.script(response)

    def _next_fault(self) -> WireFault | None:
        """Return the fault for this request, and count it; None: respond correctly."""
        with self._lock:
            if self._remaining is None:
                return self._fault
            if self._remaining == 0:
                return None
            self._remaining -= 1
            return self._fault


def _drain(secured: ssl.SSLSocket) -> None:
    """Close our side and read until the client closes: a reset could overtake the TLS alert just sent."""
    with suppress(OSError):
        secured.shutdown(socket.SHUT_WR)
        secured.settimeout(_DRAIN_TIMEOUT_S)
        while socket.socket.recv(secured, _BLOCK):
            pass


def _server_tls_contexts() -> Callable[[Path], Mapping[ServerCertificate, ssl.SSLContext]]:
    with require_extra("testing", "trustme", "cryptography"):
        from cchc_connect.testing.faults.certificates import server_tls_contexts  # noqa: PLC0415  # the extra may be missing
    return server_tls_contexts
