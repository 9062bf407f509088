"""The sample of docs/soap.md as it stands there, with the description of the service that it is for."""

import shutil
import tomllib
from pathlib import Path
from typing import Any

from tests.checkout import ROOT

WSDL = Path(__file__).with_name("ho_so.wsdl")


def sample_tables(folder: Path, base_url: str) -> dict[str, Any]:
    """Return the tables of the sample for a service at `base_url`; its description is copied into `folder`."""
    page = (ROOT / "docs" / "soap.md").read_text(encoding="utf-8")
    tables = tomllib.loads(page.partition("```toml\n")[2].partition("```")[0])
    shutil.copy(WSDL, folder)
    tables["connections"]["one-stop"]["base_url"] = base_url
    return tables
