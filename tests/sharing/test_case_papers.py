"""Papers that may not be asked for again: a live record within a grant proves each, and the look is on record."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from cchc_connect import Config, RecordNotFound, SharedDatabase
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.audit import AuditTable
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import audit_entry, change, cursor, discrepancy, quarantine
from cchc_connect.sharing.case_papers import CasePaper, case_papers
from cchc_connect.sharing.evidence import EvidenceState
from cchc_schemas import ConstructionPermit, LandParcel, Procedure, from_document
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.invented_agreements import BUILDING, DOSSIER, KEY, LAND, PROCEDURE, grant
from tests.sharing.proof_tables import LAND_RIGHT, row, write_table
from tests.sharing.shared_records import dossier, make_agreement, parcel, permit, write

TODAY = date.today()  # noqa: DTZ011  # the program's own clock decides, whatever the zone
CERTIFICATES = [{"serial": "AB123456", "issued_on": "2011", "book_number": None, "dossier_code": None}]
DRAWING = "Bản vẽ thiết kế xây dựng"
GRANTED = {**KEY, "certificates": "plain", "in_dispute": "plain", "restrictions": "plain"}


def land(number: str = "123", **changes: Any) -> LandParcel:
    return parcel(number, **{"certificates": CERTIFICATES, **changes})


def procedure(*names: str) -> Procedure:
    components = [{"name": name, "case": None} for name in names]
    members = {"code": PROCEDURE, "name": "Cấp giấy phép xây dựng", "is_public": True, "components": components}
    return from_document(Procedure, members)


@pytest.fixture(params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SharedDatabase]:
    with (
        prepared_address(request.param, tmp_path) as address,
        SharedDatabase(address, create_or_upgrade=True) as opened,
    ):
        write(opened, "province", [procedure(LAND_RIGHT, DRAWING)])
        fill(opened, land())
        yield opened


def fill(database: SharedDatabase, *parcels: LandParcel) -> None:
    """Store parcels, and a dossier whose permit is for them."""
    write(database, "land", parcels)
    write(database, "building", [dossier(), permit("01/GPXD", *parcels)])


def agree(database: SharedDatabase, **changes: Any) -> None:
    """Let the department of construction read what proves the right to the land, from yesterday on."""
    term: dict[str, Any] = {"starts": TODAY - timedelta(days=1), "ends": TODAY + timedelta(days=300)}
    make_agreement(database, is_approved=True, **{**term, "grant": [grant(fields=GRANTED)], **changes})


def config(folder: Path, *rows: dict[str, str], operator: str = BUILDING, official: str = BUILDING) -> Config:
    path = write_table(folder, *(rows or (row(),)))
    return Config.load(
        f'[operator]\nagency = "{operator}"\n[officials.minh]\nagency = "{official}"\n[once_only]\ntable = "{path}"\n'
    )


def papers(database: SharedDatabase, configuration: Config) -> dict[str, CasePaper]:
    of_dossier = case_papers(configuration, database, DOSSIER, official="minh")
    return {each.paper.name: each for each in of_dossier.papers}


def entries(database: SharedDatabase) -> Sequence[dict[str, Any]]:
    query = select(audit_entry.c.body).where(audit_entry.c.chain == "commands").order_by(audit_entry.c.entry)
    with database.reading() as connection:
        bodies = [json.loads(body) for body in connection.execute(query).scalars()]
    return [body for body in bodies if body["kind"] != "agreement"]


def test_a_paper_that_a_record_within_a_grant_proves_may_not_be_asked_for(
    database: SharedDatabase, tmp_path: Path
) -> None:
    """The look is on record with official, dossier, agreement, paper, and the act that forbids to ask again."""
    agree(database)

    proved = papers(database, config(tmp_path))[LAND_RIGHT]

    (evidence,) = proved.evidence
    assert not proved.may_be_requested
    assert proved.proved_by is not None
    assert (proved.proved_by.act, proved.reasons) == ("nd-217-2026", ())
    assert (evidence.key, evidence.provider, evidence.state) == (land().key, LAND, EvidenceState.IN_FORCE)
    assert (evidence.since, evidence.agreement) == ("2011", "parcels@1")
    (entry,) = entries(database)
    assert (entry["kind"], entry["official"], entry["dossier"]) == ("read", "minh", DOSSIER)
    assert (entry["papers"], entry["keys"], entry["agreement"]) == (["land-right"], [land().key], "parcels@1")
    assert entry["acts"] == ["nd-217-2026"]
    assert "AB123456" not in json.dumps(entry)


def test_a_paper_that_no_row_names_is_still_asked_for(database: SharedDatabase, tmp_path: Path) -> None:
    agree(database)

    drawing = papers(database, config(tmp_path))[DRAWING]

    assert (drawing.may_be_requested, drawing.reasons, drawing.evidence) == (True, ("no_proof",), ())


@pytest.mark.parametrize("provider", ["operator", "other"])
def test_while_the_seals_are_overdue_no_record_is_looked_at(
    database: SharedDatabase, tmp_path: Path, provider: str
) -> None:
    """Neither one of the operator's own agency nor one of another."""
    agree(database)
    of_own = row(record_type="construction_permit", proves="permit_code", blocked_by="", since="", covers="one")
    unsealed = config(tmp_path, of_own if provider == "operator" else row())
    assert not papers(database, unsealed)[LAND_RIGHT].may_be_requested
    (entry,) = entries(database)
    sealed = unsealed.model_copy(
        update={"audit": AuditTable.model_validate({"key": {"file": "seal.key"}, "key_id": "a"})}
    )
    with database.writing() as connection:
        late = AuditEntry(at=datetime.now(UTC) - timedelta(hours=5), kind=AuditKind.PULL)
        append(connection, late, chain="runs")

    paper = papers(database, sealed)[LAND_RIGHT]

    assert (paper.may_be_requested, paper.evidence, paper.reasons) == (True, (), ("sealing",))
    assert entries(database) == [entry]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verified": "no"}, "unverified"),
        ({"in_force_to": "2026-07-31"}, "row_not_in_force"),
        ({"act": "nd-175-2024"}, "row_not_in_force"),
        ({"record_type": "tax_notice", "proves": "notice_number", "blocked_by": "", "since": ""}, "no_record"),
        ({"blocked_by": "is_encroached=true"}, "field"),
        ({"purposes": "inspection"}, "purpose"),
    ],
)
def test_unknown_is_not_yes(database: SharedDatabase, tmp_path: Path, changes: dict[str, str], reason: str) -> None:
    """Nothing is looked at, and nothing is on record, where nothing could follow."""
    agree(database)

    paper = papers(database, config(tmp_path, row(**changes)))[LAND_RIGHT]

    assert (paper.may_be_requested, paper.reasons, paper.evidence) == (True, (reason,), ())
    assert entries(database) == []


