"""Counts requests and received bytes of a transport, for the run report."""

from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Requests and bytes of one transport so far."""

    requests: int = 0
    """Requests sent, logins and retries included."""
    bytes_received: int = 0
    """Bytes of response bodies on the wire, before decompression."""


class TrafficCounter:
    """Traffic counter of one transport; threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests = 0
        self._bytes_received = 0

    def count(self, *, requests: int = 0, bytes_received: int = 0) -> None:
        """Add requests and received bytes."""
        with self._lock:
            self._requests += requests
            self._bytes_received += bytes_received

    def total(self) -> Traffic:
        """Return the totals so far."""
        with self._lock:
            return Traffic(requests=self._requests, bytes_received=self._bytes_received)
