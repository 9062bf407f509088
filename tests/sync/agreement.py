"""The agreement by which a route of these tests sends, in force in its database."""

from datetime import datetime

from cchc_connect import SharedDatabase
from cchc_connect.sharing.administration import agreements
from cchc_connect.sharing.route_grants import RouteAgreement
from tests.sharing.in_force import in_force_unrecorded

PROVIDER, CONSUMER = "H09.1", "G22"


def agreement_of(
    database: SharedDatabase, *records: str, at: datetime, withhold: tuple[str, ...] = ()
) -> RouteAgreement:
    """Return the agreement about these record types; it is put in force unless the database has it."""
    name = "-".join(record.replace("_", "-") for record in records)
    if name not in {stored.agreement.id for stored in agreements(database)}:
        in_force_unrecorded(database, PROVIDER, CONSUMER, *records, id=name, at=at)
    return RouteAgreement(id=name, consumer=CONSUMER, record_types=records, withhold=withhold)
