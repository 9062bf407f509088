"""`case --parcel` and `case --applicant` find dossiers: masked, and who looks for a person says why, on record."""

import io
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from cchc_connect import SharedDatabase
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.tables import audit_entry, audit_subject, change
from cchc_connect.sharing.operator import operating_user
from cchc_schemas import LandChange, from_document
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config
from tests.sharing.invented_agreements import BUILDING, DOSSIER, LAND, PROVINCE, grant
from tests.sharing.shared_records import dossier, make_agreement, parcel, permit, write

TODAY = date.today()  # noqa: DTZ011  # the program's own clock decides, whatever the zone
APPLICANT, NUMBER = "Lê Thị Giả Định", "074087000001"
OWN, SECOND, FOREIGN = DOSSIER, "000.00.05.H09-260801-0002", "000.00.07.H09-260801-0003"
WHY = ("--purpose", "dossier_processing", "--dossier", DOSSIER)
OLD_KEY = "gso-2025-01:25747:4:12"
PARCEL = parcel("123", previous_keys=[OLD_KEY])


@pytest.fixture
def database() -> Iterator[SharedDatabase]:
    configure()
    with SharedDatabase(DATABASE, create_or_upgrade=True) as opened:
        write(opened, "land", [PARCEL, parcel("124")])
        person = {"applicant_name": APPLICANT, "applicant_id": NUMBER}
        write(opened, "building", [dossier(**person), dossier(SECOND, applicant_name="Trần Mẫu")])
        write(opened, "building", [permit("01/GPXD", PARCEL)])
        write(opened, "land", [dossier(FOREIGN, agency_code=LAND, **person)])
        yield opened


def configure(official: str = BUILDING, operator: str = BUILDING, **audit: str) -> None:
    agencies = {"land": LAND, "building": BUILDING, "province": PROVINCE}
    tables: dict[str, Any] = {
        "database": {"url": f"sqlite:///{DATABASE}"},
        "connections": {name: {"adapter": "program", "agency": agency} for name, agency in agencies.items()},
        "officials": {operating_user(): {"agency": official}},
        "operator": {"agency": operator},
        "audit": audit,
    }
    write_config(CONFIG, tables)


def agree(database: SharedDatabase, **changes: Any) -> None:
    """Let the department of construction compare applicants of the land department, and read codes and statuses."""
    fields = {"code": "plain", "procedure_code": "plain", "status": "plain"}
    dossiers = grant(record="dossier", scope="all", fields=fields, match=["applicant_id"])
    members: dict[str, Any] = {
        "purpose": "dossier_processing",
        "procedures": [],
        "quota": {"records_per_day": 100},
        "starts": TODAY - timedelta(days=1),
        "ends": TODAY + timedelta(days=300),
        "grant": [dossiers],
    }
    make_agreement(database, is_approved=True, **{**members, **changes})


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Type the applicant's number."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("074.087.000.001\n"))


def entries(database: SharedDatabase) -> Sequence[dict[str, Any]]:
    query = select(audit_entry.c.body).where(audit_entry.c.chain == "commands").order_by(audit_entry.c.entry)
    with database.reading() as connection:
        bodies = [json.loads(body) for body in connection.execute(query).scalars()]
    return [body for body in bodies if body["kind"] != "agreement"]


@pytest.mark.parametrize(
    "written",
    [
        PARCEL.key,
        "25747:45:123",
        "thửa 123, tờ bản đồ số 45, phường Thủ Dầu Một",
        "thua dat so 123 to ban do so 45, 25747",
    ],
)
def test_the_dossiers_of_a_parcel_are_found_as_people_write_it(
    call: Call, database: SharedDatabase, written: str
) -> None:
    listed = call("case", "--parcel", written)

    assert listed.code == 0
    assert f"{PARCEL.key}: as written" in listed.out
    assert OWN in listed.out
    assert SECOND not in listed.out
    assert APPLICANT not in listed.out
    assert entries(database) == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("written", [OLD_KEY, "thửa 12, tờ 4, phường Phú Cường"])
def test_a_parcel_is_found_by_its_former_number(call: Call, written: str) -> None:
    document = call("case", "--parcel", written, "--json").document

    former = {"key": PARCEL.key, "matching": "former", "is_stored": True}
    assert former in document["parcels"]
    assert [each["code"] for each in document["dossiers"]] == [OWN]


