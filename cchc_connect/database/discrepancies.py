"""What another agency says of a fact that is not its own, kept beside the owner's value until both agree.

A discrepancy is never settled by overwriting: the owner corrects its record, the other side its own, or a
person writes down that the difference is known (`settle`). An absent value says nothing and contradicts nobody.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, select, update

from cchc_connect.database.bulk import chunks
from cchc_connect.database.ownership import Owners
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import change, discrepancy
from cchc_connect.database.voices import Document, voices_of
from cchc_connect.errors import Rejected

Place = tuple[str, str, str]
"""Record key, field and the connection that differs."""


class State(StrEnum):
    """Where a discrepancy stands."""

    OPEN = "open"
    REPORTED = "reported"
    """A person told the agency that is to correct its record."""
    DISMISSED = "dismissed"
    """A person looked and found nothing to be done; it opens again when a value changes."""
    ENDED = "ended"
    """Both sides agree, or the other side speaks of it no more."""


@dataclass(frozen=True, slots=True)
class _Difference:
    value: str = field(repr=False)
    owner_value: str = field(repr=False)
    owner: str


def compare(connection: Connection, record_type: str, keys: Collection[str], owners: Owners, now: str) -> None:
    """Bring the discrepancies of these records up to what is said of them now.

    A difference that was known keeps its age; where nothing changed nothing is written.
    """
    for some in chunks(sorted(keys)):
        said = voices_of(connection, record_type, some)
        here = (discrepancy.c.record_type == record_type) & discrepancy.c.record_key.in_(some)
        known = {
            (row.record_key, row.field, row.connection): row
            for row in connection.execute(select(discrepancy).where(here))
        }
        if said or known:
            found = dict(_differences(connection, record_type, said, owners))
            _store(connection, record_type, known, found, now)


def discrepancies(connection: Connection, *, ended: bool = False) -> list[RowMapping]:
    """Return the discrepancies that have not ended, oldest first; with `ended` all that ever were."""
    statement = select(discrepancy).order_by(discrepancy.c.detected_at, discrepancy.c.id)
    if not ended:
        statement = statement.where(discrepancy.c.state != State.ENDED)
    return list(connection.execute(statement).mappings())


def settle(connection: Connection, number: int, state: State, note: str, now: str) -> None:
    """Write down what a person did about a discrepancy, and why.

    Raises:
        Rejected: there is no such discrepancy, or it has ended.
    """
    here = (discrepancy.c.id == number) & (discrepancy.c.state != State.ENDED)
    done = connection.execute(update(discrepancy).where(here).values(state=state, note=note, resolved_at=now))
    if done.rowcount == 0:
        raise Rejected("discrepancy.no_entry", number=number)


def _differences(
    connection: Connection, record_type: str, said: Mapping[str, Mapping[str, Document]], owners: Owners
) -> Iterator[tuple[Place, _Difference]]:
    table = record_table(record_type)
    columns = select(table.c.record_key, table.c.connection, change.c.document)
    live = table.c.deleted_at.is_(None) & table.c.record_key.in_(list(said))
    for row in connection.execute(columns.join(change, change.c.sequence == table.c.sequence).where(live)):
        truth = json.loads(row.document)
        for speaker, document in said[row.record_key].items():
            for name, value in document.items():
                owner = owners.fields.get(name, row.connection)
                if speaker != owner and value not in (None, []) and value != truth.get(name):
                    yield (row.record_key, name, speaker), _Difference(_text(value), _text(truth.get(name)), owner)


def _store(
    connection: Connection,
    record_type: str,
    known: Mapping[Place, Row[Any]],
    found: Mapping[Place, _Difference],
    now: str,
) -> None:
    for place, row in known.items():
        if place not in found and row.state != State.ENDED:
            ended = update(discrepancy).where(discrepancy.c.id == row.id)
            connection.execute(ended.values(state=State.ENDED, resolved_at=now))
    for (record_key, name, speaker), one in found.items():
        values = {"value": one.value, "owner_value": one.owner_value, "owner": one.owner}
        before = known.get((record_key, name, speaker))
        if before is None:
            where = {"record_type": record_type, "record_key": record_key, "field": name, "connection": speaker}
            connection.execute(discrepancy.insert().values(**where, **values, detected_at=now, state=State.OPEN))
        elif before.state == State.ENDED or any(getattr(before, column) != new for column, new in values.items()):
            detected_at = now if before.state == State.ENDED else before.detected_at
            opened = {"state": State.OPEN, "detected_at": detected_at, "note": None, "resolved_at": None}
            connection.execute(update(discrepancy).where(discrepancy.c.id == before.id).values(**values, **opened))


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
