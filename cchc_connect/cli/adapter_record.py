"""`adapter record`: writes what a configured system answers, with invented values in the place of personal ones."""

from pathlib import Path

from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.database.names import require_known
from cchc_connect.errors import UsageMistake
from cchc_connect.local_sources.contract import LocalSystem
from cchc_connect.testing.kit.bench import configured_bench
from cchc_connect.testing.kit.recording import Recording, record_all
from cchc_connect.testing.kit.watched import WatchedConfig


def record_connection(command: CommandContext, name: str, folder: Path, max_pages: int) -> ExitCode:
    """Record the first pages of every source of a connection, a file for each.

    Args:
        command: the running command.
        name: name of the connection.
        folder: where the files are written; they replace earlier ones.
        max_pages: most pages of one source.

    Raises:
        UsageMistake: there is no such connection, it is not reached by HTTP, or a personal value would remain.
        ConfigurationError: the configuration, the adapter or a secret cannot be used.
        CannotCreate: the folder cannot be written.
        CchcError: the system cannot be reached or refuses the account.
    """
    config, console = WatchedConfig.load(command.config), command.console
    require_known("names.connection_unknown", name, config.connections)
    if config.connections[name].is_program:
        raise UsageMistake("adapter_record.no_http", connection=name)
    with configured_bench(config, name) as bench:
        if isinstance(bench.adapter(), LocalSystem):
            raise UsageMistake("adapter_record.no_http", connection=name)
        base_url = config.connections[name].base_url.rstrip("/")
        recordings = record_all(bench, base_url, max_pages)
    files = [_written(recording, folder) for recording in recordings]
    console.document({"connection": name, "files": list(map(str, files))})
    for recording, file in zip(recordings, files, strict=True):
        code = "written" if recording.exchanges else "shared"
        console.message(f"adapter_record.{code}", file=file, answers=len(recording.exchanges))
        if not recording.is_whole:
            console.message("adapter_record.cut", file=file, pages=max_pages)
    console.message("adapter_record.look")
    return ExitCode.DONE


def _written(recording: Recording, folder: Path) -> Path:
    path = folder / f"{recording.record_type}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(recording.text(), encoding="utf-8", newline="\n")
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=path, reason=error.strerror) from error
    return path
