"""The decision of an agreement once more, slow and written apart: cell by cell over every version of every agreement.

It uses the models of agreements and requests and nothing of the code under test: it walks the records, the agencies,
the acts and the treatments itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from types import NoneType
from typing import Any, cast, get_args

from pydantic import BaseModel

from cchc_connect.sharing.agreements import Agreement, Grant
from cchc_connect.sharing.facts import DossierFacts, Facts, StoredAgreement
from cchc_connect.sharing.requests import AccessRequest
from cchc_schemas import RECORD_TYPES
from cchc_schemas.personal import PersonalMark

Cells = dict[tuple[str | int, ...], object]

OPEN = {1, 2, 4, 5, 6, 9}


ORDER = (
    "record",
    "action",
    "purpose",
    "procedure",
    "field",
    "not_in_force",
    "act_lapsed",
    "official_missing",
    "dossier_missing",
    "dossier_foreign",
    "dossier_closed",
    "quota",
)
"""Reasons of a refusal in the order in which they are judged."""


@dataclass(frozen=True)
class OracleField:
    """A leaf of a record: its types and whether it is marked, and how many signs of it may be shown."""

    kinds: frozenset[str]
    visible: int | None


def fields_of(model: type[BaseModel], visible: int | None = None) -> dict[str, OracleField]:
    """Return every leaf of a model by path."""
    fields = dict[str, OracleField]()
    for name, field in model.model_fields.items():
        pieces = [*field.metadata, *walk(field.annotation)]
        marks = [piece.visible for piece in pieces if isinstance(piece, PersonalMark)]
        shown = marks[0] if marks else visible
        models = [piece for piece in pieces if isinstance(piece, type) and issubclass(piece, BaseModel)]
        if not models:
            names = frozenset(piece.__name__ for piece in pieces if isinstance(piece, type) and piece is not NoneType)
            fields[name] = OracleField(names, shown)
        for part in models:
            fields |= {f"{name}.{path}": leaf for path, leaf in fields_of(part, shown).items()}
    return fields


def walk(annotation: Any) -> Iterator[Any]:
    yield annotation
    for argument in get_args(annotation):
        yield from walk(argument)


FIELDS = {name: fields_of(record) for name, record in RECORD_TYPES.items()}


def cells(value: Any, at: tuple[str | int, ...] = ()) -> Cells:
    """Return every value of a document at its spot; an empty list and a missing part are values too."""
    if isinstance(value, Mapping) and value:
        inner = list(cast("Mapping[str | int, Any]", value).items())
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        inner = list(enumerate(cast("Sequence[Any]", value)))
    else:
        return {at: value}
    return {spot: cell for step, part in inner for spot, cell in cells(part, (*at, step)).items()}


def is_partial_date(text: str) -> bool:
    """True for "1987", "1987-05" and "1987-05-31"."""
    try:
        date.fromisoformat(f"{text}-01-01"[:10] if len(text) == len("1987") else f"{text}-01"[:10])
    except ValueError:
        return False
    return len(text) in {4, 7, 10}


def is_instant(text: str) -> bool:
    """True for an instant in UTC as it is stored."""
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return False
    return True


def local_day(at: datetime) -> date:
    return at.astimezone(timezone(timedelta(hours=7))).date()


class Oracle:
    """Answers one request."""

    def __init__(self, request: AccessRequest, facts: Facts, units: Mapping[str, Any]) -> None:
        self.request = request
        self.facts = facts
        self.units = units
        self.day = local_day(request.at)

    def released(self, document: Mapping[str, object]) -> Cells | None:
        """Return the cells of a document that leave; None if the request is refused."""
        chosen = self.chosen()
        if chosen is None or self.is_refused(*chosen):
            return None
        return self.treated(chosen[1], document)

    def chosen(self) -> tuple[Agreement, Grant] | None:
        """Return the grant that answers: the smallest by fields, then by the names."""
        pairs = [
            (stored.agreement, grant)
            for stored in self.facts.agreements
            if self.decides(stored) and self.is_in_force(stored)
            for grant in stored.agreement.grants
            if self.is_meant(stored.agreement, grant) and self.covers(stored.agreement, grant)
        ]
        pairs = [(agreement, grant) for agreement, grant in pairs if self.acts_hold(agreement, grant)]
        return min(pairs, key=lambda pair: (len(pair[1].fields), pair[0].id, pair[1].name), default=None)

    def decides(self, stored: StoredAgreement) -> bool:
        rivals = [
            rival.agreement.version
            for rival in self.facts.agreements
            if rival.agreement.id == stored.agreement.id
            if rival.approved_by_provider and rival.approved_by_consumer
        ]
        return bool(rivals) and stored.agreement.version == max(rivals)

    def is_in_force(self, stored: StoredAgreement) -> bool:
        agreement = stored.agreement
        if stored.state not in ("signed", "in_force"):
            return False
        for code in (agreement.provider, agreement.consumer):
            unit = self.units.get(self.same(code))
            if unit and unit.valid_to and unit.valid_to < self.day:
                return False
        return agreement.starts <= self.day <= agreement.ends

    def acts_hold(self, agreement: Agreement, grant: Grant) -> bool:
        return self.any_act(agreement.legal_basis) and (not grant.legal_basis or self.any_act(grant.legal_basis))

    def any_act(self, basis: Any) -> bool:
        for entry in basis:
            act = self.facts.acts.get(entry.act)
            if act is None:
                continue
            first, last = act.in_force_from or date.min, act.in_force_to or date.max
            if first <= self.day <= last:
                return True
        return False

    def same(self, code: str) -> str:
        """Return an agency's own code; a code that may mean two agencies means neither."""
        if code in self.units:
            return code
        claiming = [str(unit.code) for unit in self.units.values() if code in unit.other_codes]
        return claiming[0] if len(claiming) == 1 else code

    def is_meant(self, agreement: Agreement, grant: Grant) -> bool:
        return self.is_between(agreement, grant) and grant.record == self.request.record_type

    def is_between(self, agreement: Agreement, grant: Grant) -> bool:
        request = self.request
        return (
            self.same(agreement.consumer) == self.same(request.consumer)
            and (request.provider is None or self.same(agreement.provider) == self.same(request.provider))
            and (request.agreement is None or request.agreement == agreement.id)
            and (request.grant is None or request.grant == grant.name)
        )

    def reasons(self) -> tuple[str, ...]:
        """Return what speaks against the grant that is nearest; nothing if the request is granted."""
        nearest: tuple[tuple[Any, ...], tuple[str, ...]] | None = None
        chosen = self.chosen()
        for stored in self.facts.agreements:
            for grant in stored.agreement.grants if self.is_newest(stored) else ():
                if chosen is not None and (stored.agreement, grant) != chosen:
                    continue
                if not self.is_between(stored.agreement, grant):
                    continue
                against = tuple(self.against(stored, grant))
                first = -ORDER.index(against[0]) if against else 0
                distance = (len(against), first, len(grant.fields), stored.agreement.id, grant.name)
                nearest = (distance, against) if nearest is None or distance < nearest[0] else nearest
        return ("no_agreement",) if nearest is None else nearest[1]

    def is_newest(self, stored: StoredAgreement) -> bool:
        """True if a version decides, or is the highest of an agreement that was never signed."""
        versions = [each for each in self.facts.agreements if each.agreement.id == stored.agreement.id]
        if any(each.approved_by_provider and each.approved_by_consumer for each in versions):
            return self.decides(stored)
        return stored.agreement.version == max(each.agreement.version for each in versions)

    def against(self, stored: StoredAgreement, grant: Grant) -> Iterator[str]:
        """Yield each reason that speaks against a grant, in their order."""
        agreement, request = stored.agreement, self.request
        is_of_record = grant.record == request.record_type
        purposes = {agreement.purpose} if request.agreement is None else {agreement.purpose, None}
        holding = {
            "record": is_of_record,
            "action": request.action in agreement.actions,
            "purpose": request.purpose in purposes,
            "procedure": self.procedure_fits(agreement, grant),
            "field": is_of_record and self.fields_fit(grant),
            "not_in_force": self.decides(stored) and self.is_in_force(stored),
            "act_lapsed": self.acts_hold(agreement, grant),
            "official_missing": self.has_official(agreement),
            "dossier_missing": request.dossier is not None or not self.needs(agreement, grant),
            "dossier_foreign": request.dossier is None or self.own_dossier() is not None,
            "dossier_closed": self.own_dossier() is None or grant.scope != "case" or self.is_open(),
            "quota": not self.is_used_up(agreement),
        }
        yield from (reason for reason in ORDER if not holding[reason])

    def has_official(self, agreement: Agreement) -> bool:
        if self.request.official is None:
            return "official" not in agreement.requires
        official = self.facts.officials.get(self.request.official)
        if official is None or self.same(official.agency) != self.same(self.request.consumer):
            return False
        return official.valid_to is None or official.valid_to >= self.day

    def covers(self, agreement: Agreement, grant: Grant) -> bool:
        request = self.request
        if request.action not in agreement.actions:
            return False
        if request.purpose != agreement.purpose and not (request.purpose is None and request.agreement):
            return False
        return self.procedure_fits(agreement, grant) and self.fields_fit(grant)

    def procedure_fits(self, agreement: Agreement, grant: Grant) -> bool:
        own = self.own_dossier()
        if own and self.request.procedure and own.procedure and own.procedure != self.request.procedure:
            return False
        if not agreement.procedures:
            return True
        stated = self.request.procedure or (own.procedure if own else None)
        if stated:
            return stated in agreement.procedures
        if own:
            return False
        return self.request.dossier is not None or self.needs(agreement, grant)

    def needs(self, agreement: Agreement, grant: Grant) -> bool:
        return bool("dossier" in agreement.requires or grant.scope == "case" or agreement.quota.records_per_dossier)

    def fields_fit(self, grant: Grant) -> bool:
        asked_paths = self.request.fields
        if self.request.action == "match":
            paths = grant.match if asked_paths is None else asked_paths
            return len(paths) > 0 and all(path in grant.match for path in paths)
        existing = FIELDS[grant.record]
        live = {
            path for path in grant.fields if path in existing or any(leaf.startswith(path + ".") for leaf in existing)
        }
        if asked_paths is None:
            return len(live) > 0
        for path in asked_paths:
            inside = [leaf for leaf in existing if leaf == path or leaf.startswith(path + ".")]
            if path not in live and (not inside or any(leaf not in live for leaf in inside)):
                return False
        return len(asked_paths) > 0

    def own_dossier(self) -> DossierFacts | None:
        dossier = self.facts.dossier
        if dossier is None or dossier.code != self.request.dossier or not dossier.agency:
            return None
        return dossier if self.belongs(self.same(dossier.agency), self.same(self.request.consumer), set()) else None

    def belongs(self, code: str, consumer: str, seen: set[str]) -> bool:
        """True if an agency is the consumer, is below it, or was followed by it or by one below it."""
        if code == consumer:
            return True
        if code in seen or code not in self.units:
            return False
        unit = self.units[code]
        above = [*([self.same(unit.parent)] if unit.parent else []), *self.followers(code)]
        return any(self.belongs(each, consumer, {*seen, code}) for each in above)

    def followers(self, code: str) -> list[str]:
        """Return the agencies that follow one that is gone, but for those that it followed itself."""
        return [follower for follower in self.following(code) if not self.leads_to(follower, code, set())]

    def following(self, code: str) -> list[str]:
        unit = self.units.get(code)
        if unit is None or unit.valid_to is None or unit.valid_to >= self.day:
            return []
        return [self.same(each) for each in unit.successors]

    def leads_to(self, code: str, goal: str, seen: set[str]) -> bool:
        if code == goal:
            return True
        if code in seen:
            return False
        seen.add(code)
        return any(self.leads_to(each, goal, seen) for each in self.following(code))

    def is_refused(self, agreement: Agreement, grant: Grant) -> bool:
        request = self.request
        if not self.has_official(agreement):
            return True
        if request.dossier is None:
            if self.needs(agreement, grant):
                return True
        elif self.own_dossier() is None or (grant.scope == "case" and not self.is_open()):
            return True
        return self.is_used_up(agreement)

    def is_open(self) -> bool:
        dossier = self.own_dossier()
        if dossier is None or int(dossier.status) in OPEN:
            return dossier is not None
        ends = [dossier.stopped_at] if dossier.stopped_at else [dossier.processed_at, dossier.returned_at]
        ended = max((at for at in ends if at), default=None)
        return ended is not None and local_day(ended) > self.day - timedelta(days=30)

    def is_used_up(self, agreement: Agreement) -> bool:
        remaining = self.remaining(agreement)
        return remaining is not None and remaining <= 0

    def remaining(self, agreement: Agreement) -> int | None:
        """Return how many records the quotas leave; None if there is none."""
        per_day = per_dossier = 0
        for use in self.facts.uses:
            if use.agreement == agreement.id:
                per_day += use.records if use.day == self.day else 0
                per_dossier += use.records if use.dossier == self.request.dossier else 0
        quota, limits = agreement.quota, list[int]()
        if quota.records_per_day:
            limits.append(quota.records_per_day - per_day)
        if quota.records_per_dossier and self.request.dossier:
            limits.append(quota.records_per_dossier - per_dossier)
        return min(limits) if limits else None

    def treated(self, grant: Grant, document: Mapping[str, object]) -> Cells:
        """Return what leaves, cell by cell."""
        leaving = Cells()
        for spot, value in cells(document).items():
            names = [step for step in spot if isinstance(step, str)]
            steps = spot
            for depth in range(1, len(names)):
                part = ".".join(names[:depth])
                if grant.fields.get(part) == "exists" and self.asks(part):
                    leaving[(part,)] = True
            leaving |= self.cell(grant, ".".join(names), steps, value)
        return leaving

    def asks(self, path: str) -> bool:
        if self.request.fields is None:
            return True
        return any(path == each or path.startswith(f"{each}.") for each in self.request.fields)

    def cell(self, grant: Grant, path: str, spot: tuple[str | int, ...], value: object) -> Cells:
        leaf = FIELDS[grant.record].get(path)
        treatment = grant.fields.get(path)
        if treatment == "exists" and self.asks(path):
            return {spot: value is not None and value not in ("", [])}
        if leaf is None:  # an empty list, or a part that is not there
            below = [name for name in grant.fields if name.startswith(f"{path}.") and name in FIELDS[grant.record]]
            return {spot: value} if any(self.asks(name) for name in below) else {}
        if treatment is None or not self.asks(path):
            return {}
        return self.value(leaf, str(treatment), spot, value)

    def value(self, leaf: OracleField, treatment: str, spot: tuple[str | int, ...], value: object) -> Cells:
        if treatment == "plain":
            return {spot: value}
        if treatment == "masked" and leaf.visible is not None:
            signs = [sign for sign in str(value) if sign.isalpha() or sign.isdigit()]
            last = signs[len(signs) - leaf.visible :] if leaf.visible and len(signs) >= 2 * leaf.visible else []
            shown = "".join(last) if all(sign in "0123456789" for sign in last) else ""
            return {spot: None if value is None else f"***{shown}"}
        if treatment == "year" and leaf.kinds & {"PartialDate", "datetime"}:
            if value is None:
                return {spot: None}
            if "datetime" in leaf.kinds:
                return {spot: str(local_day(datetime.fromisoformat(str(value))).year)} if is_instant(str(value)) else {}
            return {spot: str(value)[:4]} if is_partial_date(str(value)) else {}
        return {}
