"""`--unmasked` and `--raw`: who looks says why, it is on record before, and agreements decide on others' records."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from cchc_connect import AccessDenied, Config, SharedDatabase
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.tables import audit_entry, audit_subject, discrepancy, quarantine
from cchc_connect.sharing.operator import operating_user
from cchc_connect.sharing.unmasked import AccessReason, reveal
from cchc_schemas import Dossier, LandParcel
from tests.cli.conftest import CONFIG, DATABASE, Call, write_config
from tests.sharing.invented_agreements import BUILDING, DOSSIER, LAND, PROVINCE, grant
from tests.sharing.shared_records import dossier, make_agreement, parcel, permit, write

APPLICANT, HOLDER = "Lê Thị Giả Định", "Nguyễn Thị Mẫu"
WHY = ("--purpose", "construction_permit", "--dossier", DOSSIER)
LINKED, UNLINKED = parcel("123"), parcel("124")
TODAY = date.today()  # noqa: DTZ011  # the program's own clock decides, whatever the zone


@pytest.fixture
def database() -> Iterator[SharedDatabase]:
    configure()
    with SharedDatabase(DATABASE, create_or_upgrade=True) as opened:
        write(opened, "land", [LINKED, UNLINKED])
        write(opened, "building", [dossier(applicant_name=APPLICANT), permit("01/GPXD", LINKED)])
        yield opened


def configure(
    operator: str | None = BUILDING, *, audit: Mapping[str, Any] | None = None, **officials: Mapping[str, Any]
) -> None:
    agencies = {"land": LAND, "building": BUILDING, "province": PROVINCE}
    tables: dict[str, Any] = {
        "database": {"url": f"sqlite:///{DATABASE}"},
        "connections": {name: {"adapter": "program", "agency": agency} for name, agency in agencies.items()},
        "audit": audit or {},
        "officials": officials or {operating_user(): {"agency": BUILDING}},
    }
    write_config(CONFIG, tables if operator is None else {**tables, "operator": {"agency": operator}})


def agree(database: SharedDatabase, **changes: Any) -> None:
    """Let the department of construction read parcels from yesterday on."""
    term: dict[str, Any] = {"starts": TODAY - timedelta(days=1), "ends": TODAY + timedelta(days=300)}
    make_agreement(database, is_approved=True, **{**term, **changes})


def entries(database: SharedDatabase) -> Sequence[dict[str, Any]]:
    query = select(audit_entry.c.body).where(audit_entry.c.chain == "commands").order_by(audit_entry.c.entry)
    with database.reading() as connection:
        bodies = [json.loads(body) for body in connection.execute(query).scalars()]
    return [body for body in bodies if body["kind"] != "agreement"]


def test_a_masked_view_needs_no_reason_and_leaves_no_entry(call: Call, database: SharedDatabase) -> None:
    shown = call("case", DOSSIER)

    assert shown.code == 0
    assert APPLICANT not in shown.out
    assert HOLDER not in shown.out
    assert entries(database) == []


@pytest.mark.parametrize(
    "words",
    [
        ("history", "dossier", DOSSIER, "--unmasked", "--purpose", "construction_permit"),
        ("changes", "--unmasked", "--dossier", DOSSIER),
        ("case", DOSSIER, "--unmasked"),
        ("case", DOSSIER, "--purpose", "construction_permit"),
        ("case", DOSSIER, "--unmasked", "--purpose", "curiosity"),
        ("history", "dossier", DOSSIER, "--unmasked", "--purpose", "construction_permit", "--dossier", HOLDER),
    ],
)
def test_who_looks_unmasked_says_why_and_for_which_dossier(
    call: Call, database: SharedDatabase, words: Sequence[str]
) -> None:
    """Exit code 64, and nothing is shown."""
    refused = call(*words)

    assert refused.code == 64
    assert refused.out == ""
    assert entries(database) == []


def test_records_of_the_operators_own_agency_are_on_record_and_shown(call: Call, database: SharedDatabase) -> None:
    shown = call("history", "dossier", DOSSIER, "--unmasked", *WHY)

    assert shown.code == 0
    assert APPLICANT in shown.out
    (entry,) = entries(database)
    assert (entry["kind"], entry["official"], entry["purpose"]) == ("reveal", operating_user(), "construction_permit")
    assert (entry["dossier"], entry["keys"], entry["consumer"]) == (DOSSIER, [DOSSIER], BUILDING)
    assert APPLICANT not in json.dumps(entry, ensure_ascii=False)


def test_the_persons_concerned_can_learn_that_somebody_looked(call: Call, database: SharedDatabase) -> None:
    """The subject index has who is in an own record and who is in a granted one."""
    write(database, "building", [dossier(applicant_name=APPLICANT, applicant_id="074000000999")])
    agree(database)
    keys = SubjectKeys(Path("subject-keys"))
    configure(audit={"subject_keys": "subject-keys"})

    call("case", DOSSIER, "--unmasked", "--purpose", "construction_permit")

    with database.reading() as connection:
        indexed = set(connection.execute(select(audit_subject.c.subject)).scalars())
    for number in ("074000000999", "074000000123"):
        assert set(keys.hashes_of(number).values()) & indexed


def test_nothing_is_shown_that_cannot_be_put_on_record(call: Call, database: SharedDatabase) -> None:
    with database.writing() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(FAIL, 'full'); END")
        )

    for words in (("case", DOSSIER), ("history", "dossier", DOSSIER), ("--json", "changes")):
        refused = call(*words, "--unmasked", *WHY)
        assert refused.code == 74
        assert APPLICANT not in refused.out + refused.err


def test_others_records_stay_masked_without_an_agreement_and_the_reason_is_said(
    call: Call, database: SharedDatabase
) -> None:
    """Exit code 3: the dossier is the operator's own, the parcel is not."""
    shown = call("case", DOSSIER, "--unmasked", "--purpose", "construction_permit")
    document = call("case", DOSSIER, "--unmasked", "--purpose", "construction_permit", "--json").document
    vietnamese = call("case", DOSSIER, "--unmasked", "--purpose", "construction_permit", "--lang", "vi")

    assert shown.code == 3
    assert APPLICANT in shown.out
    assert HOLDER not in shown.out
    assert "no agreement between the two agencies" in shown.out
    assert f"1 land_parcel (thửa đất) do {LAND} cung cấp" in vietnamese.out
    assert document["masked"] is True
    assert document["denied"] == [
        {"record_type": "land_parcel", "provider": LAND, "reasons": ["no_agreement"], "records": 1}
    ]
    assert {entry["kind"] for entry in entries(database)} == {"refused", "reveal"}


