"""A proxy on loopback that forwards requests and opens tunnels, for those who show the right credentials."""

import socket
import threading
from base64 import b64encode
from contextlib import suppress
from urllib.parse import urlsplit

from cchc_connect.testing.doubles.loopback_server import LoopbackServer

_CHUNK = 64 * 1024


class ProxyDouble(LoopbackServer):
    """A forward proxy."""

    def __init__(self, username: str = "", password: str = "") -> None:
        super().__init__()
        self.lines: list[str] = []
        """Request line of each request that came."""
        self.bytes_seen = bytearray()
        """Everything that passed from clients to systems."""
        self.refuses_systems = False
        self._expected = f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}" if username else ""

    def serve(self, connection: socket.socket) -> None:
        """Read one head and act on it."""
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(_CHUNK)
            if not received:
                return
            head += received
        head, _, body = head.partition(b"\r\n\r\n")
        line, *headers = head.decode("latin-1").split("\r\n")
        self.lines.append(line)
        shown = dict(header.split(": ", 1) for header in headers).get("Proxy-Authorization", "")
        if shown != self._expected:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        if self.refuses_systems:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        method, target, _ = line.split(" ")
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            connection_head, first = b"HTTP/1.1 200 Connection established\r\n\r\n", body
        else:
            parts = urlsplit(target)
            host, port = parts.hostname or "", str(parts.port or 80)
            sent = [header for header in headers if not header.startswith(("Proxy-", "Connection"))]
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            forwarded = "\r\n".join([f"{method} {path} HTTP/1.1", *sent, "Connection: close", "", ""])
            connection_head, first = b"", forwarded.encode("latin-1") + body
        self._pass_on(connection, (host, int(port)), connection_head, first)

    def _pass_on(self, client: socket.socket, address: tuple[str, int], head: bytes, first: bytes) -> None:
        with socket.create_connection(address, timeout=5) as system:
            client.sendall(head)
            system.sendall(first)
            self.bytes_seen += first
            back = threading.Thread(target=_copy, args=(system, client), daemon=True)
            back.start()
            while received := client.recv(_CHUNK):
                self.bytes_seen += received
                system.sendall(received)
            with suppress(OSError):
                system.shutdown(socket.SHUT_WR)
            back.join(5)


def _copy(source: socket.socket, destination: socket.socket) -> None:
    with suppress(OSError):
        while received := source.recv(_CHUNK):
            destination.sendall(received)
        destination.shutdown(socket.SHUT_WR)
