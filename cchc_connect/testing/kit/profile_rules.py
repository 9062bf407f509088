"""Rules about the profile of a source: what it promises of changes, times, parts and single items is true."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cchc_connect.adapter import DeleteDetection, ListingOrder, PageRequest, Source
from cchc_connect.clock import start_of_range
from cchc_connect.errors import NotFound, Rejected, StartOver
from cchc_connect.sync.plausibility import is_too_many
from cchc_connect.testing.kit.bench import Bench
from cchc_connect.testing.kit.listing import ShownListing, listing, whole_listing, whole_listings
from cchc_connect.testing.kit.rule import ItemsFaulty, Rule, RuleBroken
from cchc_connect.testing.kit.systems import RemovingSystem
from cchc_connect.wire.codecs import Unreadable

MIN_TIMES = 3
"""Distinct change times that a rule needs to see anything."""

LONGEST_AHEAD = timedelta(days=1)
ABSENT_KEY = "no-such-item-0"
DAY = timedelta(days=1)
VIETNAMESE_OFFSET = timedelta(hours=7)
ZONE_STEP = timedelta(minutes=15)
"""Every zone's midnight is a multiple of it in every other zone."""


def since_is_obeyed(bench: Bench, source: Source) -> None:
    """A listing since an instant has every item changed at or after it, and none from before."""
    times = _times(whole_listing(bench, source))
    for at in sorted(set(times.values()))[1 :: max(1, len(times) // 3)]:
        since = start_of_range(at, timedelta(), source.profile.timestamp_resolution)
        shown = _since(bench, source, since)
        missing = {key for key, changed in times.items() if changed >= since} - shown.keys()
        if missing:
            raise RuleBroken("kit.since_loses", number=len(missing))
        early = [key for key, changed in shown.items() if changed < since]
        if early:
            raise RuleBroken("kit.since_ignored", number=len(early), total=len(times))


def lookback_is_listed(bench: Bench, source: Source) -> None:
    """What a run asks for after a complete pass, the lookback before the last change, is listed without a gap."""
    times = _times(whole_listing(bench, source))
    profile = source.profile
    since = start_of_range(max(times.values()), profile.lookback, profile.timestamp_resolution)
    missing = {key for key, changed in times.items() if changed >= since} - _since(bench, source, since).keys()
    if missing:
        raise RuleBroken("kit.lookback_loses", number=len(missing))


def retention_is_kept(bench: Bench, source: Source) -> None:
    """A listing since the beginning of the retention is possible."""
    retention = source.profile.retention or timedelta()
    since = datetime.now(UTC) - retention + source.profile.lookback + timedelta(minutes=1)
    times = whole_listing(bench, source).times
    try:
        shown = _since(bench, source, since)
    except StartOver:
        raise RuleBroken("kit.retention_refused") from None
    missing = {key for key, changed in times.items() if changed >= since} - shown.keys()
    if missing:
        raise RuleBroken("kit.retention_loses", number=len(missing))


def times_are_readable(bench: Bench, source: Source) -> None:
    """Every change time can be read, has an offset and is not in the future."""
    items = whole_listing(bench, source).current_items
    times = [source.changed_at(item) for item in items]
    unreadable = [at for at in times if isinstance(at, Unreadable)]
    if unreadable:
        broken = _fault_of_items(bench, len(unreadable), len(items))
        raise broken("kit.time_unreadable", number=len(unreadable), total=len(items), rule=unreadable[0].rule)
    dated = [at for at in times if isinstance(at, datetime)]
    if any(at.tzinfo is None for at in dated):
        raise RuleBroken("kit.time_without_offset")
    if source.profile.changed_since and not dated:
        raise RuleBroken("kit.no_times")
    ahead = [at for at in dated if at > datetime.now(UTC) + LONGEST_AHEAD]
    if ahead:
        raise _fault_of_items(bench, len(ahead), len(items))("kit.time_ahead", number=len(ahead), total=len(items))


def resolution_is_true(bench: Bench, source: Source) -> None:
    """Change times are as fine as the profile says: a source that dates by the day says so."""
    times = set(_times(whole_listing(bench, source)).values())
    since_epoch = {at - datetime(1970, 1, 1, tzinfo=UTC) + VIETNAMESE_OFFSET for at in times}
    hours = {span % DAY for span in since_epoch}
    are_midnights = len(hours) == 1 and not any(hour % ZONE_STEP for hour in hours)
    are_days = hours == {timedelta()} or (are_midnights and len(since_epoch) >= MIN_TIMES)
    if are_days and source.profile.timestamp_resolution < DAY:
        raise RuleBroken("kit.dated_by_day", number=len(times))


def order_is_true(bench: Bench, source: Source) -> None:
    """A source that promises its oldest change first lists no later change before an earlier one."""
    for listed in whole_listings(bench, source):
        items = listed.current_items
        times = [at for item in items if isinstance(at := source.changed_at(item), datetime)]
        if not times:
            raise RuleBroken("kit.no_times")
        wrong = [number for number, (first, second) in enumerate(pairwise(times)) if second < first]
        if wrong:
            raise RuleBroken("kit.order_broken", number=len(wrong), position=wrong[0] + 2)


def deletions_are_promised(bench: Bench, source: Source) -> None:
    """A source that lists the keys of deleted items promises tombstones."""
    if bench.system is not None:
        if not isinstance(bench.system, RemovingSystem):
            raise RuleBroken("kit.cannot_remove")
        bench.system.remove(source.record_type.record_type)
    gone = [key for page in whole_listing(bench, source).pages for key in page.deleted_keys]
    if gone:
        raise RuleBroken("kit.deleted_unpromised", number=len(gone))


def partitions_are_true(bench: Bench, source: Source) -> None:
    """Each partition can be listed, and no item is in two of them."""
    homes: dict[str, str] = {}
    for partition in source.profile.partitions:
        keys = listing(bench, source, partition=partition).keys
        if not keys:
            raise RuleBroken("kit.partition_empty", partition=partition)
        for key in keys:
            if homes.setdefault(key, partition) != partition:
                raise RuleBroken("kit.in_two_partitions", first=homes[key], second=partition)


def items_come_by_key(bench: Bench, source: Source) -> None:
    """An item that is asked for by its key comes alone; for a key that does not exist none comes."""
    partition = next(iter(source.profile.partitions), "")
    keys = listing(bench, source).keys
    if not keys:
        raise RuleBroken("kit.no_items")
    for key in {keys[0], keys[len(keys) // 2], keys[-1]}:
        shown = _by_key(bench, source, key, partition)
        if shown != [key]:
            raise RuleBroken("kit.by_key_wrong", number=len(shown))
    shown = _by_key(bench, source, ABSENT_KEY, partition)
    if shown:
        raise RuleBroken("kit.by_key_for_none", number=len(shown))


def _fault_of_items(bench: Bench, faulty: int, total: int) -> type[RuleBroken]:
    """Return whose fault it is: the data's, where an agency's own system has as few faulty items as a run tolerates."""
    is_tolerated = not is_too_many(faulty, total, bench.config.run.max_quarantined_share)
    return ItemsFaulty if bench.spares_the_system and is_tolerated and faulty < total else RuleBroken


def _by_key(bench: Bench, source: Source, key: str, partition: str) -> list[str]:
    page_request = PageRequest(since=None, page_token=None, partition=partition, source_key=key)
    with bench.transport() as transport:
        try:
            page = bench.page(transport, source, page_request)
        except (NotFound, Rejected):
            return []
    return list(ShownListing(source=source, steps=[(page_request, page)]).keys)


def _since(bench: Bench, source: Source, since: datetime) -> Mapping[str, datetime]:
    """Return the change times of what all partitions list since an instant, by key."""
    parts = [listing(bench, source, since=since, partition=name) for name in source.profile.partitions or ("",)]
    return {key: at for part in parts for key, at in part.times.items()}


def _times(listed: ShownListing) -> Mapping[str, datetime]:
    times = listed.times
    if len(set(times.values())) < MIN_TIMES:
        raise RuleBroken("kit.too_few_times", number=len(set(times.values())), needed=MIN_TIMES)
    return times


def _filters(source: Source) -> bool:
    return source.profile.changed_since


PROFILE_RULES = (
    Rule(name="times_are_readable", check=times_are_readable, only_reads=True, replays=True),
    Rule(name="resolution_is_true", check=resolution_is_true, applies=_filters, only_reads=True),
    Rule(name="since_is_obeyed", check=since_is_obeyed, applies=_filters, only_reads=True),
    Rule(name="lookback_is_listed", check=lookback_is_listed, applies=_filters, only_reads=True),
    Rule(
        name="retention_is_kept",
        check=retention_is_kept,
        applies=lambda source: _filters(source) and source.profile.retention is not None,
        only_reads=True,
    ),
    Rule(
        name="order_is_true",
        check=order_is_true,
        applies=lambda source: source.profile.order is ListingOrder.ASCENDING,
        only_reads=True,
        replays=True,
    ),
    Rule(
        name="deletions_are_promised",
        check=deletions_are_promised,
        applies=lambda source: source.profile.deletes is not DeleteDetection.TOMBSTONES,
        only_reads=True,
    ),
    Rule(
        name="partitions_are_true",
        check=partitions_are_true,
        applies=lambda source: bool(source.profile.partitions),
        only_reads=True,
    ),
    Rule(
        name="items_come_by_key",
        check=items_come_by_key,
        applies=lambda source: source.profile.by_key,
        only_reads=True,
    ),
)
