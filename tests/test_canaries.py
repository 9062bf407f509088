"""No output of the program holds a planted secret or a planted person's data (canaries).

`--unmasked` and `quarantine show --raw` are left out, because they show values by intention. The database holds the
person's values, as it should, and no secret.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from cchc_connect import (
    CchcError,
    Config,
    Conversation,
    DatabaseUnusable,
    HttpRequest,
    HttpResponse,
    RunEnvironment,
    SharedDatabase,
    Synchronizer,
)
from cchc_connect.adapter import Adapter, PageRequest
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.diagnostics.connections import check_connections
from cchc_connect.sync.connector import connect
from cchc_connect.transport import RequestsTransport, Traffic
from cchc_schemas import Dossier
from tests.canaries.leaky_systems import CODE, FAULTY_SYSTEMS, dossier_item, leaky_systems
from tests.canaries.values import IN_EVERY_ITEM, PERSON, SECRETS, canaries_in, shown_of
from tests.checkout import ROOT
from tests.cli.conftest import install_adapters, write_config
from tests.coverage_switch import without_coverage
from tests.databases import prepared_address
from tests.sharing.in_force import agreed

pytestmark = pytest.mark.repeats

Result = TypeVar("Result")

PASSWORD, PORTAL_PASSWORD = "CANARY_PASSWORD", "CANARY_PORTAL_PASSWORD"
BASIC = {"kind": "basic", "username": "dong-bo", "password": {"env": PASSWORD}}
ADAPTERS = {"indiscreet": "tests.canaries.leaky_adapter:LeakyAdapter"}
UNREACHABLE = f"postgresql://cchc:{quote(SECRETS['database password'], safe='')}@127.0.0.1:9/shared"
FAULTS = ("asks", "judges", "fetches", "validates", "names", "reads")

LOUD = ("--debug", "--lang", "vi")
JSON = ("--json", "--lang", "en")
FAULTY = ("--config", "faulty.toml")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", *LOUD),
    ("sync", *LOUD),
    ("sync", *FAULTY, *LOUD),
    ("sync", *FAULTY, "--json", "--debug"),
    ("check", *FAULTY, "--json"),
    ("sync", "--dry-run"),
    ("sync", *JSON),
    ("pull", "good", "--debug"),
    ("reconcile", "good", *LOUD),
    ("reconcile", "good", "--repair", *JSON),
    *((*command, *flags) for command in (
        ("status",),
        ("quarantine", "list"),
        ("quarantine", "show", "1"),
        ("case", CODE),
        ("history", "dossier", CODE),
        ("changes",),
        ("discrepancies", "list"),
        ("dead-letters", "list"),
        ("runs",),
    ) for flags in (LOUD, JSON)),
    *(("quarantine", "show", str(number), "--json") for number in range(2, 6)),
    ("quarantine", "replay", "--all", "--debug"),
    ("dead-letters", "replay", "to-desk", "--all", "--debug"),
    ("quarantine", "export", "quarantine.csv", "--debug"),
    ("adapter", "list", "--debug"),
    ("init", "--debug"),
    ("case", "000.00.00.H09-260701-9999", *LOUD),
    ("status", "--db", UNREACHABLE, *LOUD),
    ("check", "--config", "literal.toml", *LOUD),
    ("status", "--config", "broken.toml", "--debug", "--json"),
    ("sync", "--config", "address.toml", *LOUD),
    ("sync", "--config", "unusable.toml", *LOUD),
    ("check", "--config", "unusable.toml", "--json"),
)  # fmt: skip

PROGRAM = """
import json, sys
from cchc_connect.cli import main
for number, words in enumerate(json.load(sys.stdin)):
    print(f"\\n= {number} {main(words)}", flush=True)
