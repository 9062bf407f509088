"""Which deliveries a pass reads: of snapshots the latest, of increments those since the last pass, in their order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cchc_adapters.folder.deliveries import FileDelivery, OpenDelivery, deliveries_of, digest_of
from cchc_adapters.folder.inboxes import Inbox
from cchc_adapters.folder.options import FolderSourceTable
from cchc_adapters.folder.refusals import RefusedFile, refusals_of
from cchc_connect.errors import SourceHeld

MAX_NAMES = 10
"""Names of files that a message shows."""


@dataclass(frozen=True)
class Plan:
    """The deliveries that a pass reads, in their order."""

    deliveries: Sequence[FileDelivery]
    refusal: RefusedFile | None = None
    """A file that was moved aside and must be read after them: there the pass is held."""


def planned(inbox: Inbox, names: Sequence[str], table: FolderSourceTable, since: datetime | None) -> Plan:
    """Return what a pass reads.

    Args:
        inbox: the folder.
        names: names of its complete files.
        table: what is declared of the source.
        since: increments delivered before this instant are not read (aware); None: all are.

    Raises:
        SourceHeld: there is nothing, or the order of several deliveries is not known.
        Rejected: the file that holds the date of its delivery cannot be read.
    """
    deliveries = deliveries_of(names, table)
    if table.dated_by:
        deliveries = [_dated_by_column(inbox, delivery, table) for delivery in deliveries]
    refusals = refusals_of(inbox, table)
    if table.delivery == "increment":
        return _increments(inbox, deliveries, table, since, refusals)
    if not deliveries:
        held = (
            refusals[-1].error if refusals else SourceHeld("folder.no_delivery", folder=inbox.shown, files=table.files)
        )
        raise held
    latest = _latest(inbox, deliveries, table)
    newer = [refusal for refusal in refusals if _is_after(refusal.delivered_at, latest.delivered_at)]
    if newer:
        raise newer[-1].error
    return Plan([latest])


def _latest(inbox: Inbox, deliveries: Sequence[FileDelivery], table: FolderSourceTable) -> FileDelivery:
    """Return the latest snapshot.

    Raises:
        SourceHeld: it is not known which of several is the latest.
    """
    dates = [delivery.delivered_at for delivery in deliveries]
    is_dated = None not in dates
    latest_date = max((date for date in dates if date is not None), default=None)
    latest = [delivery for delivery in deliveries if not is_dated or delivery.delivered_at == latest_date]
    if len(latest) > 1:
        digests = {digest_of(inbox, delivery.name, table.members) for delivery in latest}
        if len(digests) > 1:
            names = [delivery.name for delivery in latest if is_dated or delivery.delivered_at is None]
            code = "folder.order_unclear" if is_dated else "folder.order_unknown"
            raise SourceHeld(code, folder=inbox.shown, names=names[:MAX_NAMES])
    return latest[0]


def _increments(
    inbox: Inbox,
    deliveries: Sequence[FileDelivery],
    table: FolderSourceTable,
    since: datetime | None,
    refusals: Sequence[RefusedFile],
) -> Plan:
    """Return the increments since an instant, up to the first that was moved aside.

    Raises:
        SourceHeld: one has no date, or two different ones have the same.
    """
    undated = [delivery.name for delivery in deliveries if delivery.delivered_at is None]
    if undated:
        raise SourceHeld("folder.order_unknown", folder=inbox.shown, names=undated[:MAX_NAMES])
    by_date = dict[datetime, FileDelivery]()
    for delivery in sorted(deliveries, key=lambda delivery: delivery.name):
        date = delivery.delivered_at
        if date is None or (since is not None and date < since):
            continue
        first = by_date.setdefault(date, delivery)
        if (
            first is not delivery
            and len({digest_of(inbox, same.name, table.members) for same in (first, delivery)}) > 1
        ):
            names = [first.name, delivery.name]
            raise SourceHeld("folder.order_unclear", folder=inbox.shown, names=names)
    waiting = [refusal for refusal in refusals if refusal.delivered_at is None or refusal.delivered_at not in by_date]
    refusal = waiting[0] if waiting else None
    end = None if refusal is None else refusal.delivered_at
    readable = [by_date[date] for date in sorted(by_date) if end is None or date < end]
    return Plan(readable, refusal)


def _dated_by_column(inbox: Inbox, delivery: FileDelivery, table: FolderSourceTable) -> FileDelivery:
    opened = OpenDelivery(inbox, delivery, table)
    opened.close()
    return replace(opened.delivery, digest="")


def _is_after(refused: datetime | None, latest: datetime | None) -> bool:
    return refused is not None and latest is not None and refused > latest
