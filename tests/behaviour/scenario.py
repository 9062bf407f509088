"""The scenario that is recorded: some weeks of an invented province, driven through the command line.

The four systems of the demonstration and a second land register are real servers on loopback. The program's clock
stands still within a command and moves on between commands, so that every stored instant is the same in every run.
"""

import os
import pwd
import shlex
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from io import StringIO
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, MetaData, NullPool, create_engine, select, text, update

from cchc_connect import Config
from cchc_connect.cli import main
from cchc_connect.clock import SystemClock
from cchc_connect.testing import Agencies, OgcFeaturesDouble, World, daily_edit
from cchc_connect.testing.kit.agreement import put_routes_in_force

START = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
BETWEEN_COMMANDS = timedelta(minutes=10)
PARKED_S = 3600
FAR_FUTURE = "9999-01-01T00:00:00.000000Z"

PROVINCE: Mapping[str, Any] = {"seed": 11, "dossiers": 36, "parcels": 40, "works": 20, "defect_share": 0.1}

DEAD_LETTERS = "dead-letters"
"""The command about dead letters as the record calls it."""
DISCREPANCIES = ("FIRST", "SECOND")
"""Words that stand for the number of the first discrepancy by key and field, and of the second."""

CONFIG = """
[database]
url = "{database}"

[run]
max_parallel_connections = 1
session_folder = "sessions"

[connections.land-registry]
adapter = "ogc_features"
agency = "000.00.07.H09"
base_url = "{land_registry}"
rate = {{ requests = 1000, per_s = 1 }}
options = {{ collection = "thua_dat", scheme = "gso-2025-07", page_size = 15, changed_since = true }}

[connections.land-archive]
adapter = "ogc_features"
agency = "000.00.08.H09"
base_url = "{land_archive}"
options = {{ collection = "thua_dat", scheme = "gso-2025-07", page_size = 25, complete_listing = true }}

[connections.construction]
adapter = "binh_duong_permits"
agency = "000.00.05.H09"
base_url = "{construction}"
options = {{ page_size = 8, complete_listings = true }}

[connections.one-stop]
adapter = "opencps"
agency = "000.00.00.H09"
base_url = "{one_stop}/o/rest/v2"
account = {{ kind = "basic", username = "dongbo", password = {{ env = "RECORDED_ONE_STOP" }} }}
options = {{ group_id = "20182", page_size = 10, statuses = {{ {statuses} }} }}

[connections.national-portal]
adapter = "national_portal"
agency = "000.00.00.G22"
base_url = "{national_portal}"
account = {{ kind = "session", username = "tichhop.h09", password = {{ env = "RECORDED_PORTAL" }} }}

[connections.national-portal.options]
agency = "000.00.00.H09"
destination = "VN:GOV:000.00.00.G22:vpcpdvcqg"
login_path = "/dvcqg/login"
share_path = "/dvcqg/share"
integration_path = "/dvcqg/integration"
procedures_a_page = 15
procedure_codes = {{ {procedure_codes} }}

[routes.to-portal]
from = ["dossier", "dossier_step"]
to = "national-portal"
agreement = "progress-2026"
withhold = ["dossier.applicant_name"]

[ownership]
land_parcel = "land-registry"
dossier = "one-stop"

[operator]
agency = "000.00.00.H09"

[officials.{official}]
agency = "000.00.00.H09"
"""

OFFICIAL = "can-bo"
"""Name of the user of this machine, as the system gives it to the program."""

WHY = "--purpose construction_permit --dossier 000.00.05.H09-250730-0001"
"""Why an official looks unmasked."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command line and what came of it."""

    line: str
    code: int
    output: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it came from the socket; names of headers are in lower case."""

    command: int
    """Number of the command during which it came."""
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class TableContent:
    """All rows of one table, its columns and those of its primary key."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Observed:
    """All that the scenario did, as it was: nothing is normalised yet."""

    folder: Path
    ports: Mapping[int, str]
    """Port of each double -> name of its connection."""
    commands: list[Command] = field(default_factory=list[Command])
    requests: dict[str, list[Request]] = field(default_factory=dict[str, list[Request]])
    """Name of a connection -> the requests that its double received, in order."""
    tables: dict[str, TableContent] = field(default_factory=dict[str, TableContent])


