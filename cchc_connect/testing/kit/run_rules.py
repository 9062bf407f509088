"""Rules about runs of the real engine over a source: what is shared, what a second run does, what changes do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from cchc_connect.adapter import DeleteDetection, Page, PageRequest, Source
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.messages import Message
from cchc_connect.sync.report import RunReport, RunStatus
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.kit.bench import Bench, Holdings
from cchc_connect.testing.kit.listing import listing, whole_listing
from cchc_connect.testing.kit.relay import Relay, unaltered
from cchc_connect.testing.kit.rule import ItemsFaulty, Rule, RuleBroken
from cchc_connect.testing.kit.spoilt import (
    WRONG_VALUES,
    Spoil,
    unreadable,
    with_mixed_values,
    with_unreadable_item,
    with_values,
)
from cchc_connect.testing.kit.systems import ChangingSystem, RemovingSystem
from cchc_connect.testing.kit.walk import is_record
from cchc_connect.wire.json import Item
from cchc_schemas import Fault

MAX_RUNS = 4
"""Runs after a change at the source, until everything must have come."""

QUICK_VALUES = 2
"""Wrong values of the quick form."""

MIXTURES = 12
"""Items with several wrong values of different kinds that are tried."""

MIN_PAGES = 2
"""Pages between which items can move."""


def everything_is_shared(bench: Bench, source: Source) -> None:
    """A first run is done, every item becomes a record, and none is quarantined."""
    with bench.database() as database:
        report = run_done(bench, database, source)
        faulty = sum(line.counts.quarantined for line in report.lines)
        if faulty and not bench.spares_the_system:
            raise RuleBroken("kit.quarantined", number=faulty, members=_rules(database))
        stored, listed = len(bench.holdings(database, source)), len(set(whole_listing(bench, source).keys))
        if not stored or stored + faulty < listed:
            raise RuleBroken("kit.not_shared", stored=stored, listed=listed)
        if faulty:  # a run with more than it tolerates is not done
            raise ItemsFaulty("kit.items_faulty", number=faulty, total=listed, members=_rules(database))


def second_run_writes_nothing(bench: Bench, source: Source) -> None:
    """A second run over an unchanged source writes nothing, also one that lists everything."""
    with bench.database() as database:
        run_done(bench, database, source)
        for everything in (False, True):
            report = run_done(bench, database, source, everything=everything)
            if report.rows_written:
                raise RuleBroken("kit.written_again", number=report.rows_written)


def incremental_equals_full(bench: Bench, source: Source) -> None:
    """After changes at the source the next runs leave the same records as a first one would."""
    if not isinstance(bench.system, ChangingSystem):
        raise RuleBroken("kit.cannot_change")
    with bench.database() as database:
        before = holdings_after_run(bench, database, source)
        bench.system.change()
        run_done(bench, database, source)
        after = bench.holdings(database, source)
        if after == before:
            raise RuleBroken("kit.nothing_changed")
        _require_equal_to_first_run(bench, source, after)


def moving_rows_are_not_lost(bench: Bench, source: Source) -> None:
    """Items that move between pages while these are read are not lost: the next runs have them."""
    if not isinstance(bench.system, ChangingSystem):
        raise RuleBroken("kit.cannot_change")
    system, record_type, pages = bench.system, source.record_type.record_type, list[Page]()
    removes = isinstance(system, RemovingSystem) and source.profile.deletes is not DeleteDetection.NEVER

    def move(_: Source, __: PageRequest, page: Page) -> Page:
        pages.append(page)
        if len(pages) == 1:
            system.change()
            if removes and isinstance(system, RemovingSystem):
                system.remove(record_type)
        return page

    with bench.database() as database:
        bench.run(database, record_type, watch=move)
        if len(pages) < MIN_PAGES:
            raise RuleBroken("kit.one_page")
        for number in range(MAX_RUNS):
            run_done(bench, database, source)
            if number == 1 and removes:
                system.change()  # an absence may be confirmed by another state of the listing only
        _require_equal_to_first_run(bench, source, bench.holdings(database, source))


def deletions_are_found(bench: Bench, source: Source) -> None:
    """An item that the source removed is deleted, and no other, in the way that the profile promises."""
    if not isinstance(bench.system, RemovingSystem):
        raise RuleBroken("kit.cannot_remove")
    with bench.database() as database:
        before = holdings_after_run(bench, database, source)
        bench.system.remove(source.record_type.record_type)
        deleted = frozenset[str]()
        for number in range(MAX_RUNS):
            run_done(bench, database, source, everything=source.profile.deletes is DeleteDetection.ABSENCE)
            deleted = frozenset(before.keys() - bench.holdings(database, source).keys())
            if number and not deleted and isinstance(bench.system, ChangingSystem):
                bench.system.change()  # an absence may be confirmed by another state of the listing only
        if len(deleted) != 1:
            raise RuleBroken("kit.deletion_missed", deleted=len(deleted))


def _wrong_values_affect_one_item(spoils: Sequence[Spoil], bench: Bench, source: Source) -> None:
    """An item whose values are of the wrong kind is quarantined, or read without them, and affects no other item."""
    with bench.database() as database:
        sound = holdings_after_run(bench, database, source)
    for spoil in spoils:
        _require_unaffected(bench, source, sound, spoil)


def unreadable_item_is_quarantined_alone(bench: Bench, source: Source) -> None:
    """An item that is no strict JSON is quarantined, and no other item is; where JSON comes by HTTP, on the wire."""
    with bench.database() as database:
        sound = holdings_after_run(bench, database, source)
    if bench.relay is None or not (spoilt := _spoilt_on_the_wire(bench, bench.relay, source, sound)):
        spoilt = [_require_unaffected(bench, source, sound, unreadable)]
    if spoilt != [1]:
        raise RuleBroken("kit.not_quarantined", number=sum(spoilt))


def _spoilt_on_the_wire(bench: Bench, relay: Relay, source: Source, sound: Holdings) -> list[int]:
    """Run with one item spoilt in a response; return how many were quarantined, nothing if no response lists JSON."""
    pages = [page for page in listing(bench, source).pages if page.items]
    count = len(pages[0].items) if pages else 0
    altered = list[ServerResponse]()

    def alter(response: ServerResponse) -> ServerResponse:
        spoilt = None if altered else with_unreadable_item(response, count)
        altered.extend([] if spoilt is None else [spoilt])
        return spoilt or response

    relay.alter = alter
    try:
        with bench.database() as database:
            report = bench.run(database, source.record_type.record_type)
            if not altered:
                return []
            return [_quarantined_alone(report, sound, bench.holdings(database, source))]
    finally:
        relay.alter = unaltered


def _require_unaffected(bench: Bench, source: Source, sound: Holdings, spoil: Spoil) -> int:
    """Run with one item spoilt; return how many were quarantined.

    Raises:
        RuleBroken: the run was not done, or another item was affected.
    """
    spoilt = list[Item]()

    def replace_item(own: Source, _: PageRequest, page: Page) -> Page:
        """Spoil the item in the middle of the first page."""
        chosen = [number for number, item in enumerate(page.items) if is_record(own, item)]
        if spoilt or not chosen:
            return page
        position, items = chosen[len(chosen) // 2], list(page.items)
        spoilt.append(items[position])
        items[position] = spoil(own, items[position])
        return replace(page, items=items)

    with bench.database() as database:
        report = bench.run(database, source.record_type.record_type, watch=replace_item)
        return _quarantined_alone(report, sound, bench.holdings(database, source))


def _quarantined_alone(report: RunReport, sound: Holdings, held: Holdings) -> int:
    """Return how many items were quarantined in a run with one spoilt item.

    Raises:
        RuleBroken: the run was not done, or another item was affected.
    """
    require_done(report)
    differing = [key for key, document in sound.items() if held.get(key) != document]
    quarantined = sum(line.counts.quarantined for line in report.lines)
    if len(differing) > 1 or quarantined > 1 or len(held.keys() - sound.keys()) > 1:
        raise RuleBroken("kit.others_affected", number=max(len(differing) - 1, quarantined - 1))
    return quarantined


def run_done(bench: Bench, database: SharedDatabase, source: Source, *, everything: bool = False) -> RunReport:
    """Run once and return the report.

    Raises:
        RuleBroken: the run was not done.
    """
    report = bench.run(database, source.record_type.record_type, everything=everything)
    require_done(report)
    return report


def require_done(report: RunReport) -> None:
    """Raise `RuleBroken` if a line of a report is not done."""
    for line in report.lines:
        if line.outcome is not RunStatus.DONE:
            raise RuleBroken(
                "kit.run_not_done", outcome=Message(f"outcome.{line.outcome.value}"), reason=line.reason or "-"
            )


def holdings_after_run(bench: Bench, database: SharedDatabase, source: Source) -> Holdings:
    """Run once and return what is stored.

    Raises:
        RuleBroken: the run was not done, or nothing is stored.
    """
    run_done(bench, database, source)
    held = bench.holdings(database, source)
    if not held:
        raise RuleBroken("kit.no_items")
    return held


def _require_equal_to_first_run(bench: Bench, source: Source, held: Holdings) -> None:
    with bench.database() as fresh:
        expected = holdings_after_run(bench, fresh, source)
    require_equal(held if _deletes(source) else {key: held[key] for key in held.keys() & expected.keys()}, expected)


def require_equal(held: Holdings, expected: Holdings) -> None:
    """Raise `RuleBroken` if what is stored is not what is expected."""
    lost, phantoms = len(expected.keys() - held.keys()), len(held.keys() - expected.keys())
    stale = sum(held[key] != document for key, document in expected.items() if key in held)
    if lost or stale or phantoms:
        raise RuleBroken("kit.differs_from_full", lost=lost, stale=stale, phantoms=phantoms)


def _rules(database: SharedDatabase) -> str:
    """Return the rules that quarantined items break, the most frequent first, with the fields."""
    with database.reading() as connection:
        broken = Counter(_rule_of(fault) for entry in entries(connection) for fault in entry.faults)
    return "; ".join(rule for rule, _ in broken.most_common(5))


def _rule_of(fault: Fault) -> str:
    return f"{fault.path}: {fault.rule}" if fault.path else fault.rule


def _deletes(source: Source) -> bool:
    return source.profile.deletes is not DeleteDetection.NEVER


RUN_RULES = (
    Rule(name="everything_is_shared", check=everything_is_shared, only_reads=True, replays=True),
    Rule(name="second_run_writes_nothing", check=second_run_writes_nothing, only_reads=True),
    Rule(name="incremental_equals_full", check=incremental_equals_full),
    Rule(name="moving_rows_are_not_lost", check=moving_rows_are_not_lost),
    Rule(name="deletions_are_found", check=deletions_are_found, applies=_deletes),
    Rule(
        name="wrong_values_affect_one_item",
        check=partial(_wrong_values_affect_one_item, [with_values(wrong) for wrong in WRONG_VALUES[:QUICK_VALUES]]),
    ),
    Rule(
        name="every_wrong_value_affects_one_item",
        check=partial(_wrong_values_affect_one_item, [with_values(wrong) for wrong in WRONG_VALUES[QUICK_VALUES:]]),
        is_thorough=True,
    ),
    Rule(
        name="mixed_wrong_values_affect_one_item",
        check=partial(_wrong_values_affect_one_item, [with_mixed_values(seed) for seed in range(MIXTURES)]),
        is_thorough=True,
    ),
    Rule(name="unreadable_item_is_quarantined_alone", check=unreadable_item_is_quarantined_alone),
)