def test_the_rows_of_the_package_forbid_nothing_until_an_agency_confirms_them(database: SharedDatabase) -> None:
    agree(database)
    without_table = Config.load(f'[operator]\nagency = "{BUILDING}"\n[officials.minh]\nagency = "{BUILDING}"\n')

    assert papers(database, without_table)[LAND_RIGHT].reasons == ("unverified",)


def test_without_an_agreement_a_paper_is_still_asked_for(database: SharedDatabase, tmp_path: Path) -> None:
    assert papers(database, config(tmp_path))[LAND_RIGHT].reasons == ("no_agreement",)
    assert entries(database) == []


def test_who_is_no_official_of_the_operator_sees_no_evidence(database: SharedDatabase, tmp_path: Path) -> None:
    agree(database)

    paper = papers(database, config(tmp_path, official=LAND))[LAND_RIGHT]

    assert (paper.reasons, paper.evidence) == (("official_missing",), ())


def test_who_is_no_official_sees_no_evidence_of_own_records_either(database: SharedDatabase, tmp_path: Path) -> None:
    own = row(record_type="construction_permit", proves="permit_code", blocked_by="", since="", covers="one")

    paper = papers(database, config(tmp_path, own, official=LAND))[LAND_RIGHT]

    assert (paper.reasons, paper.evidence) == (("official_missing",), ())
    assert entries(database) == []


def test_the_act_that_forbids_to_ask_again_is_on_record_beside_those_of_the_agreement(
    database: SharedDatabase, tmp_path: Path
) -> None:
    agree(database, legal_basis=[{"act": "luat-91-2025", "place": "Điều 3.2"}])

    papers(database, config(tmp_path))

    assert [entry["acts"] for entry in entries(database)] == [["luat-91-2025", "nd-217-2026"]]


