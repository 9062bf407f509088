"""Canaries: secrets and a person are planted everywhere, and nothing that comes out of the program holds one.

What shows values by intention is left out: `--unmasked` and `quarantine show --raw`. A person's values are in the
database, where they belong; a secret is not.
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

from cchc_connect import CchcError, Config, DatabaseUnusable, SharedDatabase, Surroundings, Synchronizer
from cchc_connect.adapter import Adapter, Ask
from cchc_connect.check import check_connections
from cchc_connect.connections import ConnectionTable
from cchc_connect.sync.connect import connect
from cchc_connect.transport import Exchange, HttpRequest, HttpResponse, RequestsTransport, Traffic
from cchc_schemas import Dossier
from tests.canaries.aviary import CODE, PLAYS, aviary, item
from tests.canaries.birds import PERSON, SECRETS, TO_BE_FOUND, all_that_shows, singing
from tests.checkout import ROOT
from tests.cli.conftest import install_adapters, write_config
from tests.databases import prepared_address
from tests.processes import unmeasured

pytestmark = pytest.mark.repeats

Result = TypeVar("Result")

PASSWORD, PORTAL_PASSWORD = "CANARY_PASSWORD", "CANARY_PORTAL_PASSWORD"
BASIC = {"kind": "basic", "username": "dong-bo", "password": {"env": PASSWORD}}
ADAPTERS = {"indiscreet": "tests.canaries.adapter:Indiscreet"}
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
    *((*command, *words) for command in (
        ("status",),
        ("quarantine", "list"),
        ("quarantine", "show", "1"),
        ("case", CODE),
        ("history", "dossier", CODE),
        ("changes",),
        ("discrepancies", "list"),
        ("dead-letters", "list"),
        ("runs",),
    ) for words in (LOUD, JSON)),
    *(("quarantine", "show", str(number), "--json") for number in range(2, 6)),
    ("quarantine", "replay", "--all", "--debug"),
    ("dead-letters", "replay", "to-desk", "--all", "--debug"),
    ("quarantine", "export", "quarantine.csv", "--debug"),
    ("adapter", "list", "--debug"),
    ("init", "--debug"),
    ("case", "000.00.00.H09-260701-9999", *LOUD),
    ("status", "--db", UNREACHABLE, *LOUD),
    ("status", "--config", "literal.toml", *LOUD),
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
class Told:
    """What the commands wrote."""

    out: str
    err: str
    folder: Path

    @property
    def all(self) -> str:
        """Return all of it."""
        return self.out + self.err

    def codes(self) -> Mapping[str, int]:
        """Return the exit code of each command."""
        ended = [line.split() for line in self.out.splitlines() if line.startswith("= ")]
        return {" ".join(COMMANDS[int(number)]): int(code) for _, number, code in ended}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder with a configuration that connects every system, its secrets in place."""
    folder = tmp_path_factory.mktemp("canaries")
    with pytest.MonkeyPatch.context() as patch, aviary() as agency:
        install_adapters(folder, patch, ADAPTERS)
        patch.setenv(PASSWORD, SECRETS["password"])
        patch.setenv(PORTAL_PASSWORD, SECRETS["portal password"])
        secret = folder / "database-password"
        secret.write_text(SECRETS["database password"] + "\n", encoding="utf-8")
        secret.chmod(0o600)
        tables = _tables(agency.base_url, f"sqlite:///{folder / 'shared.db'}")
        write_config(folder / "cchc.toml", tables)
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
    """Return systems that can be read, and a desk."""
    session = {"kind": "session", "username": "dong-bo", "password": {"env": PORTAL_PASSWORD}}
    connections = {name: _connection(f"{base_url}/{name}", BASIC) for name in ("good", "twin")}
    connections |= {"desk": _connection(f"{base_url}/desk", session, takes=True, logs_in=True)}
    reason = {"purpose": "Công khai tiến độ", "legal_basis": "NĐ 61/2018/NĐ-CP"}
    return {
        "database": {"url": database},
        "connections": connections,
        "routes": {"to-desk": {"from": ["dossier"], "to": "desk", **reason}},
        "ownership": {"dossier": "good"},
    }


