"""An agency's own table of papers and the records that prove them, as it writes one."""

import csv
from io import StringIO
from pathlib import Path

from cchc_schemas.once_only import PROOF_COLUMNS
from tests.sharing.invented_agreements import PROCEDURE

LAND_RIGHT = "Giấy tờ chứng minh quyền sử dụng đất"

_ROW = {
    "id": "land-right",
    "procedures": PROCEDURE,
    "paper_names": LAND_RIGHT,
    "record_type": "land_parcel",
    "proves": "certificates.serial",
    "blocked_by": "in_dispute=true restrictions.kind=dispute|freeze",
    "since": "certificates.issued_on",
    "covers": "each",
    "purposes": "once_only construction_permit",
    "act": "nd-217-2026",
    "place": "Điều 7.3, 56.2",
    "verified": "yes",
}


def row(**changes: str) -> dict[str, str]:
    """Return a verified row by which the certificate of each parcel proves the right to the land."""
    return {**dict.fromkeys(PROOF_COLUMNS, ""), **_ROW, **changes}


def table(*rows: dict[str, str]) -> str:
    text = StringIO()
    writer = csv.DictWriter(text, PROOF_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def write_table(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / "once_only.csv"
    path.write_text(table(*rows), encoding="utf-8")
    return path
