"""`agreements explain`: may one agency see this of another, and why; nothing is disclosed and nothing recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cchc_connect.cli.agreements import show_fields
from cchc_connect.cli.arguments import existing_database, record_class
from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import parse_moment
from cchc_connect.clock import SystemClock, as_instant
from cchc_connect.config.file import Config
from cchc_connect.database.names import require_known
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.sharing.administration import explain_access
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.decision import AccessDecision
from cchc_connect.sharing.explanation import Explanation
from cchc_connect.sharing.facts import decisive_versions
from cchc_connect.sharing.life_cycle import versions_of
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.terms import sharing_terms
from cchc_schemas import Record
from cchc_schemas.record_paths import leaves, parts
from cchc_schemas.text import listed


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """The options of the command as they were typed."""

    record_type: str
    consumer: str | None
    provider: str | None
    action: str
    purpose: str | None
    fields: tuple[str, ...] | None
    dossier: str | None
    procedure: str | None
    official: str | None
    agreement: str | None
    grant: str | None
    at: str | None


def explain(command: CommandContext, options: ExplainOptions) -> ExitCode:
    """Show the decision on a request step by step; exit code 77 if it is refused.

    Raises:
        UsageMistake: record type, field, action, purpose, grant or instant is unknown, or no consumer is named.
        NotFound: there is no such agreement.
    """
    config, console = Config.load(command.config), command.console
    request = _request(options, config)
    with existing_database(command, None) as opened:
        _require_agreement(opened, options)
        explanation = explain_access(config, opened, request)
    console.document(_document(explanation, console))
    if len(explanation.considered) > 1:
        console.message("agreement_view.considered", grants=listed(explanation.considered))
    for step in explanation.steps:
        mark = console.text("agreement_view.holds" if step.holds else "agreement_view.fails")
        console.line(f"{mark} {console.sentence(step.message)}", hanging=4)
    console.line()
    if isinstance(explanation.outcome, AccessDecision):
        agreement, grant = explanation.outcome.agreement.reference, explanation.outcome.grant.name
        console.message("agreement_view.granted", agreement=agreement, grant=grant)
        show_fields(explanation.outcome.grant.record, explanation.fields, console)
        return ExitCode.DONE
    reasons = (
        f"{console.sentence(Message(f'access_refusal.{each}'))} ({each})" for each in explanation.outcome.reasons
    )
    console.message("agreement_view.refused", reasons="; ".join(reasons))
    return ExitCode.REFUSED


def _request(options: ExplainOptions, config: Config) -> AccessRequest:
    if options.action not in set(Action):
        close = suggestion(options.action, list(Action))
        raise UsageMistake("sharing.action_unknown", value=options.action, suggestion=close, known=listed(Action))
    consumer = options.consumer or (None if config.operator is None else config.operator.agency)
    if consumer is None:
        raise UsageMistake("sharing.consumer_missing")
    record_type = record_class(options.record_type)
    _require_fields(options, record_type)
    require_known("access.purpose_unknown", options.purpose, sharing_terms(config).purposes)
    moment = parse_moment(options.at, "--at")
    return AccessRequest(
        consumer=consumer,
        provider=options.provider,
        action=Action(options.action),
        record_type=record_type.record_type,
        purpose=options.purpose,
        fields=options.fields,
        dossier=options.dossier,
        procedure=options.procedure,
        official=options.official,
        agreement=options.agreement,
        grant=options.grant,
        at=SystemClock().now() if moment is None else as_instant(moment),
    )


def _require_fields(options: ExplainOptions, record_type: type[Record]) -> None:
    names = (*leaves(record_type), *parts(record_type))
    for path in options.fields or ():
        if path not in names:
            context = {"record_type": record_type.record_type, "name": record_type.record_type, "value": path}
            raise UsageMistake("sharing.field_unknown", **context, suggestion=suggestion(path, names))


def _require_agreement(database: SharedDatabase, options: ExplainOptions) -> None:
    """Check that agreement and grant exist where they are named; a refusal would say as much of a mistyped one.

    Raises:
        NotFound: there is no such agreement, or a version is named.
        UsageMistake: the agreement has no such grant.
    """
    if options.agreement is None:
        return
    with database.reading() as connection:
        stored = decisive_versions(versions_of(connection, options.agreement))[0]
    names = [grant.name for grant in stored.agreement.grants]
    if options.grant is not None and options.grant not in names:
        close = suggestion(options.grant, names)
        context = {"agreement": stored.agreement.reference, "value": options.grant, "known": listed(names)}
        raise UsageMistake("sharing.grant_unknown", **context, suggestion=close)


def _document(explanation: Explanation, console: Console) -> Mapping[str, Any]:
    outcome = explanation.outcome
    if isinstance(outcome, AccessDecision):
        shared: dict[str, Any] = {"agreement": outcome.agreement.reference, "grant": outcome.grant.name, "reasons": []}
    else:
        shared = {"agreement": outcome.agreement, "grant": outcome.grant, "reasons": list(outcome.reasons)}
        shared["refused_fields"] = list(outcome.fields)
    return {
        "granted": explanation.is_granted,
        **shared,
        "fields": {path: each.value for path, each in explanation.fields.items()},
        "considered": list(explanation.considered),
        "steps": [
            {"reason": step.reason.value, "holds": step.holds, "message": console.sentence(step.message)}
            for step in explanation.steps
        ],
    }
