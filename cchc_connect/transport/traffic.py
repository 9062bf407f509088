"""How much went over the line, for the run report."""

from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What one transport has moved so far."""

    requests: int = 0
    """Requests sent: logins and repeated attempts count."""
    bytes_received: int = 0
    """Bytes of answers' bodies as they came over the wire, before any decompression."""


class TrafficCounter:
    """Counts for all threads of one transport."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests = 0
        self._bytes_received = 0

    def count(self, *, requests: int = 0, bytes_received: int = 0) -> None:
        """Add what has just moved."""
        with self._lock:
            self._requests += requests
            self._bytes_received += bytes_received

    def total(self) -> Traffic:
        """Return what has moved until now."""
        with self._lock:
            return Traffic(requests=self._requests, bytes_received=self._bytes_received)