def play(folder: Path, database: str, dead_letters: str) -> Observed:
    """Play the scenario over an empty database.

    Args:
        folder: an empty folder for the configuration file.
        database: the database's address, `sqlite:///PATH` or `postgresql://...`.
        dead_letters: what the command about dead letters is called today.
    """
    with ExitStack() as running:
        agencies, archive = Agencies(World(**PROVINCE)), OgcFeaturesDouble(World(**PROVINCE))
        archive.world.edit(daily_edit(seed=3, share=0.3))
        running.enter_context(agencies)
        running.enter_context(archive)
        urls = {
            "land_registry": agencies.land_registry.base_url,
            "land_archive": archive.base_url,
            "construction": agencies.construction_department.base_url,
            "one_stop": agencies.one_stop.base_url,
            "national_portal": agencies.national_portal.base_url,
        }
        ports = {int(url.rpartition(":")[2]): name for name, url in urls.items()}
        observed = Observed(folder=folder, ports=ports, requests={name: [] for name in urls})
        running.enter_context(_passwords(agencies))
        running.enter_context(_runtime_folder())
        running.enter_context(_official())
        running.enter_context(_recorded_requests(observed))
        stage = _Stage(
            observed=observed,
            agencies=agencies,
            archive=archive,
            engine=create_engine(database.replace("postgresql:", "postgresql+psycopg:", 1), poolclass=NullPool),
            config=partial(CONFIG.format, database=database, official=OFFICIAL, **urls),
            dead_letters=dead_letters,
        )
        running.enter_context(_stopped_clock(stage))
        stage.first_days()
        stage.faults()
        stage.corrections()
        stage.vanishing()
        stage.views()
        stage.refusals()
        observed.tables.update(_content(stage.engine))
    return observed


