"""A server between the engine and the system under test: it passes everything on, or answers in the system's place."""

import http.client
from collections.abc import Callable
from urllib.parse import urlsplit

from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse
from cchc_connect.testing.faults.faulty_server import FaultyServer

_TIMEOUT_S = 30.0
_NOT_PASSED_ON = frozenset(
    {"connection", "content-length", "content-type", "transfer-encoding", "keep-alive", "date", "server", "host"}
)
"""Headers that belong to one of the two connections, in lower case."""


Alteration = Callable[[ServerResponse], ServerResponse]
"""Returns what becomes of a response."""


class Relay(FaultyServer):
    """Passes requests on to a system over sockets. In its responses the system's address becomes the relay's own."""

    def __init__(self, system_url: str, *, tls: bool = False) -> None:
        """Pass requests on to the system at `system_url`; `tls`: speak TLS to the engine."""
        super().__init__(self._respond, tls=tls)
        self._system_url = system_url
        self.instead: Callable[[ReceivedRequest], ServerResponse | None] = _pass_on
        """Returns the response to give in the system's place; None: pass the request on."""
        self.alter: Alteration = unaltered
        """Returns what becomes of a response of the system."""
        self.loses_response: Callable[[ReceivedRequest], bool] = _never
        """Whether the response to a request gets lost after the system has handled it."""

    def _respond(self, request: ReceivedRequest) -> ServerResponse | None:
        response = self.instead(request)
        if response is not None:
            return response
        try:
            passed_on = self._passed_on(request)
        except (OSError, http.client.HTTPException):  # the system does not answer
            return None
        response = self.alter(passed_on)
        return None if self.loses_response(request) else response

    def _passed_on(self, request: ReceivedRequest) -> ServerResponse:
        address = urlsplit(self._system_url)
        make = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = make(address.hostname or "", address.port, timeout=_TIMEOUT_S)
        headers = {
            name: value for name, value in request.headers.items() if name not in _NOT_PASSED_ON - {"content-type"}
        }
        target, body = self._readdressed(request.target, request.body)
        try:
            connection.request(request.method, target, body=body or None, headers=headers)
            response = connection.getresponse()
            return self._as_ours(response, response.read())
        finally:
            connection.close()

    def _readdressed(self, target: str, body: bytes) -> tuple[str, bytes]:
        relayed, system = self.base_url, self._system_url
        return target.replace(relayed, system), body.replace(relayed.encode(), system.encode())

    def _as_ours(self, response: http.client.HTTPResponse, body: bytes) -> ServerResponse:
        system, relayed = self._system_url, self.base_url
        for spelling in (str, _escaped):
            body = body.replace(spelling(system).encode(), spelling(relayed).encode())
        headers = {
            name: value.replace(system, relayed)
            for name, value in response.getheaders()
            if name.lower() not in _NOT_PASSED_ON
        }
        media_type = response.getheader("Content-Type") or ""
        return ServerResponse(status=response.status, body=body, media_type=media_type, headers=headers)


def _escaped(url: str) -> str:
    """Return a URL as JSON may write it."""
    return url.replace("/", "\\/")


def unaltered(response: ServerResponse) -> ServerResponse:
    """Return a response as it came."""
    return response


def _pass_on(_: ReceivedRequest) -> ServerResponse | None:
    return None


def _never(_: ReceivedRequest) -> bool:
    return False
