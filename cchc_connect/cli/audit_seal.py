"""`audit seal` and `audit new-key`: sign the audit log, and change the key with which it is signed."""

from dataclasses import asdict
from pathlib import Path

from cchc_connect.cli.arguments import open_existing
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.formatting import local_time
from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, record_command
from cchc_connect.database.audit.key_changes import change_key
from cchc_connect.database.audit.keys import SealKey, public_key_path
from cchc_connect.errors import UsageMistake
from cchc_connect.sync.audit_sealing import read_seal_key, seal_audit_log


def seal(command: CommandContext) -> ExitCode:
    """Seal every entry that is not sealed, and carry the seals to the anchors; PARTIAL if one did not get them.

    Raises:
        ConfigurationError: there is no key, or this user cannot read it.
        NotFound: there is no database; it is not created.
    """
    console, config = command.console, Config.load(command.config)
    with open_existing(config.database.url_with_password) as database:
        report = seal_audit_log(config, database)
    faults = [console.text(fault.code, **fault.context) for fault in report.anchor_faults]
    sealed = report.seal
    console.document(
        {
            "seal": None if sealed is None else {"id": sealed.id, "at": sealed.at, "key_id": sealed.key_id},
            "is_new": report.is_new,
            "heads": [] if sealed is None else [head._asdict() for head in sealed.heads],
            "anchor_faults": faults,
        }
    )
    if sealed is None:
        console.message("audit_view.nothing_to_seal")
    else:
        code = "audit_view.sealed" if report.is_new else "audit_view.sealed_before"
        console.message(code, seal=sealed.id, at=local_time(sealed.at, console.language))
    for fault in faults:
        console.line(fault)
    return ExitCode.PARTIAL if faults else ExitCode.DONE


def new_key(command: CommandContext, path: Path, key_id: str) -> ExitCode:
    """Make a key in a new private file; where one is in use, add an entry that both have signed.

    Raises:
        CannotCreate: the file exists already, or cannot be written.
        UsageMistake: the name is that of the key in use or of a public key of the configuration.
        ConfigurationError: the key in use cannot be read.
        NotFound: there is no database; it is not created.
    """
    console, config = command.console, Config.load(command.config)
    if (config.audit.key is not None and key_id == config.audit.key_id) or key_id in config.audit.public_keys:
        raise UsageMistake("audit.key_id_used", key_id=key_id)
    old = None if config.audit.key is None else read_seal_key(config.audit)
    try:
        created = SealKey.create(key_id, path)
    except FileExistsError as error:
        raise CannotCreate("cli.file_exists", path=error.filename) from None
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
    entry_number = None
    if old is not None:
        now = SystemClock().now()
        change = AuditEntry(at=now, kind=AuditKind.KEY_CHANGE, details=asdict(change_key(old, created, now)))
        with open_existing(config.database.url_with_password) as database:
            entry_number = record_command(database, change)
    paths = {"key": str(path.absolute()), "public_key": str(public_key_path(path).absolute())}
    console.document({**paths, "key_id": key_id, "entry": entry_number and str(entry_number)})
    console.message("audit_view.key_created", **paths)
    if entry_number is not None:
        console.message("audit_view.key_changed", entry=str(entry_number))
    console.message("audit_view.key_next", **paths, key_id=key_id)
    return ExitCode.DONE