@dataclass(kw_only=True)
class _Stage:
    """The running province and the parts of the scenario, in their order."""

    observed: Observed
    agencies: Agencies
    archive: OgcFeaturesDouble
    engine: Engine
    config: Callable[..., str]
    """Returns the configuration file's text for the options that change."""
    dead_letters: str
    now: datetime = START

    def _configure(self, **options: str) -> None:
        config = self.config(**{"statuses": "", "procedure_codes": "", **options})
        (self.observed.folder / "cchc.toml").write_text(config, encoding="utf-8")

    def _agree(self) -> None:
        """Create the database, with the agreement of the route in force."""
        config = Config.load(self.observed.folder / "cchc.toml")
        with config.open_database() as database:
            put_routes_in_force(config, database, at=self.now)

    def _run(self, *lines: str) -> None:
        for line in lines:
            self.now += BETWEEN_COMMANDS
            output, config = StringIO(), self.observed.folder / "cchc.toml"
            with redirect_stdout(output), redirect_stderr(StringIO()):
                code = main(["--config", str(config), "--json", *map(self._word, shlex.split(line))])
            self.observed.commands.append(Command(line=line, code=code, output=output.getvalue()))

    def _word(self, word: str) -> str:
        """Return a word of a command line as the program of today takes it."""
        if word in DISCREPANCIES:
            table = _tables(self.engine)["discrepancy"]
            ordered = select(table.c.id).order_by(table.c.record_key, table.c.field)
            with self.engine.connect() as connection:
                return str(connection.execute(ordered).scalars().all()[DISCREPANCIES.index(word)])
        return self.dead_letters if word == DEAD_LETTERS else word

    def first_days(self) -> None:
        """Pull everything, let the agencies work, move only what changed; then nothing changes."""
        self._configure(procedure_codes='"1.013225" = "CPXD-01"')
        self._agree()
        self._run("check", "sync", "status", "quarantine list", f"discrepancies list --unmasked {WHY}")
        self.agencies.edit(seed=1, share=0.1)
        self.archive.world.edit(daily_edit(seed=4, share=0.1))
        self.agencies.national_portal.switches.drop_after_write = 1
        self.agencies.national_portal.switches.expire_session = 1
        self._run("sync --dry-run", "sync", "status", "sync")

    def faults(self) -> None:
        """Let systems answer badly: hold them, leave them alone, and go on where they answer well again."""
        agencies = self.agencies
        agencies.edit(seed=2, share=0.1)
        agencies.land_registry.switches.html_maintenance = True
        agencies.construction_department.fail_next(1, 404)
        agencies.one_stop.fail_next(1, 503, retry_after_s=PARKED_S)
        self._run("sync", "sync --only construction --only one-stop", "status", "check", "reconcile land-registry")
        agencies.land_registry.switches.html_maintenance = False
        agencies.national_portal.switches.html_maintenance = True
        self.now += timedelta(seconds=PARKED_S)
        self._run("sync", "status")
        agencies.national_portal.switches.html_maintenance = False
        agencies.national_portal.switches.nfd_message = True
        self._run("sync --only to-portal")

    def corrections(self) -> None:
        """Correct options, replay quarantine and dead letters, resolve discrepancies, repair silent changes."""
        world = self.agencies.world
        self._run("quarantine replay 1", f"{DEAD_LETTERS} list")
        self._configure(statuses="archived = 10")
        self._run("quarantine replay --all", "sync", f"{DEAD_LETTERS} list")
        self._run(f"{DEAD_LETTERS} replay to-portal --all", "sync --only to-portal", "discrepancies list")
        self._run('discrepancies resolve FIRST --as reported --note "đã báo"')
        self._run("discrepancies resolve SECOND --as dismissed --note x")
        self.archive.world.edit(daily_edit(seed=5, share=0.2))
        self._run("sync --only land-archive", "discrepancies list --all")
        silent = world.parcels.facts[3]
        world.parcels.upsert(replace(silent, area=silent.area + 1))
        world.parcels.facts.pop()
        self._run("reconcile land-registry", "reconcile land-registry --repair", "reconcile land-registry")
        self._run("reconcile one-stop")

    def vanishing(self) -> None:
        """Let records vanish from complete listings: one is believed, many only where that is accepted."""
        works, parcels = self.agencies.world.works, self.archive.world.parcels
        for count in (1, 8):
            del works.facts[-count:]
            works.version += 1
            self._run("sync --only construction")
        del parcels.facts[-3:]
        parcels.version += 1
        self.agencies.edit(seed=6, share=0.1)
        self._run("status", "sync --accept-shrink construction --full land-registry", "sync --only to-portal")

    def views(self) -> None:
        """Pull parts, then look at what there is with every command that reads."""
        self.agencies.edit(seed=7, share=0.1)
        parcel, case = self.agencies.world.parcels.facts[5].source_id, self.agencies.world.code_of_sound_dossier()
        self._run(f"pull land-registry --key {parcel} --dry-run", f"pull land-registry --key {parcel}")
        self._run("pull land-registry --since 2026-06-30 --until 2026-07-02T12:00")
        self._run("pull one-stop --record-type dossier")
        self._run(f"case {case}", f"case {case} --unmasked {WHY}", f"history dossier {case} --unmasked {WHY}")
        self._run(f"history dossier {case} --at 2026-07-01T02:00:00Z", "history land_parcel gso-2025-01:25849:1:66")
        self._run("changes", f"changes --since 100 --limit 5 --record-type dossier --unmasked {WHY}")
        self._run("quarantine show 1", f"quarantine show 1 --raw {WHY}", "quarantine list --connection one-stop")
        self._run("runs --limit 100", f"{DEAD_LETTERS} list", f"quarantine export {self.observed.folder}/export.csv")
        self.agencies.construction_department.fail_next(1, 503, retry_after_s=PARKED_S)
        self._run("sync --only construction", "sync --only construction", "status")

    def refusals(self) -> None:
        """Ask for what does not exist or cannot be done; at the end another run holds the lease."""
        self._run("sync --only nowhere", "pull nowhere", "reconcile nowhere", "status --db nowhere.db", "case nobody")
        self._run("history dossier nobody", "history nothing nobody", "quarantine show 9999", "quarantine replay")
        self._run("discrepancies resolve 9999 --as reported --note x")
        self._run("discrepancies resolve FIRST --as reported --note ' '", "runs nobody", "nothing")
        self._run(f"{DEAD_LETTERS} replay to-portal 9999", f"{DEAD_LETTERS} replay nowhere --all")
        self._run("--config nowhere.toml sync", f"quarantine export {self.observed.folder}/export.csv", "init")
        with self.engine.begin() as connection:
            connection.execute(
                update(_tables(self.engine)["lease"]).values(
                    holder="elsewhere:1", expires_at=FAR_FUTURE, expires_s=1e12
                )
            )
        self._run("sync", "reconcile land-registry --repair", "reconcile land-registry", "status")


