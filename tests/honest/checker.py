"""Compare an honest world at its end with the shared database and with its receivers; count its false alarms."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from cchc_connect.database.reading.change_feed import change_rows
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import GONE
from cchc_connect.sync.report import RunStatus
from cchc_schemas import RECORD_TYPES, from_document
from tests.honest.world import HonestWorld

MAX_ROWS = 1_000_000
QUIET = frozenset({RunStatus.DONE, RunStatus.STOPPED})
"""Outcomes of a line that say nothing is wrong; STOPPED is what the world asked for."""
HELD = "held"
INCOMPLETE = "incomplete"

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class HonestResult:
    """What became of one honest world: its false alarms, and where the database differs from its sources."""

    seed: int
    peculiarities: frozenset[str]
    runs: int
    holds: int
    incomplete: int
    quarantined: int
    exceptions: int
    reasons: tuple[str, ...]
    """Codes of the alarms, for whoever looks for the cause."""
    differences: tuple[str, ...]

    @property
    def alarms(self) -> int:
        """Number of false alarms of every kind."""
        return self.holds + self.incomplete + self.quarantined + self.exceptions


def result_of(world: HonestWorld) -> HonestResult:
    """Return the result of a world that has lived."""
    lines = [line for report in world.reports for line in report.lines]
    loud = [line for line in lines if line.outcome not in QUIET]
    reasons = [f"{line.name}: {line.outcome.value} {line.reason.code if line.reason else ''}" for line in loud]
    incomplete = sum(line.outcome.value == INCOMPLETE for line in loud)
    return HonestResult(
        seed=world.seed,
        peculiarities=frozenset(world.layout.peculiarities),
        runs=len(world.reports),
        holds=len(loud) - incomplete + sum(line.counts.held > 0 for line in lines if line.outcome in QUIET),
        incomplete=incomplete,
        quarantined=sum(line.counts.quarantined for line in lines),
        exceptions=len(world.exceptions),
        reasons=(*reasons, *world.exceptions),
        differences=tuple(_Comparison(world).differences()),
    )


class _Comparison:
    """The differences between the sources of a world, its database and its receivers."""

    def __init__(self, world: HonestWorld) -> None:
        self._world = world
        self._kind = next(traits.record_type for _, traits in world.layout.sources)
        with world.database.reading() as connection:
            self._feed = [dict(row) for row in change_rows(connection, limit=MAX_ROWS)]
            table = record_table(self._kind)
            self._rows = {row["record_key"]: row for row in connection.execute(select(table)).mappings()}
        documents = {row["record_key"]: json.loads(row["document"]) for row in self._feed}
        self._live = {key: documents[key] for key, row in self._rows.items() if row["deleted_at"] is None}

    def differences(self) -> Iterator[str]:
        """Yield each difference as one sentence."""
        yield from self._rows_differ()
        yield from self._history_differs()
        yield from self._receivers_differ()
        last = self._world.reports[-1]
        if last.rows_written or last.messages_delivered:
            yield f"unrest: the last run wrote {last.rows_written} and sent {last.messages_delivered}"

    def _rows_differ(self) -> Iterator[str]:
        expected, tolerated = self._expected(), self._kept()
        yield from (f"lost: {key}" for key in sorted(expected.keys() - self._live.keys()))
        for key in sorted(self._live.keys()):
            document = self._live[key]
            if key not in expected and document not in tolerated:
                yield f"phantom: {key}"
            if key in expected and document not in (*expected[key], *tolerated):
                yield f"stale: {key}"

    def _expected(self) -> dict[str, list[Document]]:
        """Return by key what the database may show: what the owner says, also that it has deleted a record.

        Of a record that its owner does not have, it may show what any source says.
        """
        owner = self._world.layout.tables["ownership"].get(self._kind)
        by_owner = {} if owner is None else {self._key(document): [document] for document in self._shown(owner)}
        taken_back = {key for key, row in self._rows.items() if row["deleted_at"] and row["connection"] == owner}
        expected: dict[str, list[Document]] = {}
        for name in self._world.sources:
            for document in self._shown(name):
                expected.setdefault(self._key(document), []).append(document)
        expected |= by_owner
        return {key: documents for key, documents in expected.items() if key not in taken_back or key in by_owner}

    def _shown(self, name: str) -> list[Document]:
        source = self._world.sources[name]
        return [source.document(item) for item in source.items.values()]

    def _kept(self) -> list[Document]:
        """Return every version of items that were removed from sources that do not tell: the last one read may stay."""
        silent = [source for name, source in self._world.sources.items() if self._world.editors[name].keeps_deleted]
        return [document for source in silent for number in source.removed for document in source.stated_by[number]]

    def _key(self, document: Document) -> str:
        return from_document(RECORD_TYPES[self._kind], document).key

    def _history_differs(self) -> Iterator[str]:
        last: dict[str, Any] = {}
        stated = [document for source in self._world.sources.values() for document in source.stated]
        removable = {
            self._key(document)
            for source in self._world.sources.values()
            for document in source.stated
            if source.ever_removed or self._world.layout.peculiarities & {"parcels renumbered"}
        }
        for row in self._feed:
            key, before, document = row["record_key"], last.get(row["record_key"]), json.loads(row["document"])
            if row["version"] != (1 if before is None else before["version"] + 1):
                yield f"gap: {key} version {row['version']}"
            if document not in stated:
                yield f"phantom: {key} version {row['version']} was never stated"
            if row["operation"] in GONE and key not in removable:
                yield f"deleted: {key} version {row['version']} though its source never removed anything"
            is_end = before is not None and ({row["operation"], before["operation"]} & GONE)
            if (
                before is not None
                and not is_end
                and (before["connection"], before["document"])
                == (
                    row["connection"],
                    row["document"],
                )
            ):
                yield f"duplicated: {key} version {row['version']}"
            last[key] = row

    def _receivers_differ(self) -> Iterator[str]:
        for receiver in self._world.receivers.values():
            held = receiver.holdings
            for key, document in self._live.items():
                if held.get(key) != document:
                    yield f"receiver: {key} is {'stale' if key in held else 'lost'}"
            if receiver.traits.takes_withdrawals:
                yield from (f"receiver: {key} is a phantom" for key in sorted(held.keys() - self._live.keys()))
            for key, versions in receiver.versions.items():
                due = [
                    None if row["operation"] in GONE else json.loads(row["document"])
                    for row in self._feed
                    if row["record_key"] == key
                ]
                remaining = iter(due)
                if not all(version in remaining for version in versions):
                    yield f"receiver: {key} got a version twice or out of order"
