"""The disclosure point: what leaves is granted, on record before, and says nothing of what else there is."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update

from cchc_connect.database.audit.chain import canonical_json
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import agreement_use, audit_entry, change
from cchc_connect.errors import AccessDenied, SourceHeld, UsageMistake
from cchc_connect.messages import Language
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.disclosure import DisclosurePoint
from cchc_connect.sharing.life_cycle import ChangedBy, suspend
from cchc_schemas import DossierStatus
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.invented_agreements import DOSSIER, KEY, LAND, NOW, PARCEL, grant, request
from tests.sharing.shared_records import TERMS, dossier, make_agreement, parcel, permit, write
from tests.sync.memory_systems import ManualClock

LINKED, UNLINKED, FOREIGN = parcel("123"), parcel("124"), parcel("125")


@pytest.fixture(params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SharedDatabase]:
    with (
        prepared_address(request.param, tmp_path) as address,
        SharedDatabase(address, create_or_upgrade=True) as opened,
    ):
        write(opened, "land", [LINKED, UNLINKED])
        write(opened, "province", [FOREIGN])
        write(opened, "building", [dossier(), permit("01/GPXD", LINKED, FOREIGN)])
        yield opened


def point(database: SharedDatabase, at: datetime = NOW) -> DisclosurePoint:
    return DisclosurePoint(database, TERMS, clock=ManualClock(at))


def entries(database: SharedDatabase) -> Sequence[dict[str, Any]]:
    query = select(audit_entry.c.body).where(audit_entry.c.chain == "commands").order_by(audit_entry.c.entry)
    with database.reading() as connection:
        bodies = [json.loads(body) for body in connection.execute(query).scalars()]
    return [body for body in bodies if body["kind"] != "agreement"]


def refused(database: SharedDatabase, **changes: Any) -> Sequence[str]:
    with pytest.raises(AccessDenied) as denial:
        point(database).disclose(request(**changes))
    return denial.value.reasons


def test_a_refusal_names_the_fields_that_are_not_granted(database: SharedDatabase) -> None:
    """In the error and in its entry; a text that is no path of the record is in neither."""
    make_agreement(database)
    asked_for = ("area_m2", "address", "holders", "Nguyễn Văn Mẫu")

    with pytest.raises(AccessDenied) as denial:
        point(database).disclose(request(fields=asked_for))

    beyond = ("address", "holders.kind", "holders.birth", "holders.address", "holders.share")
    entry = entries(database)[-1]
    assert denial.value.reasons == ("field",)
    assert set(denial.value.fields) == set(beyond)
    assert set(entry["refused_fields"]) == set(beyond)
    assert f"more fields are asked for than are granted: {', '.join(denial.value.fields)}" in str(denial.value)
    assert "Nguyễn" not in json.dumps(entry, ensure_ascii=False) + str(denial.value)


def test_a_comparison_that_is_refused_names_the_field(database: SharedDatabase) -> None:
    make_agreement(database)

    with pytest.raises(AccessDenied) as denial:
        point(database).matches(request(fields=("national_id",)), "074000000123")

    assert (denial.value.reasons, denial.value.fields) == (("field",), ("national_id",))


def test_the_granted_fields_of_the_dossiers_parcels_leave_and_nothing_else(database: SharedDatabase) -> None:
    make_agreement(database)

    release = point(database).disclose(request())

    assert dict(release.documents) == {
        LINKED.key: {
            "scheme": "gso-2025-07",
            "commune_code": "25747",
            "map_sheet": "45",
            "parcel_number": "123",
            "area_m2": "100.5",
            "uses": [{**PARCEL["uses"][0], "term": None, "origin": None}],
            "holders": [
                {"name": "Nguyễn Thị Mẫu", "id_number": "***0123"},
                {"name": "Công ty Mẫu", "id_number": None},
            ],
        }
    }


def test_a_release_is_on_record_with_its_keys_and_no_value(database: SharedDatabase) -> None:
    make_agreement(database)

    release = point(database).disclose(request(request_id="r-1"))

    (entry,) = entries(database)
    assert entry["kind"] == "read"
    assert entry["entry"] == release.entry.entry
    assert entry["agreement"] == release.agreement == "parcels@1"
    assert entry["keys"] == [LINKED.key]
    assert entry["acts"] == ["nd-217-2026"]
    assert entry["official"] == "minh"
    assert entry["request_id"] == "r-1"
    assert entry["fields"]["holders.id_number"] == "masked"
    expected = hashlib.sha512(canonical_json(dict(release.documents)).encode()).hexdigest()
    assert entry["answer_sha512"] == release.sha512 == expected
    assert "Nguyễn" not in json.dumps(entry, ensure_ascii=False)


def test_a_record_that_cannot_be_read_does_not_stop_its_case(database: SharedDatabase) -> None:
    """It is named on record and in the release, and what another paper names leaves all the same."""
    make_agreement(database)
    write(database, "building", [permit("02/GPXD", UNLINKED)])
    spoil(database, "construction_permit", "01/GPXD")

    release = point(database).disclose(request())

    assert list(release.documents) == [UNLINKED.key]
    assert [str(each) for each in release.unreadable] == ["construction_permit 01/GPXD"]
    assert entries(database)[-1]["unreadable_records"] == ["construction_permit 01/GPXD"]


def test_a_dossier_that_cannot_be_read_opens_nothing(database: SharedDatabase) -> None:
    make_agreement(database)
    spoil(database, "dossier", DOSSIER)

    assert refused(database) == ("dossier_foreign",)


def spoil(database: SharedDatabase, record_type: str, key: str) -> None:
    """Leave the document of a record in a shape that this program cannot read."""
    with database.writing() as connection:
        is_record = (change.c.record_type == record_type) & (change.c.record_key == key)
        connection.execute(update(change).where(is_record).values(document='{"status": "no such status"}'))


def test_a_refusal_is_on_record_and_names_its_reasons(database: SharedDatabase) -> None:
    assert refused(database) == ("no_agreement",)
    make_agreement(database)
    assert refused(database, purpose="land_finance", official=None) == ("purpose", "official_missing")

    first, second = entries(database)
    assert (first["kind"], first["reasons"]) == ("refused", ["no_agreement"])
    assert (second["agreement"], second["reasons"]) == ("parcels@1", ["purpose", "official_missing"])


def test_a_denial_says_its_reasons_in_both_languages(database: SharedDatabase) -> None:
    with pytest.raises(AccessDenied) as denial:
        point(database).disclose(request())

    assert "no agreement between the two agencies" in denial.value.in_language(Language.ENGLISH)
    assert "không có thỏa thuận" in denial.value.in_language(Language.VIETNAMESE)


@pytest.mark.parametrize("requested_key", [UNLINKED.key, FOREIGN.key, "gso-2025-07:25747:45:999", "x' or 1=1"])
def test_a_key_outside_the_grant_is_absent_like_an_unknown_one(database: SharedDatabase, requested_key: str) -> None:
    make_agreement(database)

    release = point(database).disclose(request(keys=(requested_key,)))

    assert dict(release.documents) == {}
    assert entries(database)[-1]["reasons"] == ["record"]
    assert "keys" not in entries(database)[-1]


def test_a_dossier_of_another_agency_opens_nothing(database: SharedDatabase) -> None:
    make_agreement(database)
    foreign = "000.00.07.H09-260801-0002"
    write(database, "land", [dossier(foreign, agency_code=LAND), permit("02/GPXD", UNLINKED, dossier_code=foreign)])

    assert refused(database, dossier=foreign) == refused(database, dossier="000.00.07.H09-260801-0003")


def test_a_closed_dossier_opens_nothing(database: SharedDatabase) -> None:
    make_agreement(database)
    write(database, "building", [dossier(status=DossierStatus.RETURNED, returned_at=NOW.replace(month=10))])

    assert refused(database) == ("dossier_closed",)


def test_the_instant_that_a_request_names_decides_nothing(database: SharedDatabase) -> None:
    make_agreement(database, starts=date(2026, 12, 1))

    assert refused(database, at=NOW + timedelta(days=1)) == ("not_in_force",)
    assert entries(database)[-1]["at"].startswith("2026-11-30")


class BusyDatabase:
    """A shared database in which somebody else commits something before each write transaction."""

    def __init__(self, database: SharedDatabase, commit: Callable[[], None]) -> None:
        self._database = database
        self._commit = commit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def writing(self, token: int | None = None, *, dry_run: bool = False) -> Any:
        self._commit()
        return self._database.writing(token, dry_run=dry_run)


@pytest.mark.parametrize("corrected", [{"in_dispute": True}, {"map_sheet": "46"}])
def test_what_changes_before_the_entry_is_committed_leaves_as_it_is_then(
    database: SharedDatabase, corrected: dict[str, Any]
) -> None:
    rows = [{"field": "in_dispute", "eq": False}]
    make_agreement(database, grant=[grant(fields={**KEY, "in_dispute": "plain"}, rows=rows)])
    busy = BusyDatabase(database, lambda: write(database, "land", [parcel("123", **corrected)]))

    release = DisclosurePoint(cast("SharedDatabase", busy), TERMS, clock=ManualClock(NOW)).disclose(request())

    map_sheets = [document["map_sheet"] for document in release.documents.values()]
    assert map_sheets == ([] if corrected == {"in_dispute": True} else ["45"])


def test_nothing_leaves_while_the_seals_of_the_audit_log_are_overdue(database: SharedDatabase) -> None:
    make_agreement(database)
    late = DisclosurePoint(database, TERMS, is_sealed=True, clock=ManualClock(NOW + timedelta(hours=5)))

    with pytest.raises(SourceHeld) as hold:
        late.disclose(request())

    assert hold.value.code == "audit.sealing_down"


@pytest.mark.parametrize(
    "changes",
    [
        {"purpose": ""},
        {"dossier": "a\ud800"},
        {"official": "a\0"},
        {"request_id": "x" * 501},
        {"keys": ("a\nb",)},
        {"at": datetime(2026, 11, 30)},  # noqa: DTZ001  # without offset
    ],
)
def test_a_request_that_cannot_stand_in_the_log_is_a_mistake(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageMistake):
        request(**changes)


def test_a_purpose_that_is_free_text_is_not_kept(database: SharedDatabase) -> None:
    make_agreement(database)

    refused(database, purpose="Nguyễn Văn Mẫu 074000000123")

    assert "Nguyễn" not in json.dumps(entries(database), ensure_ascii=False)


def test_more_keys_than_the_quota_leaves_are_refused_whether_they_exist_or_not(database: SharedDatabase) -> None:
    make_agreement(database, grant=[grant(scope="all", fields=KEY)], requires=[], quota={"records_per_day": 1})

    assert refused(database, keys=(LINKED.key, UNLINKED.key)) == refused(database, keys=(LINKED.key, "no key"))
    assert entries(database)[-1]["requested_keys"] == sorted((LINKED.key, "no key"))


def test_only_a_person_who_was_found_is_indexed(database: SharedDatabase) -> None:
    make_agreement(database)
    indexed = list[str]()

    def index(numbers: Iterable[str], _at: datetime) -> Subjects:
        indexed.extend(numbers)
        return NO_SUBJECTS

    indexing = DisclosurePoint(database, TERMS, index_subjects=index, clock=ManualClock(NOW))
    for number in ("001099000001", "Nguyễn Thị Mẫu", "074000000123"):
        indexing.matches(request(), number)

    assert indexed == ["074000000123"]


def test_acts_that_have_lapsed_are_not_named_as_basis(database: SharedDatabase) -> None:
    make_agreement(database, legal_basis=[{"act": "nd-47-2020"}, {"act": "nd-217-2026", "place": "Điều 7.3"}])

    point(database).disclose(request())

    assert entries(database)[-1]["acts"] == ["nd-217-2026"]


def test_a_release_that_is_told_later_says_from_when(database: SharedDatabase) -> None:
    make_agreement(database, disclosure="delayed", delay={"act": "nd-217-2026", "days": 30})

    release = point(database).disclose(request())

    (entry,) = entries(database)
    assert (entry["disclosure"], entry["disclosed_from"]) == ("delayed", "2026-12-30")
    assert release.at == NOW


def test_a_suspended_agreement_releases_nothing(database: SharedDatabase) -> None:
    make_agreement(database)
    with database.writing() as connection:
        suspend(connection, "parcels", TERMS, ChangedBy(official="lan", at=NOW))

    assert refused(database) == ("not_in_force",)


def test_more_records_than_the_quota_leaves_are_refused_as_a_whole(database: SharedDatabase) -> None:
    make_agreement(
        database, grant=[grant(scope="all", fields=KEY)], requires=["official"], quota={"records_per_day": 3}
    )

    assert len(point(database).disclose(request()).documents) == 2
    assert refused(database) == ("quota",)
    assert len(point(database).disclose(request(keys=(LINKED.key,))).documents) == 1
    assert refused(database, keys=(LINKED.key,)) == ("quota",)
    with database.reading() as connection:
        assert connection.execute(select(agreement_use.c.records)).scalar() == 3


def test_a_match_says_yes_or_no_of_granted_records_only(database: SharedDatabase) -> None:
    make_agreement(database)
    write(
        database,
        "land",
        [parcel("124", holders=[{"kind": "individual", "name": "Lê Mẫu", "id_number": "074000000999"}])],
    )

    assert point(database).matches(request(), "074 000 000 123")
    assert not point(database).matches(request(), "074000000124")
    assert not point(database).matches(request(), "074000000999")
    assert not point(database).matches(request(), " ")

    kinds = {entry["kind"] for entry in entries(database)}
    assert kinds == {"match"}
    assert not any("0740000" in json.dumps(entry) for entry in entries(database))


def test_actions_that_release_no_documents_are_refused_as_a_mistake(database: SharedDatabase) -> None:
    with pytest.raises(UsageMistake):
        point(database).disclose(request(action=Action.MATCH))


ATOMS: Sequence[tuple[dict[str, Any], Sequence[str]]] = [
    ({"field": "parcel_number", "eq": "123"}, ["123"]),
    ({"field": "parcel_number", "in": ["123", "124", "7"]}, ["123", "124"]),
    ({"field": "parcel_number", "prefix": "12"}, ["123", "124"]),
    ({"field": "parcel_number", "prefix": "13"}, []),
    ({"field": "area_m2", "eq": "100.50"}, ["123"]),
    ({"field": "area_m2", "in": [7, 100.5]}, ["123"]),
    ({"field": "in_dispute", "eq": False}, ["123"]),
    ({"field": "in_dispute", "present": False}, ["124"]),
    ({"field": "uses.code", "eq": "ODT"}, ["123"]),
    ({"field": "uses.code", "prefix": "C"}, ["124"]),
    ({"field": "uses.expires_on", "since": date(2067, 5, 1)}, ["123"]),
    ({"field": "uses.expires_on", "since": date(2067, 5, 2)}, []),
    ({"field": "certificates", "present": False}, ["124"]),
    ({"field": "address", "present": True}, ["123"]),
]


@pytest.mark.parametrize(("atom", "numbers"), ATOMS)
def test_a_grant_reaches_the_rows_that_its_conditions_describe(
    database: SharedDatabase, atom: dict[str, Any], numbers: Sequence[str]
) -> None:
    second = parcel(
        "124",
        area_m2="90",
        in_dispute=None,
        address=None,
        certificates=[],
        uses=[{"code": "CLN", "catalogue": "TT 08/2024/TT-BTNMT"}, {"code": "HNK", "catalogue": "TT 08/2024/TT-BTNMT"}],
    )
    write(database, "land", [second])
    everything = grant(scope="all", fields=KEY, rows=[atom])
    make_agreement(database, grant=[everything], requires=["official"], quota={"records_per_day": 100})

    release = point(database).disclose(request(dossier=None, procedure="1.009994"))

    assert [document["parcel_number"] for document in release.documents.values()] == numbers
