"""A draft of the agreement that a route needs: what the configuration says is in it, the rest an official completes.

A draft is a file in the folder of agreements. What it leaves open is empty there, so that `agreements check` names it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from cchc_connect.clock import SystemClock
from cchc_connect.config.adapter_sample import toml_value
from cchc_connect.config.file import Config, RouteTable
from cchc_connect.config.former_routes import FormerReasons, RoutesToAgree, read_routes_to_agree
from cchc_connect.errors import UsageMistake
from cchc_connect.messages import Language, Message, Messages, Wording
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.record_fields import field_name
from cchc_connect.sharing.agreement_checks import years_later
from cchc_connect.sharing.agreement_files import read_folder
from cchc_connect.sharing.agreements import Action, GrantScope, Treatment
from cchc_connect.sharing.granted_fields import is_shareable
from cchc_connect.sharing.sent_records import SentRecords
from cchc_connect.sharing.terms import SharingTerms, sharing_terms
from cchc_schemas import Record, vietnamese_day
from cchc_schemas.record_paths import Leaf, leaves
from cchc_schemas.text import listed

UNTIL_END_OF_NAME = 50
"""Characters of a route's name with which the id of its agreement begins."""


@dataclass(frozen=True, kw_only=True)
class DraftTerms:
    """What somebody says of a draft; what is None or empty comes from the configuration, or is left open."""

    provider: str | None = None
    """Code of the agency that shares."""
    purpose: str | None = None
    """Code of the purpose."""
    acts: Sequence[str] = ()
    """Names of the acts that allow it."""
    title: str | None = None
    language: Language = Language.VIETNAMESE
    """Language of the comments in the file, and of its title."""
    at: datetime | None = None
    """Instant on whose Vietnamese day the agreement begins, aware; None: now."""


@dataclass(frozen=True, kw_only=True)
class RouteDraft:
    """A draft that is not written yet."""

    route: str
    agreement: str
    """Id of the agreement."""
    provider: str
    """Code of the agency that shares; empty if nothing says it."""
    consumer: str
    file: Path
    text: str
    """TOML with comments."""
    open_keys: tuple[str, ...]
    """Keys that an official completes."""
    is_named: bool
    """Whether the route names the agreement in the configuration."""
    missing_officers: tuple[str, ...]
    """Agencies for which the configuration names no data officer who may approve it."""


def draft_agreements(path: Path, routes: Sequence[str] = (), chosen: DraftTerms | None = None) -> Sequence[RouteDraft]:
    """Return a draft of an agreement for each of these routes; nothing is written.

    Args:
        path: the configuration. Its routes may still give `purpose` and `legal_basis` in place of an agreement.
        routes: names of routes; none: all whose agreement is not in the folder.
        chosen: what somebody says of the drafts; None: only what the configuration says.

    Raises:
        ConfigurationError: the configuration, or a table of acts or purposes, cannot be read or has faults.
        UsageMistake: there is no such route, its agreement is in the folder, its records come from several agencies and
            no provider is named, or a purpose or an act is unknown.
    """
    draft_terms = chosen or DraftTerms()
    day = vietnamese_day(draft_terms.at or SystemClock().now())
    to_agree = read_routes_to_agree(path, lambda route: f"{route[:UNTIL_END_OF_NAME]}-{day.year}")
    terms = sharing_terms(to_agree.config)
    _require_known(draft_terms, terms)
    folder = read_folder(to_agree.config.agreements_folder, terms, day)
    present = {entry.agreement.id: entry.file for entry in folder.agreements}
    drafting = _Drafting(to_agree=to_agree, terms=terms, chosen=draft_terms, day=day)
    return [drafting.draft(name) for name in _chosen(to_agree.config, routes, present)]


def provider_of(config: Config, name: str) -> str:
    """Return the agency from whose systems the records of a route come; an empty text if nothing says it.

    If no system has them, it is the agency of the programs that write records.

    Raises:
        UsageMistake: they come from several agencies.
    """
    providers = _providers(config, config.routes[name])
    if len(providers) > 1:
        texts = [f"{agency} ({', '.join(connections)})" for agency, connections in providers.items()]
        raise UsageMistake("sharing.several_providers", route=name, known=listed(texts))
    return next(iter(providers), "")


