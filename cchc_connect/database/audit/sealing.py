"""Sealing the audit log and carrying the seals to their anchors."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from cchc_connect.database.audit.anchors import AnchorUnusable, append_seals
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.audit.seals import Seal, add_seal, latest_seal, mark_anchored, seals_after, unsealed_since
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.messages import Message

MAX_UNSEALED = timedelta(hours=4)
"""An entry that is older and not sealed stops pushes, where the configuration names a key."""

SEAL_INTERVAL = timedelta(minutes=1)
"""How often a resident process seals."""


@dataclass(frozen=True, kw_only=True)
class SealReport:
    """What a sealing did."""

    seal: Seal | None
    """The latest seal; None if there is no entry at all."""
    is_new: bool
    """Whether it was made now; otherwise it covered every entry already."""
    anchor_faults: tuple[Message, ...]
    """Why an anchor did not get it."""


def seal_log(database: SharedDatabase, key: SealKey, anchors: tuple[Path, ...], now: datetime) -> SealReport:
    """Seal every entry that is not sealed, and append the seals to each anchor that lacks them.

    A seal is committed before an anchor gets it. An anchor that is out of reach gets it with a later one.

    Raises:
        DatabaseUnusable: the database failed.
    """
    new = replayed_write(database, partial(add_seal, key=key, now=now))
    seal = new or replayed_read(database, latest_seal)
    if seal is None:
        return SealReport(seal=None, is_new=False, anchor_faults=())
    faults = tuple(anchor_seals(database, anchors))
    if anchors and not faults:
        replayed_write(database, partial(mark_anchored, seal_id=seal.id, now=now))
    return SealReport(seal=seal, is_new=new is not None, anchor_faults=faults)


def anchor_seals(database: SharedDatabase, anchors: tuple[Path, ...]) -> list[Message]:
    """Append to each anchor the seals that it lacks; return why one did not get them."""

    def reader(seal_id: int, limit: int) -> list[Seal]:
        return replayed_read(database, partial(seals_after, seal_id=seal_id, limit=limit))

    faults: list[Message] = []
    for path in anchors:
        try:
            append_seals(path, reader)
        except AnchorUnusable as error:
            faults.append(Message(error.code, error.context))
    return faults


def overdue_since(connection: Connection, now: datetime) -> datetime | None:
    """Return since when an entry waits for its seal, if that is longer than `MAX_UNSEALED`; else None.

    An instant that lies ahead by more than that is of a clock that was wrong: the entry waits since the latest seal,
    and where that is of no help either, too long.
    """
    since = unsealed_since(connection, now + MAX_UNSEALED)
    return since if since is not None and abs(now - since) > MAX_UNSEALED else None
