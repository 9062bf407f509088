"""What agencies shared in a period: their agreements in force as provider, and what left under each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, func, select

from cchc_connect.config.file import Config
from cchc_connect.database.tables import agreement_use
from cchc_connect.sharing.agencies import AgencyTree
from cchc_connect.sharing.facts import StoredAgreement
from cchc_connect.sharing.stored_agreements import agency_tree, stored_agreements


@dataclass(frozen=True, kw_only=True)
class SharingUse:
    """The agreements that were in force on a day of a period, and the ids of those under which records left."""

    agreements: Sequence[StoredAgreement]
    used: frozenset[str]
    agencies: AgencyTree

    def agreements_of(self, owner: str, record_types: frozenset[str] | None) -> list[StoredAgreement]:
        """Return the agreements by which an agency shared records of these types; None: of any type."""
        codes = self.agencies.codes(self.agencies.as_provider(owner))
        return [
            stored
            for stored in self.agreements
            if stored.agreement.provider in codes
            and (record_types is None or record_types & {grant.record for grant in stored.agreement.grants})
        ]

    def is_used(self, agreements: Sequence[StoredAgreement]) -> bool:
        """Whether a record left under one of these agreements in the period: a release or a delivery."""
        return any(stored.agreement.id in self.used for stored in agreements)


def sharing_use(connection: Connection, config: Config, first: date, last: date) -> SharingUse:
    """Return what was shared from one Vietnamese day to another, both included.

    An agreement that was ended or suspended meanwhile counts too: what left under it left while it was in force.
    """
    counted = select(agreement_use.c.agreement).group_by(agreement_use.c.agreement)
    in_period = agreement_use.c.day.between(first.isoformat(), last.isoformat())
    used = connection.execute(counted.where(in_period).having(func.sum(agreement_use.c.records) > 0)).scalars()
    return SharingUse(
        agreements=[
            stored
            for stored in stored_agreements(connection)
            if stored.was_signed and stored.agreement.starts <= last and stored.agreement.ends >= first
        ],
        used=frozenset(used),
        agencies=agency_tree(connection, config.agreements.agencies_from, last),
    )
