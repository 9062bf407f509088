"""Mapping tables that ship as data: what a source's word means in the shared records."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files


@cache
def mapping_rows(name: str) -> Sequence[Mapping[str, str]]:
    """Return the rows of the mapping table `name`; its first line says where and when it was taken."""
    lines = files("cchc_adapters").joinpath("data", f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(line for line in lines if not line.startswith("#")))