def _providers(config: Config, route: RouteTable) -> Mapping[str, Sequence[str]]:
    """Return the agencies whose connections have records of a route, each with these connections."""
    sources, programs = dict[str, list[str]](), dict[str, list[str]]()
    for name, connection in config.connections.items():
        if connection.is_program:
            programs.setdefault(connection.agency, []).append(name)
        elif {source.record_type.record_type for source in config.adapter(name).sources} & set(route.records):
            sources.setdefault(connection.agency, []).append(name)
    return sources or programs


def _chosen(config: Config, routes: Sequence[str], present: Mapping[str, Path]) -> Sequence[str]:
    """Return the routes to draft for; named ones must exist, and not have their agreement in the folder."""
    for name in routes:
        if name not in config.routes:
            raise UsageMistake(
                "sharing.no_route", route=name, suggestion=suggestion(name, config.routes), known=listed(config.routes)
            )
        agreement = config.routes[name].agreement
        if agreement in present:
            raise UsageMistake("sharing.drafted_before", agreement=agreement, file=present[agreement])
    return routes or [name for name, table in config.routes.items() if table.agreement not in present]


def _require_known(chosen: DraftTerms, terms: SharingTerms) -> None:
    named = [("purpose_unknown", name, terms.purposes) for name in (chosen.purpose,) if name is not None]
    for rule, value, names in (*named, *(("act_unknown", act, terms.acts) for act in chosen.acts)):
        if value not in names:
            fault = Message(f"agreement_fault.{rule}", {"value": value, "suggestion": suggestion(value, names)})
            raise UsageMistake("sharing.not_drafted", faults=Messages([fault]))


@dataclass(frozen=True, kw_only=True)
class _Drafting:
    """Drafts agreements for the routes of one configuration."""

    to_agree: RoutesToAgree
    terms: SharingTerms
    chosen: DraftTerms
    day: date

    def draft(self, name: str) -> RouteDraft:
        """Return the draft for a route."""
        config = self.to_agree.config
        table = config.routes[name]
        agreement, consumer = table.agreement, config.connections[table.to].agency
        provider = self.chosen.provider or provider_of(config, name)
        former = self.to_agree.former_reasons.get(name, FormerReasons())
        purpose = self.chosen.purpose or self._purpose_of(former.purpose)
        acts = tuple(self.chosen.acts) or self._acts_of(former.legal_basis)
        text = _DraftText(Wording(self.chosen.language), agreement, self.terms)
        heading = text.heading(name, table, {"provider": provider, "consumer": consumer})
        lines = [
            *heading,
            f"title = {toml_value(self._title(table, provider, consumer, former))}",
            f"provider = {toml_value(provider)}",
            f"consumer = {toml_value(consumer)}",
            *text.purpose(purpose, former),
            *text.acts(acts, former),
            f"starts = {self.day.isoformat()}",
            f"ends = {years_later(self.day, 1).isoformat()}",
            f"actions = {toml_value([Action.PUSH.value])}",
        ]
        for record_type in table.records:
            lines += text.grant(self.terms.records[record_type], table.withhold, is_sent=bool(former.purpose))
        open_keys = {"provider": not provider, "purpose": not purpose, "legal_basis": not acts}
        return RouteDraft(
            route=name,
            agreement=agreement,
            provider=provider,
            consumer=consumer,
            file=config.agreements_folder / f"{agreement}.toml",
            text="\n".join(lines) + "\n",
            open_keys=tuple(key for key, is_open in open_keys.items() if is_open),
            is_named=name not in self.to_agree.unnamed and not former.purpose,
            missing_officers=tuple(
                agency for agency in (provider, consumer) if agency and not self._has_officer(agency)
            ),
        )

    def _title(self, table: RouteTable, provider: str, consumer: str, former: FormerReasons) -> str:
        if self.chosen.title or former.purpose:
            return self.chosen.title or former.purpose
        context = {"record_types": ", ".join(table.records), "provider": provider, "consumer": consumer}
        return Wording(self.chosen.language).text("agreement_draft.title", **context)

    def _has_officer(self, agency: str) -> bool:
        return any(
            official.is_data_officer and official.acts_for(agency, self.day, self.terms.agencies)
            for official in self.terms.officials.values()
        )

    def _purpose_of(self, text: str) -> str:
        """Return the code of the one purpose whose words are in a free text; empty if none or several are."""
        words = text.casefold()
        codes = [
            each.code
            for each in self.terms.purposes.values()
            if each.vi.casefold() in words or each.en.casefold() in words
        ]
        return codes[0] if len(codes) == 1 else ""

    def _acts_of(self, text: str) -> tuple[str, ...]:
        """Return the acts whose numbers are in a free text."""
        words = text.casefold().replace("(", " ").replace(",", " ").replace(";", " ").split()
        return tuple(act.id for act in self.terms.acts.values() if act.number.casefold() in words)


