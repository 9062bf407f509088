"""Compare every edit of a simulated world at rest with every row, version, discrepancy and delivery.

Lost: a good entry that is neither a live row nor in quarantine, and whose key no other entry has. Stale: a live row
with other values than its entry. Phantom: a live row or an open quarantine entry that is in no register, or a version
that no register ever stated. Duplicated: a version equal to the one before it, or a second effect of one change.
"""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect import DeleteDetection
from cchc_connect.database.reading.change_feed import change_rows
from cchc_connect.database.reading.discrepancies import discrepancy_rows
from cchc_connect.database.reading.quarantine_entries import QuarantineEntry, entries
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.state.cursors import stream_states
from cchc_connect.database.tables import GONE
from cchc_schemas import RECORD_TYPES, from_document
from tests.simulation.adversities import Adversity
from tests.simulation.delivery_checker import delivery_faults
from tests.simulation.register import Document, Register, document_of, fields_of
from tests.simulation.world import Simulation

MAX_ROWS = 1_000_000


def faults(world: Simulation) -> list[str]:
    """Return every fault of a world at rest, each as one sentence."""
    with world.database() as database, database.reading() as connection:
        findings = Findings(world, connection)
        return [
            *world.violations,
            *findings.histories(),
            *findings.deletions(),
            *findings.owners(),
            *findings.entries_and_rows(),
            *findings.rows_and_entries(),
            *findings.quarantine(),
            *findings.discrepancies(),
            *findings.drift(),
            *delivery_faults(world, connection),
        ]


