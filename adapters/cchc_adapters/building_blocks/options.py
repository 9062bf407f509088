"""What every adapter's options have in common, and the tables that come with this package.

A table is a TOML file under `data/` whose first line says where its content was observed and when it was
taken. What is not verified stands there or in the options, so that it can be corrected without a release.
"""

import tomllib
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict


class AdapterOptions(BaseModel):
    """The `options` table of a connection in cchc.toml: no key may be there that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    def mapping_version(self, own: int) -> int:
        """Return a version that changes with the adapter's `own` and with any option.

        So a corrected option (a status, an agency's code, a field map) makes unchanged items be read anew,
        the quarantined ones among them.
        """
        return own << 32 | zlib.crc32(self.model_dump_json().encode())


@cache
def package_table(name: str) -> Mapping[str, Any]:
    """Return the table `name` of this package, for example "vbdlis"."""
    text = files("cchc_adapters").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