def test_of_others_records_that_is_shown_which_an_agreement_grants(call: Call, database: SharedDatabase) -> None:
    agree(database)

    shown = call("case", DOSSIER, "--unmasked", "--purpose", "construction_permit", "--json")

    holders = shown.document["parcels"][0]["holders"]
    assert shown.code == 0
    assert (holders[0]["name"], holders[0]["id_number"]) == (HOLDER, "***0123")
    assert holders[0]["address"] != "Đường Giả Định"
    assert shown.document["denied"] == []
    assert {entry["kind"] for entry in entries(database)} == {"read", "reveal"}
    assert "Đường Giả Định" not in shown.out


def test_a_record_outside_the_grant_is_denied_with_exit_code_77(call: Call, database: SharedDatabase) -> None:
    agree(database)

    refused = call("history", "land_parcel", UNLINKED.key, "--unmasked", *WHY)

    assert refused.code == 77
    assert refused.out == ""
    assert "does not reach these records" in refused.err
    assert HOLDER not in refused.err


def test_of_others_records_the_present_version_alone_is_shared(call: Call, database: SharedDatabase) -> None:
    agree(database)
    former = "Trần Văn Mẫu"
    write(database, "land", [parcel("123", holders=[{"kind": "individual", "name": former, "id_number": None}])])
    write(database, "land", [LINKED])

    shown = call("history", "land_parcel", LINKED.key, "--unmasked", *WHY)
    document = call("history", "land_parcel", LINKED.key, "--unmasked", *WHY, "--json").document
    feed = call("changes", "--record-type", "land_parcel", "--unmasked", *WHY)
    in_words = feed.err
    feed = call("changes", "--record-type", "land_parcel", "--unmasked", *WHY, "--json")

    assert shown.code == 3
    assert HOLDER in shown.out
    assert former not in shown.out
    assert "2 of land_parcel, provided by 000.00.07.H09: an agreement shares the present version alone" in shown.out
    assert "an agreement shares the present version alone" in in_words
    assert document["masked"] is True
    assert [(denial["reasons"], denial["records"]) for denial in document["denied"]] == [(["former_version"], 2)]
    changes = [json.loads(line) for line in feed.out.splitlines()]
    names = [change["document"]["holders"][0]["name"] for change in changes]
    assert feed.code == 3
    assert names[-1] == HOLDER
    assert not {HOLDER, former} & set(names[:-1])