def _faulty_tables(base_url: str, tables: dict[str, Any]) -> dict[str, Any]:
    """Return systems and adapters that fail, each in its way; nobody waits long for them."""
    connections = {name: _connection(f"{base_url}/{name}", BASIC) for name in ("elsewhere", *PLAYS)}
    connections |= {name: _connection(f"{base_url}/good", BASIC, fault=name) for name in FAULTS}
    connections |= {"nobody": _connection("http://127.0.0.1:9/nobody", BASIC)}
    return {"database": tables["database"], "run": {"deadline_s": 0.4, "parallel": 8}, "connections": connections}


def _connection(base_url: str, account: Mapping[str, object], **options: object) -> dict[str, Any]:
    place = {"adapter": "indiscreet", "agency": "000.00.01.H09", "base_url": base_url}
    return {**place, "account": account, "options": options}


def _unreachable(secret: Path) -> dict[str, Any]:
    return {"url": "postgresql://cchc@127.0.0.1:9/shared", "password": {"file": str(secret)}}


@pytest.fixture(scope="module")
def told(site: Path) -> Told:
    """Give what all the commands write in a process of their own."""
    path = os.pathsep.join(map(str, (site / "site", ROOT, *sys.path)))
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(COMMANDS),
        capture_output=True,
        text=True,
        check=True,
        cwd=site,
        env=unmeasured({**os.environ, "PYTHONPATH": path}),
        timeout=60,
    )
    return Told(out=ran.stdout, err=ran.stderr, folder=site)


def test_every_command_was_carried_out(told: Told) -> None:
    """Where nothing happens nothing leaks: the runs are partial, the rest finds what it is to show."""
    codes = told.codes()

    assert len(codes) == len(set(COMMANDS))
    assert codes["sync --debug --lang vi"] == 0
    assert codes["sync --config faulty.toml --debug --lang vi"] == 3
    shown = ("quarantine show", f"case {CODE}", "history", "changes", "dead-letters", "discrepancies")
    assert {code for words, code in codes.items() if words.startswith(shown)} == {0}
    assert 70 not in codes.values()
    literal = ("status --config literal.toml", "status --config broken.toml", "sync --config address.toml")
    assert [code for words, code in codes.items() if words.startswith(literal)] == [78, 78, 78]
    assert "***0951" in told.out  # masked, and there
    assert "indiscreet_adapter" in told.err


@pytest.mark.parametrize("canary", SECRETS)
def test_no_command_shows_a_secret(told: Told, canary: str) -> None:
    assert singing(told.all, [SECRETS[canary]]) == []


@pytest.mark.parametrize("canary", PERSON)
def test_no_command_shows_a_person(told: Told, canary: str) -> None:
    assert singing(told.all, [PERSON[canary]]) == []


@pytest.mark.parametrize("canary", SECRETS)
def test_no_secret_lies_in_the_database(told: Told, canary: str) -> None:
    """Nor in its log, nor in the journal, which is a table of it."""
    written = b"".join(file.read_bytes() for file in sorted(told.folder.glob("shared.db*"))).decode("latin-1")

    assert PERSON["citizen id"] in written
    assert singing(written, [SECRETS[canary].encode().decode("latin-1"), SECRETS[canary]]) == []


@pytest.mark.parametrize("canary", [*SECRETS.values(), *PERSON.values()])
def test_no_exported_sheet_holds_a_canary(told: Told, canary: str) -> None:
    """It goes to the agency, which knows its items by their keys."""
    sheet = (told.folder / "quarantine.csv").read_text(encoding="utf-8-sig")

    assert len(sheet.splitlines()) > 3
    assert singing(sheet, [canary]) == []


def test_an_event_is_one_line(told: Told) -> None:
    """No line of the log begins in the middle of something."""
    loud = [line for line in told.err.splitlines() if line and not line.startswith(("cchc-connect: ", "  [", "{"))]

    assert [line for line in loud if not line[:4].isdecimal() and " dossier" not in line] == []


class Heard(logging.Handler):
    """Keeps what is logged as a careless program would: text, values and tracebacks with locals."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, but for what the indiscreet adapter itself says."""
        if record.name != "indiscreet_adapter":
            self.lines.append(f"{record.name} {record.getMessage()} {record.args}")
            if record.exc_info and record.exc_info[1]:
                self.lines += all_that_shows(record.exc_info[1])


@pytest.fixture
def heard() -> Generator[Heard]:
    """Give a handler that hears everything that is logged at DEBUG."""
    handler, root, noisy = Heard(), logging.getLogger(), logging.getLogger("sqlalchemy")
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
    """Give the configuration of what can be read."""
    return Config.load(site / "cchc.toml")


