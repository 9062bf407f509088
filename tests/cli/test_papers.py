"""`case` says which papers may not be asked for again; `papers` says it of a procedure without a dossier."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import audit_entry
from cchc_connect.sharing.operator import operating_user
from cchc_schemas import DossierStatus, Procedure, from_document
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config
from tests.sharing.invented_agreements import BUILDING, DOSSIER, KEY, LAND, PROCEDURE, PROVINCE, grant
from tests.sharing.proof_tables import LAND_RIGHT, row, write_table
from tests.sharing.shared_records import dossier, make_agreement, parcel, permit, write

TODAY = date.today()  # noqa: DTZ011  # the program's own clock decides, whatever the zone
DRAWING = "Bản vẽ thiết kế xây dựng"
PARCEL = parcel("123", certificates=[{"serial": "AB123456", "issued_on": "2011"}])


@pytest.fixture
def database() -> Iterator[SharedDatabase]:
    configure()
    with SharedDatabase(DATABASE, create_or_upgrade=True) as opened:
        write(opened, "land", [PARCEL])
        write(opened, "building", [dossier(), permit("01/GPXD", PARCEL)])
        components = [{"name": LAND_RIGHT}, {"name": DRAWING}]
        members = {"code": PROCEDURE, "name": "Cấp phép", "is_public": True, "components": components}
        write(opened, "province", [from_document(Procedure, members)])
        yield opened


def configure(*rows: Mapping[str, str], operator: str | None = BUILDING) -> None:
    write_table(Path(), *(dict(each) for each in rows or (row(),)))
    agencies = {"land": LAND, "building": BUILDING, "province": PROVINCE}
    tables: dict[str, Any] = {
        "database": {"url": f"sqlite:///{DATABASE}"},
        "connections": {name: {"adapter": "program", "agency": agency} for name, agency in agencies.items()},
        "officials": {operating_user(): {"agency": BUILDING}},
        "once_only": {"table": "once_only.csv"},
    }
    write_config(CONFIG, tables if operator is None else {**tables, "operator": {"agency": operator}})


def agree(database: SharedDatabase) -> None:
    fields = {**KEY, "certificates": "plain", "in_dispute": "plain", "restrictions": "plain"}
    term: dict[str, Any] = {"starts": TODAY - timedelta(days=1), "ends": TODAY + timedelta(days=300)}
    make_agreement(database, grant=[grant(fields=fields)], **term)


def entries(database: SharedDatabase) -> Sequence[dict[str, Any]]:
    query = select(audit_entry.c.body).where(audit_entry.c.chain == "commands").order_by(audit_entry.c.entry)
    with database.reading() as connection:
        bodies = [json.loads(body) for body in connection.execute(query).scalars()]
    return [body for body in bodies if body["kind"] != "agreement"]


def test_a_case_lists_what_may_not_be_asked_for_with_record_and_act_and_what_remains(
    call: Call, database: SharedDatabase
) -> None:
    agree(database)

    shown = call("case", DOSSIER, "--lang", "vi")
    document = call("case", DOSSIER, "--json").document["papers"]

    _, not_to_ask = shown.out.split("Giấy tờ không được yêu cầu nộp lại")
    proved, remaining = not_to_ask.split("Giấy tờ vẫn phải nộp")
    assert f"{LAND_RIGHT}: Điều 7.3, 56.2 217/2026/NĐ-CP" in proved
    assert f"{PARCEL.key} ({LAND}), còn hiệu lực, từ 2011" in proved
    assert f"{DRAWING}: bảng giấy tờ chưa nêu dữ liệu nào thay thế" in remaining
    first, second = document["papers"]
    assert (first["may_be_requested"], second["may_be_requested"]) == (False, True)
    assert first["basis"] == {
        "row": "land-right",
        "act": "nd-217-2026",
        "number": "217/2026/NĐ-CP",
        "place": "Điều 7.3, 56.2",
    }
    assert first["evidence"][0]["entry"] == "commands/5"
    assert [entry["dossier"] for entry in entries(database)] == [DOSSIER, DOSSIER]


@pytest.mark.parametrize("operator", [BUILDING, None])
def test_of_a_closed_dossier_no_paper_is_asked_for_any_more(
    call: Call, database: SharedDatabase, operator: str | None
) -> None:
    """Nothing is looked at, so nothing is on record."""
    agree(database)
    configure(operator=operator)
    ended: dict[str, Any] = {"status": DossierStatus.RETURNED, "returned_at": "2026-11-02T03:00:00Z"}
    write(database, "building", [dossier(**ended)])
    before = entries(database)

    shown = call("case", DOSSIER, "--lang", "vi")
    document = call("case", DOSSIER, "--json").document["papers"]

    assert f"Hồ sơ {DOSSIER} đã kết thúc: không yêu cầu nộp thêm giấy tờ nào." in shown.out
    assert "Giấy tờ vẫn phải nộp" not in shown.out
    assert (document["is_closed"], document["papers"]) == (True, [])
    assert entries(database) == before


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u200b"])
def test_blanks_around_a_code_do_not_count(call: Call, database: SharedDatabase, blank: str) -> None:
    """They come with a code that was copied, and with the cells of a spreadsheet."""
    agree(database)
    configure(row(procedures=f"{PROCEDURE}{blank}", verified=f"yes{blank}".replace("\u200b", "")))

    of_procedure = call("papers", f"{PROCEDURE}{blank}", "--json")
    of_case = call("case", f"{blank}{DOSSIER}{blank}", "--json")

    assert (of_procedure.code, of_procedure.document["procedure"]) == (0, PROCEDURE)
    assert [paper["is_provable"] for paper in of_procedure.document["papers"]] == [True, False]
    assert (of_case.code, of_case.document["papers"]["procedure"]) == (0, PROCEDURE)


def test_a_case_without_an_operator_lists_every_paper_as_to_be_asked_for(call: Call, database: SharedDatabase) -> None:
    agree(database)
    configure(operator=None)

    document = call("case", DOSSIER, "--json").document["papers"]

    assert [paper["reasons"] for paper in document["papers"]] == [["no_operator"], ["no_proof"]]
    assert entries(database) == []


def test_what_cannot_be_put_on_record_is_not_shown_and_the_rest_of_the_case_is(
    call: Call, database: SharedDatabase
) -> None:
    agree(database)
    with database.writing() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(FAIL, 'full'); END")
        )

    shown = call("case", DOSSIER)
    document = call("case", DOSSIER, "--json").document

    assert shown.code == 0
    assert "cannot be put on record" in shown.out
    assert "in force" not in shown.out
    assert document["papers"]["papers"] is None


def test_of_a_procedure_it_is_said_which_database_could_prove_each_paper(call: Call, database: SharedDatabase) -> None:
    """Nothing is disclosed, so nothing is on record."""
    before = call("papers", PROCEDURE)
    agree(database)
    after = call("papers", PROCEDURE)
    document = call("papers", PROCEDURE, "--json").document

    assert f"{LAND_RIGHT}: to be asked for" in before.out
    assert "missing: no agreement between the two agencies" in before.out
    assert f"{LAND_RIGHT}: a database can prove it" in after.out
    assert f"land ({LAND}), agreement parcels@1" in after.out
    provable = {paper["name"]: paper["is_provable"] for paper in document["papers"]}
    assert provable == {LAND_RIGHT: True, DRAWING: False}
    assert entries(database) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verified": "no"}, "the row of the table is not verified"),
        ({"act": "nd-175-2024"}, "its act, is not in force"),
        ({"record_type": "tax_notice", "proves": "notice_number", "blocked_by": "", "since": ""}, "no connection has"),
        ({"proves": "holders.birth"}, "more fields are asked for"),
    ],
)
def test_of_a_procedure_it_is_said_what_is_missing(
    call: Call, database: SharedDatabase, changes: Mapping[str, str], reason: str
) -> None:
    agree(database)
    configure(row(**changes))

    shown = call("papers", PROCEDURE)

    assert reason in shown.out
    assert f"{LAND_RIGHT}: to be asked for" in shown.out


@pytest.mark.usefixtures("database")
def test_a_row_for_a_paper_that_the_catalogue_does_not_have_is_told(call: Call) -> None:
    configure(row(paper_names="Hộ khẩu"))

    assert call("papers", PROCEDURE, "--json").document["unmatched"] == ["land-right"]


@pytest.mark.usefixtures("database")
def test_a_procedure_that_nobody_knows_is_not_found(call: Call) -> None:
    assert call("papers", "9.999999").code == 66


@pytest.mark.usefixtures("database")
def test_without_a_procedure_the_table_is_shown_with_what_is_verified(call: Call) -> None:
    rows = call("papers", "--json").document["rows"]

    assert {each["row"]: each["verified"] for each in rows} == {
        "land-right": True,
        "issued-permit": False,
        "land-finance-done": False,
    }
    assert "chưa xác minh" in call("papers", "--lang", "vi").out


@pytest.mark.usefixtures("database")
def test_every_fault_of_an_agency_s_own_table_is_told_with_its_line(call: Call) -> None:
    configure(
        row(record_type="thua_dat"),
        row(id="b", proves="colour", verified="maybe", procedures="GPXD"),
        row(id="c", blocked_by="in_dispute", since="address"),
    )

    refused = call("papers")

    assert refused.code == 78
    for part in ("line 2, record_type", "line 3, proves", "line 3, verified", "line 3, procedures", "line 4, since"):
        assert part in refused.err
    configure(row(since="holders.birth"))
    assert "is a personal date" in call("papers").err
    configure(row(purposes="curiosity"))
    assert "names the purpose 'curiosity'" in call("papers").err
    configure(row(act="nd-1-1999"))
    assert "the row 'land-right' names the act 'nd-1-1999'" in call("papers").err
