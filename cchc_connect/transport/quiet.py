"""Suppresses the HTTP libraries' log records about our requests.

urllib3 logs URLs with their query at DEBUG (and headers at WARNING, when they are malformed), httpx logs URLs at
INFO, httpcore logs response headers at DEBUG. Their records are dropped only while one of our attempts is in
progress: a program that uses the same libraries for itself keeps its logs.
"""

import logging

from cchc_connect.transport.attempt import in_progress

# A filter applies to its own logger and not to that logger's children, so each is listed.
_LOGGERS = (
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


class _OutsideAttempts(logging.Filter):
    """Drops records made during one of our attempts."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  # the context decides, not the record
        return in_progress.get() is None


_outside_attempts = _OutsideAttempts()


def keep_quiet() -> None:
    """Suppress the HTTP libraries' logs about our requests. Idempotent."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_outside_attempts)
