"""Legal acts and purposes: dated rows with what replaced what; an agency's own table has the same columns."""

from datetime import date

import pytest

from cchc_schemas.legal_acts import (
    LegalAct,
    legal_acts,
    purposes,
    read_acts,
    read_purposes,
    replacements,
)
from cchc_schemas.written_tables import TableInvalid

HEADING = "id,number,issued_on,in_force_from,in_force_to,replaced_by,title,source\n"


@pytest.mark.parametrize(
    ("act", "last", "first", "successor"),
    [
        ("nd-47-2020", date(2025, 10, 21), date(2025, 10, 22), "nd-278-2025"),
        ("nd-13-2023", date(2025, 12, 31), date(2026, 1, 1), "nd-356-2025"),
        ("nd-111-2024", date(2026, 6, 30), date(2026, 7, 1), "nd-212-2026"),
        ("nd-175-2024", date(2026, 6, 30), date(2026, 7, 1), "nd-217-2026"),
    ],
)
def test_an_act_ends_on_the_day_before_what_replaced_it(act: str, last: date, first: date, successor: str) -> None:
    acts = legal_acts()

    assert (acts[act].in_force(last), acts[act].in_force(first)) == (True, False)
    assert (acts[successor].in_force(last), acts[successor].in_force(first)) == (False, True)
    assert successor in [each.id for each in replacements(acts, act)]


def test_every_row_names_where_it_was_read_and_replacements_that_exist() -> None:
    acts = legal_acts()

    assert [act.id for act in acts.values() if not act.source or not act.number] == []
    assert {name for act in acts.values() for name in act.replaced_by} <= acts.keys()


def test_what_was_not_verified_excludes_nothing() -> None:
    assert LegalAct(id="a", number="1").in_force(date(1, 1, 1))


def test_replacements_are_followed_and_circles_end() -> None:
    acts = read_acts(HEADING + "a,1,,,,b,,\nb,2,,,,c a,,\nc,3,,,,,,\n")

    assert [act.id for act in replacements(acts, "a")] == ["b", "c"]
    assert replacements(acts, "unknown") == ()


def test_an_agency_reads_acts_and_purposes_of_its_own() -> None:
    acts = read_acts(
        "\ufeff# Nguồn: tỉnh\n" + HEADING + '\nqd-1-ubnd, 1/QĐ-UBND ,2026-01-02,2026-02-01,,,"Quy chế, tỉnh",x\n'
    )

    assert acts["qd-1-ubnd"].number == "1/QĐ-UBND"
    assert acts["qd-1-ubnd"].title == "Quy chế, tỉnh"
    assert acts["qd-1-ubnd"].in_force(date(2026, 2, 1))
    assert read_purposes("code,vi,en\nfire,Phòng cháy,fire safety\n")["fire"].vi == "Phòng cháy"


def test_every_fault_of_a_table_is_told_at_once() -> None:
    rows = "a,1,2026-13-01,,,,,\nA b,2,,2026-02-01,2026-01-01,,,\na,,,,,,,\nshort,1\n"

    with pytest.raises(TableInvalid) as caught:
        read_acts(HEADING + rows)

    assert [(fault.line, fault.column, fault.rule) for fault in caught.value.faults] == [
        (2, "issued_on", "day"),
        (3, "id", "identifier"),
        (3, "in_force_to", "days_out_of_order"),
        (4, "id", "twice"),
        (4, "number", "missing"),
        (5, "", "columns"),
    ]


def test_a_quotation_mark_that_is_not_closed_swallows_no_act() -> None:
    """Else the acts below it would be one cell, and a correction of one of them would be lost."""
    rows = 'a,1,,,,,T,"nguồn\nb,2,,,2026-10-31,,T,s\nc,3,,,,,"x"y,\nd,4,,2026-02-30,,,,\n'

    with pytest.raises(TableInvalid) as caught:
        read_acts(HEADING + rows)

    assert [(fault.line, fault.column, fault.rule) for fault in caught.value.faults] == [
        (2, "", "quotes"),
        (4, "", "quotes"),
        (5, "in_force_from", "day"),
    ]


def test_a_cell_has_no_line_break() -> None:
    with pytest.raises(TableInvalid) as caught:
        read_acts(HEADING + 'a,1,,,,,"Quy chế\n# của tỉnh",s\n')

    assert [(fault.line, fault.rule) for fault in caught.value.faults] == [(2, "quotes")]


@pytest.mark.parametrize("text", ["", "id,number\n", "# nothing\n"])
def test_a_table_without_its_columns_is_refused(text: str) -> None:
    with pytest.raises(TableInvalid):
        read_acts(text)


def test_every_purpose_has_words_in_both_languages() -> None:
    assert [purpose.code for purpose in purposes().values() if not purpose.vi or not purpose.en] == []
