"""Keeping the carriers' libraries from logging what only we may decide to log.

urllib3 logs addresses with their query at DEBUG (with headers at WARNING, when they are malformed), httpx
addresses at INFO, httpcore answers' headers at DEBUG. Their records are dropped while one of our attempts is
in progress, and only then: a program that uses the same libraries for itself keeps its logs.
"""

import logging

from cchc_connect.transport.attempt import in_progress

# A filter hears only its own logger and not that logger's children, so each one is named.
_LEAKING = (
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


class _NotOurs(logging.Filter):
    """Lets a record pass unless it was made in one of our attempts."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  # the caller's place decides, not the record
        return in_progress.get() is None


_not_ours = _NotOurs()


def keep_quiet() -> None:
    """Let the libraries say nothing about our requests; doing it twice changes nothing."""
    for name in _LEAKING:
        logging.getLogger(name).addFilter(_not_ours)
