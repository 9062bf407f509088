"""Fixtures of the command line's tests: a caller, a running province and its configuration file."""

import importlib
import json
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from cchc_connect.cli import main
from cchc_connect.cli.demo_config import demo_tables, passwords_of_doubles
from cchc_connect.cli.localization import LOCALE_VARIABLES
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.sharing.administration import agreements
from cchc_connect.sharing.operator import operating_user
from cchc_connect.testing import Agencies, World
from tests.cli.district import District
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.in_force import agreed, in_force
from tests.sync.pulled_database import PulledDatabase

CONFIG = Path("cchc.toml")
DATABASE = Path("shared.db")
OFFICIAL = Path("official.toml")

PROVIDER, RECEIVER = "000.00.01.H09", "000.00.00.G22"
"""Codes of the agencies of the district and of its desk."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Return the one JSON document on standard output."""
        document: dict[str, Any] = json.loads(self.out)
        return document


Call = Callable[..., Ended]


@pytest.fixture(autouse=True)
def somewhere_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in an empty folder, without locale variables."""
    for variable in LOCALE_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Give a caller of the command line within this process."""

    def calling(*arguments: object) -> Ended:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ended(code=code, out=captured.out, err=captured.err)

    return calling


@pytest.fixture
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty database: in SQLite, unless a test runs `on_every_kind`."""
    with prepared_address(getattr(request, "param", DATABASE_KINDS[0]), tmp_path) as database_address:
        yield database_address


@contextmanager
def running_province(folder: Path, sleep: Callable[[float], None] = time.sleep) -> Generator[Agencies, None, None]:
    """Run four agencies, slow for as long as `sleep` sleeps; write the cchc.toml that connects them to `folder`."""
    world = World(seed=11, dossiers=24, parcels=40, works=20, defect_share=0.1)
    with Agencies(world, sleep=sleep) as agencies, passwords_of_doubles(agencies):
        write_config(folder / CONFIG, agreed(demo_tables(agencies, folder / DATABASE)))
        yield agencies


@pytest.fixture
def agencies(tmp_path: Path) -> Iterator[Agencies]:
    """Give a running province for this test, connected by ./cchc.toml; nothing is pulled yet."""
    with running_province(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the database of a province that was pulled once; tests must change only a copy."""
    folder = tmp_path_factory.mktemp("province")
    with running_province(folder):
        assert main(["--config", str(folder / CONFIG), "--json", "sync"]) == 0
        yield folder / DATABASE


@pytest.fixture
def woken() -> Event:
    """Give the event that ends the sleep of a silent system."""
    return Event()


@pytest.fixture
def silent(tmp_path: Path, woken: Event) -> Iterator[Agencies]:
    """Give a running province whose land registry takes 30 seconds for each response, unless it is woken."""

    def sleep(seconds: float) -> None:
        woken.wait(seconds)

    with running_province(tmp_path, sleep) as agencies:
        agencies.land_registry.switches.latency_s = 30
        yield agencies
        woken.set()


def install_adapters(folder: Path, monkeypatch: pytest.MonkeyPatch, adapters: Mapping[str, str]) -> None:
    """Install a distribution with these adapters, name and location, like the wheel of another package."""
    site = folder / "site"
    made = site / "village_adapter-3.2.dist-info"
    made.mkdir(parents=True)
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: village-adapter\nVersion: 3.2\n", encoding="utf-8")
    points = "".join(f"{name} = {location}\n" for name, location in adapters.items())
    (made / "entry_points.txt").write_text(f"[cchc_connect.adapters]\n{points}", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    importlib.invalidate_caches()


@pytest.fixture
def district(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[District]:
    """Give a running district whose adapter is installed."""
    install_adapters(tmp_path, monkeypatch, {"district": "tests.cli.district_adapter:DistrictAdapter"})
    with District() as running:
        yield running


Connect = Callable[..., None]


@pytest.fixture
def connect(district: District, address: str) -> Connect:
    """Give a function that writes a cchc.toml connecting the district with options; call it with the defaults."""

    def connecting(
        run: Mapping[str, object] | None = None,
        *,
        sends: bool = False,
        keys: Mapping[str, object] | None = None,
        **options: object,
    ) -> None:
        """Connect the district, with more `keys` in its table; with `sends` its dossiers go to the district's desk."""
        named = {"adapter": "district", "agency": PROVIDER, "base_url": district.base_url}
        table: dict[str, object] = {**named, **(keys or {})}
        connections = {"district": {**table, "options": options}}
        routes: dict[str, object] = {}
        if sends:
            connections["desk"] = {**table, "agency": RECEIVER, "options": {"lists": [], "takes": True}}
            routes["to-desk"] = {"from": ["dossier"], "to": "desk", "agreement": "dossiers-for-desk"}
            with SharedDatabase(address, create_or_upgrade=True) as database:
                if not agreements(database):
                    in_force(database, PROVIDER, RECEIVER, "dossier", id="dossiers-for-desk")
        tables = {"database": {"url": address}, "run": run or {}, "connections": connections, "routes": routes}
        write_config(CONFIG, tables)

    connecting()
    return connecting


@pytest.fixture
def books(address: str) -> Iterator[PulledDatabase]:
    """Give the shared database with helpers for tests."""
    with SharedDatabase(address, create_or_upgrade=True) as database:
        yield PulledDatabase(database)


def official_options(agency: str, **connections: str) -> Sequence[str]:
    """Return the options with which the user of this machine looks unmasked as an official of an agency.

    Args:
        agency: its code.
        connections: name of a connection -> code of the agency that provides its items.
    """
    tables = {name: {"adapter": "program", "agency": provider} for name, provider in connections.items()}
    officials = {operating_user(): {"agency": agency}}
    write_config(OFFICIAL, {"operator": {"agency": agency}, "officials": officials, "connections": tables})
    reason = ("--purpose", "land_finance", "--dossier", "000.00.00.H09-260701-0001")
    return ("--config", str(OFFICIAL), *reason)


def write_config(path: Path, tables: Mapping[str, Any]) -> None:
    """Write `tables` as TOML."""
    path.write_text("".join(f"{name} = {_toml(table)}\n" for name, table in tables.items()), encoding="utf-8")


def _toml(value: object) -> str:
    match value:
        case dict():
            table = cast("Mapping[str, object]", value)
            return "{ " + ", ".join(f"{name} = {_toml(element)}" for name, element in table.items()) + " }"
        case date():
            return value.isoformat()
        case _:
            return json.dumps(value, ensure_ascii=False)
