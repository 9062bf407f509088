"""Base class of all adapters' options, and the TOML tables of this package.

A table is a file under `data/`; its first line says where the content was observed and when it was taken.
Unverified values belong in a table or in the options, so that they can be corrected without a release.
"""

import tomllib
import zlib
from collections.abc import Mapping, Set as AbstractSet
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, ConfigDict

from cchc_connect import DeleteDetection
from cchc_schemas.described_models import DescribedModel
from cchc_schemas.geometry import is_within
from cchc_schemas.reference_systems import Box


def _ordered(extent: Box) -> Box:
    west, south, east, north = extent
    if west >= east or south >= north or not is_within(extent, WORLD):
        raise ValueError("an extent is west, south, east, north in degrees")
    return extent


Extent: TypeAlias = Annotated[Box, AfterValidator(_ordered)]
"""West, south, east and north in degrees (WGS 84)."""

WORLD: Box = (-180.0, -90.0, 180.0, 90.0)
VIET_NAM: Box = (102.0, 6.0, 118.0, 23.5)
"""Extent of the country with its islands; a connection declares that of its province."""


class AdapterOptions(DescribedModel):
    """The `options` table of a connection in cchc.toml; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def mapping_version(self, adapter_version: int) -> int:
        """Return the `mapping_version` of a source: it changes with `adapter_version` and with any option.

        `adapter_version` is the adapter's own number, increased with every change of its translation. So after an
        option is corrected (a status, an agency code, a field map), unchanged items are translated again, quarantined
        ones included.
        """
        return self._version_of(adapter_version, None)

    def _version_of(self, adapter_version: int, names: AbstractSet[str] | None) -> int:
        """Return a version that changes with the options `names`; None: with any. Defaults do not count."""
        written = self.model_dump_json(include=None if names is None else set(names), exclude_defaults=True)
        return adapter_version << 32 | zlib.crc32(written.encode())


def deletes(*, is_complete: bool) -> DeleteDetection:
    """Return how deletions show: by absence from a listing that an option calls complete, or never."""
    return DeleteDetection.ABSENCE if is_complete else DeleteDetection.NEVER


@cache
def package_table(name: str) -> Mapping[str, Any]:
    """Return the table `name` of this package, for example "vbdlis"."""
    text = files("cchc_adapters").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
