"""The checker of messages: compare each receiving desk with the change feed, the deliveries and the audit log."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect.database.reading.change_feed import change_rows
from cchc_connect.database.tables import GONE, delivery
from tests.audit_log import broken_entry, documents
from tests.simulation.receiver import Effect, Receiver
from tests.simulation.world import Simulation

MAX_ROWS = 1_000_000


def delivery_faults(world: Simulation, connection: Connection) -> list[str]:
    """Return every fault of the messages sent."""
    outbox = Outbox(world, connection)
    return [
        *outbox.journal(connection),
        *outbox.effects(),
        *outbox.holdings(),
        *outbox.phantoms(),
        *outbox.waiting(connection),
    ]


class Outbox:
    """The messages sent, as received by the desks and as recorded in the database."""

    def __init__(self, world: Simulation, connection: Connection) -> None:
        self._world = world
        self._feed = [row for row in change_rows(connection, limit=MAX_ROWS) if row["operation"] not in GONE]
        self._last = {(row["record_type"], row["record_key"]): row for row in change_rows(connection, limit=MAX_ROWS)}
        rows = connection.execute(select(delivery.c.idempotency_key, delivery.c.sequence))
        self._delivered = {key: sequence for key, sequence in rows if key is not None}
        self._withheld = {field for route in world.config.routes.values() for field in route.withhold}

    def journal(self, connection: Connection) -> Iterator[str]:
        """Yield breaks of the hash chain, and records that were sent without an entry."""
        broken = broken_entry(connection)
        if broken is not None:
            yield f"journal: broken at entry {broken}"
        bodies = documents(connection, kind="push")
        written = {(body["record_type"], key) for body in bodies for key in body["keys"]}
        for effect in self._effects():
            if (effect.record_type, effect.key) not in written:
                yield f"journal: {effect.key} left and is not in it"

    def effects(self) -> Iterator[str]:
        """Yield effects without a change, second effects of one change, and broken order."""
        for desk in self._world.desks.values():
            yield from (f"conflict: {key} came with another record" for key in desk.conflicts)
            yield from self._effects_of_records(desk)
            yield from self._order(desk)
            for effect in desk.effects:
                document = effect.document or {}
                for field in self._withheld:
                    kind, _, name = field.partition(".")
                    if kind == effect.record_type and document.get(name) is not None:
                        yield f"leak: {field} of {effect.key} left"

    def holdings(self) -> Iterator[str]:
        """Yield live records whose last version a desk does not hold."""
        for desk in self._world.desks.values():
            for (kind, key), row in self._last.items():
                if kind != desk.traits.record_type or row["operation"] in GONE:
                    continue
                document = self._outgoing(dict(row))
                if desk.refuses(document) or self._lacks_its_parent(desk, document):
                    continue
                lost = self._world.lost_holdings.get(key, document)  # no run of the present database ever knew of it
                if desk.holdings.get(key) not in (document, lost):
                    yield f"{'stale' if key in desk.holdings else 'lost'}: {kind} {key} at {desk.traits.name}"

    def phantoms(self) -> Iterator[str]:
        """Yield deleted records that a desk still holds though it takes withdrawals."""
        for desk in self._world.desks.values():
            for (kind, key), row in self._last.items():
                is_deleted = kind == desk.traits.record_type and row["operation"] in GONE
                if desk.traits.takes_withdrawals and is_deleted and key in desk.holdings:
                    yield f"phantom: {kind} {key} at {desk.traits.name}"

    def waiting(self, connection: Connection) -> Iterator[str]:
        """Yield messages that still wait although the desk accepts everything."""
        rows = connection.execute(select(delivery).where(delivery.c.state == "waiting")).mappings()
        yield from (f"lost: message {row['sequence']} waits for ever" for row in rows)

    def _effects_of_records(self, desk: Receiver) -> Iterator[str]:
        """Yield effects that are not, for each record, its versions in the change feed, in order and once each."""
        for key in sorted({effect.key for effect in desk.effects}):
            versions = iter(
                self._outgoing(dict(row))
                for row in self._feed
                if (row["record_type"], row["record_key"]) == (desk.traits.record_type, key)
            )
            for effect in desk.effects:
                if effect.key == key and effect.document is not None and effect.document not in versions:
                    yield f"duplicated: {key} at {desk.traits.name} took effect twice or out of order"

    def _order(self, desk: Receiver) -> Iterator[str]:
        """Yield messages received after a later one of their order key; one that was refused may be late."""
        # A record that comes back as it was has two versions of one content: the delivery says which one was sent.
        sequences = {**_sequences(self._feed, desk, self._outgoing), **self._delivered}
        reached: dict[str, int] = {}
        for effect in desk.effects:
            if effect.document is None:
                continue
            sequence = sequences.get(effect.idempotency_key, 0)
            if sequence < reached.get(effect.order_key, 0) and not effect.after_refusal:
                yield f"order: {effect.key} came late at {desk.traits.name}"
            reached[effect.order_key] = max(sequence, reached.get(effect.order_key, 0))

    def _outgoing(self, row: Mapping[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(row["document"])
        return {
            name: None if f"{row['record_type']}.{name}" in self._withheld else value
            for name, value in document.items()
        }

    def _lacks_its_parent(self, desk: Receiver, document: Mapping[str, Any]) -> bool:
        """Whether a step's dossier is not at the desk, or is deleted: the step is a dead letter then."""
        if desk.traits.record_type != "dossier_step":
            return False
        dossier = self._last.get(("dossier", document["dossier_code"]))
        is_deleted = dossier is not None and dossier["operation"] in GONE
        return is_deleted or document["dossier_code"] not in desk.holdings

    def _effects(self) -> Iterator[Effect]:
        return (effect for desk in self._world.desks.values() for effect in desk.effects)


def _sequences(feed: list[Any], desk: Receiver, outgoing: Any) -> dict[str, int]:
    """Return the sequence of the change behind each effect, by idempotency key."""
    versions_left: dict[str, list[Any]] = {}
    for row in feed:
        if row["record_type"] == desk.traits.record_type:
            versions_left.setdefault(row["record_key"], []).append(row)
    sequences: dict[str, int] = {}
    for effect in desk.effects:
        versions = versions_left.get(effect.key, [])
        if effect.document is None:
            continue
        while versions and outgoing(versions[0]) != effect.document:
            versions.pop(0)
        if versions:
            sequences[effect.idempotency_key] = versions.pop(0)["sequence"]
    return sequences
