"""Commands about agreements: check, apply, list, show, explain, approve, withdraw, suspend, resume, end."""
# ruff: noqa: PLC0415  # as in `app`

from typing import Annotated

import typer

from cchc_connect.cli.completed_values import record_types, routes
from cchc_connect.cli.context import DatabaseOption, command_context

agreement_app = typer.Typer(help="help.agreements", no_args_is_help=True)

AgreementId = Annotated[str, typer.Argument(metavar="AGREEMENT_ID", help="help.agreement_id")]
AgreementVersion = Annotated[str, typer.Argument(metavar="AGREEMENT_ID@VERSION", help="help.agreement_version")]


@agreement_app.command("check", help="help.agreements_check")
def agreements_check(context: typer.Context, *, db: DatabaseOption = None) -> int:
    """Check the folder of agreements."""
    from cchc_connect.cli.agreements import check

    return check(command_context(context), db)


@agreement_app.command("draft", help="help.agreements_draft")
def agreements_draft(
    context: typer.Context,
    routes_to_draft: Annotated[
        list[str] | None, typer.Argument(metavar="ROUTE...", help="help.draft_routes", autocompletion=routes)
    ] = None,
    *,
    provider: Annotated[str | None, typer.Option(metavar="CODE", help="help.draft_provider")] = None,
    purpose: Annotated[str | None, typer.Option(metavar="CODE", help="help.draft_purpose")] = None,
    acts: Annotated[list[str] | None, typer.Option("--act", metavar="ACT", help="help.draft_act")] = None,
    title: Annotated[str | None, typer.Option(metavar="TITLE", help="help.draft_title")] = None,
) -> int:
    """Draft the agreements of routes."""
    from cchc_connect.cli.agreement_draft import draft
    from cchc_connect.sharing.route_drafts import DraftTerms

    chosen = DraftTerms(provider=provider, purpose=purpose, acts=tuple(acts or ()), title=title)
    return draft(command_context(context), tuple(routes_to_draft or ()), chosen)


@agreement_app.command("apply", help="help.agreements_apply")
def agreements_apply(
    context: typer.Context,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="help.agreements_dry_run")] = False,
) -> int:
    """Store the agreements of the folder as drafts."""
    from cchc_connect.cli.agreements import apply

    return apply(command_context(context), dry_run=dry_run)


@agreement_app.command("list", help="help.agreements_list")
def agreements_list(context: typer.Context, *, db: DatabaseOption = None) -> int:
    """List the stored agreements."""
    from cchc_connect.cli.agreements import list_agreements

    return list_agreements(command_context(context), db)


@agreement_app.command("show", help="help.agreements_show")
def agreements_show(context: typer.Context, agreement: AgreementId, *, db: DatabaseOption = None) -> int:
    """Show an agreement."""
    from cchc_connect.cli.agreements import show

    return show(command_context(context), db, agreement)


@agreement_app.command("export", help="help.agreements_export")
def agreements_export(
    context: typer.Context,
    agreement: AgreementId,
    *,
    odrl: Annotated[bool, typer.Option("--odrl", help="help.agreements_odrl")] = False,
    db: DatabaseOption = None,
) -> int:
    """Write an agreement for programs of others."""
    from cchc_connect.cli.agreement_export import export

    return export(command_context(context), db, agreement, is_odrl=odrl)


@agreement_app.command("explain", help="help.agreements_explain")
def agreements_explain(  # noqa: PLR0913  # a command has as many parameters as options
    context: typer.Context,
    record_type: Annotated[str, typer.Argument(metavar="TYPE", help="help.explain_type", autocompletion=record_types)],
    *,
    consumer: Annotated[str | None, typer.Option(metavar="CODE", help="help.explain_consumer")] = None,
    provider: Annotated[str | None, typer.Option(metavar="CODE", help="help.explain_provider")] = None,
    action: Annotated[str, typer.Option(metavar="ACTION", help="help.explain_action")] = "read",
    purpose: Annotated[str | None, typer.Option(metavar="CODE", help="help.explain_purpose")] = None,
    fields: Annotated[list[str] | None, typer.Option("--field", metavar="FIELD", help="help.explain_field")] = None,
    dossier: Annotated[str | None, typer.Option(metavar="DOSSIER", help="help.explain_dossier")] = None,
    procedure: Annotated[str | None, typer.Option(metavar="CODE", help="help.explain_procedure")] = None,
    official: Annotated[str | None, typer.Option(metavar="OFFICIAL", help="help.explain_official")] = None,
    agreement: Annotated[str | None, typer.Option(metavar="AGREEMENT_ID", help="help.explain_agreement")] = None,
    grant: Annotated[str | None, typer.Option(metavar="NAME", help="help.explain_grant")] = None,
    at: Annotated[str | None, typer.Option(metavar="INSTANT", help="help.explain_at")] = None,
) -> int:
    """Explain what a request would get."""
    from cchc_connect.cli.agreement_explain import ExplainOptions, explain

    options = ExplainOptions(
        record_type=record_type,
        consumer=consumer,
        provider=provider,
        action=action,
        purpose=purpose,
        fields=tuple(fields) if fields else None,
        dossier=dossier,
        procedure=procedure,
        official=official,
        agreement=agreement,
        grant=grant,
        at=at,
    )
    return explain(command_context(context), options)


@agreement_app.command("approve", help="help.agreements_approve")
def agreements_approve(
    context: typer.Context,
    agreement: AgreementVersion,
    *,
    sha256: Annotated[str | None, typer.Option("--sha256", metavar="DIGEST", help="help.agreement_sha256")] = None,
) -> int:
    """Approve a draft."""
    from cchc_connect.cli.agreements import approve

    return approve(command_context(context), agreement, sha256)


@agreement_app.command("withdraw", help="help.agreements_withdraw")
def agreements_withdraw(context: typer.Context, agreement: AgreementVersion) -> int:
    """Withdraw a draft."""
    from cchc_connect.cli.agreements import change

    return change(command_context(context), agreement, "withdraw")


@agreement_app.command("suspend", help="help.agreements_suspend")
def agreements_suspend(context: typer.Context, agreement: AgreementId) -> int:
    """Suspend an agreement."""
    from cchc_connect.cli.agreements import change

    return change(command_context(context), agreement, "suspend")


@agreement_app.command("resume", help="help.agreements_resume")
def agreements_resume(context: typer.Context, agreement: AgreementId) -> int:
    """Resume a suspended agreement."""
    from cchc_connect.cli.agreements import change

    return change(command_context(context), agreement, "resume")


@agreement_app.command("end", help="help.agreements_end")
def agreements_end(
    context: typer.Context,
    agreement: AgreementId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="help.agreements_end_yes")] = False,
) -> int:
    """End an agreement."""
    from cchc_connect.cli.agreement_end import end

    return end(command_context(context), agreement, is_confirmed=yes)


@agreement_app.command("acts", help="help.agreements_acts")
def agreements_acts(context: typer.Context) -> int:
    """List the legal acts."""
    from cchc_connect.cli.agreements import list_acts

    return list_acts(command_context(context))


@agreement_app.command("purposes", help="help.agreements_purposes")
def agreements_purposes(context: typer.Context) -> int:
    """List the purposes."""
    from cchc_connect.cli.agreements import list_purposes

    return list_purposes(command_context(context))