def test_a_record_of_the_operator_s_own_agency_needs_no_agreement_and_is_on_record(
    database: SharedDatabase, tmp_path: Path
) -> None:
    own = row(
        record_type="construction_permit",
        proves="permit_code",
        condition="status=permit_issued",
        blocked_by="",
        since="issued_on",
        until="expires_on",
        covers="one",
    )

    proved = papers(database, config(tmp_path, own))[LAND_RIGHT]

    assert not proved.may_be_requested
    (entry,) = entries(database)
    assert (entry["kind"], entry["provider"], entry["keys"]) == ("read", BUILDING, ["01/GPXD"])
    assert (entry["papers"], entry["acts"], entry["dossier"]) == (["land-right"], ["nd-217-2026"], DOSSIER)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"certificates": []}, "incomplete"),
        ({"in_dispute": True}, "blocked"),
        ({"restrictions": [{"kind": "freeze"}]}, "blocked"),
        ({"certificates": [{"serial": "AB123456", "issued_on": "2999"}]}, "not_yet"),
    ],
)
def test_a_record_that_speaks_against_itself_proves_nothing(
    database: SharedDatabase, tmp_path: Path, changes: dict[str, Any], state: str
) -> None:
    agree(database)
    write(database, "land", [land(**changes)])

    paper = papers(database, config(tmp_path))[LAND_RIGHT]

    assert [each.state for each in paper.evidence] == [state]
    assert paper.reasons == ("not_proved",)


def test_a_record_whose_last_day_is_over_says_so(database: SharedDatabase, tmp_path: Path) -> None:
    own = row(record_type="construction_permit", proves="permit_code", blocked_by="", since="", until="expires_on")
    lapsed = permit("01/GPXD", land()).model_dump(mode="json") | {"expires_on": "2025-12"}
    write(database, "building", [from_document(ConstructionPermit, lapsed)])

    (evidence,) = papers(database, config(tmp_path, own))[LAND_RIGHT].evidence

    assert (evidence.state, evidence.until) == (EvidenceState.EXPIRED, "2025-12")


def test_every_parcel_of_the_dossier_must_prove_it(database: SharedDatabase, tmp_path: Path) -> None:
    agree(database)
    fill(database, land("123"), land("124", certificates=[]))

    paper = papers(database, config(tmp_path))[LAND_RIGHT]

    assert [each.state for each in paper.evidence] == ["in_force", "incomplete"]
    assert paper.may_be_requested


def test_a_parcel_without_a_record_leaves_the_paper_to_be_asked_for(database: SharedDatabase, tmp_path: Path) -> None:
    agree(database)
    write(database, "building", [permit("01/GPXD", land(), land("999"))])

    assert papers(database, config(tmp_path))[LAND_RIGHT].reasons == ("unknown_parcel",)


def test_a_record_that_the_grant_does_not_reach_leaves_the_paper_to_be_asked_for(
    database: SharedDatabase, tmp_path: Path
) -> None:
    agree(database, grant=[grant(fields=GRANTED, rows=[{"field": "parcel_number", "eq": "777"}])])

    assert papers(database, config(tmp_path))[LAND_RIGHT].reasons == ("outside",)


def test_a_record_of_which_the_last_item_is_in_quarantine_proves_nothing(
    database: SharedDatabase, tmp_path: Path
) -> None:
    agree(database)
    table = record_table("land_parcel")
    with database.writing() as connection:
        source_key = connection.execute(select(table.c.source_key)).scalar_one()
        values = {"connection": "land", "record_type": "land_parcel", "partition": "", "source_key": source_key}
        item = {"item_hash": b"", "faults": "[]", "run_id": "1", "first_seen": "2026-11-30T00:00:00.000000Z"}
        connection.execute(insert(quarantine).values(**values, **item))

    assert [each.state for each in papers(database, config(tmp_path))[LAND_RIGHT].evidence] == ["quarantined"]