@pytest.fixture
def faulty(site: Path) -> Config:
    """Give the configuration of what fails."""
    return Config.load(site / "faulty.toml")


class HeardTransport:
    """The usual transport; what it raises is kept."""

    def __init__(self, transport: RequestsTransport, errors: list[CchcError]) -> None:
        self._transport = transport
        self._errors = errors

    @property
    def traffic(self) -> Traffic:
        """How much has moved so far."""
        return self._transport.traffic

    def send(self, request: HttpRequest) -> HttpResponse:
        """Return the answer to `request`."""
        return self._transport.send(request)

    def run(self, conversation: Exchange[Result]) -> Result:
        """Lead a conversation to its end."""
        try:
            return self._transport.run(conversation)
        except CchcError as error:
            self._errors.append(error)
            raise


class Listening:
    """Opens transports that are listened to."""

    def __init__(self) -> None:
        self.errors: list[CchcError] = []

    @contextmanager
    def __call__(
        self, name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float
    ) -> Generator[HeardTransport]:
        """Open one as a run does."""
        with connect(name, table, adapter, deadline_s) as transport:
            yield HeardTransport(transport, self.errors)


def test_no_error_of_a_run_and_no_log_at_debug_holds_a_canary(
    heard: Heard, config: Config, faulty: Config, tmp_path: Path
) -> None:
    """Not its text, its fields, its causes, its pickle, nor the local variables of our frames."""
    listening = Listening()

    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}") as database:
        reports = [
            Synchronizer(one, database, Surroundings(connect=listening)).synchronise() for one in (config, faulty)
        ]
        findings = list(check_connections(faulty, listening))

    errors = [*listening.errors, *(finding.error for finding in findings if finding.error is not None)]
    shown = "\n".join([*heard.lines, repr(reports), *(part for error in errors for part in all_that_shows(error))])
    assert len({error.code for error in errors}) >= 10
    assert [line for line in heard.lines if line.startswith("cchc_connect.transport GET /")]
    assert singing(shown, ALL) == []


def test_the_canaries_sing_where_nobody_stops_them(faulty: Config) -> None:
    """The adapter's own errors hold them, before they come to the engine's border."""
    adapter = faulty.adapter("fetches")
    (source,) = adapter.sources

    with connect("fetches", faulty.connections["fetches"], adapter, 9) as transport, pytest.raises(KeyError) as raised:
        transport.run(source.fetch(Ask(since=None, position=None)))

    assert singing(str(raised.value), [PERSON[name] for name in TO_BE_FOUND])


@pytest.mark.parametrize("name", ["literal.toml", "broken.toml", "address.toml"])
def test_a_secret_in_the_file_shows_in_no_error(site: Path, name: str) -> None:
    with pytest.raises(CchcError) as raised:
        Config.load(site / name)

    assert singing("\n".join(all_that_shows(raised.value)), ALL) == []


def test_a_rows_values_show_in_no_error_of_the_database(heard: Heard, config: Config, tmp_path: Path) -> None:
    """PostgreSQL tells the whole row in DETAIL; the address holds a password."""
    with prepared_address("postgres", tmp_path) as plain:
        address = make_url(plain).set(password=SECRETS["database password"]).render_as_string(hide_password=False)
        with SharedDatabase(address) as database:
            _forbid(database, PERSON["name"])
            with pytest.raises(DatabaseUnusable) as raised:
                Synchronizer(config, database).synchronise(["good"])
            _forbid(database, None)
            shown = [repr(database), repr(vars(database)), database.place]

    shown += [*heard.lines, *all_that_shows(raised.value)]
    assert raised.value.code == "database.failed"
    assert singing("\n".join(shown), ALL) == []


def _forbid(database: SharedDatabase, name: str | None) -> None:
    """Let the server refuse rows with a name, or none any more."""
    with database.writing() as connection:
        if name is None:
            connection.execute(text("ALTER TABLE dossier DROP CONSTRAINT canary"))
        else:
            connection.execute(text(f"ALTER TABLE dossier ADD CONSTRAINT canary CHECK (applicant_name <> '{name}')"))


def test_a_record_that_is_refused_says_nothing_of_its_values() -> None:
    with pytest.raises(ValueError, match="dossier refused") as raised:
        Dossier.read({"code": PERSON["name"], "status": PERSON["citizen id"], "applicant_name": item(1)})

    assert raised.value.__context__ is None
    assert singing(f"{raised.value!r} {raised.value} {vars(raised.value)}", ALL) == []