"""


@dataclass(frozen=True)
class CommandOutput:
    """What the commands wrote, and the folder they ran in."""

    out: str
    err: str
    folder: Path

    @property
    def all(self) -> str:
        """Standard output followed by standard error."""
        return self.out + self.err

    def codes(self) -> Mapping[str, int]:
        """Return the exit code of each command."""
        ended = [line.split() for line in self.out.splitlines() if line.startswith("= ")]
        return {" ".join(COMMANDS[int(number)]): int(code) for _, number, code in ended}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder with the configuration files, their secrets set."""
    folder = tmp_path_factory.mktemp("canaries")
    with pytest.MonkeyPatch.context() as patch, leaky_systems() as agency:
        install_adapters(folder, patch, ADAPTERS)
        patch.setenv(PASSWORD, SECRETS["password"])
        patch.setenv(PORTAL_PASSWORD, SECRETS["portal password"])
        secret = folder / "database-password"
        secret.write_text(SECRETS["database password"] + "\n", encoding="utf-8")
        secret.chmod(0o600)
        tables = _tables(agency.base_url, f"sqlite:///{folder / 'shared.db'}")
        write_config(folder / "cchc.toml", agreed(tables))
        write_config(folder / "faulty.toml", _faulty_tables(agency.base_url, tables))
        write_config(folder / "unusable.toml", {**tables, "database": _unreachable(secret)})
        account = {"kind": "basic", "username": "dong-bo", "password": SECRETS["password"]}
        literal = {**tables["connections"]["good"], "account": account}
        write_config(folder / "literal.toml", {**tables, "connections": {"good": literal}})
        address = f"http://canary:{SECRETS['user of a link']}@127.0.0.1:9/?token={SECRETS['link']}"
        write_config(
            folder / "address.toml", {"connections": {"good": {**literal, "base_url": address, "account": BASIC}}}
        )
        (folder / "broken.toml").write_text(f'[database]\npassword = "{SECRETS["password"]}', encoding="utf-8")
        yield folder


def _tables(base_url: str, database: str) -> dict[str, Any]:
    """Return connections to two systems that can be read and one that receives."""
    session = {"kind": "session", "username": "dong-bo", "password": {"env": PORTAL_PASSWORD}}
    connections = {name: _connection(f"{base_url}/{name}", BASIC) for name in ("good", "twin")}
    desk = _connection(f"{base_url}/desk", session, takes=True, logs_in=True)
    connections |= {"desk": {**desk, "agency": "000.00.00.G22"}}
    return {
        "database": {"url": database},
        "connections": connections,
        "routes": {"to-desk": {"from": ["dossier"], "to": "desk", "agreement": "dossiers-for-desk"}},
        "ownership": {"dossier": "good"},
    }


def _faulty_tables(base_url: str, tables: dict[str, Any]) -> dict[str, Any]:
    """Return connections whose systems or adapters fail, each differently, with a short deadline."""
    connections = {name: _connection(f"{base_url}/{name}", BASIC) for name in ("elsewhere", *FAULTY_SYSTEMS)}
    connections |= {name: _connection(f"{base_url}/good", BASIC, fault=name) for name in FAULTS}
    connections |= {"nobody": _connection("http://127.0.0.1:9/nobody", BASIC)}
    return {
        "database": tables["database"],
        "run": {"deadline_s": 0.4, "max_parallel_connections": 8},
        "connections": connections,
    }


def _connection(base_url: str, account: Mapping[str, object], **options: object) -> dict[str, Any]:
    system = {"adapter": "indiscreet", "agency": "000.00.01.H09", "base_url": base_url}
    return {**system, "account": account, "options": options}


def _unreachable(secret: Path) -> dict[str, Any]:
    return {"url": "postgresql://cchc@127.0.0.1:9/shared", "password": {"file": str(secret)}}


@pytest.fixture(scope="module")
def output(site: Path) -> CommandOutput:
    """Give what all the commands write, run one after another in one process."""
    path = os.pathsep.join(map(str, (site / "site", ROOT, *sys.path)))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(COMMANDS),
        capture_output=True,
        text=True,
        check=True,
        cwd=site,
        env=without_coverage({**os.environ, "PYTHONPATH": path}),
        timeout=60,
    )
    return CommandOutput(out=ran.stdout, err=ran.stderr, folder=site)