@pytest.mark.parametrize(("state", "expected"), [("open", "disputed"), ("reported", "disputed"), ("ended", "in_force")])
def test_a_value_in_dispute_between_agencies_proves_nothing(
    database: SharedDatabase, tmp_path: Path, state: str, expected: str
) -> None:
    agree(database)
    values = {"record_type": "land_parcel", "record_key": land().key, "field": "certificates", "connection": "building"}
    with database.writing() as connection:
        connection.execute(
            insert(discrepancy).values(**values, owner="land", detected_at="2026-11-30T00:00:00.000000Z", state=state)
        )

    assert [each.state for each in papers(database, config(tmp_path))[LAND_RIGHT].evidence] == [expected]


@pytest.mark.parametrize(
    ("age", "held", "expected"),
    [
        (timedelta(hours=1), None, "in_force"),
        (timedelta(hours=25), None, "stale"),
        (timedelta(hours=1), "source.shrunk", "stale"),
        (None, None, "stale"),
    ],
)
def test_a_source_that_was_not_read_completely_in_time_proves_nothing(
    database: SharedDatabase, tmp_path: Path, age: timedelta | None, held: str | None, expected: str
) -> None:
    agree(database)
    completed_at = None if age is None else to_timestamp_text(datetime.now(UTC) - age)
    stream = {"connection": "land", "record_type": "land_parcel", "partition": ""}
    with database.writing() as connection:
        connection.execute(delete(cursor))
        connection.execute(insert(cursor).values(**stream, completed_at=completed_at, held_code=held))

    assert [each.state for each in papers(database, config(tmp_path))[LAND_RIGHT].evidence] == [expected]


def test_a_program_that_wrote_nothing_for_too_long_is_a_stale_source(database: SharedDatabase, tmp_path: Path) -> None:
    agree(database)
    with database.writing() as connection:
        connection.execute(update(change).values(changed_at="2026-01-01T00:00:00.000000Z"))

    assert [each.state for each in papers(database, config(tmp_path))[LAND_RIGHT].evidence] == ["stale"]


def test_a_used_up_quota_leaves_the_paper_to_be_asked_for(database: SharedDatabase, tmp_path: Path) -> None:
    agree(database, quota={"records_per_dossier": 1})
    configuration = config(tmp_path)

    first, second = papers(database, configuration), papers(database, configuration)

    assert first[LAND_RIGHT].reasons == ()
    assert second[LAND_RIGHT].reasons == ("quota",)


def test_a_paper_that_two_cases_name_is_looked_at_once(database: SharedDatabase, tmp_path: Path) -> None:
    agree(database)
    write(database, "province", [procedure(LAND_RIGHT, DRAWING, LAND_RIGHT)])

    of_dossier = case_papers(config(tmp_path), database, DOSSIER, official="minh").papers

    assert [each.may_be_requested for each in of_dossier] == [False, True, False]
    assert len(entries(database)) == 1


def test_without_a_catalogue_the_table_names_the_papers_and_there_may_be_others(
    database: SharedDatabase, tmp_path: Path
) -> None:
    write(database, "province", [procedure()])

    of_dossier = case_papers(config(tmp_path), database, DOSSIER, official="minh")

    assert not of_dossier.is_catalogued
    assert [each.paper.name for each in of_dossier.papers] == [LAND_RIGHT]


def test_a_procedure_that_cannot_be_read_says_nothing_of_its_papers(database: SharedDatabase, tmp_path: Path) -> None:
    with database.writing() as connection:
        is_procedure = change.c.record_type == "procedure"
        connection.execute(update(change).where(is_procedure).values(document='{"code": 1}'))

    assert not case_papers(config(tmp_path), database, DOSSIER, official="minh").is_catalogued


def test_a_permit_that_cannot_be_read_may_name_another_parcel(database: SharedDatabase, tmp_path: Path) -> None:
    agree(database)
    write(database, "building", [permit("02/GPXD", land())])
    with database.writing() as connection:
        is_permit = (change.c.record_type == "construction_permit") & (change.c.record_key == "02/GPXD")
        connection.execute(update(change).where(is_permit).values(document='{"permit_code": 1}'))

    assert papers(database, config(tmp_path))[LAND_RIGHT].reasons == ("unknown_parcel",)


def test_a_dossier_that_is_not_there_is_not_found(database: SharedDatabase, tmp_path: Path) -> None:
    with pytest.raises(RecordNotFound):
        case_papers(config(tmp_path), database, "000.00.05.H09-260801-9999", official="minh")