@contextmanager
def _stopped_clock(stage: _Stage) -> Generator[None, None, None]:
    """Let the program's clock show the stage's time; no second passes on it."""

    def now(_: SystemClock) -> datetime:
        return stage.now

    def monotonic(_: SystemClock) -> float:
        return 0.0

    with patch.object(SystemClock, "now", now), patch.object(SystemClock, "monotonic", monotonic):
        yield


def _official() -> AbstractContextManager[Any]:
    """Give the user of this machine the same name on every machine."""
    real = pwd.getpwuid(os.getuid())
    return patch("pwd.getpwuid", return_value=pwd.struct_passwd((OFFICIAL, *real[1:])))


@contextmanager
def _runtime_folder() -> Generator[None, None, None]:
    """Give the program a runtime folder of its own, where it finds what its last run left."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, XDG_RUNTIME_DIR=folder, RUNTIME_DIRECTORY=""):
        yield


def _passwords(agencies: Agencies) -> AbstractContextManager[Any]:
    """Keep the doubles' passwords where the configuration looks for them."""
    return patch.dict(
        os.environ,
        RECORDED_ONE_STOP=agencies.one_stop.password,
        RECORDED_PORTAL=agencies.national_portal.password,
    )


@contextmanager
def _recorded_requests(observed: Observed) -> Generator[None, None, None]:
    """Record what every double receives, where the standard library's server has read the head of a request."""
    parse, lock = BaseHTTPRequestHandler.parse_request, Lock()

    def parse_request(handler: BaseHTTPRequestHandler) -> bool:
        is_good = parse(handler)
        port = handler.connection.getsockname()[1]
        if is_good and port in observed.ports:
            connection = handler.rfile.connection if isinstance(handler.rfile, _ReadAgain) else handler.rfile
            body = connection.read(int(handler.headers.get("Content-Length") or 0))
            handler.rfile = _ReadAgain(connection, body)  # type: ignore[assignment]  # it reads as a file does
            headers = {name.lower(): value for name, value in handler.headers.items()}
            with lock:
                request = Request(
                    command=len(observed.commands) + 1,
                    method=handler.command,
                    target=handler.path,
                    headers=headers,
                    body=body,
                )
                observed.requests[observed.ports[port]].append(request)
        return is_good

    with patch.object(BaseHTTPRequestHandler, "parse_request", parse_request):
        yield


class _ReadAgain:
    """A connection's bytes, of which the body of one request was read already and is given once more."""

    def __init__(self, connection: Any, body: bytes) -> None:
        self.connection = connection
        self._body = body

    def read(self, size: int) -> bytes:
        body, self._body = self._body[:size], self._body[size:]
        return body

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def _tables(engine: Engine) -> Mapping[str, Any]:
    """Return the tables that are in the database, whoever made them."""
    metadata = MetaData()
    metadata.reflect(engine)
    return metadata.tables


def _content(engine: Engine) -> dict[str, TableContent]:
    """Return every row of every table."""
    contents: dict[str, TableContent] = {}
    with engine.connect() as connection:
        for name, table in _tables(engine).items():
            rows = [dict(row) for row in connection.execute(select(text("*")).select_from(table)).mappings()]
            columns, key = tuple(table.columns.keys()), tuple(table.primary_key.columns.keys())
            contents[name] = TableContent(columns=columns, key=key, rows=rows)
    return contents
