"""`audit verify`: verify the audit log with what is kept outside the database."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cchc_connect.cli.arguments import existing_database_directly
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.clock import SystemClock, to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.audit.keys import TrustedKey
from cchc_connect.database.audit.verification import ANY_KEY_ID, AuditVerification, VerificationOutcome, verify_log
from cchc_connect.privacy.secrets import SecretText

EXIT_CODES: Mapping[VerificationOutcome, ExitCode] = {
    VerificationOutcome.INTACT: ExitCode.DONE,
    VerificationOutcome.BROKEN: ExitCode.STALE,
    VerificationOutcome.UNCHECKED: ExitCode.FAILED,
}


def verify(
    command: CommandContext, database: str | None, *, anchors: Sequence[Path], public_keys: Sequence[str]
) -> ExitCode:
    """Verify with the public keys and anchors of `[audit]`; `anchors` and `public_keys` take their place.

    A public key is written FILE, or NAME=FILE where seals were made with several. With keys and `database` no
    configuration file is needed.

    Raises:
        NotFound: there is no such database.
        ConfigurationError: the configuration or a public key cannot be read.
    """
    config = None if database is not None and public_keys else Config.load(command.config)
    key_files = dict(map(_named_file, public_keys))
    if not key_files and config is not None:
        key_files = {name: key.file for name, key in config.audit.public_keys.items()}
    if not anchors and config is not None:
        anchors = config.audit.anchor_files
    keys = [TrustedKey.read(name, path) for name, path in key_files.items()]
    address = config.database.url_with_password if config is not None and database is None else database
    with existing_database_directly(SecretText(address or "")) as connection:
        verification = verify_log(connection, keys, anchors, SystemClock().now())
    _show(command, verification)
    return EXIT_CODES[verification.outcome]


def _named_file(text: str) -> tuple[str, Path]:
    name, separator, path = text.partition("=")
    return (name, Path(path)) if separator else (ANY_KEY_ID, Path(text))


def _show(command: CommandContext, verification: AuditVerification) -> None:
    console, fault = command.console, verification.fault
    instants = {name: getattr(verification, name) for name in ("sealed_at", "anchored_at")}
    stored = {name: None if at is None else to_timestamp_text(at) for name, at in instants.items()}
    numbers = {name: getattr(verification, name) for name in ("entries", "seals", "unsealed")}
    document = {"outcome": verification.outcome.value, **numbers, **stored}
    sentence = None if fault is None else console.text(fault.code, **fault.context)
    context: object = {} if fault is None else console.json_values(fault.context)
    notes = [(note.code, console.text(note.code, **note.context)) for note in verification.notes]
    note_documents = [{"code": code, "message": text} for code, text in notes]
    console.document(
        {**document, "code": fault and fault.code, "message": sentence, "context": context, "notes": note_documents}
    )
    if sentence is not None:
        console.line(sentence)
    console.message(f"audit_view.{verification.outcome.value}", entries=verification.entries, seals=verification.seals)
    for _, text in notes:
        console.line(text)
    for name, at in stored.items():
        if at is not None:
            console.message(f"audit_view.{name}", at=local_time(at, console.language))
    if verification.unsealed:
        console.message("audit_view.unsealed", entries=verification.unsealed)
    if verification.outcome is VerificationOutcome.INTACT and verification.anchored_at is None:
        console.message("audit_view.no_anchor")
