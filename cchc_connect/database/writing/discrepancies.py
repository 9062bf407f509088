"""Discrepancies: a non-owner's differing value, stored next to the owner's until both match.

A discrepancy is never resolved by overwriting: the owner corrects its record, the other agency its own, or a
person records that the difference is known (`set_discrepancy_state`). A missing value is no discrepancy. The values of
non-owners are their claims (`claims`): the documents that connections send for records which another connection owns.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select, update

from cchc_connect.database.bulk import batches
from cchc_connect.database.reading.discrepancies import DiscrepancyState
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import change, discrepancy
from cchc_connect.database.writing.claims import Document, claims_for
from cchc_connect.database.writing.ownership import Owners
from cchc_connect.errors import NotFound

FieldRef = tuple[str, str, str]
"""Record key, field, and the connection whose value differs."""


@dataclass(frozen=True, slots=True)
class _Difference:
    value: str = field(repr=False)
    owner_value: str = field(repr=False)
    owner: str


def update_discrepancies(
    connection: Connection, record_type: str, keys: Collection[str], owners: Owners, now: str
) -> None:
    """Update the discrepancies of these records from the present claims.

    A discrepancy that was open keeps its `detected_at`; unchanged ones are not written.
    """
    for batch in batches(sorted(keys)):
        claims = claims_for(connection, record_type, batch)
        is_selected = (discrepancy.c.record_type == record_type) & discrepancy.c.record_key.in_(batch)
        existing = {
            (row.record_key, row.field, row.connection): row
            for row in connection.execute(select(discrepancy).where(is_selected))
        }
        if claims or existing:
            present = dict(_differences(connection, record_type, claims, owners))
            _store(connection, record_type, existing, present, now)


def set_discrepancy_state(connection: Connection, number: int, state: DiscrepancyState, note: str, now: str) -> None:
    """Store the state that a person gave a discrepancy, and the reason.

    Args:
        connection: a write transaction.
        number: id of the discrepancy.
        state: the new state.
        note: the reason.
        now: instant, UTC, as stored.

    Raises:
        NotFound: there is no such discrepancy, or it has ended.
    """
    is_selected = (discrepancy.c.id == number) & (discrepancy.c.state != DiscrepancyState.ENDED)
    updated = connection.execute(update(discrepancy).where(is_selected).values(state=state, note=note, resolved_at=now))
    if updated.rowcount == 0:
        raise NotFound("discrepancy.no_entry", number=number)


def assign_discrepancy(connection: Connection, number: int, official: str | None, due_on: date) -> None:
    """Store until which Vietnamese day a discrepancy is to be handled, and the id of the official in charge, if any.

    Raises:
        NotFound: there is no such discrepancy, or it has ended.
    """
    is_selected = (discrepancy.c.id == number) & (discrepancy.c.state != DiscrepancyState.ENDED)
    values = {"due_on": due_on.isoformat(), "official": official}
    if connection.execute(update(discrepancy).where(is_selected).values(**values)).rowcount == 0:
        raise NotFound("discrepancy.no_entry", number=number)


def _differences(
    connection: Connection, record_type: str, claims: Mapping[str, Mapping[str, Document]], owners: Owners
) -> Iterator[tuple[FieldRef, _Difference]]:
    table = record_table(record_type)
    columns = select(table.c.record_key, table.c.connection, change.c.document)
    live = table.c.deleted_at.is_(None) & table.c.record_key.in_(list(claims))
    for row in connection.execute(columns.join(change, change.c.sequence == table.c.sequence).where(live)):
        record = json.loads(row.document)
        for claimant, document in claims[row.record_key].items():
            for name, value in document.items():
                owner = owners.fields.get(name, row.connection)
                if claimant != owner and value not in (None, []) and value != record.get(name):
                    yield (
                        (row.record_key, name, claimant),
                        _Difference(_json_text(value), _json_text(record.get(name)), owner),
                    )


def _store(
    connection: Connection,
    record_type: str,
    existing: Mapping[FieldRef, Row[Any]],
    present: Mapping[FieldRef, _Difference],
    now: str,
) -> None:
    for field_ref, row in existing.items():
        if field_ref not in present and row.state != DiscrepancyState.ENDED:
            ended = update(discrepancy).where(discrepancy.c.id == row.id)
            connection.execute(ended.values(state=DiscrepancyState.ENDED, resolved_at=now))
    for (record_key, name, claimant), difference in present.items():
        values = {"value": difference.value, "owner_value": difference.owner_value, "owner": difference.owner}
        stored = existing.get((record_key, name, claimant))
        if stored is None:
            head = {"record_type": record_type, "record_key": record_key, "field": name, "connection": claimant}
            connection.execute(
                discrepancy.insert().values(**head, **values, detected_at=now, state=DiscrepancyState.OPEN)
            )
        elif stored.state == DiscrepancyState.ENDED or any(
            getattr(stored, column) != new for column, new in values.items()
        ):
            detected_at = now if stored.state == DiscrepancyState.ENDED else stored.detected_at
            opened = {"state": DiscrepancyState.OPEN, "detected_at": detected_at, "note": None, "resolved_at": None}
            if stored.state == DiscrepancyState.ENDED:
                opened["due_on"] = None  # the last day was that of the difference which ended
            connection.execute(update(discrepancy).where(discrepancy.c.id == stored.id).values(**values, **opened))


def _json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
