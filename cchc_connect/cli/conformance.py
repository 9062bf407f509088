"""`adapter test`: examines a configured system by the rules of the conformance kit, reading only."""

from collections.abc import Iterator, Sequence
from typing import Any

from cchc_connect.cli.adapter_texts import left_out_in_words
from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.fault_texts import members_in_words
from cchc_connect.cli.wrapping import HANGING
from cchc_connect.database.names import require_known
from cchc_connect.diagnostics.declared_reads import declared_findings
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.errors import CchcError, Rejected, SourceHeld, StartOver, UsageMistake
from cchc_connect.local_sources.contract import LocalSystem
from cchc_connect.messages import Message
from cchc_connect.registry import adapter_factory
from cchc_connect.testing.kit.bench import Bench, configured_bench
from cchc_connect.testing.kit.cases import RuleCase, cases
from cchc_connect.testing.kit.listing import listings_already_shown
from cchc_connect.testing.kit.rule import ItemsFaulty, RuleBroken
from cchc_connect.testing.kit.watched import WatchedConfig

KEPT, FAULTY_ITEMS, BROKEN, LEFT_OUT = "kept", "faulty_items", "broken", "left_out"
"""How a rule came out."""

LEVELS = {KEPT: "good", FAULTY_ITEMS: "warning", BROKEN: "bad", LEFT_OUT: "warning"}
"""How it came out -> the mark of a finding."""


def show_conformance(command: CommandContext, name: str, rules: Sequence[str]) -> ExitCode:
    """Check the rules that can be checked by reading; nothing is sent to a target and nothing is stored.

    Args:
        command: the running command.
        name: name of the connection.
        rules: names of the rules to check; empty: all.

    Raises:
        UsageMistake: there is no such connection or rule, or a program writes its records.
        ConfigurationError: the configuration, the adapter or a secret cannot be used.
        CchcError: the system cannot be reached or refuses the account.
    """
    config, console = WatchedConfig.load(command.config), command.console
    require_known("names.connection_unknown", name, config.connections)
    if config.connections[name].is_program:
        raise UsageMistake("program.no_system", connection=name)
    with configured_bench(config, name) as bench:
        results = list[dict[str, Any]]()
        for result in _results(_chosen(bench, rules, console), bench):
            results.append(_shown(result, results[-1]["reason"] if results else None, console))
        doubts = [*_doubts(bench)]
    findings = [_shown_doubt(record_type, finding, console) for record_type, finding in doubts]
    broken = sum(result["outcome"] == BROKEN for result in results)
    console.document({"connection": name, "rules": results, "findings": findings})
    console.message("adapter_test.summary", connection=name, rules=len(results), broken=broken)
    if any(result["outcome"] == FAULTY_ITEMS for result in results):
        console.message("adapter_test.faulty_items", connection=name)
    is_good = not broken and all(finding.error is None for _, finding in doubts)
    return ExitCode.DONE if is_good else ExitCode.PARTIAL


def _chosen(bench: Bench, rules: Sequence[str], console: Console) -> list[RuleCase]:
    adapter, name = bench.adapter(), bench.config.connections[bench.name].adapter
    left_out = left_out_in_words(name, adapter_factory(name), console.language)
    speaks_http = not isinstance(adapter, LocalSystem)
    possible = cases(adapter, left_out, speaks_http=speaks_http, is_thorough=False)
    readable = [case for case in possible if case.rule.only_reads]
    for rule in rules:
        require_known("adapter_test.rule_unknown", rule, [case.rule.name for case in readable])
    chosen = [case for case in readable if not rules or case.rule.name in rules]
    parts = list(dict.fromkeys(case.record_type for case in chosen))
    return sorted(chosen, key=lambda case: parts.index(case.record_type))  # a reason of one source is told once


def _results(chosen: Sequence[RuleCase], bench: Bench) -> Iterator[tuple[RuleCase, str, Message | None]]:
    """Yield how each rule came out, with the reason where it is broken."""
    for case in chosen:
        if case.left_out_because is not None:
            yield case, LEFT_OUT, Message("adapter_test.left_out", {"reason": case.left_out_because})
            continue
        try:
            case.check(bench)
        except ItemsFaulty as found:
            yield case, FAULTY_ITEMS, found.message
        except RuleBroken as broken:
            yield case, BROKEN, broken.message
        except (SourceHeld, Rejected, StartOver) as error:
            yield case, BROKEN, _message_of(error)
        else:
            yield case, KEPT, None


def _doubts(bench: Bench) -> Iterator[tuple[str, Finding]]:
    """Yield what the listings that were shown say against the declared keys and conditions, with the record type."""
    for source in bench.adapter().sources:
        pages = [page for shown in listings_already_shown(bench, source) for page in shown.pages]
        items, has_deleted = [item for page in pages for item in page.items], any(page.deleted_keys for page in pages)
        for finding in declared_findings(bench.name, source, items, has_deleted=has_deleted):
            yield source.record_type.record_type, finding


def _shown_doubt(record_type: str, finding: Finding, console: Console) -> dict[str, Any]:
    """Write the line of a finding; return it as a document."""
    mark, record_name = console.text(f"check.{finding.level}"), console.term("record_name", record_type)
    sentence = console.sentence(finding.message)
    console.line(f"{mark} {record_name}: {sentence}", hanging=HANGING)
    return {"record_type": record_type, "level": finding.level, "code": finding.message.code, "message": sentence}


def _message_of(error: CchcError) -> Message:
    return Message(error.code, error.context)


def _sentence(message: Message, record_type: str, console: Console) -> str:
    context = dict(message.context)
    if "members" in context:
        context["members"] = members_in_words(context["members"], record_type, console)
    return console.text(message.code, **context)


def _shown(result: tuple[RuleCase, str, Message | None], earlier: str | None, console: Console) -> dict[str, Any]:
    """Write the line of a rule, with its reason unless that is the `earlier` one; return it as a document."""
    case, outcome, message = result
    statement = console.text(f"kit_rule.{case.rule.name}")
    mark, record_name = console.text(f"check.{LEVELS[outcome]}"), console.term("record_name", case.record_type)
    console.line(f"{mark} {record_name}: {statement}", hanging=HANGING)
    reason = None if message is None else _sentence(message, case.record_type, console)
    if reason:
        console.line(f"    {console.text('adapter_test.same_reason') if reason == earlier else reason}")
    return {"rule": case.rule.name, "record_type": case.record_type, "outcome": outcome, "reason": reason}
