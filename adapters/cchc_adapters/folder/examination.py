"""What `check` tells of a folder: which deliveries there are, what their headings are, and what waits aside."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from cchc_adapters.folder.deliveries import FileDelivery, OpenDelivery, fits
from cchc_adapters.folder.inboxes import Inbox
from cchc_adapters.folder.options import FolderSourceTable
from cchc_adapters.folder.plans import MAX_NAMES, planned
from cchc_adapters.folder.refusals import refusals_of
from cchc_connect import Message, Observation
from cchc_connect.errors import CchcError, Rejected, SourceHeld
from cchc_schemas import VIETNAM


def examined(inbox: Inbox, tables: Mapping[str, FolderSourceTable]) -> Iterator[Observation]:
    """Look at a folder without changing it.

    Raises:
        Retriable: the server does not answer.
        Fatal: the folder cannot be read.
    """
    names = inbox.names()
    yield Observation(Message("folder.examined", {"folder": inbox.shown, "number": len(names)}))
    for refusal in inbox.refused:
        yield Observation(Message(refusal.code, refusal.context), "warning")
    for record_type, table in tables.items():
        yield from _source(inbox, names, record_type, table)
    strangers = [name for name in names if not any(fits(name, table) for table in tables.values())]
    if strangers:
        values = {"number": len(strangers), "names": strangers[:MAX_NAMES]}
        yield Observation(Message("folder.strangers", values), "warning")


def _source(inbox: Inbox, names: Sequence[str], record_type: str, table: FolderSourceTable) -> Iterator[Observation]:
    for refusal in refusals_of(inbox, table):
        yield Observation(Message(refusal.error.code, refusal.error.context), "warning", record_type)
    try:
        plan = planned(inbox, names, table, None)
    except (SourceHeld, Rejected) as error:
        yield _failed(error, record_type)
        return
    if not plan.deliveries:
        yield Observation(
            Message("folder.no_delivery", {"folder": inbox.shown, "files": table.files}), "warning", record_type
        )
    for delivery in plan.deliveries[-1:]:
        yield from _delivery(inbox, delivery, record_type, table)


def _delivery(
    inbox: Inbox, delivery: FileDelivery, record_type: str, table: FolderSourceTable
) -> Iterator[Observation]:
    try:
        opened = OpenDelivery(inbox, delivery, table)
    except Rejected as error:
        yield _failed(error, record_type)
        return
    try:
        rows = sum(len(chunk) for chunk in opened.chunks(table.page_size))
        values = {"name": delivery.name, "rows": rows, "since": _day_or_time(opened.delivery.delivered_at)}
        yield Observation(Message("folder.delivery", values), "good", record_type)
        for foreign in opened.tables:
            message = foreign.passed_over.message()
            if message is not None:
                yield Observation(message, "good", record_type)
            unread = [name for name in foreign.headings.names if name not in foreign.headings.matched]
            if unread:
                yield Observation(Message("folder.unread", {"names": unread[: MAX_NAMES * 3]}), "good", record_type)
    except Rejected as error:
        yield _failed(error, record_type)
    finally:
        opened.close()


def _day_or_time(delivered_at: datetime | None) -> date | str:
    """Return when a delivery was made: its day where its name has no time, which then is midnight, or "-"."""
    if delivered_at is None:
        return "-"
    local = delivered_at.astimezone(VIETNAM)
    return delivered_at if local.hour or local.minute else local.date()


def _failed(error: CchcError, record_type: str) -> Observation:
    return Observation(Message(error.code, error.context), "bad", record_type)
