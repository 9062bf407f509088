"""Targets (chỉ tiêu giao) by indicator, agency and year: those of the programme, and what a province loads beside.

A year without a target has none: nothing is interpolated.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import upsert_rows
from cchc_connect.database.kpi_tables import kpi_target
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake

EVERYBODY = "*"
"""Agency of a target for everybody without one of its own."""

COLUMNS = ("indicator", "agency", "year", "value", "source")
"""Columns of a file of targets."""

_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiTarget:
    """One target; percent."""

    indicator: str
    agency: str
    year: int
    value: Decimal | None
    """None: none was set (chưa giao chỉ tiêu)."""
    source: str
    """Act or plan that sets it."""


@cache
def programme_targets() -> Sequence[KpiTarget]:
    """Return the targets of the programme 2021-2030."""
    path = files("cchc_connect.kpi").joinpath("definitions", "targets.csv")
    return read_targets(path.read_text(encoding="utf-8"))


def read_targets(text: str) -> Sequence[KpiTarget]:
    """Return the targets of a file; lines that begin with "#" are comments.

    Raises:
        UsageMistake: the columns are others, or a row has no year, no source or a value that is no percentage.
    """
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(lines)
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise UsageMistake("kpi.target_columns", columns=", ".join(COLUMNS))
    return [_target(number, row) for number, row in enumerate(reader, start=1)]


def load_targets(database: SharedDatabase, targets: Iterable[KpiTarget]) -> int:
    """Store targets in place of those of the same indicator, agency and year; return their number."""
    rows = [
        (each.indicator, each.agency, each.year, None if each.value is None else str(each.value), each.source)
        for each in targets
    ]
    replayed_write(database, lambda connection: upsert_rows(connection, kpi_target, rows))
    return len(rows)


def targets(database: SharedDatabase) -> Sequence[KpiTarget]:
    """Return all targets in order: those that were loaded, and those of the programme that none replaces."""
    return replayed_read(database, stored_targets)


def stored_targets(connection: Connection) -> Sequence[KpiTarget]:
    """Return all targets in order of indicator, agency and year."""
    by_key = {_key(target): target for target in programme_targets()}
    for row in connection.execute(select(kpi_target)):
        value = None if row.value is None else Decimal(row.value)
        stored = KpiTarget(indicator=row.indicator, agency=row.agency, year=row.year, value=value, source=row.source)
        by_key[_key(stored)] = stored
    return [by_key[key] for key in sorted(by_key)]


def target_of(all_targets: Sequence[KpiTarget], indicator: str, agency: str | None, year: int) -> KpiTarget | None:
    """Return the target of an agency for a year: its own, else that for everybody; None if none was set."""
    by_key: Mapping[tuple[str, str, int], KpiTarget] = {_key(target): target for target in all_targets}
    own = None if agency is None else by_key.get((indicator, agency, year))
    chosen = own or by_key.get((indicator, EVERYBODY, year))
    return None if chosen is None or chosen.value is None else chosen


def _key(target: KpiTarget) -> tuple[str, str, int]:
    return target.indicator, target.agency, target.year


def _target(number: int, row: Mapping[str, str]) -> KpiTarget:
    try:
        year, value = int(row["year"]), Decimal(row["value"]) if row["value"] else None
    except (InvalidOperation, ValueError, TypeError):
        raise UsageMistake("kpi.target_row", row=number) from None
    is_sound = _FIRST_YEAR <= year <= _LAST_YEAR and (value is None or Decimal(0) <= value <= _WHOLE)
    if not (is_sound and row["indicator"] and row["agency"] and row["source"]):
        raise UsageMistake("kpi.target_row", row=number)
    return KpiTarget(indicator=row["indicator"], agency=row["agency"], year=year, value=value, source=row["source"])
