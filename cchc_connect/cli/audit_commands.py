"""Commands of the audit log. See `app` for their form."""
# ruff: noqa: PLC0415  # the engine is imported by the command that needs it, so that --help starts at once

from pathlib import Path
from typing import Annotated

import typer

from cchc_connect.cli.context import DatabaseOption, command_context

audit_app = typer.Typer(help="help.audit", no_args_is_help=True)


@audit_app.command("verify", help="help.audit_verify")
def audit_verify(
    context: typer.Context,
    *,
    anchor: Annotated[list[Path] | None, typer.Option("--anchor", metavar="FILE", help="help.audit_anchor")] = None,
    public_key: Annotated[
        list[str] | None, typer.Option("--public-key", metavar="FILE", help="help.audit_public_key")
    ] = None,
    db: DatabaseOption = None,
) -> int:
    """Verify chains, seals and anchors."""
    from cchc_connect.cli.audit_verify import verify

    return verify(command_context(context), db, anchors=anchor or (), public_keys=public_key or ())


@audit_app.command("seal", help="help.audit_seal")
def audit_seal(context: typer.Context) -> int:
    """Seal every entry that is not sealed."""
    from cchc_connect.cli.audit_seal import seal

    return seal(command_context(context))


@audit_app.command("new-key", help="help.audit_new_key")
def audit_new_key(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="help.audit_new_key_file")],
    *,
    key_id: Annotated[str, typer.Option("--key-id", metavar="NAME", help="help.audit_key_id")],
) -> int:
    """Make a key for seals, and let the present one confirm it."""
    from cchc_connect.cli.audit_seal import new_key

    return new_key(command_context(context), file, key_id)
