"""`put_in_force`: an invented agreement in the shared database of a test, approved by both data officers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.sharing.administration import agreements
from cchc_connect.sharing.agreements import Action, Agreement
from cchc_connect.sharing.facts import Official, StoredAgreement
from cchc_connect.sharing.granted_fields import shareable_fields
from cchc_connect.sharing.life_cycle import ChangedBy, apply_changes, approve
from cchc_connect.sharing.route_drafts import provider_of
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import RECORD_TYPES, vietnamese_day

PROVIDER_OFFICER, CONSUMER_OFFICER = "provider-officer", "consumer-officer"
"""Ids of the invented data officers who approve it."""

DAYS_BEFORE, DAYS_AFTER = timedelta(days=365), timedelta(days=700)
"""How long it has been in force, and how long it still is."""


@dataclass(frozen=True, kw_only=True)
class InventedAgreement:
    """What an invented agreement says; by default all fields of the records that may be shared with everybody."""

    provider: str
    """Code of the agency whose records leave."""
    consumer: str
    """Code of the agency that gets them."""
    records: Sequence[str]
    """Record types, each with a grant of its own of this name."""
    id: str = "invented"
    version: int = 1
    withheld: Sequence[str] = ()
    """Fields that are not granted, written `record_type.path`."""
    treatments: Mapping[str, str] = field(default_factory=dict[str, str])
    """Field, written `record_type.path` -> its treatment where it is not `plain`."""
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict[str, Sequence[Mapping[str, Any]]])
    """Record type -> conditions on its rows."""
    purpose: str = "progress_publication"
    acts: Sequence[str] = ("qd-766-2022",)
    further: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Further keys of the agreement as a file writes them, `quota` for instance; they replace those made here."""

    def text(self, at: datetime) -> Agreement:
        """Return the agreement, in force from a year before an instant until almost two years after it."""
        day = vietnamese_day(at)
        table: dict[str, Any] = {
            "id": self.id,
            "version": self.version,
            "title": "Thỏa thuận dùng để kiểm thử",
            "provider": self.provider,
            "consumer": self.consumer,
            "purpose": self.purpose,
            "legal_basis": [{"act": act} for act in self.acts],
            "starts": day - DAYS_BEFORE,
            "ends": day + DAYS_AFTER,
            "actions": [Action.PUSH],
            "grant": [self._grant(record) for record in self.records],
        }
        return Agreement.model_validate({**table, **self.further})

    def _grant(self, record: str) -> Mapping[str, Any]:
        prefix = f"{record}."
        treated = {path.removeprefix(prefix): how for path, how in self.treatments.items() if path.startswith(prefix)}
        granted = {**shareable_fields(RECORD_TYPES[record]), **treated}
        fields = {path: how for path, how in granted.items() if f"{prefix}{path}" not in self.withheld}
        return {"name": record, "record": record, "scope": "all", "rows": self.rows.get(record, ()), "fields": fields}


def put_in_force(
    database: SharedDatabase, invented: InventedAgreement, *, at: datetime | None = None
) -> StoredAgreement:
    """Store an invented agreement and approve it for both agencies, as `agreements apply` and `approve` do.

    Args:
        database: the shared database of a test.
        invented: what it says.
        at: instant, aware; None: now.

    Raises:
        UsageMistake: it has faults today, which the error names.
    """
    moment = at or SystemClock().now()
    officers = {PROVIDER_OFFICER: invented.provider, CONSUMER_OFFICER: invented.consumer}
    officials = {name: Official(agency=agency, is_data_officer=True) for name, agency in officers.items()}
    terms, agreement = SharingTerms(officials=officials), invented.text(moment)
    with database.writing() as connection:
        apply_changes(connection, [agreement], terms, ChangedBy(official=PROVIDER_OFFICER, at=moment))
        steps = [
            approve(connection, agreement.reference, terms, ChangedBy(official=officer, at=moment))
            for officer in officers
        ]
    return steps[-1]


def put_routes_in_force(config: Config, database: SharedDatabase, *, at: datetime | None = None) -> None:
    """Put an invented agreement in force for each agreement that routes of a configuration name and nobody stored.

    It grants the record types of these routes. The provider is the agency of the connections that have them.

    Args:
        config: the configuration of a test.
        database: its shared database.
        at: instant, aware; None: now.

    Raises:
        UsageMistake: the records come from several agencies, or from the receiving one.
    """
    present = {stored.agreement.id for stored in agreements(database)}
    for agreement in dict.fromkeys(route.agreement for route in config.routes.values()):
        if agreement in present:
            continue
        routes = {name: route for name, route in config.routes.items() if route.agreement == agreement}
        invented = InventedAgreement(
            id=agreement,
            provider=provider_of(config, next(iter(routes))),
            consumer=config.connections[next(iter(routes.values())).to].agency,
            records=tuple(dict.fromkeys(record for route in routes.values() for record in route.records)),
        )
        put_in_force(database, invented, at=at)
