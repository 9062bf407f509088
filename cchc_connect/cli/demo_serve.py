"""`demo --serve`: leaves the demonstration's systems running, and writes the cchc.toml that connects them.

So somebody who has no system can type `check`, `sync` and the other commands in a second terminal. The passwords of
the test doubles are in files beside the configuration, because a configuration never contains a secret.
"""

import re
import signal
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import DEFAULT_SEED, CommandContext
from cchc_connect.cli.demo import demo_world, program_command
from cchc_connect.cli.demo_agreements import make_key, put_in_force, write_agreements
from cchc_connect.cli.demo_config import (
    CONNECTION_NAMES,
    PROVINCE,
    SERVED_AUDIT_FOLDER,
    secrets_of_doubles,
    served_tables,
    toml_text,
)
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.signals import StopFlag, stop_on_signals
from cchc_connect.cli.written_files import require_writable_name
from cchc_connect.config.file import Config
from cchc_connect.config.sharing import DEFAULT_FOLDER, OfficialId
from cchc_connect.config.toml_text import parse_toml, read_toml_text
from cchc_connect.errors import CchcError, ConfigurationError
from cchc_connect.privacy.private_files import new_private_file
from cchc_connect.sharing.operator import operating_user
from cchc_connect.testing import Agencies
from cchc_connect.testing.doubles.loopback_server import LOOPBACK

DEFAULT_PORTS = (8741, 8742, 8743, 8744)
"""Ports of a new configuration, in the order of `Agencies.doubles`; free ones if one of them is in use."""

DEFAULT_DATABASE = Path("shared.db")

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_OPTIONS_OF_HEADER = re.compile(r"demo --serve((?: --small)?(?: --seed [0-9]+)?)")
"""The options in the first line of a configuration that decide which records the systems have."""

POLL_INTERVAL_S = 0.1
"""Seconds between two looks at whether a signal came."""