@pytest.mark.usefixtures("database")
def test_the_same_numbers_in_what_became_of_the_commune_are_said_to_be_uncertain(call: Call) -> None:
    listed = call("case", "--parcel", "thửa 123, tờ 45, phường Phú Cường", "--lang", "vi")

    assert f"{PARCEL.key}: có thể: cùng số tờ, số thửa" in listed.out


def test_a_permit_that_names_the_former_number_concerns_the_parcel(call: Call, database: SharedDatabase) -> None:
    former = parcel("12", scheme="gso-2025-01", map_sheet="4")
    write(database, "building", [permit("02/GPXD", former, dossier_code=SECOND)])

    document = call("case", "--parcel", PARCEL.key, "--json").document

    assert former.key == OLD_KEY
    assert [each["code"] for each in document["dossiers"]] == [OWN, SECOND]


def test_a_change_that_names_a_dossier_concerns_its_parcels(call: Call, database: SharedDatabase) -> None:
    """Of a dossier that is not stored the code is told."""
    reference = {name: getattr(PARCEL, name) for name in ("scheme", "commune_code", "map_sheet", "parcel_number")}
    members = {"change_id": "1", "kind": "CN", "happened_at": "2026-10-01T00:00:00Z", "from_parcels": [reference]}
    write(database, "land", [from_document(LandChange, {**members, "dossier_code": "000.00.07.H09-260901-0009"})])

    document = call("case", "--parcel", PARCEL.key, "--json").document

    assert document["without_record"] == ["000.00.07.H09-260901-0009"]
    assert [each["code"] for each in document["dossiers"]] == [OWN]


def test_a_dossier_that_cannot_be_read_is_told_and_the_others_are_listed(call: Call, database: SharedDatabase) -> None:
    write(database, "building", [permit("02/GPXD", PARCEL, dossier_code=SECOND)])
    with database.writing() as connection:
        is_own = (change.c.record_type == "dossier") & (change.c.record_key == OWN)
        connection.execute(update(change).where(is_own).values(document='{"code": 1}'))

    listed = call("case", "--parcel", PARCEL.key, "--json")

    assert listed.code == 3
    assert [each["code"] for each in listed.document["dossiers"]] == [SECOND]
    assert listed.document["unreadable"] == [{"record_type": "dossier", "key": OWN}]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 64),
        ((DOSSIER, "--parcel", PARCEL.key), 64),
        (("--parcel", PARCEL.key, "--applicant", *WHY), 64),
        (("--parcel", PARCEL.key, "--unmasked", *WHY), 64),
        (("--parcel", PARCEL.key, "--purpose", "dossier_processing"), 64),
        (("--parcel", PARCEL.key, "--file", "number.txt"), 64),
        (("--parcel", "ở đâu đó"), 64),
        (("--parcel", "25747:45:999"), 66),
        (("--applicant",), 64),
        (("--applicant", "--purpose", "dossier_processing"), 64),
        (("--applicant", "--purpose", "curiosity", "--dossier", DOSSIER), 64),
    ],
)
def test_what_is_asked_for_is_one_thing_with_its_reason(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: Sequence[str], code: int
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(NUMBER))

    refused = call("case", *words)

    assert refused.code == code
    assert NUMBER not in refused.out + refused.err


@pytest.mark.usefixtures("typed")
def test_an_applicant_s_own_dossiers_are_listed_masked_and_the_search_is_on_record(
    call: Call, database: SharedDatabase
) -> None:
    """Exit code 3: the dossiers of the other agency were not looked through, and it is said why."""
    listed = call("case", "--applicant", *WHY)

    assert listed.code == 3
    assert OWN in listed.out
    assert SECOND not in listed.out
    assert FOREIGN not in listed.out
    assert f"Not looked through: dossiers provided by {LAND}: no agreement" in listed.out
    for secret in (APPLICANT, NUMBER, "074.087"):
        assert secret not in listed.out + listed.err
    own, refused = entries(database)
    assert (own["kind"], own["keys"], own["fields"]) == ("match", [OWN], {"applicant_id": "match"})
    assert (own["official"], own["purpose"], own["dossier"]) == (operating_user(), "dossier_processing", DOSSIER)
    assert (refused["kind"], refused["provider"], refused["reasons"]) == ("refused", LAND, ["no_agreement"])
    assert NUMBER not in json.dumps([own, refused])


