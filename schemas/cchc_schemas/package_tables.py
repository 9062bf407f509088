"""The tables of this package: CSV files whose first line is a comment with source and date.

A table is read on first use, never at import.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class PackageTable:
    """One table: its source, with the day it was taken, and its rows by column name."""

    source: str
    rows: Sequence[Mapping[str, str]]


@cache
def package_table(name: str) -> PackageTable:
    """Read the table `name`, for example "admin_units"."""
    text = files("cchc_schemas").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    source, _, table = text.partition("\n")
    return PackageTable(source.removeprefix("#").strip(), tuple(csv.DictReader(table.splitlines())))