class _DraftText:
    """Writes the parts of a draft."""

    def __init__(self, wording: Wording, agreement: str, terms: SharingTerms) -> None:
        self._wording = wording
        self._table = f"agreement.{agreement}"
        self._terms = terms

    def heading(self, route: str, table: RouteTable, parties: Mapping[str, str]) -> Iterator[str]:
        context = {"route": route, "to": table.to, **parties}
        yield from self._comment("route", **context)
        yield from self._comment("to_do")
        yield f"[{self._table}]"

    def purpose(self, purpose: str, former: FormerReasons) -> Iterator[str]:
        if former.purpose:
            yield from self._comment("former_purpose", text=former.purpose)
        if not purpose:
            yield from self._comment("choose_purpose")
            language = self._wording.language.value
            yield from (f"# - {each.code}: {getattr(each, language)}" for each in self._terms.purposes.values())
        yield f"purpose = {toml_value(purpose)}"

    def acts(self, acts: Sequence[str], former: FormerReasons) -> Iterator[str]:
        if former.legal_basis:
            yield from self._comment("former_basis", text=former.legal_basis)
        yield from self._comment("places" if acts else "choose_acts")
        bases = [toml_value({"act": act, "place": ""}) for act in acts or ("",)]
        yield f"legal_basis = [{', '.join(bases)}]"

    def grant(self, record_type: type[Record], withhold: Sequence[str], *, is_sent: bool) -> Iterator[str]:
        """Yield the grant of a record type: its fields without those withheld, and which of them are personal."""
        name = record_type.record_type
        yield ""
        yield f"[[{self._table}.grant]]"
        yield f"name = {toml_value(name)}"
        yield f"record = {toml_value(name)}"
        yield f"scope = {toml_value(GrantScope.ALL.value)}"
        yield ""
        yield f"[{self._table}.grant.fields]"
        kinds = dict[str, list[str]]()
        for path, kind in _kinds(record_type, withhold, is_sent=is_sent).items():
            kinds.setdefault(kind, []).append(self._field(record_type, path, kind))
        for kind in ("shared", "personal_sent", "personal", "numbers", "withheld"):
            if kind != "shared" and kind in kinds:
                yield from self._comment(kind)
            yield from kinds.get(kind, ())

    def _field(self, record_type: type[Record], path: str, kind: str) -> str:
        treatment = Treatment.MASKED if kind == "numbers" else Treatment.PLAIN
        mark = "" if kind in {"shared", "personal_sent"} else "#"
        key = json.dumps(path) if "." in path else path
        term = field_name(record_type, path, self._wording)
        return f"{mark}{key} = {toml_value(treatment.value)}" + ("" if term == path else f"  # {term}")

    def _comment(self, code: str, **context: object) -> Iterator[str]:
        sentence = self._wording.text(f"agreement_draft.{code}", **context)
        yield from (f"# {line}" for line in sentence.splitlines())


def _kinds(record_type: type[Record], withhold: Sequence[str], *, is_sent: bool) -> Mapping[str, str]:
    """Return for each field under which comment of the file it stands.

    A part that cannot be sent without a personal field is left to whoever completes the file as a whole.
    """
    name = record_type.record_type
    kinds = {
        path: "withheld" if f"{name}.{path.partition('.')[0]}" in withhold else _kind(leaf, is_sent=is_sent)
        for path, leaf in leaves(record_type).items()
    }
    while missing := _missing(record_type, kinds):
        for path, kind in kinds.items():
            if path in missing and "." not in path:
                kinds[path] = "shared"
            elif kind == "shared" and any(path.startswith(f"{field.rpartition('.')[0]}.") for field in missing):
                kinds[path] = "personal"
    return kinds


def _missing(record_type: type[Record], kinds: Mapping[str, str]) -> frozenset[str]:
    """Return the fields without which what is granted cannot be sent."""
    granted = {path: Treatment.PLAIN for path, kind in kinds.items() if kind in {"shared", "personal_sent"}}
    return frozenset(each.field for each in SentRecords(record_type, granted).unsendable())


def _kind(leaf: Leaf, *, is_sent: bool) -> str:
    if not is_shareable(leaf):
        return "numbers"
    if leaf.mark is None:
        return "shared"
    return "personal_sent" if is_sent else "personal"
