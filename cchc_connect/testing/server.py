"""The ground all doubles stand on: a real HTTP/1.1 server on loopback, a free port, threads that end.

A double never logs a body, a query or a header.
"""

import json
import logging
import socket
import socketserver
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qs, urlsplit

from cchc_connect.testing.switches import Switches
from cchc_connect.testing.world import World

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
JSON = "application/json;charset=UTF-8"
HTML = "text/html;charset=UTF-8"
FORM = "application/x-www-form-urlencoded"

_POLL_S = 0.005
_MAINTENANCE = (
    "<!DOCTYPE html><html lang='vi'><head><title>Bảo trì hệ thống</title></head>"
    "<body><h1>Hệ thống đang bảo trì, vui lòng quay lại sau</h1></body></html>"
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    target: str = field(default="", repr=False)
    """Path and query as they were written."""
    query: Mapping[str, list[str]]
    """Query parameters, and the fields of a form that was posted."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)

    def first(self, name: str, default: str = "") -> str:
        """Return the first value of a query parameter."""
        return self.query.get(name, [default])[0]


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer."""

    status: int = 200
    body: bytes = b""
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    wrote: bool = False
    """Did the request change what the system holds?"""


def json_reply(value: object, *, status: int = 200, media_type: str = JSON, wrote: bool = False) -> Reply:
    """Return `value` as JSON in UTF-8, its Vietnamese letters unescaped."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status=status, body=body, media_type=media_type, wrote=wrote)


def html_reply(page: str, *, status: int = 200) -> Reply:
    """Return a page for people."""
    return Reply(status=status, body=page.encode(), media_type=HTML)


class AgencyDouble(ABC):
    """An agency's system on loopback; use it as a context manager, or call `start` and `stop`."""

    record_types: tuple[str, ...]
    """The shared record types its items become."""

    def __init__(self, world: World, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.world = world
        self.switches = Switches()
        self.requests_seen: Counter[str] = Counter()
        """How many requests came for each path."""
        self._sleep = sleep
        self._failures: list[Reply] = []
        self._guard = Lock()
        self._server: _Server | None = None
        self._serving: Thread | None = None

    @abstractmethod
    def answer(self, asked: Asked) -> Reply:
        """Answer as the system does; called with the world's lock held."""

    @abstractmethod
    def error_in_200(self) -> Reply:
        """Return the system's own error envelope, with status 200."""

    @property
    def base_url(self) -> str:
        """The server's root address, without a slash at the end.

        Raises:
            RuntimeError: the double is not running.
        """
        if self._server is None:
            raise RuntimeError(f"{type(self).__name__} is not running")
        return f"http://{LOOPBACK}:{self._server.server_port}"

    def holdings(self) -> Mapping[str, int]:
        """Return how many records of each shared type it shows, faulty items included."""
        held = self.world.holdings()
        return {record_type: held[record_type] for record_type in self.record_types}

    def faulty(self) -> Mapping[str, int]:
        """Return how many records of each shared type must be set aside."""
        counts = self.world.defects()
        return {record_type: counts[record_type].faulty for record_type in self.record_types}

    def harmless(self) -> Mapping[str, int]:
        """Return how many records of each shared type have a defect and must be read all the same."""
        counts = self.world.defects()
        return {record_type: counts[record_type].harmless for record_type in self.record_types}

    def fail_next(self, count: int = 1, status: int = 503, *, retry_after_s: int | None = None) -> None:
        """Let the next `count` requests fail with `status` before they are read."""
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        failure = Reply(status=status, body=b"<html><body>error</body></html>", media_type=HTML, headers=headers)
        with self._guard:
            self._failures.extend([failure] * count)

    def start(self) -> Self:
        """Listen on a free port of the loopback interface.

        Raises:
            RuntimeError: it is running already.
        """
        if self._server is not None:
            raise RuntimeError(f"{type(self).__name__} is running already")
        self._server = _Server(self)
        name = f"{type(self).__name__} on port {self._server.server_port}"
        self._serving = Thread(target=self._server.serve_forever, args=(_POLL_S,), name=name, daemon=True)
        self._serving.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for every thread; stopping twice does no harm."""
        if self._server is None or self._serving is None:
            return
        self._server.shutdown()
        self._serving.join()
        self._server.hang_up()
        self._server.server_close()
        self._server = self._serving = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def respond(self, asked: Asked) -> Reply | None:
        """Answer through the switches; None: the reply is lost on its way."""
        failure = self._count(asked)
        if self.switches.latency_s:
            self._sleep(self.switches.latency_s)
        if failure is not None:
            return failure
        if self.switches.html_maintenance:
            return html_reply(_MAINTENANCE)
        if self.switches.error_in_200:
            return self.error_in_200()
        with self.world.lock:
            reply = self.answer(asked)
        if self.use_up("drop_reply") or (reply.wrote and self.use_up("drop_after_write")):
            return None
        return reply

    def use_up(self, switch: str) -> bool:
        """Say whether a counting switch is on, and count it down by one if it is."""
        with self._guard:
            left = int(getattr(self.switches, switch))
            if left:
                setattr(self.switches, switch, left - 1)
            return left > 0

    def _count(self, asked: Asked) -> Reply | None:
        with self._guard:
            self.requests_seen[asked.path] += 1
            return self._failures.pop(0) if self._failures else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, double: AgencyDouble) -> None:
        self.double = double
        self._connections: list[tuple[Thread, socket.socket]] = []
        super().__init__((LOOPBACK, 0), _Exchange)

    def server_bind(self) -> None:
        """Bind without asking the name service what loopback is called, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.socket.getsockname()[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread that `hang_up` can find."""
        thread = Thread(
            target=self.process_request_thread, args=(request, client_address), name="double-connection", daemon=True
        )
        self._connections = [known for known in self._connections if known[0].is_alive()]
        self._connections.append((thread, request))
        thread.start()

    def hang_up(self) -> None:
        """End every open connection and wait for its thread."""
        for _, connection in self._connections:
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)
        for thread, _ in self._connections:
            thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # the base class calls it so
        """Pass over a client that left; anything else is a defect of the double and is logged."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            logger.exception("%s could not answer", type(self.double).__name__)  # noqa: LOG004  # called in an except


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one segment

    def do_GET(self) -> None:
        self._exchange()

    def do_POST(self) -> None:
        self._exchange()

    def _exchange(self) -> None:
        double = cast("_Server", self.server).double
        reply = double.respond(self._asked())
        if reply is None:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if double.use_up("cut_body"):
            self.close_connection = True
            self.wfile.write(reply.body[: len(reply.body) // 2])
        else:
            self.wfile.write(reply.body)

    def _asked(self) -> Asked:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_form = self.headers.get("Content-Type", "").startswith(FORM)
        fields = f"{address.query}&{body.decode()}" if is_form else address.query
        return Asked(
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
