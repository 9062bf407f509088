"""Which records a grant reaches: its provider's, those linked to the dossier, and those that its rows describe.

The database narrows them down, and may keep too many; each document is then judged by itself, in one place and the same
on both databases.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, and_, collate, or_, true

from cchc_connect.clock import from_timestamp_text
from cchc_connect.database.bulk import batches
from cchc_connect.database.reading.records import live_records_query
from cchc_connect.database.record_tables import NESTED_JSON, field_columns, record_table
from cchc_connect.sharing.agencies import AgencyTree
from cchc_connect.sharing.agreements import GrantScope, RowAtom
from cchc_connect.sharing.case_keys import CaseKeys, case_keys
from cchc_connect.sharing.decision import AccessDecision
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import PartialDate, Record, vietnamese_day
from cchc_schemas.record_paths import leaves, values_at
from cchc_schemas.versions import newest_document

Document = Mapping[str, Any]

_LAST_SIGN = "\U0010ffff"
"""No text that is stored begins with it."""


class GrantedRows:
    """The records that a decision reaches."""

    def __init__(
        self, connection: Connection, terms: SharingTerms, request: AccessRequest, decision: AccessDecision
    ) -> None:
        """Read in the transaction of `connection`; `terms` has the agencies of the database."""
        self._connection = connection
        self._terms = terms
        self._request = request
        self._decision = decision
        self._record_class: type[Record] = terms.records[request.record_type]
        self.unreadable = CaseKeys({}).unreadable
        """Records of the dossier's case that could not be read, so that what only they name is left out."""

    def documents(self) -> Iterator[tuple[str, Document]]:
        """Yield key and stored document of each record, in key order."""
        keys = self._keys()
        if keys is None:
            yield from self._among(None)
            return
        for batch in batches(sorted(keys)):
            yield from self._among(batch)

    def _keys(self) -> frozenset[str] | None:
        """Return the keys to which the records are limited; None for no limit."""
        requested_keys = None if self._request.keys is None else frozenset(self._request.keys)
        if self._decision.grant.scope is not GrantScope.CASE:
            return requested_keys
        keys_by_type, self.unreadable = case_keys(self._connection, self._request.dossier or "")
        linked = keys_by_type.get(self._request.record_type, frozenset())
        return linked if requested_keys is None else linked & requested_keys

    def _among(self, keys: Sequence[str] | None) -> Iterator[tuple[str, Document]]:
        table, agencies = record_table(self._request.record_type), self._terms.agencies
        grant, provider = self._decision.grant, self._decision.agreement.provider
        is_narrow = narrowing_condition(
            self._record_class, grant.rows, agencies, dialect=self._connection.dialect.name
        ) & table.c.agency.in_(sorted(agencies.codes(agencies.as_provider(provider))))
        query = live_records_query(self._record_class).where(is_narrow)
        if keys is not None:
            query = query.where(table.c.record_key.in_(keys))
        for row in self._connection.execute(query):
            document = newest_document(self._record_class, json.loads(row.document))
            if is_described(self._record_class, document, grant.rows, agencies):
                yield row.record_key, document


def is_described(
    record_class: type[Record], document: Mapping[str, object], atoms: Sequence[RowAtom], agencies: AgencyTree
) -> bool:
    """True if a stored document meets all conditions; on a list, any element may meet a condition."""
    return all(_holds(record_class, document, atom, agencies) for atom in atoms)


def narrowing_condition(
    record_class: type[Record], atoms: Sequence[RowAtom], agencies: AgencyTree, dialect: str
) -> ColumnElement[bool]:
    """Return a condition of SQL that every record meets which the conditions describe; others may meet it too.

    Only conditions on texts of the record itself narrow.
    """
    table, texts = record_table(record_class.record_type), _text_fields(record_class)
    narrowed = [
        _narrowed(atom, collate(table.c[atom.field], "C") if dialect == "postgresql" else table.c[atom.field], agencies)
        for atom in atoms
        if atom.field in texts
    ]
    return and_(true(), *narrowed)


def _text_fields(record_class: type[Record]) -> frozenset[str]:
    known_leaves = leaves(record_class)
    return frozenset(
        field.name
        for field in field_columns(record_class)
        if field.type is not NESTED_JSON
        and field.name in known_leaves
        and all(issubclass(kind, str | type(None)) for kind in known_leaves[field.name].types)
    )


def _narrowed(atom: RowAtom, column: ColumnElement[Any], agencies: AgencyTree) -> ColumnElement[bool]:
    match atom.operator:
        case "eq" | "in":
            return column.in_([str(value) for value in atom.any_of or (atom.eq,)])
        case "prefix":
            return (column >= atom.prefix) & (column < f"{atom.prefix}{_LAST_SIGN}")
        case "under":
            return column.in_(sorted(agencies.codes(agencies.under(cast("str", atom.under)))))
        case "present":
            return column.is_not(None) if atom.present else or_(column.is_(None), column == "")
        case _:
            return true()


def _holds(record_class: type[Record], document: Mapping[str, object], atom: RowAtom, agencies: AgencyTree) -> bool:
    values = [value for value in values_at(document, atom.field) if value not in ("", {})]
    if atom.operator == "present":
        return bool(values) == atom.present
    kinds = leaves(record_class)[atom.field].types if atom.field in leaves(record_class) else frozenset[type]()
    return any(_meets(value, atom, kinds, agencies) for value in values)


def _meets(value: object, atom: RowAtom, kinds: frozenset[type], agencies: AgencyTree) -> bool:
    match atom.operator:
        case "eq":
            return _is_equal(value, atom.eq, kinds)
        case "in":
            return any(_is_equal(value, allowed, kinds) for allowed in atom.any_of or ())
        case "prefix":
            return str(value).startswith(cast("str", atom.prefix))
        case "under":
            return agencies.code(str(value)) in agencies.under(cast("str", atom.under))
        case _:
            first = _first_day(value, kinds)
            return first is not None and first >= cast("date", atom.since)


def _is_equal(value: object, allowed: object, kinds: frozenset[type]) -> bool:
    """True if a stored value is the allowed one; numbers and instants are compared by what they mean."""
    if isinstance(value, bool) or isinstance(allowed, bool):
        return value is allowed
    if any(issubclass(kind, Decimal | int | float) and not issubclass(kind, Enum) for kind in kinds):
        number, allowed_number = _number(value), _number(allowed)
        return number is not None and number == allowed_number
    if any(issubclass(kind, datetime) for kind in kinds):
        instant, allowed_instant = _instant(value), _instant(allowed)
        return instant is not None and instant == allowed_instant
    return value == allowed and isinstance(value, str) == isinstance(allowed, str)


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _instant(value: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return instant if instant.tzinfo is not None else None


def _first_day(value: object, kinds: frozenset[type]) -> date | None:
    """Return the Vietnamese day of an instant, or the first day that a date may be; None if it is neither."""
    try:
        if any(issubclass(kind, datetime) for kind in kinds):
            return vietnamese_day(from_timestamp_text(str(value)))
        return PartialDate.parse(str(value)).earliest()
    except ValueError:
        return None