@pytest.mark.usefixtures("database")
def test_the_change_feed_shows_own_records(call: Call) -> None:
    feed = call("changes", "--record-type", "dossier", "--unmasked", *WHY, "--json")
    foreign = call("changes", "--record-type", "land_parcel", "--unmasked", *WHY)

    assert feed.code == 0
    assert APPLICANT in feed.out
    assert foreign.code == 77
    assert "no agreement between the two agencies" in foreign.err


@pytest.mark.parametrize(
    "officials",
    [
        {"somebody": {"agency": BUILDING}},
        {operating_user(): {"agency": LAND}},
        {operating_user(): {"agency": BUILDING, "valid_to": date(2020, 1, 1)}},
    ],
)
def test_nobody_but_an_official_of_the_operator_who_acts_today_looks_unmasked(
    call: Call, database: SharedDatabase, officials: Mapping[str, Mapping[str, Any]]
) -> None:
    """Exit code 77; that somebody tried is on record."""
    configure(BUILDING, **officials)

    for words in (("case", DOSSIER), ("history", "dossier", DOSSIER), ("changes",), ("discrepancies", "list")):
        refused = call(*words, "--unmasked", *WHY)
        assert refused.code == 77
        assert refused.out == ""

    assert {(entry["kind"], tuple(entry["reasons"])) for entry in entries(database)} == {
        ("refused", ("official_missing",))
    }


@pytest.mark.usefixtures("database")
def test_without_an_operator_nothing_is_shown_unmasked(call: Call) -> None:
    """Exit code 78."""
    configure(operator=None)

    assert call("case", DOSSIER, "--unmasked", *WHY).code == 78


def test_each_side_of_a_discrepancy_is_shown_to_its_own_agency(call: Call, database: SharedDatabase) -> None:
    disputed = {
        "record_type": "dossier",
        "record_key": DOSSIER,
        "field": "applicant_name",
        "connection": "province",
        "value": '"Phạm Mẫu"',
        "owner": "building",
        "owner_value": f'"{APPLICANT}"',
        "detected_at": "2026-07-01T01:15:00.000000Z",
        "state": "open",
    }
    with database.writing() as connection:
        connection.execute(discrepancy.insert().values(**disputed))

    own = call("discrepancies", "list", "--unmasked", *WHY)
    configure(PROVINCE, **{operating_user(): {"agency": PROVINCE}})
    claimed = call("discrepancies", "list", "--unmasked", *WHY)

    assert own.code == claimed.code == 3
    assert APPLICANT in own.out
    assert "Phạm Mẫu" not in own.out
    assert "Phạm Mẫu" in claimed.out
    assert APPLICANT not in claimed.out


def test_an_item_as_it_was_received_is_for_its_providers_officials(call: Call, database: SharedDatabase) -> None:
    faulty = {
        "connection": "building",
        "record_type": "dossier",
        "partition": "",
        "source_key": "7",
        "item": json.dumps({"chuHoSo": APPLICANT}),
        "item_hash": b"",
        "faults": "[]",
        "run_id": "r",
        "first_seen": "2026-07-01T01:15:00.000000Z",
    }
    with database.writing() as connection:
        connection.execute(quarantine.insert().values(**faulty))

    shown = call("quarantine", "show", 1, "--raw", *WHY)
    configure(LAND, **{operating_user(): {"agency": LAND}})
    refused = call("quarantine", "show", 1, "--raw", *WHY)

    assert (shown.code, refused.code) == (0, 77)
    assert APPLICANT in shown.out
    assert refused.out == ""
    revealed, denied = entries(database)
    assert (revealed["kind"], revealed["quarantine_entry"]) == ("reveal", 1)
    assert (denied["kind"], denied["reasons"]) == ("refused", ["foreign_item"])


def test_a_program_gets_the_same_as_the_commands(database: SharedDatabase) -> None:
    agree(database, grant=[grant(fields={**grant()["fields"], "holders.id_number": "plain"})])
    config = Config.load(CONFIG)
    reason = AccessReason(official=operating_user(), purpose="construction_permit", dossier=DOSSIER)

    own = reveal(config, database, Dossier, [DOSSIER, "000.00.05.H09-260801-0099"], reason)
    foreign = reveal(config, database, LandParcel, [LINKED.key, UNLINKED.key], reason)

    assert own[DOSSIER]["applicant_name"] == APPLICANT
    assert list(own) == [DOSSIER]
    assert list(foreign) == [LINKED.key]
    assert foreign[LINKED.key]["holders"][0] == {"name": HOLDER, "id_number": "074000000123"}
    with pytest.raises(AccessDenied):
        reveal(config, database, LandParcel, [UNLINKED.key], reason)
