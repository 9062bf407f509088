"""An agreement as ODRL 2.2 (JSON-LD), for programs of others; it is written only, and never read back.

ODRL's own words say what they can: parties, target, action, purpose, days. Treatments, scope, conditions on fields and
quotas are words of a profile (`PROFILE`). Nothing is added that the agreement does not say: no prohibition, no duty.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from cchc_connect.sharing.agreements import Action, Agreement, DisclosureTime, Grant, RowAtom
from cchc_connect.sharing.facts import StoredAgreement
from cchc_schemas import VIETNAM

ODRL_CONTEXT = "http://www.w3.org/ns/odrl.jsonld"

PROFILE = "urn:cchc:odrl:v1"
"""IRI of the profile; its words are `PROFILE:WORD`, in a document `cchc:WORD`."""

_PREFIXES: Mapping[str, str] = {
    "cchc": f"{PROFILE}:",
    "dcterms": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Document = Mapping[str, Any]

_OPERATORS: Mapping[str, str] = {
    "eq": "eq",
    "in": "isAnyOf",
    "prefix": "cchc:startsWith",
    "present": "cchc:isPresent",
    "under": "cchc:isUnder",
    "since": "gteq",
}
"""Operator of a condition on rows -> operator of ODRL, or of the profile where ODRL has none that means the same."""


def odrl_document(stored: StoredAgreement) -> Document:
    """Return a signed version as an ODRL Agreement, JSON-LD with the context of ODRL and the words of the profile."""
    agreement = stored.agreement
    document: dict[str, Any] = {
        "@context": [ODRL_CONTEXT, dict(_PREFIXES)],
        "@type": "Agreement",
        "uid": f"urn:cchc:agreement:{agreement.id}:{agreement.version}",
        "profile": PROFILE,
        "dcterms:title": agreement.title,
        "assigner": _party(agreement.provider),
        "assignee": _party(agreement.consumer),
        "cchc:state": stored.state.value,
        "cchc:legalBasis": [_basis(basis.act, basis.article) for basis in agreement.legal_basis],
        "permission": [each for grant in agreement.grants for each in _permissions(agreement, grant)],
    }
    if agreement.note:
        document["dcterms:description"] = agreement.note
    if agreement.document is not None:
        paper = agreement.document.model_dump(mode="json", exclude_none=True)
        document["cchc:document"] = {f"cchc:{name}": value for name, value in paper.items()}
    if agreement.disclosure is DisclosureTime.DELAYED and agreement.delay is not None:
        delay = agreement.delay
        document["cchc:disclosure"] = {**_basis(delay.act, delay.article), "cchc:days": delay.days}
    return document


def _permissions(agreement: Agreement, grant: Grant) -> Iterator[Document]:
    """Yield what a grant permits: the actions by which its fields leave, and apart from them the match."""
    constraints = list(_constraints(agreement, grant))
    actions = [_action(action) for action in agreement.actions if action is not Action.MATCH]
    fields = [{"cchc:path": path, "cchc:treatment": treatment.value} for path, treatment in grant.fields.items()]
    if actions and fields:
        yield {"target": _target(agreement, grant, fields), "action": actions, "constraint": constraints}
    compared = [{"cchc:path": path} for path in grant.match]
    if compared and Action.MATCH in agreement.actions:
        target = _target(agreement, grant, compared)
        yield {"target": target, "action": [_action(Action.MATCH)], "constraint": constraints}


def _target(agreement: Agreement, grant: Grant, fields: list[dict[str, str]]) -> Document:
    """Return the records of a grant as a collection, of which its rows are a part."""
    target: dict[str, Any] = {
        "@type": "AssetCollection",
        "uid": f"urn:cchc:grant:{agreement.id}:{agreement.version}:{grant.name}",
        "source": f"urn:cchc:record:{grant.record}",
        "cchc:scope": grant.scope.value,
        "cchc:field": fields,
    }
    if grant.rows:
        target["refinement"] = [_refinement(grant, atom) for atom in grant.rows]
    return target


def _refinement(grant: Grant, atom: RowAtom) -> Document:
    condition = atom.model_dump(mode="json", by_alias=True, exclude_none=True)
    value: object = condition[atom.operator]
    if atom.operator == "since":
        value = {"@value": value, "@type": "xsd:date"}
    return {
        "leftOperand": f"cchc:field:{grant.record}.{atom.field}",
        "operator": _OPERATORS[atom.operator],
        "rightOperand": value,
    }


def _constraints(agreement: Agreement, grant: Grant) -> Iterator[Document]:
    """Yield what must hold for a permission; all of it must."""
    yield _constraint("purpose", "eq", {"@id": f"urn:cchc:purpose:{agreement.purpose}"})
    yield _constraint("dateTime", "gteq", _midnight(agreement.starts))
    if agreement.ends < date.max:
        yield _constraint("dateTime", "lt", _midnight(agreement.ends + timedelta(days=1)))
    if agreement.procedures:
        yield _constraint("cchc:procedure", "isAnyOf", list(agreement.procedures))
    for requirement in agreement.requires:
        yield _constraint(f"cchc:{requirement.value}", "cchc:isPresent", value=True)
    quotas = {
        "cchc:recordsPerDossier": agreement.quota.records_per_dossier,
        "cchc:recordsPerDay": agreement.quota.records_per_day,
    }
    for operand, records in quotas.items():
        if records is not None:
            yield _constraint(operand, "lteq", records)
    if grant.legal_basis:
        acts = [{"@id": f"urn:cchc:act:{basis.act}"} for basis in grant.legal_basis]
        yield _constraint("cchc:actInForce", "isAnyOf", acts)
    acts = [{"@id": f"urn:cchc:act:{basis.act}"} for basis in agreement.legal_basis]
    yield _constraint("cchc:actInForce", "isAnyOf", acts)


def _constraint(operand: str, operator: str, value: object) -> Document:
    return {"leftOperand": operand, "operator": operator, "rightOperand": value}


def _action(action: Action) -> str:
    """Return the action of ODRL, or of the profile where ODRL has none that means the same."""
    return "read" if action is Action.READ else f"cchc:{action.value}"


def _party(agency: str) -> Document:
    return {"@type": "Party", "uid": f"urn:cchc:agency:{agency}"}


def _basis(act: str, article: str) -> dict[str, Any]:
    return {"cchc:act": {"@id": f"urn:cchc:act:{act}"}} | ({"cchc:place": article} if article else {})


def _midnight(day: date) -> Document:
    """Return the beginning of a Vietnamese day."""
    at = datetime.combine(day, time(), VIETNAM)
    return {"@value": at.isoformat(), "@type": "xsd:dateTime"}
