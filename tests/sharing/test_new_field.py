"""A field that a record gets after an agreement was approved is released nowhere, whatever its name and type."""

import json
from pathlib import Path
from types import GenericAlias
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from pydantic import BaseModel, create_model
from sqlalchemy import update

from cchc_connect import AccessDenied, SharedDatabase
from cchc_connect.database.tables import change
from cchc_connect.exports.recipient_files import export_for_recipient
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.disclosure import DisclosurePoint
from cchc_connect.sharing.sent_records import SentRecords
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import RECORD_TYPES, LandParcel, LandUse, to_document
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.invented_agreements import KEY, NOW, PARCEL, grant, request
from tests.sharing.shared_records import OFFICIALS, dossier, make_agreement, parcel, permit, write
from tests.sync.memory_systems import ManualClock

CANARIES: dict[type, object] = {str: "canary", int: 987654321, float: 98765.4321}

NAMES = st.from_regex(r"[a-z][a-z0-9]{2,12}(_[a-z0-9]{1,8})?", fullmatch=True).filter(
    lambda name: name not in {*LandParcel.model_fields, *LandUse.model_fields} and not hasattr(BaseModel, name)
)


def grown(name: str, kind: type) -> type[LandParcel]:
    """Return parcels with one more field, in themselves and in their uses."""
    field: dict[str, Any] = {name: (kind | None, None)}
    use = create_model("GrownUse", __base__=LandUse, **field)
    uses: Any = (GenericAlias(tuple, (use, ...)), ())
    return create_model("GrownParcel", __base__=LandParcel, uses=uses, **field)


@pytest.mark.parametrize("kind", DATABASE_KINDS)
def test_a_new_field_is_released_nowhere(kind: str, tmp_path: Path) -> None:
    whole_parts = grant(scope="all", match=[], fields={**KEY, "uses": "plain", "address": "plain"})
    with prepared_address(kind, tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        linked = parcel("123")
        write(database, "land", [linked])
        write(database, "building", [dossier(), permit("01/GPXD", linked)])
        make_agreement(
            database, grant=[whole_parts], actions=["read", "match", "export"], quota={"records_per_dossier": 1_000_000}
        )

        @settings(max_examples=10, phases=[Phase.generate], deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(name=NAMES, type_=st.sampled_from(list(CANARIES)))
        def no_function_releases_it(name: str, type_: type) -> None:
            canary, record_class = CANARIES[type_], grown(name, type_)
            uses = [{**use, name: canary} for use in PARCEL["uses"]]
            stored = {**PARCEL, "previous_keys": [], "uses": uses, name: canary}
            with database.writing() as connection:
                is_parcel = change.c.record_type == "land_parcel"
                connection.execute(update(change).where(is_parcel).values(document=json.dumps(stored)))
            terms = SharingTerms(officials=OFFICIALS, records={**RECORD_TYPES, "land_parcel": record_class})
            point = DisclosurePoint(database, terms, clock=ManualClock(NOW))

            release = point.disclose(request())
            export_for_recipient(point, request(), tmp_path / "records.ndjson", replace_file=True)
            message = SentRecords(record_class, release.fields).sent(record_class.model_validate(stored))

            written = (tmp_path / "records.ndjson").read_text(encoding="utf-8")
            released = [json.dumps(dict(release.documents)), written, json.dumps(to_document(message))]
            assert [text for text in released if str(canary) in text] == []
            assert [text for text in released if "Khu ph" not in text] == []
            for path in (name, f"uses.{name}", "uses"):
                with pytest.raises(AccessDenied) as denial:
                    point.disclose(request(fields=(path,)))
                assert denial.value.reasons == ("field",)
                with pytest.raises(AccessDenied):
                    point.matches(request(action=Action.MATCH, fields=(path,)), str(canary))

        no_function_releases_it()