class Findings:
    """The differences between the database of a world and its registers."""

    def __init__(self, world: Simulation, connection: Connection) -> None:
        self._world = world
        self._feed = change_rows(connection, limit=MAX_ROWS)
        self._rows = {
            (kind, row["record_key"]): row
            for kind in {source.record_type for _, source in world.geography.sources}
            for row in connection.execute(select(record_table(kind))).mappings()
        }
        self._documents = {(row["record_type"], row["record_key"]): json.loads(row["document"]) for row in self._feed}
        self._open = {(entry.connection, entry.record_type, entry.source_key): entry for entry in entries(connection)}
        self._discrepancies = discrepancy_rows(connection)
        self._holds = [state for state in stream_states(connection) if state.held_code is not None]

    def histories(self) -> Iterator[str]:
        """Yield gaps in versions, versions that no register stated, repeated versions, and outdated rows."""
        last: dict[tuple[str, str], Any] = {}
        stated = {
            (name, source.record_type): self._world.registers[source.name].stated
            for name, source in self._world.geography.sources
        }
        for row in self._feed:
            key, before = (row["record_type"], row["record_key"]), last.get((row["record_type"], row["record_key"]))
            where = f"{key} version {row['version']}"
            if row["version"] != (1 if before is None else before["version"] + 1):
                yield f"gap: {where} does not follow the version before it"
            if json.loads(row["document"]) not in stated[self._present_name(row["connection"]), row["record_type"]]:
                yield f"phantom: {where} was never stated by {row['connection']}"
            if before is not None and _same(before, row):
                yield f"duplicated: {where} says what the version before it said"
            last[key] = row
        for key, row in self._rows.items():
            feed = last.get(key)
            if feed is None or (row["version"], row["sequence"]) != (feed["version"], feed["sequence"]):
                yield f"gap: {key} is not at the last version of its history"

    def deletions(self) -> Iterator[str]:
        """Yield deletions of records that their register still has and always had, where no fault explains them."""
        since = self._world.marked_sequence
        if since is None:
            return
        departed = {
            (register.traits.record_type, key_of(register.traits.record_type, document))
            for _, register in self._registers()
            for document in register.departed
        }
        for row in self._feed:
            key = (row["record_type"], row["record_key"])
            if row["sequence"] > since and row["operation"] in GONE and key not in departed:
                yield f"deleted: {key} version {row['version']} though it never left its register"

    def owners(self) -> Iterator[str]:
        """Yield rows of another than the first configured source that has them, where nobody is declared."""
        if self._world.adversity is not Adversity.UNDECLARED_OWNERS:
            return
        first: dict[tuple[str, str], str] = {}
        order = list(self._world.geography.offices)
        for name, register in self._registers():
            kind = register.traits.record_type
            for entry in register.entries.values():
                if entry["state"] == "good" and not self._is_beside_another(name, register, entry):
                    first.setdefault((kind, key_of(kind, document_of(kind, entry["fields"]))), name)
        for key, row in self._rows.items():
            owner = str(row["connection"])
            if row["deleted_at"] is None and order.index(first.get(key, owner)) < order.index(owner):
                yield f"owner: {key} is {row['connection']}'s, and {first[key]} comes before it"

    def entries_and_rows(self) -> Iterator[str]:
        """Yield good entries that are lost or stale."""
        for name, register in self._registers():
            kind = register.traits.record_type
            for entry in register.entries.values():
                if entry["state"] != "good" or self._is_beside_another(name, register, entry):
                    continue
                document = document_of(kind, entry["fields"])
                key = key_of(kind, document)
                row = self._rows.get((kind, key))
                where = f"{name} {entry['id']} as {kind} {key}"
                if row is None or (row["deleted_at"] is not None and not self._owner_says_gone(name, row)):
                    yield f"lost: {where} is no live row"
                elif row["connection"] == name and row["deleted_at"] is None:
                    if row["source_key"] != entry["id"]:
                        yield f"lost: {where} is hidden behind {row['source_key']} and not in quarantine"
                    elif self._documents[kind, key] != document:
                        yield f"stale: {where} has other values"
                elif row["deleted_at"] is None and self._world.geography.owner == name:
                    yield f"stale: {where} is the owner's, and the row is {row['connection']}'s"

    def rows_and_entries(self) -> Iterator[str]:
        """Yield live rows that their register does not hold."""
        for (kind, key), row in self._rows.items():
            if row["deleted_at"] is not None:
                continue
            register = self._register_of(row["connection"], kind)
            entry = register.entries.get(row["source_key"])
            where = f"{kind} {key} of {row['connection']} {row['source_key']}"
            if entry is None:
                if register.traits.deletes is not DeleteDetection.NEVER:
                    yield f"phantom: {where} is gone at its source"
            elif entry["state"] == "good" and not self._is_beside_another(row["connection"], register, entry):
                now_called = key_of(kind, document_of(kind, entry["fields"]))
                if now_called != key:
                    yield f"phantom: {where} is called {now_called} by its source"

    def quarantine(self) -> Iterator[str]:
        """Yield bad entries that are not in quarantine, and quarantine entries that are good or deleted."""
        for name, register in self._registers():
            for entry in register.entries.values():
                held = self._open.get((name, register.traits.record_type, entry["id"]))
                if entry["state"] != "good" and (held is None or held.item != register.sent(entry)):
                    yield f"lost: {name} {entry['id']} is {entry['state']} and not in quarantine as it is"
        for (name, kind, number), held in self._open.items():
            register = self._register_of(name, kind)
            now = register.entries.get(number)
            if now is None and register.traits.deletes is not DeleteDetection.NEVER:
                yield f"phantom: {name} {number} is in quarantine and gone at its source"
            if now is not None and now["state"] == "good" and not self._has_its_key_taken(held):
                yield f"stale: {name} {number} is good and in quarantine for {held.faults}"

    def drift(self) -> Iterator[str]:
        """Yield values that were overwritten as their property was renamed, and sources that still are on hold."""
        renaming, last = self._world.trial.renaming, dict[str, Document]()
        if renaming is None:
            return
        for row in self._feed:
            if (row["connection"], row["record_type"]) != (renaming.connection, renaming.record_type):
                continue
            document, key = json.loads(row["document"]), row["record_key"]
            before = last.get(key)
            is_lost = before is not None and before[renaming.field] is not None and document[renaming.field] is None
            if is_lost and not 0 < renaming.accepted_after < row["sequence"]:
                yield f"overwritten: {renaming.field} of {key} in version {row['version']}, and nobody accepted it"
            last[key] = document
        for state in self._holds:
            yield f"held: {state.connection} {state.record_type} by {state.held_code}"

    def discrepancies(self) -> Iterator[str]:
        """Yield differences between registers that are not stored, and stored ones that do not exist."""
        expected = {
            (key, field, name, json.dumps(value, ensure_ascii=False), json.dumps(owned, ensure_ascii=False))
            for name, key, document, owners in self._foreign()
            for field, value in document.items()
            if value not in (None, []) and value != (owned := owners[field])
        }
        stored = {
            (row["record_key"], row["field"], row["connection"], row["value"], row["owner_value"])
            for row in self._discrepancies
        }
        yield from (f"lost: discrepancy {difference}" for difference in sorted(expected - stored))
        yield from (
            f"phantom: discrepancy {difference}"
            for difference in sorted(stored - expected)
            if not self._is_last_good(difference)
        )

    def _foreign(self) -> Iterator[tuple[str, str, Document, Document]]:
        """Yield the claims of non-owners on live rows: connection, record key, their document, the owner's."""
        for name, register in self._registers():
            kind = register.traits.record_type
            for entry in register.entries.values():
                if entry["state"] != "good":
                    continue
                document = document_of(kind, entry["fields"])
                key = key_of(kind, document)
                row = self._rows.get((kind, key))
                if row is not None and row["deleted_at"] is None and row["connection"] != name:
                    yield name, key, document, self._documents[kind, key]

    def _is_last_good(self, difference: tuple[str, str, str, str, str]) -> bool:
        """True if a non-owner stated the value before its entry turned bad or was deleted without notice."""
        key, field, name, value, _ = difference
        register = self._register_of(name, "land_parcel")
        is_silent = register.traits.deletes is DeleteDetection.NEVER
        is_bad = any(entry["state"] != "good" for entry in register.entries.values())
        return (is_silent or is_bad) and any(
            key_of("land_parcel", document) == key and json.dumps(document[field], ensure_ascii=False) == value
            for document in register.stated
        )

    def _present_name(self, connection: str) -> str:
        return self._world.former_names.get(connection, connection)

    def _registers(self) -> Iterator[tuple[str, Register]]:
        for name, source in self._world.geography.sources:
            yield name, self._world.registers[source.name]

    def _register_of(self, connection: str, kind: str) -> Register:
        connection = self._present_name(connection)
        (register,) = (
            candidate
            for name, candidate in self._registers()
            if name == connection and candidate.traits.record_type == kind
        )
        return register

    def _is_beside_another(self, name: str, register: Register, entry: dict[str, Any]) -> bool:
        held = self._open.get((name, register.traits.record_type, entry["id"]))
        return held is not None and held.item == register.sent(entry) and self._has_its_key_taken(held)

    def _has_its_key_taken(self, held: QuarantineEntry) -> bool:
        """True if another live row of the same source has the key of a quarantined entry."""
        key = key_of(held.record_type, document_of(held.record_type, fields_of(held.item)))
        row = self._rows.get((held.record_type, key))
        is_taken = row is not None and row["deleted_at"] is None and row["connection"] == held.connection
        return is_taken and row is not None and row["source_key"] != held.source_key

    def _owner_says_gone(self, name: str, row: Any) -> bool:
        return bool(row["connection"] != name and row["connection"] == self._world.geography.owner)


def key_of(kind: str, document: Document) -> str:
    """Return the business key of a document."""
    return from_document(RECORD_TYPES[kind], document).key


def _same(before: Any, after: Any) -> bool:
    parts = ("connection", "document")
    is_end = bool(GONE & {after["operation"], before["operation"]})
    return not is_end and all(before[part] == after[part] for part in parts)
