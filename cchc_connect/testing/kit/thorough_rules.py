"""Rules of the thorough form: named faults on the wire, a crash after every page, other orders of the items."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cchc_connect.adapter import Page, PageRequest, Source
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.sync.report import RunReport, RunStatus
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults import FAULTS, WireFault
from cchc_connect.testing.faults.fault import normal_script
from cchc_connect.testing.faults.listings import ENDLESS_LISTINGS
from cchc_connect.testing.faults.response_scripts import ResponseScript
from cchc_connect.testing.kit.bench import LONG_PAUSE, QUICK_POLICY, Bench, Holdings
from cchc_connect.testing.kit.listing import listing
from cchc_connect.testing.kit.rule import Rule, RuleBroken
from cchc_connect.testing.kit.run_rules import holdings_after_run, require_done, require_equal, run_done
from cchc_connect.testing.kit.watched import PageWatch
from cchc_connect.wire.json import Item

FAULT_POLICY = replace(QUICK_POLICY, deadline_s=0.6, read_timeout_s=0.5)
"""Limits of a call to a server with a fault: some faults use all of them."""

MAX_CRASHES = 12
"""Pages of a long listing after which a run crashes."""

SHUFFLES = 4
"""Orders of the items that are tried."""


class CrashAfterPage(BaseException):  # as a signal that ends a process: nothing that handles errors handles it
    """The run ends here."""


def no_fault_is_taken_for_a_page(bench: Bench, source: Source) -> None:
    """No named fault of a network or a server changes records or is taken for a page."""
    _require_all_survived([fault for fault in FAULTS.values() if not fault.needs_tls], bench, source)


def no_tls_fault_is_taken_for_a_page(bench: Bench, source: Source) -> None:
    """No wrong certificate and no other fault of TLS changes records or is taken for a page."""
    _require_all_survived([fault for fault in FAULTS.values() if fault.needs_tls], bench, source)


def _require_all_survived(faults: Sequence[WireFault], bench: Bench, source: Source) -> None:
    if bench.relay is None:
        raise RuleBroken("kit.no_relay")
    bench.policy, bench.pause = FAULT_POLICY, LONG_PAUSE
    with bench.database() as database:
        before = holdings_after_run(bench, database, source)
        for fault in faults:
            bench.relay.fail(replace(fault, script=_where_it_fits(fault)))
            try:
                report = bench.run(database, source.record_type.record_type, everything=True)
            finally:
                bench.relay.clear_fault()
            _require_survived(fault, report, before, bench.holdings(database, source))
        run_done(bench, database, source, everything=True)
        if bench.holdings(database, source) != before:
            raise RuleBroken("kit.fault_changed_records", fault="-")


def crashes_lose_nothing(bench: Bench, source: Source) -> None:
    """A run that dies after any page is continued by the next one: nothing is lost, and nothing is there twice."""
    with bench.database() as undisturbed:
        expected = holdings_after_run(bench, undisturbed, source)
    pages = len(listing(bench, source).pages)
    for number in range(1, min(pages, MAX_CRASHES) + 1):
        with bench.database() as database:
            try:
                bench.run(database, source.record_type.record_type, watch=_crash_at(number))
            except CrashAfterPage:
                pass
            else:
                raise RuleBroken("kit.crash_survived", page=number)
            _require_equal(bench, database, source, expected)


def order_of_items_is_no_matter(bench: Bench, source: Source) -> None:
    """The items of a page may come in any order."""
    with bench.database() as undisturbed:
        expected = holdings_after_run(bench, undisturbed, source)
    for seed in range(SHUFFLES):
        with bench.database() as database:
            require_done(bench.run(database, source.record_type.record_type, watch=_shuffled(seed)))
            _require_equal(bench, database, source, expected)


def items_shown_twice_count_once(bench: Bench, source: Source) -> None:
    """An item that comes again on a later page, because rows moved, is one record."""
    with bench.database() as undisturbed:
        expected = holdings_after_run(bench, undisturbed, source)
    with bench.database() as database:
        bench.run(database, source.record_type.record_type, watch=_repeating())
        _require_equal(bench, database, source, expected)


def _where_it_fits(fault: WireFault) -> Any:
    """Return the script of a fault; a response that it cannot be done to stays good."""

    def script(response: ServerResponse) -> ResponseScript:
        try:
            return fault.script(response)
        except (TypeError, ValueError):  # faults of JSON need a response in JSON
            return normal_script(response)

    return script


def _require_survived(fault: WireFault, report: RunReport, before: Holdings, held: Holdings) -> None:
    """Raise `RuleBroken` if a fault changed records, or if a run was done that must not be.

    A listing that is endless by its links is one for systems only that link their pages in a member `next`.
    """
    allowed = 1 if fault.corrupts_item else 0
    differing = [key for key in before.keys() | held.keys() if before.get(key) != held.get(key)]
    if len(differing) > allowed:
        raise RuleBroken("kit.fault_changed_records", fault=fault.name)
    is_done = all(line.outcome is RunStatus.DONE for line in report.lines)
    if fault.expected_error is not None and is_done and fault not in ENDLESS_LISTINGS:
        raise RuleBroken("kit.fault_taken_for_page", fault=fault.name)


def _require_equal(bench: Bench, database: SharedDatabase, source: Source, expected: Holdings) -> None:
    """Run once more and compare what is stored."""
    run_done(bench, database, source)
    require_equal(bench.holdings(database, source), expected)


def _crash_at(number: int) -> PageWatch:
    pages = list[Page]()

    def crash(_: Source, __: PageRequest, page: Page) -> Page:
        pages.append(page)
        if len(pages) == number:
            raise CrashAfterPage
        return page

    return crash


def _shuffled(seed: int) -> PageWatch:
    dice = random.Random(seed)  # noqa: S311  # seeded randomness is wanted

    def shuffle(_: Source, __: PageRequest, page: Page) -> Page:
        return replace(page, items=dice.sample(list(page.items), len(page.items)))

    return shuffle


def _repeating() -> PageWatch:
    last = list[Item]()

    def repeat(_: Source, __: PageRequest, page: Page) -> Page:
        repeated = [*page.items, *last]
        last[:] = page.items[-1:]
        return replace(page, items=repeated)

    return repeat


THOROUGH_RULES = (
    Rule(
        name="no_fault_is_taken_for_a_page",
        check=no_fault_is_taken_for_a_page,
        needs_http=True,
        is_thorough=True,
    ),
    Rule(
        name="no_tls_fault_is_taken_for_a_page",
        check=no_tls_fault_is_taken_for_a_page,
        needs_http=True,
        needs_tls=True,
        is_thorough=True,
    ),
    Rule(name="crashes_lose_nothing", check=crashes_lose_nothing, is_thorough=True),
    Rule(name="order_of_items_is_no_matter", check=order_of_items_is_no_matter, replays=True, is_thorough=True),
    Rule(name="items_shown_twice_count_once", check=items_shown_twice_count_once, is_thorough=True),
)