NEXT_COMMANDS = (
    "check",
    "sync --dry-run",
    "sync",
    "status",
    "quarantine list",
    "reconcile land-registry",
)
"""Commands to type in the second terminal."""


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Options of `demo --serve`."""

    database: Path
    seed: int
    small: bool
    force: bool
    change_every_s: int | None
    """Seconds between two changes of the records at the sources; None: they do not change."""


def serve_demo(command: CommandContext, options: ServeOptions) -> ExitCode:
    """Run the systems until a signal; write the configuration first, unless the one that is there connects them.

    Raises:
        CannotCreate: the configuration is another one, or cannot be written; or a port that it names is in use.
    """
    path = command.config
    require_writable_name(path)
    known_ports = None if options.force else _ports_of(path)
    with stop_on_signals(*STOP_SIGNALS) as stop:
        agencies = Agencies(demo_world(options.seed, small=options.small))
        with _running(agencies, known_ports, path):
            if known_ports is None:
                _write_configuration(command, agencies, options)
            is_sharing = _share(command)
            _write_secrets(agencies, path.parent)
            _introduce(command, agencies, _world_options(options), is_new=known_ports is None)
            if is_sharing:
                _introduce_sharing(command.console)
            command.console.message("demo_serve.until")
            _serve(command, agencies, options, stop)
    command.console.message("demo_serve.stopped", options=_world_options(options))
    return ExitCode.DONE


def _world_options(options: ServeOptions) -> str:
    """Return the options, each with a space in front, that another start needs for the same records."""
    seed = "" if options.seed == DEFAULT_SEED else f" --seed {options.seed}"
    return (" --small" if options.small else "") + seed


def _warn_of_other_records(command: CommandContext, world_options: str) -> None:
    """Say so if the configuration was written for other records: a `sync` would replace those in the database."""
    first_line = command.config.read_text(encoding="utf-8").partition("\n")[0]
    before = _OPTIONS_OF_HEADER.search(first_line)
    if before and before[1] != world_options:
        command.console.message("demo_serve.other_records", path=command.config, options=before[1])


def _ports_of(path: Path) -> Sequence[int] | None:
    """Return the ports at which a configuration of `demo --serve` connects the systems; None if there is no file.

    Raises:
        CannotCreate: the file is another configuration.
    """
    ports = list[int]()
    text = read_toml_text(path)
    tables = text if isinstance(text, ConfigurationError) else parse_toml(text, path)
    if isinstance(tables, ConfigurationError):
        if tables.code == "config.file_missing":
            return None
        if tables.code == "config.file_irregular":
            raise CannotCreate("cli.not_a_file", path=path)
        if tables.code == "config.file_unreadable":
            raise CannotCreate("cli.cannot_write", path=path, reason=tables.context["reason"])
        raise CannotCreate("demo_serve.other_file", path=path)
    try:
        addresses = [urlsplit(str(tables["connections"][name]["base_url"])) for name in CONNECTION_NAMES]
        ports = [address.port or 0 for address in addresses if address.hostname == LOOPBACK]
    except (ValueError, LookupError, TypeError):
        pass  # a file that `demo --serve` did not write
    if len(ports) != len(CONNECTION_NAMES) or 0 in ports:
        raise CannotCreate("demo_serve.other_file", path=path)
    return ports


@contextmanager
def _running(agencies: Agencies, known_ports: Sequence[int] | None, path: Path) -> Generator[None, None, None]:
    try:
        agencies.start(DEFAULT_PORTS if known_ports is None else known_ports)
    except OSError as error:
        if known_ports is not None:
            raise CannotCreate("demo_serve.port_taken", path=path, ports=", ".join(map(str, known_ports))) from error
        agencies.start()
    try:
        yield
    finally:
        agencies.stop()


def _write_configuration(command: CommandContext, agencies: Agencies, options: ServeOptions) -> None:
    path = command.config
    header = command.console.text("demo_serve.header", options=_world_options(options))
    tables = served_tables(agencies, options.database, path.parent, officer=_user_as_official())
    text = f"# {header}\n\n{toml_text(tables)}"
    try:
        make_key(path.parent / SERVED_AUDIT_FOLDER)
        write_agreements(path.parent / DEFAULT_FOLDER, force=options.force)
        with path.open("w" if options.force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=error.filename or path, reason=error.strerror) from error


def _user_as_official() -> str | None:
    """Return the user of this machine as the id of an official; None if the name cannot be one."""
    try:
        return TypeAdapter[str](OfficialId).validate_python(operating_user())
    except (KeyError, ValidationError):  # a container may run as a user without a name
        return None


def _share(command: CommandContext) -> bool:
    """Put the agreements in force if the database has none; return whether it has some then.

    A configuration that was edited may not allow it, which is told.
    """
    try:
        config = Config.load(command.config)
        with config.open_database() as database:
            return bool(put_in_force(config, database))
    except CchcError as error:
        reason = command.console.text(error.code, **error.context)
        command.console.message("demo_serve.no_agreements", reason=reason)
        return False


def _write_secrets(agencies: Agencies, folder: Path) -> None:
    """Write the passwords of the test doubles into files that only their owner may read."""
    for name, secret in secrets_of_doubles(agencies).items():
        path = folder / name
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with new_private_file(path, replace=True) as file:
                file.write(f"{secret}\n".encode())
        except OSError as error:
            raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error


def _introduce(command: CommandContext, agencies: Agencies, world_options: str, *, is_new: bool) -> None:
    console, path = command.console, command.config
    by_name = dict(zip(CONNECTION_NAMES, agencies.doubles, strict=True))
    lines = [console.typed_options.complete(f"{program_command()} {line}") for line in NEXT_COMMANDS]
    systems = {name: double.base_url for name, double in by_name.items()}
    console.document({"config": str(path), "written": is_new, "systems": systems, "next": lines})
    console.message("demo_serve.introduction")
    rows = [(name, double.base_url, _held_text(double.record_counts(), console)) for name, double in by_name.items()]
    console.table(OutputTable(headings=("demo.connection", "demo.address", "demo.holds"), rows=rows))
    console.message("demo_serve.written" if is_new else "demo_serve.kept", path=path)
    if not is_new:
        _warn_of_other_records(command, world_options)
    console.message("demo_serve.second_terminal")
    for line in lines:
        console.line(f"  {line}")


def _introduce_sharing(console: Console) -> None:
    console.message("demo_serve.agreements", folder=DEFAULT_FOLDER)
    official = _user_as_official()
    if official is not None:
        console.message("demo_serve.official", official=official, agency=PROVINCE)


def _held_text(counts: Mapping[str, int], console: Console) -> str:
    return ", ".join(f"{count} {console.term('record_name', record_type)}" for record_type, count in counts.items())


def _serve(command: CommandContext, agencies: Agencies, options: ServeOptions, stop: StopFlag) -> None:
    """Wait for a signal; change records at the sources meanwhile, if that was asked for."""
    changes, began_s = 0, time.monotonic()
    while not stop.is_set():
        time.sleep(POLL_INTERVAL_S)
        if options.change_every_s is not None and time.monotonic() - began_s >= options.change_every_s:
            changes, began_s = changes + 1, time.monotonic()
            number = sum(agencies.edit(seed=changes).counts().values())
            command.console.message("demo_serve.changed", number=number)
