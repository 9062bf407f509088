"""Base of the servers for tests: a socket on a free port of a loopback address, a thread for each connection."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"

FREE_PORT = 0
"""Stands for a free port, which the operating system chooses."""

_WAKE_UP_TIMEOUT_S = 2.0


class LoopbackServer(ABC):
    """A server for tests; use it as a context manager, or call `start` and `stop`."""

    def __init__(self) -> None:
        self.connections = 0
        """How many connections were accepted."""
        self.failures: list[Exception] = []
        """Errors of its own code while it responded, the earliest first: defects of the server, not of its client."""
        self._closing = Event()
        self._open_connections: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._accept_thread: Thread | None = None

    @abstractmethod
    def serve(self, connection: socket.socket) -> None:
        """Read requests from a connection and respond to them; called in a thread of its own."""

    @property
    def scheme(self) -> str:
        """Scheme of its address: `http` or `https`."""
        return "http"

    @property
    def address(self) -> tuple[str, int]:
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
        """Port it listens on."""
        return self.address[1]

    @property
    def base_url(self) -> str:
        """Root address, without a slash at the end.

        Raises:
            RuntimeError: it is not running.
        """
        return "{}://{}:{}".format(self.scheme, *self.address)

    def start(self, address: str = LOOPBACK, port: int = FREE_PORT) -> Self:
        """Listen on a port of a loopback address.

        Raises:
            RuntimeError: it is running already.
            OSError: the port is in use.
        """
        if self._listener is not None:
            raise RuntimeError(f"{type(self).__name__} is running already")
        self._closing.clear()
        self._listener = socket.create_server((address, port))
        name = f"{type(self).__name__} on port {self.port}"
        self._accept_thread = Thread(target=self._accept, args=(self._listener,), name=name, daemon=True)
        self._accept_thread.start()
        return self

    def stop(self) -> None:
        """Close every connection and wait for every thread; stopping twice does no harm."""
        if self._listener is None or self._accept_thread is None:
            return
        self._closing.set()
        with suppress(OSError):  # wakes the thread that accepts, unless it has ended already
            socket.create_connection(self._listener.getsockname(), _WAKE_UP_TIMEOUT_S).close()
        self._accept_thread.join()
        self._listener.close()
        self._listener = self._accept_thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextmanager
    def closed_by_stop(self, connection: socket.socket) -> Generator[None]:
        """Close a connection when the block ends; `stop` shuts it down before."""
        with connection:
            self._open_connections.add(connection)
            try:
                yield
            finally:
                self._open_connections.discard(connection)

    def _accept(self, listener: socket.socket) -> None:
        threads: list[Thread] = []
        while not self._closing.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:  # the client left, or no file descriptor is free
                continue
            if self._closing.is_set():
                connection.close()
                break
            self.connections += 1
            self._open_connections.add(connection)  # before its thread runs: `stop` must find it
            threads = [thread for thread in threads if thread.is_alive()]
            threads.append(self._start_thread(connection))
        for connection in list(self._open_connections):
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()

    def _start_thread(self, connection: socket.socket) -> Thread:
        name = f"{type(self).__name__} connection"
        thread = Thread(target=self._serve, args=(connection,), name=name, daemon=True)
        thread.start()
        return thread

    def _serve(self, connection: socket.socket) -> None:
        with self.closed_by_stop(connection):
            self.serve(connection)
