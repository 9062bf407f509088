"""`agreements draft`: a file for each route without an agreement, and what is left to do until it sends."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.written_files import require_writable_name, writing_file
from cchc_connect.sharing.route_drafts import DraftTerms, RouteDraft, draft_agreements


def draft(command: CommandContext, routes: Sequence[str], chosen: DraftTerms) -> ExitCode:
    """Write the drafts into the folder of agreements; no file is replaced.

    Raises:
        CannotCreate: a file cannot be written, or one is there already; then none is written.
    """
    console = command.console
    drafts = draft_agreements(command.config, routes, replace(chosen, language=console.language))
    for each in drafts:
        if each.file.is_file():
            raise CannotCreate("sharing.draft_exists", agreement=each.agreement, file=each.file)
    for each in drafts:
        _write(each)
    console.document({"drafts": [_document(each) for each in drafts]})
    if not drafts:
        console.message("agreement_draft.none")
        console.message("agreement_draft.routes_only")
        return ExitCode.DONE
    for each in drafts:
        _show(each, console)
    return ExitCode.DONE


def _write(each: RouteDraft) -> None:
    require_writable_name(each.file)
    with writing_file(each.file):
        each.file.parent.mkdir(parents=True, exist_ok=True)
        with each.file.open("x", encoding="utf-8") as file:
            file.write(each.text)


def _document(each: RouteDraft) -> dict[str, object]:
    return {
        "route": each.route,
        "agreement": each.agreement,
        "provider": each.provider,
        "consumer": each.consumer,
        "file": str(each.file),
        "open": list(each.open_keys),
        "is_named": each.is_named,
        "missing_officers": list(each.missing_officers),
    }


def _show(each: RouteDraft, console: Console) -> None:
    console.message("agreement_draft.written", agreement=each.agreement, route=each.route, file=each.file)
    if each.open_keys:
        console.message("agreement_draft.open", keys=", ".join(each.open_keys))
    console.message("agreement_draft.steps")
    for number, sentence in enumerate(_steps(each, console), start=1):
        console.line(f"  {number}. {sentence}", hanging=5)
    console.line()


def _steps(each: RouteDraft, console: Console) -> Iterator[str]:
    """Yield what somebody still does until the route sends."""
    yield console.text("agreement_draft.step_complete")
    if not each.is_named:
        yield console.text("agreement_draft.step_name", route=each.route, agreement=each.agreement)
    if each.missing_officers:
        yield console.text("agreement_draft.step_officers", agencies=", ".join(each.missing_officers))
    yield console.text("agreement_draft.step_apply")
    yield console.text("agreement_draft.step_approve", agreement=each.agreement)
