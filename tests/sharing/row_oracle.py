"""The disclosure of records once more, slow and written apart: each record of the database is judged by itself.

It uses the models and the oracle of decisions, and nothing of the code under test.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from cchc_connect.sharing.agreements import Agreement, Grant, RowAtom
from tests.sharing.oracle import FIELDS, Cells, Oracle, cells, local_day

Document = Mapping[str, Any]


@dataclass(frozen=True)
class StoredRow:
    """A record as it is stored."""

    record_type: str
    key: str
    agency: str
    document: Document
    links: tuple[tuple[str, str], ...] = ()
    """Types and keys of the records to which it refers."""
    former: Document | None = None
    """Its version before the present one."""


class RowOracle(Oracle):
    """Answers one request from all rows of a database."""

    def released_rows(self, rows: Sequence[StoredRow]) -> dict[str, Cells] | None:
        """Return the cells that leave of each record; None if the request is refused."""
        chosen = self.chosen()
        if chosen is None or self.is_refused(*chosen):
            return None
        agreement, grant = chosen
        if self.request.keys is not None and self.is_too_much(agreement, len(set(self.request.keys))):
            return None
        leaving = {
            row.key: self.treated(grant, row.document) for row in rows if self.reaches(agreement, grant, row, rows)
        }
        return None if self.is_too_much(agreement, len(leaving)) else leaving

    def refusal(self, rows: Sequence[StoredRow]) -> tuple[str, ...]:
        """Return the reasons of a refusal; nothing if records or a response leave, whether there are any or not."""
        chosen, reasons = self.chosen(), self.reasons()
        if reasons or chosen is None:
            return reasons
        if self.request.keys is not None and self.is_too_much(chosen[0], len(set(self.request.keys))):
            return ("quota",)
        return () if self.request.action == "match" or self.released_rows(rows) is not None else ("quota",)

    def is_own(self, row: StoredRow, operator: str) -> bool:
        """True if a record is the operator's: its agency provides it, or one that the operator followed."""
        return self.is_of_provider(row.agency, operator)

    def has_match(self, rows: Sequence[StoredRow], sent: str) -> bool | None:
        """Return whether a record within the grant has the value; None if the request is refused."""
        chosen = self.chosen()
        if chosen is None or self.is_refused(*chosen):
            return None
        agreement, grant = chosen
        paths = grant.match if self.request.fields is None else self.request.fields
        return any(
            plain(str(value)) == plain(sent)
            for row in rows
            if self.reaches(agreement, grant, row, rows)
            for path in paths
            for value in walk_values(row.document, path)
            if value is not None and plain(sent)
        )

    def is_too_much(self, agreement: Agreement, number: int) -> bool:
        per_day = sum(use.records for use in self.uses(agreement) if use.day == self.day)
        per_dossier = sum(use.records for use in self.uses(agreement) if use.dossier == self.request.dossier)
        quota = agreement.quota
        if quota.records_per_day and per_day + number > quota.records_per_day:
            return True
        limit = quota.records_per_dossier
        return bool(limit and self.request.dossier and per_dossier + number > limit)

    def uses(self, agreement: Agreement) -> list[Any]:
        return [use for use in self.facts.uses if use.agreement == agreement.id]

    def reaches(self, agreement: Agreement, grant: Grant, row: StoredRow, rows: Sequence[StoredRow]) -> bool:
        if row.record_type != grant.record or not self.is_of_provider(row.agency, agreement.provider):
            return False
        if self.request.keys is not None and row.key not in self.request.keys:
            return False
        if grant.scope == "case" and not self.is_linked(row, rows):
            return False
        return all(self.meets(row, atom) for atom in grant.rows)

    def is_of_provider(self, agency: str, provider: str) -> bool:
        """True if the agency is the provider, or one that it followed, at any remove."""
        waiting, seen = [self.same(agency)], set[str]()
        while waiting:
            code = waiting.pop()
            if code == self.same(provider):
                return True
            if code not in seen and code in self.units:
                waiting += self.followers(code)
            seen.add(code)
        return False

    def is_linked(self, row: StoredRow, rows: Sequence[StoredRow]) -> bool:
        """True if a row is the dossier, refers to it, or is a parcel to which a permit of the dossier refers."""
        code = str(self.request.dossier)
        if row.record_type == "dossier":
            return row.key == code
        if ("dossier", code) in row.links:
            return True
        permits = [
            each for each in rows if each.record_type == "construction_permit" and ("dossier", code) in each.links
        ]
        return any((row.record_type, row.key) in permit.links for permit in permits)

    def meets(self, row: StoredRow, atom: RowAtom) -> bool:
        values = [value for value in walk_values(row.document, atom.field) if value not in (None, "", [])]
        if atom.present is not None:
            return (len(values) > 0) is atom.present
        kinds = FIELDS[row.record_type][atom.field].kinds
        return any(self.value_meets(value, atom, kinds) for value in values)

    def value_meets(self, value: Any, atom: RowAtom, kinds: frozenset[str]) -> bool:
        if atom.prefix is not None:
            return str(value)[: len(atom.prefix)] == atom.prefix
        if atom.under is not None:
            return self.is_under(self.same(str(value)), self.same(atom.under), set())
        if atom.since is not None:
            return day_of(str(value), kinds) >= atom.since
        allowed = atom.any_of if atom.any_of is not None else (atom.eq,)
        return any(same_value(value, each, kinds) for each in allowed)

    def is_under(self, code: str, top: str, seen: set[str]) -> bool:
        """True if an agency is the top one, is below it, or followed one that is, once that one is gone."""
        if code == top:
            return True
        if code in seen:
            return False
        unit = self.units.get(code)
        above = [self.same(unit.parent)] if unit and unit.parent else []
        above += [each for each in self.units if code in self.followers(each)]
        return any(self.is_under(each, top, {*seen, code}) for each in above)


def masked_cells(record_type: str, document: Document, granted: Cells) -> Cells:
    """Return a document as a masked view shows it: what is marked is hidden, but for what is granted."""
    shown = Cells()
    for spot, value in cells(document).items():
        leaf = FIELDS[record_type].get(".".join(step for step in spot if isinstance(step, str)))
        if leaf is None or leaf.visible is None or value is None:
            shown[spot] = value
            continue
        text, visible = str(value), leaf.visible
        mask = "***" + (text[len(text) - visible :] if visible and len(text) >= 2 * visible else "")
        shown[spot] = granted.get(spot, mask)
    return shown


def walk_values(value: Any, path: str) -> Iterator[Any]:
    if isinstance(value, list):
        for element in cast("Sequence[Any]", value):
            yield from walk_values(element, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        first, _, rest = path.partition(".")
        yield from walk_values(cast("dict[str, Any]", value).get(first), rest)


def day_of(text: str, kinds: frozenset[str]) -> date:
    if "datetime" in kinds:
        return local_day(datetime.fromisoformat(text))
    year, month, day = (*text.split("-"), "01", "01")[:3]
    return date(int(year), int(month), int(day))


def same_value(value: Any, allowed: Any, kinds: frozenset[str]) -> bool:
    if isinstance(allowed, bool) or isinstance(value, bool):
        return isinstance(allowed, bool) and isinstance(value, bool) and allowed == value
    if "Decimal" in kinds:
        return Decimal(str(value)) == Decimal(str(allowed))
    return type(value) is type(allowed) and value == allowed


def plain(text: str) -> str:
    return "".join(sign for sign in text.upper() if sign.isalpha() or sign.isdigit())
