"""Which due messages of a route are within its grants: records of the provider, as the conditions on rows describe."""

from collections.abc import Iterator, Sequence
from functools import cache

from sqlalchemy import Connection, select

from cchc_connect.database.bulk import RowQuery, select_in
from cchc_connect.database.outbox.deliveries import Delivery, DeliveryKind
from cchc_connect.database.record_tables import record_table
from cchc_connect.sharing.granted_rows import is_described
from cchc_connect.sharing.route_grants import RouteGrants
from cchc_schemas import RECORD_TYPES
from cchc_schemas.versions import newest_document


def outside_grants(connection: Connection, grants: RouteGrants, due: Sequence[Delivery]) -> Iterator[Delivery]:
    """Yield the messages with records that the grants do not reach; a withdrawal is always reached.

    Whose record it is says the record as it is stored now; what the conditions describe is the version of the message.
    """
    records = [each for each in due if each.kind is DeliveryKind.RECORD]
    for record_type in dict.fromkeys(each.record_type for each in records):
        of_type = [each for each in records if each.record_type == record_type]
        keys = sorted({each.record_key for each in of_type})
        agencies = dict(select_in(connection, _agencies(record_type), record_table(record_type).c.record_key, keys))
        yield from (
            each for each in of_type if agencies.get(each.record_key) not in grants.providers or not _fits(grants, each)
        )


def _fits(grants: RouteGrants, due: Delivery) -> bool:
    """Return whether the version of a message meets the conditions of its grant."""
    rows = grants.by_type[due.record_type].decision.grant.rows
    record_class = RECORD_TYPES[due.record_type]
    return not rows or is_described(record_class, newest_document(record_class, due.document), rows, grants.agencies)


@cache
def _agencies(record_type: str) -> RowQuery:
    table = record_table(record_type)
    return select(table.c.record_key, table.c.agency)
