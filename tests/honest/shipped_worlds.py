"""Honest worlds of the shipped adapters: the doubles of four agencies over real sockets, with drawn habits."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, select

from cchc_connect import Config, RunReport, SharedDatabase, Synchronizer
from cchc_connect.cli.demo_config import demo_tables, passwords_of_doubles
from cchc_connect.database.record_tables import record_table
from cchc_connect.testing import Agencies, World
from cchc_connect.testing.doubles.arcgis_versions import VERSIONS
from cchc_connect.testing.kit.agreement import put_routes_in_force
from tests.honest.checker import QUIET

RUNS = 3
CRS84_SPELLINGS = (
    None,
    "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>",
    "<https://www.opengis.net/def/crs/OGC/0/CRS84>",
    "urn:ogc:def:crs:OGC:1.3:CRS84",
    "OGC:CRS84",
    "http://www.opengis.net/def/crs/EPSG/0/4326",  # of servers that name the system and mean longitude first
)
PROVINCE = (106.2, 10.7, 107.1, 11.7)
DIVISORS = (2, 4, 5, 10, 20)


@dataclass(frozen=True, kw_only=True)
class ShippedResult:
    """What became of one world of the shipped adapters."""

    seed: int
    habits: Mapping[str, object]
    alarms: tuple[str, ...]
    """Outcome and reason of each line that says that something is wrong, and what is in quarantine."""
    expected: Mapping[str, int]
    """Number of records that the agencies show, by record type."""
    stored: Mapping[str, int]
    rewritten: int
    """Rows written and messages sent by the last run, before which nothing happened."""


def live_shipped(seed: int, folder: Path) -> ShippedResult:
    """Let four agencies be read by the shipped adapters for some days."""
    dice = Random(f"shipped {seed}")
    parcels, works = 20, 20
    world = World(seed, dossiers=dice.choice([0, 10, 20]), parcels=parcels, works=works, defect_share=0.0)
    habits = _draw_habits(dice)
    with _agencies(world, habits) as agencies, passwords_of_doubles(agencies):
        config = Config.from_tables(_tables(agencies, habits, folder), folder / "cchc.toml")
        with SharedDatabase(config.database.url, create_or_upgrade=True) as database:
            put_routes_in_force(config, database)
            reports: list[RunReport] = []
            for run in range(RUNS):
                reports.append(Synchronizer(config, database).synchronise())
                if run < RUNS - 2:
                    agencies.edit(seed=run, share=0.1)
            stored = _stored(database)
        expected = {kind: count for kind, count in world.record_counts().items() if kind in stored}
    last = reports[-1]
    return ShippedResult(
        seed=seed,
        habits=habits,
        alarms=tuple(_alarms(reports)),
        expected=expected,
        stored=stored,
        rewritten=last.rows_written + last.messages_delivered,
    )


def _draw_habits(dice: Random) -> dict[str, Any]:
    """Draw how the agencies answer and how their connections read them."""
    incremental = dice.random() < 0.5
    return {
        "no_total": dice.random() < 0.5,
        "crs_spelling": dice.choice(CRS84_SPELLINGS),
        "extent": dice.choice([None, PROVINCE]),
        "ogc_page": dice.choice(DIVISORS),
        "ogc_cap": dice.choice([100, 100, 4]),
        "changed_since": incremental,
        "complete_listing": not incremental and dice.random() < 0.7,
        "works_cap": dice.choice([5, 10, 100]),
        "department_page": dice.choice(DIVISORS),
        "changed_column": dice.choice([None, "thoiDiemCapNhat"]),
        "complete_listings": dice.random() < 0.5,
        "desk_page": dice.choice(DIVISORS),
        "nfd_message": dice.random() < 0.5,
        "double_encode": dice.random() < 0.3,
        "expire_session": dice.choice([0, 0, 1]),
        "works_version": dice.choice([*VERSIONS]),
    }


@contextmanager
def _agencies(world: World, habits: Mapping[str, Any]) -> Generator[Agencies, None, None]:
    """Give the four agencies, running, with their habits."""
    agencies = Agencies(world)
    agencies.land_registry.page_cap = habits["ogc_cap"]
    agencies.land_registry.crs_spelling = habits["crs_spelling"]
    layer = agencies.construction_department.layer
    layer.max_record_count, layer.version = habits["works_cap"], VERSIONS[habits["works_version"]]
    for double in (agencies.land_registry, agencies.one_stop):
        double.switches.no_total = habits["no_total"]
    portal = agencies.national_portal.switches
    portal.nfd_message, portal.double_encode = habits["nfd_message"], habits["double_encode"]
    portal.expire_session = habits["expire_session"]
    with agencies:
        yield agencies


def _tables(agencies: Agencies, habits: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    tables = demo_tables(agencies, folder / "shared.db")
    connections = tables["connections"]
    connections["land-registry"]["options"] |= {
        "page_size": habits["ogc_page"],
        "changed_since": habits["changed_since"],
        "complete_listing": habits["complete_listing"],
    }
    connections["construction"]["options"] |= {
        "page_size": habits["department_page"],
        "complete_listings": habits["complete_listings"],
        **({"changed_column": habits["changed_column"]} if habits["changed_column"] else {}),
    }
    if habits["extent"]:
        for name in ("land-registry", "construction"):
            connections[name]["options"]["extent"] = habits["extent"]
    connections["one-stop"]["options"] |= {"page_size": habits["desk_page"]}
    connections["national-portal"]["options"] |= {"double_encoded": habits["double_encode"]}
    tables["run"] = {"session_folder": str(folder), "max_parallel_connections": 1, "worker_processes": 0}
    return tables


def _stored(database: SharedDatabase) -> dict[str, int]:
    kinds = ("land_parcel", "construction_permit", "construction_works", "procedure", "dossier", "dossier_step")
    with database.reading() as connection:
        return {
            kind: connection.execute(
                select(func.count()).select_from(record_table(kind)).where(record_table(kind).c.deleted_at.is_(None))
            ).scalar_one()
            for kind in kinds
        }


def _alarms(reports: list[RunReport]) -> Generator[str, None, None]:
    for number, report in enumerate(reports, start=1):
        for line in report.lines:
            where = f"run {number}, {line.name} {line.record_type}"
            if line.outcome not in QUIET:
                yield f"{where}: {line.outcome.value} {line.reason.code if line.reason else ''}"
            counts = {name: getattr(line.counts, name) for name in ("quarantined", "held", "refused", "waiting")}
            yield from (f"{where}: {name} {count}" for name, count in counts.items() if count)
            yield from (f"{where}: note {rule} on {count}" for rule, count in line.counts.noted.items())
