"""The register that every system is measured against: a server of GeoJSON pages in its own process.

Pages are prepared before the first request and written unchanged, so the server is never the bottleneck. It serves
the collections `parcels` and its two halves `parcels-1` and `parcels-2`, a listing of dossiers and a service that
receives their statuses. `GET /control/NAME/VALUE` sets `changed` (0 or 1: whether the changes are made) or `latency`
(milliseconds before each response), or with `forgotten` resets the counters and the received statuses; it returns the
counters.
"""

import argparse
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks.features import LATEST, changed_numbers, dossier, feature, instant, is_changed, modified

LOOPBACK = "127.0.0.1"
PAGE_SIZE = 1000
BATCH_LIMIT = 100
"""Maximum number of statuses in one message."""
PARALLEL = 4
"""Number of messages that the service accepts in parallel."""


@dataclass
class Register:
    """The content, the settings and the counters of the server."""

    count: int
    page_size: int
    seed: int
    base_url: str = ""
    changed: bool = False
    latency_s: float = 0.0
    pages: list[bytes] = field(default_factory=list[bytes])
    statuses: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """The received statuses by idempotency key; one that arrives twice is stored once."""
    requests: int = 0
    """Requests answered since the last reset."""
    parcels: int = 0
    """Parcels served since the last reset."""
    counting: threading.Lock = field(default_factory=threading.Lock)

    def bake(self) -> None:
        """Prepare every page of the unchanged parcels."""
        self.pages = [self._page(number) for number in range(-(-self.count // self.page_size))]

    def respond(self, target: str, body: bytes) -> list[bytes]:
        """Return the body of a response, in pieces."""
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        match address.path.strip("/").split("/"):
            case ["collections", collection, "items"]:
                return self._listing(collection, query)
            case ["dossiers"]:
                return self._dossiers(int(query.get("after", 0)))
            case ["statuses"]:
                return [self._store_statuses(body)]
            case ["control", name, value]:
                return [self._control(name, value)]
            case _:
                return [b"{}"]

    def _listing(self, collection: str, query: dict[str, str]) -> list[bytes]:
        first, _, since = query.get("token", "").partition("-")
        since = since or query.get("datetime", "").partition("/")[0].replace(":", "").replace("-", "")
        half = int(collection.rpartition("-")[2]) - 1 if "-" in collection else None
        if since:
            return self._changes(half, datetime.strptime(since, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
        middle, end = -(-len(self.pages) // 2), len(self.pages)
        begin, end = (0, end) if half is None else ((0, middle), (middle, end))[half]
        page = int(first, 16) if first else begin
        core = self._page(page) if self.changed else self.pages[page]
        self._count(min(self.page_size, self.count - page * self.page_size))
        following = f"{self.base_url}/collections/{collection}/items?token={page + 1:x}" if page + 1 < end else None
        return _collection(core, following)

    def _changes(self, half: int | None, since: datetime) -> list[bytes]:
        """Return all parcels changed at or after `since`, on one page."""
        middle = -(-len(self.pages) // 2) * self.page_size
        begin, end = (0, self.count) if half is None else ((0, middle), (middle, self.count))[half]
        late = max(begin, self.count - int((LATEST - since).total_seconds() // 60))
        changed = {number for number in changed_numbers(begin, end) if self.changed}
        selected = {number for number in changed if modified(number, self.count, changed=True) >= since}
        features = [self._feature(number) for number in sorted(selected | (set(range(late, end)) - changed))]
        self._count(len(features))
        return _collection(b",".join(features), None)

    def _page(self, page: int) -> bytes:
        start = page * self.page_size
        return b",".join(map(self._feature, range(start, min(start + self.page_size, self.count))))

    def _feature(self, number: int) -> bytes:
        return feature(number, self.count, self.seed, changed=self.changed and is_changed(number))

    def _dossiers(self, after: int) -> list[bytes]:
        end = min(after + self.page_size, self.count)
        rows = b",".join(dossier(number, changed=self.changed) for number in range(after, end))
        following = str(end) if end < self.count else None
        return [b'{"dossiers":[', rows, b'],"next":', json.dumps(following).encode(), b"}"]

    def _store_statuses(self, body: bytes) -> bytes:
        outcomes: list[str] = []
        for status in json.loads(body)["statuses"]:
            outcomes.append("duplicate" if status["key"] in self.statuses else "delivered")
            self.statuses[status["key"]] = status["code"]
        return json.dumps({"outcomes": outcomes}).encode()

    def _control(self, name: str, value: str) -> bytes:
        match name:
            case "changed":
                self.changed = bool(int(value))
            case "latency":
                self.latency_s = int(value) / 1000
            case _:
                self.statuses.clear()
                self.requests = self.parcels = 0
        served = {"statuses": len(self.statuses), "requests": self.requests, "parcels": self.parcels}
        return json.dumps(served).encode()

    def count_request(self) -> None:
        """Count one request."""
        with self.counting:
            self.requests += 1

    def _count(self, parcels: int) -> None:
        with self.counting:
            self.parcels += parcels


def _collection(features: bytes, following: str | None) -> list[bytes]:
    links = [] if following is None else [{"rel": "next", "href": following}]
    tail = f'],"links":{json.dumps(links)},"timeStamp":"{instant(LATEST)}"}}'
    return [b'{"type":"FeatureCollection","features":[', features, tail.encode()]


def _serve(connection: socket.socket, register: Register) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with suppress(ConnectionError), connection, connection.makefile("rb") as wire:
        while request := wire.readline():
            target = request.split(b" ")[1].decode()
            pieces = register.respond(target, wire.read(_head(wire)))
            if not target.startswith("/control/"):
                register.count_request()
                time.sleep(register.latency_s)
            length = sum(map(len, pieces))
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/geo+json\r\nContent-Length: {length}\r\n\r\n"
            if length < 4096:
                connection.sendall(b"".join([head.encode(), *pieces]))
                continue
            for piece in (head.encode(), *pieces):
                connection.sendall(piece)


def _head(wire: BinaryIO) -> int:
    """Read the headers of a request; return the length of its body in bytes."""
    length = 0
    while (line := wire.readline()) not in {b"\r\n", b""}:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return length


def main(arguments: Sequence[str] | None = None) -> None:
    """Prepare the pages, print the port, and serve until standard input ends, as it does with the parent process."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("count", "page_size", "seed"):
        parser.add_argument(name, type=int)
    register = Register(**vars(parser.parse_args(arguments)))
    register.bake()
    with socket.create_server((LOOPBACK, 0), backlog=64) as listening:
        port = listening.getsockname()[1]
        register.base_url = f"http://{LOOPBACK}:{port}"
        threading.Thread(target=_accept, args=(listening, register), daemon=True).start()
        print(port, flush=True)
        sys.stdin.read()


def _accept(listening: socket.socket, register: Register) -> None:
    with suppress(OSError):  # the socket is closed at the end
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_serve, args=(connection, register), daemon=True).start()


@dataclass(frozen=True)
class Served:
    """The counters of a register since its last reset."""

    statuses: int
    """Distinct statuses received."""
    requests: int
    parcels: int
    """Parcels served, counted each time."""


@dataclass(frozen=True)
class RunningRegister:
    """A client of a running register."""

    port: int
    count: int

    @property
    def base_url(self) -> str:
        """The base URL of the register."""
        return f"http://{LOOPBACK}:{self.port}"

    def set(self, name: str, value: int) -> Served:
        """Change a setting; return the counters."""
        connection = HTTPConnection(LOOPBACK, self.port, timeout=60)
        try:
            connection.request("GET", f"/control/{name}/{value}")
            return Served(**json.loads(connection.getresponse().read()))
        finally:
            connection.close()


@contextmanager
def running_register(count: int, page_size: int = PAGE_SIZE, seed: int = 1) -> Generator[RunningRegister, None, None]:
    """Run a register of `count` parcels and as many dossiers in its own process, which Ctrl-C does not reach."""
    command = [sys.executable, "-m", "tests.benchmarks.register", str(count), str(page_size), str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        yield RunningRegister(port=int(process.stdout.readline()), count=count)
        process.communicate()


if __name__ == "__main__":
    main()
