"""Which due messages of a route are within its grants: records of the provider, as the conditions on rows describe."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import RowQuery, select_in
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryKind
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import change, claim
from cchc_connect.sharing.granted_rows import is_described
from cchc_connect.sharing.route_grants import RouteGrants
from cchc_schemas import RECORD_TYPES
from cchc_schemas.versions import newest_document


def outside_grants(connection: Connection, grants: RouteGrants, due: Sequence[Delivery]) -> Iterator[Delivery]:
    """Yield the messages with records that the grants do not reach; a withdrawal is always reached.

    Both the version of the message and the record as it is stored now must be the provider's and meet the conditions.
    """
    records = [each for each in due if each.kind is DeliveryKind.RECORD]
    for record_type in dict.fromkeys(each.record_type for each in records):
        of_type = _Reached(connection, grants, record_type)
        yield from of_type.outside([each for each in records if each.record_type == record_type])


@dataclass(frozen=True)
class _Reached:
    """What the grant of one record type reaches."""

    connection: Connection
    grants: RouteGrants
    record_type: str

    def outside(self, due: Sequence[Delivery]) -> Iterator[Delivery]:
        """Yield the messages of the type that it does not reach."""
        keys = sorted({each.record_key for each in due})
        table = record_table(self.record_type)
        stored = {
            row.record_key: row
            for row in select_in(self.connection, _stored(self.record_type), table.c.record_key, keys)
        }
        former = [
            each for each in due if each.record_key in stored and stored[each.record_key].sequence != each.sequence
        ]
        present = self._present({stored[each.record_key].sequence for each in former})
        agencies = {name: self._agency(name) for name in {each.connection for each in former}}
        for each in due:
            row = stored.get(each.record_key)
            is_within = row is not None and row.agency in self.grants.providers and self._fits(each.document)
            if row is not None and row.sequence != each.sequence:
                is_within = is_within and agencies[each.connection] in self.grants.providers
                is_within = is_within and self._fits(present.get(row.sequence, {}))
            if not is_within:
                yield each

    def _fits(self, document: Mapping[str, Any]) -> bool:
        """Return whether a version meets the conditions of the grant."""
        rows = self.grants.by_type[self.record_type].decision.grant.rows
        record_class = RECORD_TYPES[self.record_type]
        return not rows or is_described(
            record_class, newest_document(record_class, document), rows, self.grants.agencies
        )

    def _present(self, sequences: set[int]) -> Mapping[int, Mapping[str, Any]]:
        """Return the present documents of records by their sequence, where conditions ask for them."""
        if not self.grants.by_type[self.record_type].decision.grant.rows:
            return {}
        rows = select_in(self.connection, _documents(), change.c.sequence, sorted(sequences))
        return {row.sequence: json.loads(row.document) for row in rows}

    def _agency(self, name: str) -> str | None:
        """Return whose the records of a connection are; None where it has none of this type any more."""
        table = record_table(self.record_type)
        of_rows = select(table.c.agency).where(table.c.connection == name).limit(1)
        is_claim = (claim.c.record_type == self.record_type) & (claim.c.connection == name)
        stored = self.connection.execute(of_rows).scalar_one_or_none()
        return stored or self.connection.execute(select(claim.c.agency).where(is_claim).limit(1)).scalar_one_or_none()


@cache
def _stored(record_type: str) -> RowQuery:
    table = record_table(record_type)
    return select(table.c.record_key, table.c.agency, table.c.sequence)


@cache
def _documents() -> RowQuery:
    return select(change.c.sequence, change.c.document)
