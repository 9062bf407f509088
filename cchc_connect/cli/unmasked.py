"""`--unmasked` and `--raw`: who looks, why and for which dossier, and what stays masked all the same."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext, UnmaskedOptions
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.config.file import Config
from cchc_connect.database.reading.case import UnreadableRecord
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Message
from cchc_connect.sharing.operator import operating_user
from cchc_connect.sharing.unmasked import AccessReason, Denial, Revealed, UnmaskedView


def require_reason(options: UnmaskedOptions) -> None:
    """Check that purpose and dossier are given where values are shown unmasked, and only there.

    Raises:
        UsageMistake: one is missing, or is given for a masked view.
    """
    reason = {"--purpose": options.purpose, "--dossier": options.dossier}
    if not options.unmasked:
        if any(reason.values()):
            raise UsageMistake("access.reason_unneeded")
        return
    for option, value in reason.items():
        if not value:
            raise UsageMistake("access.reason_missing", option=option)


def unmasked_view(command: CommandContext, database: SharedDatabase, options: UnmaskedOptions) -> UnmaskedView | None:
    """Return the view through which values are shown unmasked, None for a masked one. See `require_reason`.

    Raises:
        ConfigurationError: there is no configuration, or it names no operator.
        UsageMistake: there is no such purpose, or the dossier's code is none.
        AccessDenied: the user of this machine is no official of the operator's agency; that is on record.
    """
    if not options.unmasked:
        return None
    config = Config.load(command.config)
    reason = AccessReason(official=operating_user(), purpose=options.purpose or "", dossier=options.dossier or "")
    return UnmaskedView(config, database, reason)


def is_masked(revealed: Revealed | None) -> bool:
    """True if anything is masked."""
    return revealed is None or bool(revealed.denials)


def denial_documents(denials: Sequence[Denial]) -> Sequence[Mapping[str, Any]]:
    """Return what stays masked, JSON-ready."""
    return [{**vars(denial), "reasons": list(denial.reasons)} for denial in denials]


def show_masking(console: Console, options: UnmaskedOptions, denials: Sequence[Denial] = ()) -> ExitCode:
    """Write what is masked and why, and that the rest is on record; return the exit code that follows from it."""
    console.line()
    if not options.unmasked:
        console.message("case_view.masked")
        return ExitCode.DONE
    for denial in denials:
        console.line(denial_text(console, denial))
    console.message("unmasked_view.recorded", purpose=options.purpose, dossier=options.dossier)
    return ExitCode.PARTIAL if denials else ExitCode.DONE


def show_unreadable(records: Iterable[UnreadableRecord], console: Console) -> None:
    """Write to standard error which records of a case could not be read."""
    for record in records:
        context = {"record_type": record.record_type, "key": record.key}
        console.stderr(console.text("case_view.unreadable", **context))


def denial_text(console: Console, denial: Denial) -> str:
    """Return the sentence about what stays masked."""
    sentences = (console.sentence(Message(f"access_refusal.{reason}")) for reason in denial.reasons)
    context = {"records": denial.records, "provider": denial.provider, "reasons": "; ".join(sentences)}
    return console.text("unmasked_view.denied", record_type=denial.record_type, **context)