@pytest.mark.usefixtures("typed")
def test_other_agencies_dossiers_are_listed_as_far_as_an_agreement_grants(call: Call, database: SharedDatabase) -> None:
    agree(database)

    listed = call("case", "--applicant", *WHY, "--json")

    own, foreign = listed.document["dossiers"]
    assert listed.code == 0
    assert (own["code"], own["provider"]) == (OWN, BUILDING)
    assert {name: foreign[name] for name in ("code", "provider", "procedure_code", "status")} == {
        "code": FOREIGN,
        "provider": LAND,
        "procedure_code": "1.009994",
        "status": 4,
    }
    assert "applicant_name" not in foreign
    assert [entry["kind"] for entry in entries(database)] == ["match", "match", "read"]
    assert NUMBER not in listed.out


@pytest.mark.usefixtures("typed")
def test_a_dossier_that_the_comparison_does_not_reach_is_not_shown(call: Call, database: SharedDatabase) -> None:
    """Although it may be read: that it is this person's is what the comparison alone says."""
    fields = dict.fromkeys(("code", "procedure_code", "status", "channel"), "plain")
    rows = [{"field": "code", "eq": "000.00.07.H09-260801-9999"}]
    compared = grant(name="compared", record="dossier", scope="all", fields=fields, rows=rows, match=["applicant_id"])
    read = grant(name="read", record="dossier", scope="all", fields={"code": "plain"}, match=[])
    agree(database, grant=[compared, read])

    listed = call("case", "--applicant", *WHY, "--json").document

    assert [each["code"] for each in listed["dossiers"]] == [OWN]


@pytest.mark.usefixtures("typed")
def test_a_dossier_that_may_be_compared_but_not_read_is_counted_only(call: Call, database: SharedDatabase) -> None:
    agree(database, actions=["match"])

    listed = call("case", "--applicant", *WHY)

    assert listed.code == 3
    assert FOREIGN not in listed.out
    assert f"Not shown: 1 of the dossiers provided by {LAND}" in listed.out


@pytest.mark.usefixtures("database")
def test_without_an_agreement_a_refusal_does_not_say_whether_there_are_dossiers(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = list[object]()
    for number in ("074087000001", "074087000002"):
        monkeypatch.setattr(sys, "stdin", io.StringIO(number))
        listed = call("case", "--applicant", *WHY, "--json")
        outcomes.append((listed.code, listed.document["denied"]))

    assert outcomes[0] == outcomes[1]


@pytest.mark.usefixtures("database")
def test_the_number_may_be_in_a_file_and_is_not_told_if_it_is_none(call: Call) -> None:
    file = Path("number.txt")
    for content, code in ((f"{NUMBER}\n", 3), (f"{NUMBER}, 074087000002", 64), ("000000001", 64), ("", 64)):
        file.write_text(content, encoding="utf-8")
        listed = call("case", "--applicant", "--file", file, *WHY)
        assert listed.code == code
        assert NUMBER not in listed.out + listed.err
    assert call("case", "--applicant", "--file", "absent.txt", *WHY).code == 64


@pytest.mark.usefixtures("typed")
def test_the_person_can_learn_of_the_search(call: Call, database: SharedDatabase) -> None:
    configure(subject_keys="subject-keys")

    call("case", "--applicant", *WHY)

    with database.reading() as connection:
        indexed = set(connection.execute(select(audit_subject.c.subject)).scalars())
    assert set(SubjectKeys(Path("subject-keys")).hashes_of(NUMBER).values()) & indexed


@pytest.mark.usefixtures("typed")
def test_who_is_no_official_of_the_operator_finds_nothing(call: Call, database: SharedDatabase) -> None:
    configure(official=LAND)

    refused = call("case", "--applicant", *WHY)

    assert refused.code == 77
    assert refused.out == ""
    assert [entry["reasons"] for entry in entries(database)] == [["official_missing"]]
