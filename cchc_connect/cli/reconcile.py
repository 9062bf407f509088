"""`reconcile`: compare the sources of a connection with the shared database, and correct differences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cchc_connect.cli.arguments import existing_database, require_provided
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.progress import progress_display
from cchc_connect.cli.report import EXIT_CODES
from cchc_connect.config.file import Config
from cchc_connect.database.names import require_known
from cchc_connect.database.writing.shown_records import owners_text
from cchc_connect.errors import UsageMistake
from cchc_connect.sync.reconcile import Comparison, KeySample, Reconciliation
from cchc_connect.sync.report import RunStatus
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.synchronizer import Synchronizer


@dataclass(frozen=True, kw_only=True)
class ReconcileOptions:
    """What is compared, and whether differences are corrected."""

    record_type: str | None
    repair: bool
    accept_shrink: bool


def reconcile_connection(command: CommandContext, name: str, options: ReconcileOptions) -> ExitCode:
    """Compare item by item; with `options.repair`, write the differences.

    Raises:
        UsageMistake: there is no such connection, or it does not provide that record type.
        NotFound: there is no shared database yet.
    """
    console, config = command.console, Config.load(command.config)
    _check_names(config, name, options)
    with (
        existing_database(command, None) as database,
        progress_display(console, dry_run=not options.repair) as progress,
    ):
        result = Synchronizer(config, database, RunEnvironment(progress=progress)).reconcile(
            name, record_type=options.record_type, repair=options.repair, accept_shrink=options.accept_shrink
        )
    console.document(_document(result, console))
    _show(result, console)
    return EXIT_CODES[result.outcome]


def _check_names(config: Config, name: str, options: ReconcileOptions) -> None:
    require_known("names.connection_unknown", name, config.connections)
    if config.connections[name].is_program:
        raise UsageMistake("program.no_system", connection=name)
    provided = [source.record_type.record_type for source in config.adapter(name).sources]
    if not provided:
        raise UsageMistake("cli.no_sources", name=name)
    require_provided(name, options.record_type, provided)


def _document(result: Reconciliation, console: Console) -> Mapping[str, Any]:
    """Return the result, JSON-ready."""
    sources = [{**source.as_document(), "reason": _reason(source, console)} for source in result.comparisons]
    is_equal = all(source.is_equal for source in result.comparisons)
    head = {"connection": result.connection, "repair": result.repair, "agrees": is_equal}
    return {**head, "outcome": result.outcome.value, "sources": sources}


def _reason(source: Comparison, console: Console) -> Mapping[str, Any] | None:
    reason = source.reason
    if reason is None:
        return None
    return {"code": reason.code, "message": console.sentence(reason), "context": console.json_values(reason.context)}


def _differences(source: Comparison) -> Iterator[tuple[str, KeySample]]:
    """Yield each kind of difference with its keys."""
    yield "reconcile_view.differing", source.differing
    yield "reconcile_view.missing", source.missing_here
    yield "reconcile_view.gone", source.missing_there
    yield "reconcile_view.other_owner", source.other_owner
    yield "reconcile_view.quarantined", source.quarantined


def _show(result: Reconciliation, console: Console) -> None:
    names = ("reconcile_view.record_type", "reconcile_view.equal")
    rows = [
        (
            console.term("record_name", source.stream.record_type),
            source.equal,
            *(len(keys) for _, keys in _differences(source)),
        )
        for source in result.comparisons
    ]
    headings = (*names, *(code for code, _ in _differences(result.comparisons[0])))
    console.table(OutputTable(headings=headings, rows=rows, numbers_from=1))
    for source in result.comparisons:
        record_type = console.term("record_name", source.stream.record_type)
        for code, keys in _differences(source):
            if keys.samples:
                console.line(f"{record_type}, {console.text(code)}: {_samples_text(keys)}")
        if source.owners:
            console.message("reconcile_view.owners", record_type=record_type, owners=owners_text(source.owners))
        if source.reason is not None:
            console.line(console.sentence(source.reason))
    console.line()
    console.message(f"reconcile_view.{_closing_key(result)}", connection=result.connection)


def _samples_text(keys: KeySample) -> str:
    more = " ..." if len(keys) > len(keys.samples) else ""
    return f"{', '.join(keys.shown_samples)}{more}"


def _closing_key(result: Reconciliation) -> str:
    """Return the key of the closing sentence."""
    if result.outcome is RunStatus.FAILED:
        return "incomplete"
    if all(source.is_equal for source in result.comparisons):
        return "agree"
    if result.outcome is RunStatus.DONE:
        return "repaired"
    if all(source.is_equal or source.is_equal_but_for_owners for source in result.comparisons):
        return "others_own"
    return "partly_repaired" if result.repair else "differ"
