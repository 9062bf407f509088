"""Every function by which values of records leave, or are shown, each beside what the oracle says of it."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, cast

from openpyxl import load_workbook
from sqlalchemy import Connection, select

from cchc_connect.cli.case import case_document
from cchc_connect.config.file import Config
from cchc_connect.database.outbox.deliveries import Delivery
from cchc_connect.database.reading.case import find_case
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import AccessDenied
from cchc_connect.exports.recipient_files import export_for_recipient
from cchc_connect.sharing.administration import explain_access
from cchc_connect.sharing.agreements import Action, Agreement, Grant
from cchc_connect.sharing.decision import AccessRefusal
from cchc_connect.sharing.disclosure import DisclosurePoint
from cchc_connect.sharing.facts import AgreementUse
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.route_grants import UNSENDABLE, RouteAgreement, RouteGrants, RouteRefusal
from cchc_connect.sharing.route_rows import outside_grants
from cchc_connect.sharing.unmasked import AccessReason, ProvidedRecord, Revealed, UnmaskedView, reveal
from cchc_schemas import RECORD_TYPES, from_document, to_document
from tests.sharing.invented_agreements import DOSSIER
from tests.sharing.oracle import Cells, cells
from tests.sharing.random_rows import RandomRows
from tests.sharing.row_oracle import RowOracle, StoredRow, masked_cells
from tests.sync.memory_systems import ManualClock

FORMATS = ("ndjson", "csv", "xlsx")

NOBODY = "nobody"

Refused = tuple[str, ...]
"""Reasons of a refusal."""


class WaysOut:
    """Asks one random case in every way; what a way counts for the quotas, the next ones meet."""

    def __init__(self, case: RandomRows, database: SharedDatabase, point: DisclosurePoint, folder: Path) -> None:
        self.case = case
        self.database = database
        self.point = point
        self.folder = folder
        self.facts = case.facts
        self.counts = Counter[str]()
        self.clock = ManualClock(case.request.at)
        self.config = Config.load(configuration(case, folder))
        self.reason = AccessReason(
            official=case.request.official or NOBODY,
            purpose=case.request.purpose or "construction_permit",
            dossier=case.request.dossier or DOSSIER,
        )

    def compare(self) -> Counter[str]:
        """Compare every way with the oracle, and return how many records and cells left by each."""
        if self.case.request.action is Action.MATCH:
            self._match()
        else:
            self._documents()
        self._explanation()
        self._file()
        self._route()
        self._documents_of_the_view()
        return self.counts

    def _oracle(self, **changes: Any) -> RowOracle:
        return RowOracle(replace(self.case.request, **changes), self.facts, self.case.units)

    def _agree(self, function: str, actual: object, expected: object) -> None:
        assert actual == expected, f"{function}: {self.case.request}"
        self.counts["refused" if isinstance(expected, tuple) else function] += 1

    def _count(self, oracle: RowOracle, records: int) -> None:
        """Count what left as the agreement's use of the day."""
        chosen, request = oracle.chosen(), oracle.request
        if chosen is not None and records:
            use = AgreementUse(agreement=chosen[0].id, day=oracle.day, dossier=request.dossier or "", records=records)
            self.facts = replace(self.facts, uses=[*self.facts.uses, use])

    def _released(self, oracle: RowOracle) -> dict[str, Cells] | Refused:
        """Return what the oracle lets leave, and count it; the reasons if it refuses."""
        released = oracle.released_rows(self.case.rows)
        if released is None:
            return oracle.refusal(self.case.rows)
        self._count(oracle, len(released))
        self.counts["records"] += len(released)
        self.counts["cells"] += sum(map(len, released.values()))
        return released

    def _documents(self) -> None:
        request, expected = self.case.request, self._released(self._oracle())
        try:
            actual: object = by_cells(self.point.disclose(request).documents)
        except AccessDenied as denial:
            actual = denial.reasons
        self._agree("disclose", actual, expected)

    def _match(self) -> None:
        sent = self.case.random.choice((*self.case.values_to_match(), "074 000 000-123", "-"))
        oracle = self._oracle()
        expected: object = oracle.has_match(self.case.rows, sent)
        if expected is None or oracle.refusal(self.case.rows):
            expected = oracle.refusal(self.case.rows)
        else:
            self._count(oracle, 1)
            self.counts[f"match {expected}"] += 1
        try:
            actual: object = self.point.matches(self.case.request, sent)
        except AccessDenied as denial:
            actual = denial.reasons
        self._agree("matches", actual, expected)

    def _explanation(self) -> None:
        """What is explained is what would be decided; it discloses and counts nothing."""
        explanation = explain_access(self.config, self.database, self.case.request)
        refusal = explanation.outcome
        actual = [str(reason) for reason in refusal.reasons] if isinstance(refusal, AccessRefusal) else []
        self._agree("explain", actual, list(self._oracle().reasons()))

    def _file(self) -> None:
        file_format = FORMATS[self.case.seed % len(FORMATS)]
        oracle, path = self._oracle(action=Action.EXPORT), self.folder / f"records.{file_format}"
        expected: object = self._released(oracle)
        try:
            report = export_for_recipient(self.point, self.case.request, path, language="en", replace_file=True)
        except AccessDenied as denial:
            self._agree("file", denial.reasons, expected)
            return
        assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        released = cast("Mapping[str, Cells]", expected)
        assert report.rows == len(released)
        if file_format == "ndjson":
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            self._agree("file", by_cells({line.pop("record_key"): line for line in lines}), expected)
        else:
            headings, *rows = csv_rows(path) if file_format == "csv" else sheet_rows(path)
            assert headings == ["record_key", *report.fields] or set(headings[1:]) == set(report.fields)
            in_words = {
                row.key: [released_text(row, column, released[row.key]) for column in headings[1:]]
                for row in self.case.rows
                if row.record_type == report.record_type and row.key in released
            }
            self._agree("file", {key: columns for key, *columns in rows}, in_words)
        path.unlink()
        path.with_name(f"{path.name}.disclosure.json").unlink()

    def _route(self) -> None:
        """Compare what a route would send by the agreement; whether it is sent over the wire is tested elsewhere."""
        record_type, meant = self.case.request.record_type, self.case.meant
        none: dict[str, Any] = dict.fromkeys(
            ("purpose", "official", "dossier", "procedure", "fields", "keys", "provider", "grant")
        )
        oracle = self._oracle(action=Action.PUSH, agreement=meant.id, **none)
        route = RouteAgreement(
            id=meant.id, consumer=self.case.request.consumer, record_types=(record_type,), terms=self.case.terms
        )
        rows = [row for row in self.case.rows if row.record_type == record_type]
        outside = set[str]()
        with self.database.reading() as connection:
            decided = route.decide(connection, self.case.request.at)
            if isinstance(decided, RouteGrants):
                outside = {each.record_key for each in outside_grants(connection, decided, list(due(connection, rows)))}
        if isinstance(decided, RouteRefusal):
            is_unsendable = decided.reasons[record_type] == (UNSENDABLE,)
            expected = tuple(reason for reason in oracle.reasons() if not is_unsendable or reason != "quota")
            self._agree("unsendable", () if is_unsendable else decided.reasons[record_type], expected)
            return
        if decided.quota_refusal is not None:
            self._agree("quota", decided.quota_refusal.reasons[record_type], oracle.reasons())
            return
        agreement, grant = cast("tuple[Agreement, Grant]", oracle.chosen())
        reached = [row for row in rows if oracle.reaches(agreement, grant, row, self.case.rows)]
        self._agree("route", {row.key for row in rows} - outside, {row.key for row in reached})
        for row in reached:
            record = from_document(RECORD_TYPES[record_type], row.document)
            sent = decided.by_type[record_type].records.sent(record)
            released = oracle.treated(grant, to_document(record))
            self._agree("message", stated(cells(to_document(sent))), stated(released))

    def _documents_of_the_view(self) -> None:
        """Compare `reveal`, and what `case`, `history` and `changes` show unmasked and masked."""
        operator, oracle = self.case.request.consumer, self._oracle(official=self.reason.official)
        official = self.facts.officials.get(self.reason.official)
        if (
            official is None
            or oracle.same(official.agency) != oracle.same(operator)
            or (official.valid_to is not None and official.valid_to < oracle.day)
        ):
            self._agree("reveal", self._revealing(), ("official_missing",))
            return
        rows = [row for row in self.case.rows if row.record_type == self.case.request.record_type]
        self._agree("reveal", self._revealing(), self._revealed_by_oracle(rows))
        view = UnmaskedView(self.config, self.database, self.reason, clock=self.clock)
        revealed = view.reveal(ProvidedRecord(row.record_type, row.key, row.agency) for row in self.case.rows)
        granted, denials = self._granted_to_view(self.case.rows)
        own = {(row.record_type, row.key) for row in self.case.rows if oracle.is_own(row, operator)}
        assert revealed.own == own
        actual = [(each.record_type, each.provider, each.reasons, each.records) for each in revealed.denials]
        self._agree("denials", actual, denials)
        self._compare_versions(revealed, own, granted)
        self._compare_case(revealed, own, granted)
        self._compare_case(None, set(), {})

    def _revealing(self) -> object:
        record_class = RECORD_TYPES[self.case.request.record_type]
        keys = [row.key for row in self.case.rows if row.record_type == self.case.request.record_type]
        try:
            documents = reveal(self.config, self.database, record_class, keys, self.reason, clock=self.clock)
        except AccessDenied as denial:
            return denial.reasons
        return by_cells(documents)

    def _revealed_by_oracle(self, rows: Sequence[StoredRow]) -> object:
        operator, oracle = self.case.request.consumer, self._oracle()
        rows = sorted(rows, key=lambda row: row.key)
        granted, denials = self._granted_to_view(rows)
        shown = {row.key: cells(row.document) for row in rows if oracle.is_own(row, operator)}
        shown |= {key: released for (_, key), released in granted.items()}
        if not shown and denials:
            return tuple(dict.fromkeys(reason for _, _, reasons, _ in denials for reason in reasons))
        return shown

    def _granted_to_view(
        self, rows: Sequence[StoredRow]
    ) -> tuple[dict[tuple[str, str], Cells], list[tuple[str, str, Refused, int]]]:
        """Return what agreements grant the operator of others' records, and what is denied, one provider at a time."""
        granted, denials = dict[tuple[str, str], Cells](), list[tuple[str, str, Refused, int]]()
        foreign = [row for row in rows if not self._oracle().is_own(row, self.case.request.consumer)]
        groups = dict[tuple[str, str], list[str]]()
        for row in foreign:
            groups.setdefault((row.record_type, row.agency), []).append(row.key)
        for (record_type, provider), keys in groups.items():
            released = self._released(self._oracle_of_view(record_type, provider, keys))
            if isinstance(released, tuple):
                denials.append((record_type, provider, released, len(keys)))
                continue
            granted |= {(record_type, key): document for key, document in released.items()}
            if len(released) < len(keys):
                denials.append((record_type, provider, ("outside",), len(keys) - len(released)))
        return granted, denials

    def _oracle_of_view(self, record_type: str, provider: str, keys: Iterable[str]) -> RowOracle:
        reason = self.reason
        request = AccessRequest(
            consumer=self.case.request.consumer,
            action=Action.READ,
            record_type=record_type,
            purpose=reason.purpose,
            official=reason.official,
            dossier=reason.dossier,
            provider=provider,
            keys=tuple(keys),
            at=self.case.request.at,
        )
        return RowOracle(request, self.facts, self.case.units)

    def _compare_versions(
        self, revealed: Revealed, own: set[tuple[str, str]], granted: Mapping[tuple[str, str], Cells]
    ) -> None:
        """Compare what `history` and `changes` show of each version: of others' records the present one alone."""
        for row in self.case.rows:
            name, record_class = (row.record_type, row.key), RECORD_TYPES[row.record_type]
            for document in (row.document, row.former):
                if document is None:
                    continue
                is_present = document is row.document
                shown = revealed.document(record_class, row.key, document, is_present=is_present)
                of_version = granted.get(name, {}) if is_present else {}
                expected = cells(document) if name in own else masked_cells(row.record_type, document, of_version)
                self._agree("version", cells(shown), expected)

    def _compare_case(
        self, revealed: Revealed | None, own: set[tuple[str, str]], granted: Mapping[tuple[str, str], Cells]
    ) -> None:
        """Compare what `case` shows."""
        code = next((row.key for row in self.case.rows if row.record_type == "dossier"), None)
        if code is None:
            return
        self._compare_shown_case(code, case_document(find_case(self.database, code), revealed), own, granted)

    def _compare_shown_case(
        self,
        code: str,
        document: Mapping[str, Any],
        own: Collection[tuple[str, str]],
        granted: Mapping[tuple[str, str], Cells],
    ) -> None:
        linked = self._oracle(dossier=code)
        rows = [row for row in self.case.rows if linked.is_linked(row, self.case.rows)]
        for names, record_type in (("dossier", "dossier"), ("steps", "dossier_step"), ("parcels", "land_parcel")):
            listed = [document[names]] if names == "dossier" else document[names]
            record_class = RECORD_TYPES[record_type]
            of_type = {
                row.key: to_document(from_document(record_class, row.document))
                for row in rows
                if row.record_type == record_type
            }
            expected = {
                key: cells(stored)
                if (record_type, key) in own
                else masked_cells(record_type, stored, granted.get((record_type, key), {}))
                for key, stored in of_type.items()
            }
            actual = {key: cells(shown) for key, shown in zip(self._keys(of_type, listed), listed, strict=True)}
            self._agree("case", actual, expected)

    @staticmethod
    def _keys(documents: Mapping[str, Mapping[str, Any]], listed: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Yield the key of each listed document, by what is never masked in it."""
        names = ("code", "dossier_code", "at", "action", "parcel_number", "map_sheet")
        keys = {tuple(document.get(name) for name in names): key for key, document in documents.items()}
        yield from (keys[tuple(shown.get(name) for name in names)] for shown in listed)


def configuration(
    case: RandomRows, folder: Path, operator: str | None = None, database: str = "sqlite:///shared.db"
) -> str:
    """Return a configuration with the acts and officials of a case; the operator is the consumer, or the one named."""
    acts = folder / "acts.csv"
    with acts.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "number", "issued_on", "in_force_from", "in_force_to", "replaced_by", "title", "source"))
        for act in case.facts.acts.values():
            writer.writerow((act.id, act.number, "", act.in_force_from or "", act.in_force_to or "", "", "", ""))
    officials = "".join(
        f'[officials.{name}]\nagency = "{entry.agency}"\n'
        + (f"valid_to = {entry.valid_to}\n" if entry.valid_to else "")
        for name, entry in case.facts.officials.items()
    )
    return (
        f'[database]\nurl = "{database}"\n[operator]\nagency = "{operator or case.request.consumer}"\n{officials}'
        f'[agreements]\nacts = "{acts}"\nagencies_from = "x"\n[ownership]\nagency = "x"\n'
        '[connections.x]\nadapter = "program"\nagency = "000.00.00.H09"\n'
    )


def due(connection: Connection, rows: Iterable[StoredRow]) -> Iterator[Delivery]:
    """Yield a message with the present version of each row."""
    for row in rows:
        table = record_table(row.record_type)
        of_row = select(table.c.sequence).where(table.c.record_key == row.key)
        yield Delivery(
            sequence=connection.execute(of_row).scalar_one(),
            record_type=row.record_type,
            record_key=row.key,
            order_key=row.key,
            attempts=0,
            document=row.document,
            previously_delivered=False,
        )


def stated(released: Cells) -> Cells:
    """Return the cells that say something: a record has every field, and those that did not leave are unknown."""
    return {spot: value for spot, value in released.items() if value not in (None, [], {})}


def by_cells(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Cells]:
    return {
        key: {spot: value for spot, value in cells(document).items() if value != {}}
        for key, document in documents.items()
    }


def csv_rows(path: Path) -> list[list[str]]:
    return list(csv.reader(StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def sheet_rows(path: Path) -> list[list[str]]:
    rows = load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [["" if value is None else str(value) for value in row] for row in rows]


def released_text(row: StoredRow, path: str, released: Cells) -> str:
    """Return the cell of a table: the values of every element, with a gap where an element has none."""
    spots = [(path,)] if (path,) in released else list(spots_of(row.document, path.split(".")))
    values = [value for spot in spots for value in flat(released.get(spot))]
    if all(value is None for value in values):
        return ""
    return "; ".join("" if value is None else text_of(value) for value in values)


def spots_of(value: Any, steps: Sequence[str], at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, list) and (not value or isinstance(value[0], dict)):
        for index, element in enumerate(cast("Sequence[Any]", value)):
            yield from spots_of(element, steps, (*at, index))
    elif not steps or not isinstance(value, dict):
        yield at
    else:
        yield from spots_of(cast("dict[str, Any]", value).get(steps[0]), steps[1:], (*at, steps[0]))


def flat(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for element in cast("Sequence[object]", value):
            yield from flat(element)
    else:
        yield value


def text_of(value: object) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
