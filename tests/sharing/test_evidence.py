"""A record proves a paper if everything that is looked at was released and says so; days count as Vietnamese days."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from cchc_connect.sharing.agreements import Treatment
from cchc_connect.sharing.evidence import SourceState, judged
from cchc_schemas.once_only import PaperProof, read_paper_proofs
from tests.checkout import ROOT
from tests.sharing.proof_tables import row, table

DAY = date(2026, 11, 30)
SOUND = SourceState(complete_at=None, is_fresh=True, is_quarantined=False, disputed_fields=frozenset())
PERMIT: Mapping[str, Any] = {
    "permit_number": "01",
    "status": "permit_issued",
    "issued_on": "2026-01",
    "expires_on": None,
}
PLAIN = dict.fromkeys(PERMIT, Treatment.PLAIN)


def proof(**changes: str) -> PaperProof:
    cells: dict[str, str] = {
        "record_type": "construction_permit",
        "proves": "permit_number",
        "condition": "status=permit_issued|permit_adjusted",
        "blocked_by": "",
        "since": "issued_on",
        "until": "expires_on",
    }
    (read,) = read_paper_proofs(table(row(**{**cells, **changes}))).values()
    return read


def state(changes: Mapping[str, Any], treatments: Mapping[str, Treatment] | None = None, **cells: str) -> str:
    return judged(proof(**cells), {**PERMIT, **changes}, {**PLAIN, **(treatments or {})}, SOUND, DAY).state


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "in_force"),
        ({"permit_number": None}, "incomplete"),
        ({"permit_number": ""}, "incomplete"),
        ({"status": "permit_revoked"}, "incomplete"),
        ({"status": None}, "incomplete"),
        ({"issued_on": "2026-12"}, "not_yet"),
        ({"issued_on": None}, "in_force"),
        ({"expires_on": "2026-11-30"}, "in_force"),
        ({"expires_on": "2026-11-29"}, "expired"),
        ({"expires_on": "2025"}, "expired"),
        ({"expires_on": "2026"}, "incomplete"),
        ({"expires_on": "2027"}, "in_force"),
        ({"expires_on": "2026-11-29", "status": "permit_expired"}, "expired"),
    ],
)
def test_a_record_proves_what_its_fields_say_on_the_day(changes: Mapping[str, Any], expected: str) -> None:
    """A last day that is known to the year alone is not known to be over, nor not to be."""
    assert state(changes) == expected


@pytest.mark.parametrize(
    ("field", "treatment", "value", "expected"),
    [
        ("permit_number", Treatment.EXISTS, True, "in_force"),
        ("permit_number", Treatment.EXISTS, False, "incomplete"),
        ("status", Treatment.EXISTS, True, "incomplete"),
        ("expires_on", Treatment.YEAR, "2027", "incomplete"),
        ("issued_on", Treatment.YEAR, "2026", "in_force"),
        ("issued_on", Treatment.EXISTS, True, "in_force"),
    ],
)
def test_what_is_compared_must_be_released_as_it_is(
    field: str, treatment: Treatment, value: object, expected: str
) -> None:
    assert state({field: value}, {field: treatment}) == expected


def test_a_field_that_was_not_released_says_nothing() -> None:
    released = {name: treatment for name, treatment in PLAIN.items() if name != "status"}

    assert judged(proof(), PERMIT, released, SOUND, DAY).state == "incomplete"


def test_an_instant_counts_by_its_vietnamese_day() -> None:
    notice = proof(record_type="tax_notice", proves="notice_number", condition="", since="issued_at", until="")
    fields = dict.fromkeys(notice.fields, Treatment.PLAIN)
    late = {"notice_number": "1", "issued_at": "2026-11-29T17:00:00Z"}

    outcome = judged(notice, late, fields, SOUND, DAY)

    assert (outcome.state, outcome.since) == ("in_force", "2026-11-30")


def test_the_table_of_the_page_is_one_that_is_read() -> None:
    page = (ROOT / "docs" / "once_only.md").read_text(encoding="utf-8")
    _, _, block = page.partition("```csv\n")
    written = block.partition("```")[0]

    (example,) = read_paper_proofs(written).values()

    assert example.is_verified
    assert example.procedures == ("1.013225",)
