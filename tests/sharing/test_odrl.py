"""An agreement as ODRL 2.2: every word is ODRL's or the profile's, and nothing is added or missing."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from cchc_connect import SharedDatabase, UsageMistake, odrl_agreement
from cchc_connect.errors import NotFound
from cchc_connect.sharing.agreements import Action, AgreementState
from cchc_connect.sharing.odrl import PROFILE, odrl_document
from tests.checkout import ROOT
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.invented_agreements import BUILDING, LAND, NOW, grant, signed
from tests.sharing.shared_records import make_agreement
from tests.sharing.test_decision_oracle import RandomCase

OPERATORS = {
    *("eq", "gt", "gteq", "lt", "lteq", "neq", "isA", "hasPart", "isPartOf", "isAllOf", "isAnyOf", "isNoneOf"),
    *("cchc:startsWith", "cchc:isPresent", "cchc:isUnder"),
}
OPERANDS = {"purpose", "dateTime"}
"""Left operands of ODRL that are used."""

CLASSES = {"Agreement", "AssetCollection", "Party", "xsd:date", "xsd:dateTime"}

POLICY = {"@context", "@type", "uid", "profile", "assigner", "assignee", "permission"}
RULE = {"target", "action", "constraint"}
CONSTRAINT = {"leftOperand", "operator", "rightOperand"}


def terms(value: object) -> Iterator[str]:
    """Yield every key of a document, and every text that begins as a word of the profile."""
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            yield key
            yield from terms(inner)
    elif isinstance(value, list):
        for element in cast("list[object]", value):
            yield from terms(element)
    elif isinstance(value, str) and value.startswith("cchc:"):
        yield value


def require_model(document: Mapping[str, Any]) -> None:
    """Check a document against the information model of ODRL 2.2, as far as agreements use it."""
    assert document["@context"][0] == "http://www.w3.org/ns/odrl.jsonld"
    assert document["@type"] == "Agreement"
    assert {key for key in document if ":" not in key} == POLICY
    assert all(re.match(r"urn:cchc:agency:\S+", document[party]["uid"]) for party in ("assigner", "assignee"))
    assert document["permission"]
    for rule in document["permission"]:
        assert set(rule) == RULE
        assert rule["target"]["@type"] == "AssetCollection"
        assert {"uid", "source"} <= set(rule["target"])
        assert rule["action"]
        for constraint in (*rule["constraint"], *rule["target"].get("refinement", ())):
            assert set(constraint) == CONSTRAINT
            assert constraint["operator"] in OPERATORS
            assert constraint["leftOperand"] in OPERANDS or constraint["leftOperand"].startswith("cchc:")
    classes = set(typed_values(document))
    assert classes <= CLASSES


def typed_values(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        if "@type" in mapping:
            yield str(mapping["@type"])
        for inner in mapping.values():
            yield from typed_values(inner)
    elif isinstance(value, list):
        for element in cast("list[object]", value):
            yield from typed_values(element)


def test_parties_purpose_days_and_fields_are_there() -> None:
    rows = [
        {"field": "commune_code", "in": ["25747", "25732"]},
        {"field": "uses.expires_on", "since": date(2050, 1, 1)},
        {"field": "in_dispute", "present": False},
    ]
    document = odrl_document(signed(grant=[grant(rows=rows)], actions=["read", "match", "export"]))

    require_model(document)
    read, match = document["permission"]
    assert (document["assigner"]["uid"], document["assignee"]["uid"]) == (
        f"urn:cchc:agency:{LAND}",
        f"urn:cchc:agency:{BUILDING}",
    )
    assert (read["action"], match["action"]) == (["read", "cchc:export"], ["cchc:match"])
    assert {"cchc:path": "holders.id_number", "cchc:treatment": "masked"} in read["target"]["cchc:field"]
    assert match["target"]["cchc:field"] == [{"cchc:path": "holders.id_number"}]
    constraints = [(each["leftOperand"], each["operator"], each["rightOperand"]) for each in read["constraint"]]
    assert ("purpose", "eq", {"@id": "urn:cchc:purpose:construction_permit"}) in constraints
    assert ("dateTime", "gteq", {"@value": "2026-08-01T00:00:00+07:00", "@type": "xsd:dateTime"}) in constraints
    assert ("dateTime", "lt", {"@value": "2027-08-01T00:00:00+07:00", "@type": "xsd:dateTime"}) in constraints
    assert ("cchc:recordsPerDossier", "lteq", 100) in constraints
    refinements = read["target"]["refinement"]
    assert [each["operator"] for each in refinements] == ["isAnyOf", "gteq", "cchc:isPresent"]
    assert refinements[0]["leftOperand"] == "cchc:field:land_parcel.commune_code"
    assert refinements[0]["rightOperand"] == ["25747", "25732"]


@pytest.mark.parametrize("batch", range(4))
def test_every_random_agreement_is_told_whole(batch: int) -> None:
    """No grant, field, treatment, action or condition is missing, and no rule is added."""
    for seed in range(batch * 100, batch * 100 + 100):
        for stored in RandomCase(seed).facts.agreements:
            document, agreement = odrl_document(stored), stored.agreement
            permissions = document["permission"]
            if not permissions:  # nothing but comparing is allowed, and nothing may be compared
                assert not any(each.match for each in agreement.grants) or Action.MATCH not in agreement.actions
                continue
            require_model(document)
            targets = {
                rule["target"]["uid"]: rule["target"] for rule in permissions if rule["action"] != ["cchc:match"]
            }
            for each in agreement.grants if targets else ():
                target = targets[f"urn:cchc:grant:{agreement.id}:{agreement.version}:{each.name}"]
                fields = {field["cchc:path"]: field["cchc:treatment"] for field in target["cchc:field"]}
                assert fields == {path: treatment.value for path, treatment in each.fields.items()}
                assert target["cchc:scope"] == each.scope.value
                assert len(target.get("refinement", ())) == len(each.rows)
            actions = {action.removeprefix("cchc:") for rule in permissions for action in rule["action"]}
            assert actions <= {action.value for action in agreement.actions}
            assert actions | {"match"} >= {action.value for action in agreement.actions}


def test_every_word_of_the_profile_is_explained() -> None:
    """In the documentation, which is what the IRI of the profile stands for."""
    page = (ROOT / "docs/agreements.md").read_text(encoding="utf-8")
    everything = signed(
        actions=list(Action),
        requires=["official", "dossier"],
        quota={"records_per_day": 1, "records_per_dossier": 1},
        disclosure="delayed",
        delay={"act": "luat-91-2025", "place": "Điều 1", "days": 5},
        document={"number": "01/TT", "signed_on": "2026-07-15", "sha256": "0" * 64},
        note="Ghi chú",
        grant=[
            grant(
                rows=[{"field": "address", "prefix": "Khu"}, {"field": "commune_code", "under": LAND}],
                legal_basis=[{"act": "luat-91-2025"}],
            )
        ],
    )

    words = {term for term in terms(odrl_document(everything)) if term.startswith("cchc:")}
    words |= {"cchc:isPresent", "cchc:isUnder", "cchc:startsWith"}

    assert PROFILE in page
    assert [word for word in sorted(words) if word.partition("cchc:field:")[1] == "" and f"`{word}`" not in page] == []


@pytest.mark.parametrize("kind", DATABASE_KINDS)
def test_a_stored_agreement_is_written_by_id_or_version(kind: str, tmp_path: Path) -> None:
    with prepared_address(kind, tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        make_agreement(database, is_approved=False)
        with pytest.raises(UsageMistake):
            odrl_agreement(database, "parcels", at=NOW)
        make_agreement(database)

        document = odrl_agreement(database, "parcels", at=NOW)

        assert document["uid"] == "urn:cchc:agreement:parcels:1"
        assert document["cchc:state"] == "in_force"
        assert odrl_agreement(database, "parcels@1", at=NOW) == document
        for unknown in ("parcels@2", "parcel"):
            with pytest.raises(NotFound):
                odrl_agreement(database, unknown, at=NOW)


def test_a_state_of_today_is_told() -> None:
    stored = replace(signed(), state=AgreementState.SUSPENDED)

    assert odrl_document(stored)["cchc:state"] == "suspended"
    assert json.loads(json.dumps(odrl_document(stored))) == odrl_document(stored)