def test_every_command_was_carried_out(output: CommandOutput) -> None:
    """A command that fails early could leak nothing: each fault is met, and each query has rows to show."""
    codes = output.codes()

    assert len(codes) == len(set(COMMANDS))
    assert codes["sync --debug --lang vi"] == 0
    assert codes["sync --config faulty.toml --debug --lang vi"] == 69  # every system and adapter fails
    shown = ("quarantine show", f"case {CODE}", "history", "changes", "dead-letters", "discrepancies")
    assert {code for command, code in codes.items() if command.startswith(shown)} == {0}
    assert 70 not in codes.values()
    literal = ("check --config literal.toml", "status --config broken.toml", "sync --config address.toml")
    assert [code for command, code in codes.items() if command.startswith(literal)] == [78, 78, 78]
    assert "***0951" in output.out  # masked, and there
    assert "indiscreet_adapter" in output.err


@pytest.mark.parametrize("canary", SECRETS)
def test_no_command_shows_a_secret(output: CommandOutput, canary: str) -> None:
    assert canaries_in(output.all, [SECRETS[canary]]) == []


@pytest.mark.parametrize("canary", PERSON)
def test_no_command_shows_a_person(output: CommandOutput, canary: str) -> None:
    assert canaries_in(output.all, [PERSON[canary]]) == []


@pytest.mark.parametrize("canary", SECRETS)
def test_no_secret_lies_in_the_database(output: CommandOutput, canary: str) -> None:
    """Nor in the database's log files, nor in the audit log, which is one of its tables."""
    written = b"".join(file.read_bytes() for file in sorted(output.folder.glob("shared.db*"))).decode("latin-1")

    assert PERSON["citizen id"] in written
    assert canaries_in(written, [SECRETS[canary].encode().decode("latin-1"), SECRETS[canary]]) == []


@pytest.mark.parametrize("canary", [*SECRETS.values(), *PERSON.values()])
def test_no_exported_sheet_holds_a_canary(output: CommandOutput, canary: str) -> None:
    """The exported file goes to the agency, which finds its items by their keys."""
    sheet = (output.folder / "quarantine.csv").read_text(encoding="utf-8-sig")

    assert len(sheet.splitlines()) > 3
    assert canaries_in(sheet, [canary]) == []


OTHER_LINES = ("cchc-connect: ", "    | ", "  [", "{", "Waiting for ", "Đang chờ ")
"""Beginnings of lines that are messages or progress and no events."""


def test_an_event_is_one_line(output: CommandOutput) -> None:
    """Every line of the log begins with a time, except for progress and the lines of a traceback."""
    loud = [line for line in output.err.splitlines() if line and not line.startswith(OTHER_LINES)]

    assert [line for line in loud if not line[:4].isdecimal() and " dossier" not in line] == []


class CarelessLog(logging.Handler):
    """Collects log records as a careless program would: text, values and tracebacks with local variables."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Collect a record, unless the indiscreet adapter itself logged it."""
        if record.name != "indiscreet_adapter":
            self.lines.append(f"{record.name} {record.getMessage()} {record.args}")
            if record.exc_info and record.exc_info[1]:
                self.lines += shown_of(record.exc_info[1])


@pytest.fixture
def log() -> Generator[CarelessLog]:
    """Give a handler that collects everything logged at DEBUG or above."""
    handler, root, noisy = CarelessLog(), logging.getLogger(), logging.getLogger("sqlalchemy")
    levels = root.level, noisy.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    noisy.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(levels[0])
    noisy.setLevel(levels[1])


ALL = [*SECRETS.values(), *PERSON.values()]


@pytest.fixture
def config(site: Path) -> Config:
    """Give the configuration of the systems that can be read."""
    return Config.load(site / "cchc.toml")


@pytest.fixture
def faulty(site: Path) -> Config:
    """Give the configuration of the systems that fail."""
    return Config.load(site / "faulty.toml")


