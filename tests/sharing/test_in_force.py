"""An invented agreement of a test goes through the life of a real one, and grants what may be granted to everybody."""

from collections.abc import Mapping

import pytest

from cchc_connect import SharedDatabase
from cchc_connect.errors import UsageMistake
from cchc_connect.sharing.agreements import Action, Treatment
from cchc_connect.sharing.decision import AccessDecision, AccessRefusal, decide
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import facts_of
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import RECORD_TYPES
from cchc_schemas.record_paths import key_fields
from tests.sharing.in_force import in_force
from tests.sharing.invented_agreements import BUILDING, LAND, NOW


def decided(database: SharedDatabase, agreement: str, record: str) -> AccessDecision | AccessRefusal:
    request = AccessRequest(consumer=BUILDING, action=Action.PUSH, record_type=record, agreement=agreement, at=NOW)
    with database.reading() as connection:
        return decide(request, facts_of(connection, SharingTerms(), request))


def granted(database: SharedDatabase, agreement: str, record: str) -> Mapping[str, Treatment]:
    decision = decided(database, agreement, record)
    assert isinstance(decision, AccessDecision)
    return decision.fields


def test_it_grants_to_push_every_record_type_without_identity_and_telephone_numbers(address: str) -> None:
    with SharedDatabase(address) as database:
        agreement = in_force(database, LAND, BUILDING, *RECORD_TYPES, at=NOW)

        for record, record_type in RECORD_TYPES.items():
            fields = granted(database, agreement, record)
            assert fields.keys() >= set(key_fields(record_type))
            assert set(fields.values()) == {Treatment.PLAIN}
        assert not granted(database, agreement, "dossier").keys() & {"applicant_id", "applicant_phone"}
        assert "holders.name" in granted(database, agreement, "land_parcel")


def test_it_says_what_a_test_asks_for(address: str) -> None:
    agreement = in_force(
        address,
        LAND,
        BUILDING,
        "dossier",
        at=NOW,
        withheld=["dossier.applicant_name"],
        treatments={"dossier.applicant_id": "masked"},
        further={"quota": {"records_per_day": 3}},
    )

    with SharedDatabase(address) as database:
        fields = granted(database, agreement, "dossier")
        decision = decided(database, agreement, "dossier")
        assert isinstance(decided(database, agreement, "land_parcel"), AccessRefusal)
    assert "applicant_name" not in fields
    assert fields["applicant_id"] is Treatment.MASKED
    assert isinstance(decision, AccessDecision)
    assert decision.records_left == 3


def test_one_with_a_fault_is_not_put_in_force(address: str) -> None:
    with pytest.raises(UsageMistake):
        in_force(address, LAND, BUILDING, "dossier", at=NOW, treatments={"dossier.applicant_id": "plain"})
