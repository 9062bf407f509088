"""Checks of a grant against the record that it shares: each yields its findings, so that all are told at once."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, IntEnum

from cchc_connect.messages.suggestions import suggestion
from cchc_connect.sharing.agreements import Grant, GrantScope, RowAtom, Treatment
from cchc_connect.sharing.findings import AgreementFinding, fault, warning
from cchc_connect.sharing.granted_fields import expanded_fields
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import PartialDate, PersonalClass, Record
from cchc_schemas.record_paths import Leaf, key_fields, leaves, leaves_at, parts
from cchc_schemas.text import listed


def grant_findings(grant: Grant, at: str, terms: SharingTerms) -> Iterator[AgreementFinding]:
    """Yield what is wrong with a grant that stands at `at` in its agreement, and what somebody should look at."""
    if grant.record not in terms.records:
        yield fault(
            "record_unknown",
            f"{at}.record",
            value=grant.record,
            suggestion=suggestion(grant.record, terms.records),
            known=listed(terms.records),
        )
        return
    record_type = terms.records[grant.record]
    if not grant.fields and not grant.match:
        yield fault("nothing_granted", at)
    if grant.scope is GrantScope.ALL:
        yield warning("scope_all", f"{at}.scope", record_type=grant.record)
    yield from _path_findings(record_type, grant, at)
    yield from _key_findings(record_type, grant, at)
    yield from _treatment_findings(record_type, grant, at)
    yield from _match_findings(record_type, grant, at)
    yield from _sensitive_findings(record_type, grant, at)
    shown = expanded_fields(record_type, grant.fields)
    for number, atom in enumerate(grant.rows, start=1):
        yield from _row_findings(record_type, atom, f"{at}.rows.{number}")
        if atom.field not in shown and (leaf := leaves(record_type).get(atom.field)) and leaf.mark is not None:
            yield warning("row_of_withheld", f"{at}.rows.{number}", field=atom.field)


def _path_findings(record_type: type[Record], grant: Grant, at: str) -> Iterator[AgreementFinding]:
    for path in grant.fields:
        if not leaves_at(record_type, path):
            yield _unknown_field(record_type, path, f"{at}.fields")
        around = next((part for part in grant.fields if path.startswith(f"{part}.")), None)
        if around is not None:
            yield fault("path_inside", f"{at}.fields", field=path, part=around)


def _key_findings(record_type: type[Record], grant: Grant, at: str) -> Iterator[AgreementFinding]:
    """Yield a fault for each key field that is missing or treated: lists go on from key to key."""
    for name in key_fields(record_type) if grant.fields else ():
        treatment = grant.fields.get(name)
        if treatment is None:
            yield fault("key_missing", f"{at}.fields", field=name, record_type=grant.record)
        elif treatment is not Treatment.PLAIN:
            yield fault("key_treated", f"{at}.fields.{name}", field=name, value=treatment.value)


def _treatment_findings(record_type: type[Record], grant: Grant, at: str) -> Iterator[AgreementFinding]:
    known_leaves = leaves(record_type)
    for path, treatment in grant.fields.items():
        where = f"{at}.fields.{path}"
        if path in parts(record_type) and treatment not in {Treatment.PLAIN, Treatment.EXISTS}:
            yield fault("part_treated", where, field=path, value=treatment.value)
        elif path in known_leaves:
            yield from _unfit_treatment(known_leaves[path], treatment, where)
    for path, treatment in expanded_fields(record_type, grant.fields).items():
        is_number = path in known_leaves and known_leaves[path].is_number
        if is_number and treatment is Treatment.PLAIN and grant.scope is GrantScope.ALL:
            yield fault("number_for_all", f"{at}.fields", field=path)


def _sensitive_findings(record_type: type[Record], grant: Grant, at: str) -> Iterator[AgreementFinding]:
    """Yield a fault for each sensitive field that is told in any way, while the grant has no acts of its own."""
    if grant.legal_basis:
        return
    revealed = (*expanded_fields(record_type, grant.fields), *grant.match, *(atom.field for atom in grant.rows))
    for path in dict.fromkeys(revealed):
        leaf: Leaf | None = leaves(record_type).get(path)
        if leaf is not None and leaf.mark is not None and leaf.mark.personal_class is PersonalClass.SENSITIVE:
            yield fault("sensitive_without_act", f"{at}.legal_basis", field=path)


def _unfit_treatment(leaf: Leaf, treatment: Treatment, at: str) -> Iterator[AgreementFinding]:
    if treatment is Treatment.MASKED and leaf.mark is None:
        yield fault("mask_without_mark", at, field=leaf.path)
    if treatment is Treatment.YEAR and not leaf.has_year:
        yield fault("year_without_day", at, field=leaf.path)
    if treatment is Treatment.PSEUDONYM and not leaf.is_number:
        yield fault("pseudonym_without_number", at, field=leaf.path)


def _match_findings(record_type: type[Record], grant: Grant, at: str) -> Iterator[AgreementFinding]:
    for path in grant.match:
        if path in parts(record_type):
            yield fault("match_of_part", f"{at}.match", field=path)
        elif path not in leaves(record_type):
            yield _unknown_field(record_type, path, f"{at}.match")
        elif not leaves(record_type)[path].is_number:
            yield fault("match_without_number", f"{at}.match", field=path)


def _row_findings(record_type: type[Record], atom: RowAtom, at: str) -> Iterator[AgreementFinding]:
    leaf: Leaf | None = leaves(record_type).get(atom.field)
    if leaf is None and atom.field in parts(record_type):
        if atom.operator != "present":
            yield fault("row_of_part", at, field=atom.field)
    elif leaf is None:
        yield _unknown_field(record_type, atom.field, f"{at}.field")
    elif atom.operator in {"prefix", "under"} and not _is_text(leaf):
        yield fault("row_without_text", at, field=atom.field, operator=atom.operator)
    elif atom.operator == "since" and not leaf.has_year:
        yield fault("row_without_day", at, field=atom.field)
    else:
        values = atom.any_of or (() if atom.eq is None else (atom.eq,))
        for value in values:
            if not _may_have(leaf, value):
                yield fault("row_value", at, field=atom.field, value=str(value))


def _unknown_field(record_type: type[Record], path: str, at: str) -> AgreementFinding:
    names = (*leaves(record_type), *parts(record_type))
    return fault(
        "field_unknown", at, value=path, record_type=record_type.record_type, suggestion=suggestion(path, names)
    )


def _is_text(leaf: Leaf) -> bool:
    return any(issubclass(kind, str) and not issubclass(kind, Enum) for kind in leaf.types)


def _may_have(leaf: Leaf, value: object) -> bool:
    """True if a field may have a value that is written in a condition."""
    return any(_is_value_of(kind, value) for kind in leaf.types)


def _is_value_of(kind: type, value: object) -> bool:
    if issubclass(kind, bool):
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if issubclass(kind, Enum):
        return isinstance(value, int if issubclass(kind, IntEnum) else str) and value in {each.value for each in kind}
    if issubclass(kind, datetime | date | PartialDate):
        return isinstance(value, str)
    if issubclass(kind, Decimal | int | float):
        return isinstance(value, int | float) or (isinstance(value, str) and _is_decimal(value))
    return issubclass(kind, str) and isinstance(value, str)


def _is_decimal(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
