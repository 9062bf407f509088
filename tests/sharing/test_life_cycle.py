"""The life of an agreement in the shared database: two approvals, versions, suspension and end, each on record."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from cchc_connect import Config, RecordWriter
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import agreement_use, audit_entry
from cchc_connect.errors import CchcError, NotFound, UsageMistake
from cchc_connect.sharing.agreements import Agreement, AgreementState
from cchc_connect.sharing.decision import AccessDecision, decide
from cchc_connect.sharing.facts import AgreementUse, DossierFacts, Official
from cchc_connect.sharing.life_cycle import (
    ChangedBy,
    ChangeKind,
    apply_changes,
    approve,
    end,
    planned_changes,
    resume,
    suspend,
    text_digest,
    withdraw,
)
from cchc_connect.sharing.stored_agreements import (
    agency_tree,
    count_use,
    dossier_facts,
    facts_of,
    stored_agreements,
)
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import Agency, Dossier, DossierStatus, PartialDate
from cchc_schemas.agencies import AgencySuccessor
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.invented_agreements import (
    BUILDING,
    DOSSIER,
    KEY,
    LAND,
    NOW,
    PROCEDURE,
    PROVINCE,
    agreement_table,
    grant,
    request,
)

OFFICIALS = {
    "lan": Official(agency=LAND, is_data_officer=True),
    "minh": Official(agency=BUILDING, is_data_officer=True),
    "huy": Official(agency=BUILDING),
    "mai": Official(agency=PROVINCE, is_data_officer=True),
    "gone": Official(agency=LAND, is_data_officer=True, valid_to=date(2026, 11, 29)),
}
TERMS = SharingTerms(officials=OFFICIALS)
TODAY = date(2026, 11, 30)


@pytest.fixture(params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SharedDatabase]:
    with (
        prepared_address(request.param, tmp_path) as address,
        SharedDatabase(address, create_or_upgrade=True) as opened,
    ):
        yield opened


def by(official: str, at: datetime = NOW) -> ChangedBy:
    return ChangedBy(official=official, at=at)


def written(**changes: Any) -> Agreement:
    return Agreement.model_validate(agreement_table(**changes))


def applied(database: SharedDatabase, *agreements: Agreement) -> Sequence[ChangeKind]:
    with database.writing() as connection:
        changes = apply_changes(connection, agreements, TERMS, by("lan"))
    return [change.kind for change in changes]


def changed(database: SharedDatabase, step: Any, official: str, at: datetime = NOW) -> AgreementState:
    with database.writing() as connection:
        name = f"parcels@{newest(connection)}" if step in {approve, withdraw} else "parcels"
        return step(connection, name, TERMS, by(official, at)).state  # type: ignore[no-any-return]  # of one of the steps


def newest(connection: Connection) -> int:
    return max(stored.agreement.version for stored in stored_agreements(connection))


def in_force(database: SharedDatabase, **changes: Any) -> None:
    applied(database, written(**changes))
    changed(database, approve, "lan")
    changed(database, approve, "minh")


def states(database: SharedDatabase, day: date = TODAY) -> dict[str, str]:
    with database.reading() as connection:
        everything = [stored.as_of(day) for stored in stored_agreements(connection)]
    return {stored.agreement.reference: stored.state.value for stored in everything}


def entries(database: SharedDatabase) -> Sequence[dict[str, Any]]:
    with database.reading() as connection:
        return [json.loads(body) for body in connection.execute(select(audit_entry.c.body)).scalars()]


def granted(database: SharedDatabase, **changes: Any) -> Sequence[str]:
    """Return why the stored agreements refuse a request; empty if they grant it."""
    with database.reading() as connection:
        facts = facts_of(connection, TERMS, request(**changes))
    open_dossier = DossierFacts(code=DOSSIER, procedure=PROCEDURE, agency=BUILDING, status=DossierStatus.IN_PROCESS)
    outcome = decide(request(**changes), replace(facts, dossier=open_dossier))
    return () if isinstance(outcome, AccessDecision) else outcome.reasons


def test_an_agreement_is_in_force_once_both_data_officers_approved_it(database: SharedDatabase) -> None:
    assert applied(database, written()) == [ChangeKind.NEW]
    assert list(granted(database)) == ["not_in_force"]

    assert changed(database, approve, "minh") is AgreementState.DRAFT
    assert list(granted(database)) == ["not_in_force"]

    assert changed(database, approve, "lan") is AgreementState.IN_FORCE
    assert list(granted(database)) == []


def test_what_is_approved_before_its_first_day_begins_on_it_and_ends_after_its_last(database: SharedDatabase) -> None:
    before = datetime(2026, 7, 1, tzinfo=UTC)
    applied(database, written())
    changed(database, approve, "lan", before)

    assert changed(database, approve, "minh", before) is AgreementState.SIGNED
    expected = {"2026-07-31": "signed", "2026-08-01": "in_force", "2027-07-31": "in_force", "2027-08-01": "ended"}
    for day, state in expected.items():
        assert states(database, date.fromisoformat(day)) == {"parcels@1": state}


def test_a_clock_that_was_ahead_ends_nothing(database: SharedDatabase) -> None:
    in_force(database)
    years_later = NOW + timedelta(days=900)

    with pytest.raises(UsageMistake) as refused:
        changed(database, suspend, "lan", years_later)

    assert refused.value.code == "sharing.other_state"
    assert list(granted(database)) == []
    assert changed(database, suspend, "lan") is AgreementState.SUSPENDED
    assert changed(database, resume, "lan") is AgreementState.IN_FORCE


def test_a_version_is_approved_by_its_number_and_the_text_that_was_read(database: SharedDatabase) -> None:
    applied(database, written())
    with database.reading() as connection:
        (draft,) = stored_agreements(connection)
    applied(database, written(title="Chia sẻ thửa đất, lần hai"))

    for name, digest, code in (
        ("parcels", None, "sharing.no_version"),
        ("parcels@2", None, "sharing.no_such_version"),
        ("parcels@1", text_digest(draft.agreement), "sharing.other_text"),
    ):
        with database.writing() as connection, pytest.raises(CchcError) as refused:
            approve(connection, name, TERMS, by("lan"), sha256=digest)
        assert refused.value.code == code
    with database.writing() as connection:
        (draft,) = stored_agreements(connection)
        approve(connection, "parcels@1", TERMS, by("lan"), sha256=text_digest(draft.agreement).upper())
        assert stored_agreements(connection)[0].approved_by_provider == "lan"


def test_an_ended_agreement_leaves_no_draft_that_an_approval_would_revive(database: SharedDatabase) -> None:
    in_force(database)
    applied(database, written(version=2))
    changed(database, approve, "lan")

    assert changed(database, end, "minh") is AgreementState.ENDED

    assert states(database) == {"parcels@1": "ended", "parcels@2": "ended"}
    with pytest.raises(NotFound):
        changed(database, approve, "minh")
    ended = [(entry["agreement"], entry["change"]) for entry in entries(database)][-2:]
    assert ended == [("parcels@1", "ended"), ("parcels@2", "ended")]


def test_a_draft_is_withdrawn_while_the_signed_version_goes_on(database: SharedDatabase) -> None:
    in_force(database)
    applied(database, written(version=2))
    with pytest.raises(UsageMistake):
        changed(database, withdraw, "huy")

    assert changed(database, withdraw, "minh") is AgreementState.ENDED

    assert states(database) == {"parcels@1": "in_force", "parcels@2": "ended"}
    assert list(granted(database)) == []
    with database.writing() as connection, pytest.raises(NotFound):
        withdraw(connection, "parcels@1", TERMS, by("lan"))


@pytest.mark.parametrize(
    ("official", "code"),
    [
        ("huy", "sharing.no_data_officer"),
        ("gone", "sharing.no_data_officer"),
        ("mai", "sharing.official_of_other"),
        ("nobody", "sharing.official_unknown"),
        ("lan", "sharing.approved_before"),
    ],
)
def test_who_may_not_approve_is_told_why(database: SharedDatabase, official: str, code: str) -> None:
    applied(database, written())
    changed(database, approve, "lan")

    with pytest.raises(UsageMistake) as refused:
        changed(database, approve, official)

    assert refused.value.code == code
    assert states(database) == {"parcels@1": "draft"}


def test_one_person_cannot_give_both_approvals(database: SharedDatabase) -> None:
    """Not even an official who has changed to the other agency in between."""
    applied(database, written())
    changed(database, approve, "lan")
    moved = replace(TERMS, officials={**OFFICIALS, "lan": OFFICIALS["minh"]})

    with database.writing() as connection, pytest.raises(UsageMistake) as refused:
        approve(connection, "parcels@1", moved, by("lan"))

    assert refused.value.code == "sharing.approved_before"


def test_a_second_officer_of_one_agency_is_not_the_other_agency(database: SharedDatabase) -> None:
    applied(database, written())
    changed(database, approve, "lan")
    terms = replace(TERMS, officials={**OFFICIALS, "hoa": OFFICIALS["lan"]})

    with database.writing() as connection:
        assert approve(connection, "parcels@1", terms, by("hoa")).state is AgreementState.DRAFT


def test_an_agreement_with_faults_is_not_approved(database: SharedDatabase) -> None:
    """It was sound when it was applied; its acts have lapsed since."""
    applied(database, written(legal_basis=[{"act": "nd-111-2024"}], starts=date(2026, 6, 1)))

    with pytest.raises(UsageMistake) as refused:
        changed(database, approve, "lan")

    assert refused.value.code == "sharing.faults"
    assert "parcels" in str(refused.value)


def test_a_draft_that_is_replaced_loses_its_approvals(database: SharedDatabase) -> None:
    applied(database, written())
    changed(database, approve, "lan")

    assert applied(database, written(title="Chia sẻ thửa đất, lần hai")) == [ChangeKind.CHANGED]
    assert changed(database, approve, "minh") is AgreementState.DRAFT
    assert applied(database, written(title="Chia sẻ thửa đất, lần hai")) == [ChangeKind.UNCHANGED]
    assert changed(database, approve, "lan") is AgreementState.IN_FORCE


def test_what_was_signed_changes_by_a_higher_version_alone(database: SharedDatabase) -> None:
    in_force(database)

    with pytest.raises(UsageMistake) as refused:
        applied(database, written(ends=date(2027, 1, 1)), written(id="another"))

    assert refused.value.code == "sharing.needs_version"
    assert states(database) == {"parcels@1": "in_force"}
    assert applied(database, written(version=3)) == [ChangeKind.NEW]
    with pytest.raises(UsageMistake):
        applied(database, written(version=2))


def test_a_new_version_decides_once_it_is_signed(database: SharedDatabase) -> None:
    in_force(database)
    in_force(database, version=2, actions=["match"])

    assert list(granted(database)) == ["action"]
    assert list(granted(database, action="match")) == []


def test_a_new_version_for_another_consumer_closes_the_earlier_one(database: SharedDatabase) -> None:
    in_force(database)
    applied(database, written(version=2, consumer=PROVINCE))
    for official in ("lan", "mai"):
        changed(database, approve, official)

    assert list(granted(database)) == ["no_agreement"]
    changed(database, suspend, "lan")
    assert list(granted(database)) == ["no_agreement"]


def test_the_difference_to_what_is_stored_is_told_key_by_key(database: SharedDatabase) -> None:
    in_force(database)
    narrower = grant(fields=KEY)
    with database.reading() as connection:
        (change,) = planned_changes(connection, [written(version=2, grant=[narrower], ends=date(2027, 1, 1))])

    assert {key: (before, after) for key, before, after in change.differences} == {
        "version": ("-", "2"),
        "ends": ("2027-07-31", "2027-01-01"),
        "grant.1.fields.area_m2": ("plain", "-"),
        "grant.1.fields.uses": ("plain", "-"),
        "grant.1.fields.holders.name": ("plain", "-"),
        "grant.1.fields.holders.id_number": ("masked", "-"),
    }


def test_a_suspended_agreement_is_resumed_by_the_agency_that_suspended_it(database: SharedDatabase) -> None:
    in_force(database)

    assert changed(database, suspend, "minh") is AgreementState.SUSPENDED
    assert list(granted(database)) == ["not_in_force"]
    with pytest.raises(UsageMistake) as refused:
        changed(database, resume, "lan")
    assert refused.value.code == "sharing.suspended_by_other"
    assert changed(database, resume, "minh") is AgreementState.IN_FORCE
    assert list(granted(database)) == []


def test_a_suspended_later_version_closes_the_earlier_one_too(database: SharedDatabase) -> None:
    in_force(database)
    in_force(database, version=2)

    changed(database, suspend, "lan")

    assert states(database) == {"parcels@1": "in_force", "parcels@2": "suspended"}
    assert list(granted(database)) == ["not_in_force"]


def test_an_ended_agreement_stays_ended(database: SharedDatabase) -> None:
    in_force(database)

    assert changed(database, end, "lan") is AgreementState.ENDED
    for step in (suspend, resume, end):
        with pytest.raises(UsageMistake) as refused:
            changed(database, step, "lan")
        assert refused.value.code == "sharing.other_state"
    with pytest.raises(NotFound):
        changed(database, approve, "minh")


def test_an_agreement_that_does_not_exist_is_told_with_the_nearest_name(database: SharedDatabase) -> None:
    applied(database, written())

    with database.writing() as connection, pytest.raises(CchcError) as refused:
        suspend(connection, "parcel", TERMS, by("lan"))

    assert "Did you mean 'parcels'?" in str(refused.value)


def test_each_change_has_one_entry_that_names_the_approved_text_by_its_digest(database: SharedDatabase) -> None:
    in_force(database)
    changed(database, suspend, "minh")
    changed(database, resume, "minh")
    changed(database, end, "lan")

    recorded = entries(database)

    assert [(entry["official"], entry["change"]) for entry in recorded] == [
        ("lan", "drafted"),
        ("lan", "approved_by_provider"),
        ("minh", "approved_by_consumer"),
        ("minh", "suspended"),
        ("minh", "resumed"),
        ("lan", "ended"),
    ]
    assert {(entry["kind"], entry["agreement"], entry["provider"], entry["consumer"]) for entry in recorded} == {
        ("agreement", "parcels@1", LAND, BUILDING)
    }
    assert len({entry["agreement_sha256"] for entry in recorded}) == 1


def test_a_refused_change_leaves_no_trace(database: SharedDatabase) -> None:
    in_force(database)
    before = entries(database)

    with pytest.raises(UsageMistake):
        changed(database, end, "huy")

    assert (entries(database), states(database)) == (before, {"parcels@1": "in_force"})


def test_a_granted_part_is_stored_with_the_fields_it_had(database: SharedDatabase) -> None:
    in_force(database)

    with database.reading() as connection:
        (stored,) = stored_agreements(connection)

    assert "uses.code" in stored.agreement.grants[0].fields
    assert "uses" not in stored.agreement.grants[0].fields
    assert stored.written == written()


def test_records_that_left_are_counted_by_day_and_dossier_in_one_row(database: SharedDatabase) -> None:
    in_force(database, quota={"records_per_dossier": 5})
    use = AgreementUse(agreement="parcels", day=date(2026, 11, 30), dossier=DOSSIER, records=2)
    with database.writing() as connection:
        for each in (use, use, replace(use, day=date(2026, 11, 1), records=1)):
            count_use(connection, each)

    with database.reading() as connection:
        assert sorted(row.records for row in connection.execute(select(agreement_use))) == [1, 4]
        facts = facts_of(connection, TERMS, request())
    assert sum(each.records for each in facts.uses) == 5
    assert list(granted(database)) == ["quota"]


def test_dossier_and_agencies_are_read_as_they_are_stored(database: SharedDatabase) -> None:
    config = Config.load('[connections.desk]\nadapter = "program"\nagency = "000.00.00.H09"\n')
    ended = NOW - timedelta(days=3)
    with RecordWriter(config, database, "desk") as writer:
        writer.write(
            Dossier(
                code=DOSSIER,
                procedure_code=PROCEDURE,
                status=DossierStatus.WITHDRAWN,
                agency_code=BUILDING,
                withdrawn_at=ended,
                returned_at=NOW,
            )
        )
        writer.write(
            Agency(
                code=LAND,
                code_qd_20="H09.7",
                name="Sở Nông nghiệp và Môi trường",
                parent_code=PROVINCE,
                valid_to=PartialDate(2027),
                successors=(AgencySuccessor(code="000.00.09.H09"),),
            )
        )

    with database.reading() as connection:
        dossier, tree = dossier_facts(connection, DOSSIER), agency_tree(connection, "desk", NOW.date())
        assert dossier_facts(connection, "000.00.05.H09-260801-0009") is None

    assert dossier == DossierFacts(
        code=DOSSIER,
        procedure=PROCEDURE,
        agency=BUILDING,
        status=DossierStatus.WITHDRAWN,
        returned_at=NOW,
        stopped_at=ended,
    )
    assert tree.code("H09.7") == LAND
    assert tree.valid_to(LAND) == date(2027, 12, 31)
    assert tree.successors("H09.7") == ("000.00.09.H09",)
    assert LAND in tree.under(PROVINCE)


@pytest.mark.parametrize("source", [None, "land"])
def test_who_is_who_is_said_by_the_configured_connection_alone(database: SharedDatabase, source: str | None) -> None:
    """Neither a code of the other system, nor a successor, nor an agency below it counts from anybody else."""
    connections = "".join(
        f'[connections.{name}]\nadapter = "program"\nagency = "{agency}"\n'
        for name, agency in (("land", LAND), ("building", BUILDING))
    )
    config = Config.load(connections)
    with RecordWriter(config, database, "building") as writer:
        writer.write(
            Agency(
                code=PROVINCE,
                name="Tỉnh",
                code_qcvn_102=LAND,
                parent_code=BUILDING,
                valid_to=PartialDate(2020),
                successors=(AgencySuccessor(code=LAND),),
            )
        )

    with database.reading() as connection:
        tree = agency_tree(connection, source, NOW.date())
        believed = agency_tree(connection, "building", NOW.date())

    assert len(tree) == 0
    assert tree.code(LAND) == LAND
    assert tree.as_provider(LAND) == {LAND}
    assert tree.own(BUILDING) == {BUILDING}
    assert believed.own(BUILDING) == {BUILDING, PROVINCE}
