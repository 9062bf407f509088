"""A real server on loopback that answers byte for byte what a test tells it to, at the pace it is told."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

RESET = None
"""In a play: break the connection as a crashing machine does."""

Play = Sequence[bytes | float | None]
"""What is done with one request: bytes are sent, a number is a pause in seconds, then the connection is closed."""


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Agency:
    """What the server was asked, and where it is."""

    script: Callable[[Asked], Play]
    asked: list[Asked] = field(default_factory=list[Asked])
    connections: int = 0
    port: int = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def targets(self) -> list[str]:
        return [f"{asked.method} {asked.target}" for asked in self.asked]


def answer(status: str, body: bytes = b"", *headers: str, kind: str = "application/json") -> bytes:
    """Return a well-formed answer that ends the connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def head(status: str, *headers: str) -> bytes:
    """Return the head of an answer and nothing that would mark the end of its body."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def in_turn(*plays: Play) -> Callable[[Asked], Play]:
    """Play one after the other, the last one for ever."""
    left = list(plays)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving(script: Callable[[Asked], Play]) -> Iterator[Agency]:
    """Serve `script` on a free port of loopback."""
    agency = Agency(script)
    closing = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        agency.port = listener.getsockname()[1]
        listener.settimeout(0.02)
        accepting = threading.Thread(target=_accept, args=(agency, listener, closing))
        accepting.start()
        try:
            yield agency
        finally:
            closing.set()
            accepting.join()


def _accept(agency: Agency, listener: socket.socket, closing: threading.Event) -> None:
    serving: list[threading.Thread] = []
    while not closing.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        agency.connections += 1
        thread = threading.Thread(target=_serve, args=(agency, connection, closing))
        thread.start()
        serving.append(thread)
    for thread in serving:
        thread.join()


def _serve(agency: Agency, connection: socket.socket, closing: threading.Event) -> None:
    with connection:
        connection.settimeout(2.0)
        try:
            asked = _read(connection)
            if asked is None:
                return
            agency.asked.append(asked)
            for move in agency.script(asked):
                if isinstance(move, bytes):
                    connection.sendall(move)
                elif move is RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                elif closing.wait(move):
                    return
        except OSError:
            return  # the client has gone, as many tests want it to


def _read(connection: socket.socket) -> Asked | None:
    with connection.makefile("rb") as stream:
        words = stream.readline().decode().split()
        if not words:
            return None
        headers: dict[str, str] = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Asked(words[0], words[1], headers, stream.read(int(headers.get("content-length", "0"))))
