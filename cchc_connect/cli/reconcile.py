"""`reconcile`: what a connection's sources list beside what is here, and putting right what differs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cchc_connect.cli.console import Screen, Table
from cchc_connect.cli.context import existing_database
from cchc_connect.cli.exit_codes import ExitCode, Misused
from cchc_connect.cli.progress import shown_progress
from cchc_connect.cli.report import EXITS
from cchc_connect.cli.session import Session
from cchc_connect.config.file import Config
from cchc_connect.sync.reconcile import Comparison, Keys, Reconciliation
from cchc_connect.sync.report import Outcome
from cchc_connect.sync.synchronizer import Surroundings, Synchronizer


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be compared, and whether it is to be put right."""

    record_type: str | None
    repair: bool
    accept_shrink: bool


def reconcile_connection(session: Session, name: str, wanted: Wanted) -> ExitCode:
    """Compare both sides, item by item; with `repair`, write what differs.

    Raises:
        Misused: there is no such connection, or it brings nothing of that record type.
        NotThere: there is no shared database yet.
    """
    screen, config = session.screen, Config.load(session.config)
    _check_names(config, name, wanted)
    with (
        existing_database(session, None) as database,
        shown_progress(screen, rehearse=not wanted.repair) as progress,
    ):
        found = Synchronizer(config, database, Surroundings(progress=progress)).reconcile(
            name, record_type=wanted.record_type, repair=wanted.repair, accept_shrink=wanted.accept_shrink
        )
    screen.document(_document(found, screen))
    _show(found, screen)
    return EXITS[found.outcome]


def _check_names(config: Config, name: str, wanted: Wanted) -> None:
    if name not in config.connections:
        raise Misused("cli.connection_unknown", name=name, known=", ".join(config.connections))
    kinds = [source.record_type.record_type for source in config.adapter(name).sources]
    if not kinds:
        raise Misused("cli.nothing_pulled", name=name)
    if wanted.record_type not in {None, *kinds}:
        raise Misused("cli.record_type_unknown", name=wanted.record_type, known=", ".join(kinds))


def _document(found: Reconciliation, screen: Screen) -> Mapping[str, Any]:
    """Return what was found, JSON-ready."""
    sources = [{**one.as_document(), "reason": _reason(one, screen)} for one in found.sources]
    head = {"connection": found.connection, "repair": found.repair, "agrees": all(one.agrees for one in found.sources)}
    return {**head, "outcome": found.outcome.value, "sources": sources}


def _reason(one: Comparison, screen: Screen) -> Mapping[str, Any] | None:
    if one.reason is None:
        return None
    told = {"code": one.reason.code, "message": screen.spoken(one.reason)}
    return {**told, "context": screen.plain(one.reason.context)}


def _kinds(one: Comparison) -> Iterator[tuple[str, Keys]]:
    yield "reconcile_view.differing", one.differing
    yield "reconcile_view.missing", one.missing
    yield "reconcile_view.gone", one.gone
    yield "reconcile_view.quarantined", one.quarantined


def _show(found: Reconciliation, screen: Screen) -> None:
    names = ("reconcile_view.record_type", "reconcile_view.equal")
    rows = [
        (
            screen.word("record_name", one.stream.record_type),
            one.equal,
            *(len(keys) for _, keys in _kinds(one)),
        )
        for one in found.sources
    ]
    headings = (*names, *(code for code, _ in _kinds(found.sources[0])))
    screen.table(Table(headings=headings, rows=rows, numbers_from=1))
    for one in found.sources:
        for code, keys in _kinds(one):
            if keys.samples:
                screen.line(f"{one.stream.record_type}, {screen.text(code)}: {_listed(keys)}")
        if one.reason is not None:
            screen.line(screen.spoken(one.reason))
    screen.line()
    screen.say(f"reconcile_view.{_ending(found)}", connection=found.connection)


def _listed(keys: Keys) -> str:
    more = " ..." if len(keys) > len(keys.samples) else ""
    return f"{', '.join(keys.samples)}{more}"


def _ending(found: Reconciliation) -> str:
    if found.outcome is Outcome.FAILED:
        return "unread"
    if all(one.agrees for one in found.sources):
        return "agree"
    if found.outcome is Outcome.DONE:
        return "repaired"
    return "half_repaired" if found.repair else "differ"
