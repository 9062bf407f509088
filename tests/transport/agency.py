"""A real server on loopback that answers byte for byte what a test tells it to, at the pace it is told."""

import socket
import struct
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

RESET = None
"""In a play: break the connection as a crashing machine does."""

KEEP = "keep"
"""At the end of a play: leave the connection open for the next request."""

Play = Sequence[bytes | float | str | None]
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


def drip(drop: bytes, pause_s: float, times: int) -> Play:
    """Send `drop` again and again, slowly."""
    return [move for _ in range(times) for move in (drop, pause_s)]


def in_turn(*plays: Play) -> Callable[[Asked], Play]:
    """Play one after the other, the last one for ever."""
    left = list(plays)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@contextmanager
def serving(script: Callable[[Asked], Play]) -> Generator[Agency]:
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
            while asked := _read(connection):
                agency.asked.append(asked)
                play = agency.script(asked)
                _perform(play, connection, closing)
                if play[-1:] != [KEEP]:
                    return
        except OSError:
            return  # the client has gone, as many tests want it to


def _perform(play: Play, connection: socket.socket, closing: threading.Event) -> None:
    for move in play:
        if isinstance(move, bytes):
            connection.sendall(move)
        elif isinstance(move, float):
            closing.wait(move)
        elif move is RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _read(connection: socket.socket) -> Asked | None:
    with connection.makefile("rb") as stream:
        if stream.peek(1)[:1] == b"\x16":  # a TLS client's greeting
            return Asked("TLS", "", {}, b"")
        words = stream.readline().decode("latin-1").split()
        if len(words) < 2:  # no request line: a TLS greeting, or nothing
            return None
        headers: dict[str, str] = {}
        while line := stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Asked(words[0], words[1], headers, stream.read(int(headers.get("content-length", "0"))))
