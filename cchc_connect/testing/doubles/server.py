"""Base of the doubles: an HTTP/1.1 server on loopback with switches for misbehaviour.

A double never logs a body, a query or a header.
"""

import json
import logging
import socket
import time
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from cchc_connect.testing.doubles.loopback_server import LoopbackServer
from cchc_connect.testing.doubles.switches import Switches
from cchc_connect.testing.province.edits import daily_edit
from cchc_connect.testing.province.world import World

logger = logging.getLogger(__name__)

JSON = "application/json;charset=UTF-8"
HTML = "text/html;charset=UTF-8"
FORM = "application/x-www-form-urlencoded"

_MAINTENANCE = (
    "<!DOCTYPE html><html lang='vi'><head><title>Bảo trì hệ thống</title></head>"
    "<body><h1>Hệ thống đang bảo trì, vui lòng quay lại sau</h1></body></html>"
)

_CHANGED_SHARE = 0.1
"""Share of the records that `change` changes."""


@dataclass(frozen=True, kw_only=True)
class ReceivedRequest:
    """One request as it arrived."""

    method: str
    path: str
    target: str = field(default="", repr=False)
    """Path and query as sent."""
    query: Mapping[str, list[str]]
    """Query parameters, and the fields of a posted form."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter, or `default`."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True, kw_only=True)
class ServerResponse:
    """One response."""

    status: int = 200
    body: bytes = b""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    changed_state: bool = False
    """Whether the request changed a record of the system."""


def json_response(
    value: object, *, status: int = 200, media_type: str = JSON, changed_state: bool = False
) -> ServerResponse:
    """Return `value` as JSON in UTF-8, with Vietnamese letters unescaped."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return ServerResponse(status=status, body=body, media_type=media_type, changed_state=changed_state)


def html_response(page: str, *, status: int = 200) -> ServerResponse:
    """Return an HTML page."""
    return ServerResponse(status=status, body=page.encode(), media_type=HTML)


class AgencyDouble(LoopbackServer):
    """An agency's system on loopback; use it as a context manager, or call `start` and `stop`."""

    record_types: tuple[str, ...]
    """The shared record types of its items."""

    def __init__(self, world: World, *, sleep: Callable[[float], None] = time.sleep) -> None:
        super().__init__()
        self.world = world
        self.switches = Switches()
        self.request_counts: Counter[str] = Counter()
        """Number of requests by path."""
        self._sleep = sleep
        self._failures: list[ServerResponse] = []
        self._changes = 0
        self._lock = Lock()

    @abstractmethod
    def handle(self, request: ReceivedRequest, /) -> ServerResponse:
        """Respond as the system does. The caller holds the world's lock."""

    @abstractmethod
    def error_in_200(self) -> ServerResponse:
        """Return the system's own error envelope, with status 200."""

    def record_counts(self) -> Mapping[str, int]:
        """Return how many records of each shared type it shows, faulty items included."""
        counts = self.world.record_counts()
        return {record_type: counts[record_type] for record_type in self.record_types}

    def faulty_counts(self) -> Mapping[str, int]:
        """Return how many records of each shared type must be quarantined."""
        counts = self.world.defect_counts()
        return {record_type: counts[record_type].faulty for record_type in self.record_types}

    def harmless_counts(self) -> Mapping[str, int]:
        """Return how many records of each shared type have a harmless defect: they must be read correctly."""
        counts = self.world.defect_counts()
        return {record_type: counts[record_type].harmless for record_type in self.record_types}

    def change(self) -> None:
        """Change and add records as a day does, also a procedure; each call makes other changes."""
        self._changes += 1
        self.world.edit(daily_edit(self._changes, _CHANGED_SHARE))
        with self.world.lock:
            procedure = self.world.procedures.facts[self._changes % len(self.world.procedures)]
            self.world.procedures.upsert(replace(procedure, name=f"{procedure.name} (sửa đổi {self._changes})"))

    def remove(self, record_type: str) -> None:
        """Remove the record of a shared type that was entered first."""
        self.world.remove_first(record_type)

    def fail_next(self, count: int = 1, status: int = 503, *, retry_after_s: int | None = None) -> None:
        """Make the next `count` requests fail with `status` before they have an effect."""
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        failure = ServerResponse(
            status=status, body=b"<html><body>error</body></html>", media_type=HTML, headers=headers
        )
        with self._lock:
            self._failures.extend([failure] * count)

    def serve(self, connection: socket.socket) -> None:
        """Respond to the requests of a connection."""
        try:
            _RequestHandler(connection, self)
        except ConnectionError:
            pass  # the client left
        except Exception as error:  # a defect of the double, which goes on serving
            self.failures.append(error)
            logger.exception("%s could not respond", type(self).__name__)
        with suppress(OSError):  # a plain close may reset the connection and lose the end of a response
            connection.shutdown(socket.SHUT_WR)

    def respond(self, request: ReceivedRequest) -> ServerResponse | None:
        """Respond as the switches demand; None: close the connection without a response."""
        failure = self._count(request)
        if self.switches.latency_s:
            self._sleep(self.switches.latency_s)
        if failure is not None:
            return failure
        if self.switches.html_maintenance:
            return html_response(_MAINTENANCE)
        if self.switches.error_in_200:
            return self.error_in_200()
        with self.world.lock:
            response = self.handle(request)
        if self.consume_switch("drop_response") or (response.changed_state and self.consume_switch("drop_after_write")):
            return None
        return response

    def consume_switch(self, switch: str) -> bool:
        """True if a counting switch is on; decreases it by one."""
        with self._lock:
            count = int(getattr(self.switches, switch))
            if count:
                setattr(self.switches, switch, count - 1)
            return count > 0

    def _count(self, request: ReceivedRequest) -> ServerResponse | None:
        with self._lock:
            self.request_counts[request.path] += 1
            return self._failures.pop(0) if self._failures else None


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one segment

    def __init__(self, connection: socket.socket, double: AgencyDouble) -> None:
        """Serve the connection until one side closes it."""
        self._double = double
        super().__init__(connection, double.address, cast("Any", None))  # address and server serve its own log only

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def do_PATCH(self) -> None:
        self._respond()

    def do_DELETE(self) -> None:
        self._respond()

    def _respond(self) -> None:
        response = self._double.respond(self._read())
        if response is None:
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", response.media_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self._double.consume_switch("cut_body"):
            self.close_connection = True
            self.wfile.write(response.body[: len(response.body) // 2])
        else:
            self.wfile.write(response.body)

    def _read(self) -> ReceivedRequest:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_form = self.headers.get("Content-Type", "").startswith(FORM)
        fields = f"{address.query}&{body.decode()}" if is_form else address.query
        return ReceivedRequest(
            method=self.command,
            path=address.path,
            target=self.path,
            query=parse_qs(fields, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ARG002  # the base class calls it so
        """Log method, path and status only: a query may name a person."""
        logger.debug("%s %s", self.command, self.path.partition("?")[0])
