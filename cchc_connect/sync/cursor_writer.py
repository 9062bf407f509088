"""Writes the cursor of a stream after each page, and what that says of the freshness of the stream."""

from datetime import datetime

from sqlalchemy import Connection

from cchc_connect.database.state.cursors import write_cursor
from cchc_connect.database.state.freshness import end_held, store_complete
from cchc_connect.database.stream import Stream
from cchc_connect.sync.freshness_promise import FreshnessPromise
from cchc_connect.sync.pass_progress import PageCommit


class CursorWriter:
    """Writes the cursor of one stream in one run."""

    def __init__(self, stream: Stream, promise: FreshnessPromise) -> None:
        """Write nothing yet.

        Args:
            stream: the stream.
            promise: how old its data may be.
        """
        self._stream = stream
        self._promise = promise
        self._may_be_held = True
        self._is_written = False

    def write(self, connection: Connection, page_commit: PageCommit, now: datetime) -> None:
        """Write the cursor after a page, in its transaction; the page was plausible, so the stream is not held."""
        completed_at = now if page_commit.completes_pass else None
        write_cursor(connection, self._stream, page_commit.next_cursor, completed_at)
        if completed_at is not None:
            store_complete(connection, self._stream, completed_at, self._promise.limits)
        if self._may_be_held:
            end_held(connection, self._stream, now)
        self._is_written = True

    def remember(self) -> None:
        """Note that the transaction of the page was committed: a later page need not end a hold."""
        self._may_be_held = self._may_be_held and not self._is_written