class RecordingTransport:
    """The usual transport; the errors it raises are recorded."""

    def __init__(self, transport: RequestsTransport, errors: list[CchcError]) -> None:
        self._transport = transport
        self._errors = errors

    @property
    def traffic(self) -> Traffic:
        """Requests and bytes so far."""
        return self._transport.traffic

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the response to `request`."""
        return self._transport.send(request)

    def run(self, conversation: Conversation[Result]) -> Result:
        """Run a conversation to its end."""
        try:
            return self._transport.run(conversation)
        except CchcError as error:
            self._errors.append(error)
            raise


class RecordingConnect:
    """Opens transports whose errors are recorded."""

    def __init__(self) -> None:
        self.errors: list[CchcError] = []

    @contextmanager
    def __call__(
        self, name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float
    ) -> Generator[RecordingTransport]:
        """Open a transport as a run does."""
        with connect(name, table, adapter, deadline_s) as transport:
            yield RecordingTransport(transport, self.errors)


def test_no_error_of_a_run_and_no_log_at_debug_holds_a_canary(
    log: CarelessLog, config: Config, faulty: Config, tmp_path: Path
) -> None:
    """Neither in an error's text, fields, causes and pickle, nor in the local variables of our frames."""
    recording = RecordingConnect()

    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as database:
        reports = [
            Synchronizer(settings, database, RunEnvironment(open_transport=recording)).synchronise()
            for settings in (config, faulty)
        ]
        findings = list(check_connections(faulty, recording))

    errors = [*recording.errors, *(finding.error for finding in findings if finding.error is not None)]
    shown = "\n".join([*log.lines, repr(reports), *(part for error in errors for part in shown_of(error))])
    assert len({error.code for error in errors}) >= 10
    assert [line for line in log.lines if line.startswith("cchc_connect.transport GET /")]
    assert canaries_in(shown, ALL) == []


def test_an_adapters_own_error_does_hold_the_canaries(faulty: Config) -> None:
    """Before the error boundary of the engine: so the tests above would find a leak."""
    adapter = faulty.adapter("fetches")
    (source,) = adapter.sources

    with connect("fetches", faulty.connections["fetches"], adapter, 9) as transport, pytest.raises(KeyError) as raised:
        transport.run(source.fetch(PageRequest(since=None, page_token=None)))

    assert canaries_in(str(raised.value), [PERSON[name] for name in IN_EVERY_ITEM])


@pytest.mark.parametrize("name", ["literal.toml", "broken.toml", "address.toml"])
def test_a_secret_in_the_file_shows_in_no_error(site: Path, name: str) -> None:
    with pytest.raises(CchcError) as raised:
        Config.load(site / name)

    assert canaries_in("\n".join(shown_of(raised.value)), ALL) == []


def test_a_rows_values_show_in_no_error_of_the_database(log: CarelessLog, config: Config, tmp_path: Path) -> None:
    """PostgreSQL writes the whole row into DETAIL; the URL holds a password."""
    with prepared_address("postgres", tmp_path) as plain:
        address = make_url(plain).set(password=SECRETS["database password"]).render_as_string(hide_password=False)
        with SharedDatabase(address, create_or_upgrade=True) as database:
            _forbid(database, PERSON["name"])
            with pytest.raises(DatabaseUnusable) as raised:
                Synchronizer(config, database).synchronise(["good"])
            _forbid(database, None)
            shown = [repr(database), repr(vars(database)), database.location]

    shown += [*log.lines, *shown_of(raised.value)]
    assert raised.value.code == "database.failed"
    assert canaries_in("\n".join(shown), ALL) == []


def _forbid(database: SharedDatabase, name: str | None) -> None:
    """Let the server refuse rows with this applicant's name; None lifts the refusal."""
    with database.writing() as connection:
        if name is None:
            connection.execute(text("ALTER TABLE dossier DROP CONSTRAINT canary"))
        else:
            connection.execute(text(f"ALTER TABLE dossier ADD CONSTRAINT canary CHECK (applicant_name <> '{name}')"))


def test_the_error_of_a_refused_record_holds_none_of_its_values() -> None:
    with pytest.raises(ValueError, match="dossier refused") as raised:
        Dossier.read({"code": PERSON["name"], "status": PERSON["citizen id"], "applicant_name": dossier_item(1)})

    assert raised.value.__context__ is None
    assert canaries_in(f"{raised.value!r} {raised.value} {vars(raised.value)}", ALL) == []
