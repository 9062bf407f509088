"""Whether the routes by agreement would send today, and what of their agreements ends or lapses soon."""

from collections.abc import Iterator
from dataclasses import replace

from cchc_connect.clock import Clock, SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.sharing.agreement_checks import AGENCY_WARNINGS, agreement_findings
from cchc_connect.sharing.findings import FindingLevel
from cchc_connect.sharing.known_agencies import with_known_agencies
from cchc_connect.sharing.route_grants import RouteGrants, RouteRefusal, route_agreements
from cchc_connect.sharing.terms import SharingTerms

OF_A_ROUTE = AGENCY_WARNINGS | {"agency_ending", "ends_soon", "act_lapsed", "act_lapsing"}
"""Warnings about an agreement by which its routes may stop."""


def route_findings(config: Config, database: SharedDatabase | None, clock: Clock | None = None) -> Iterator[Finding]:
    """Yield the finding on each route by an agreement, as it would be decided now; nothing is written.

    Args:
        config: the loaded configuration.
        database: the shared database; None if there is none yet, and so no agreement.
        clock: gives the instant; None: the system clock.

    Raises:
        ConfigurationError: a table of acts or purposes has faults, or the key for pseudonyms cannot be read.
        DatabaseUnusable: it cannot be queried.
    """
    now = (clock or SystemClock()).now()
    for name, route in route_agreements(config, config.routes).items():
        if database is None:
            yield Finding.warning(name, "check.route_not_stored", {"agreement": route.id})
            continue
        with database.reading() as connection:
            decided = route.decide(connection, now)
            terms = with_known_agencies(route.terms, config, connection)
        refusal = decided if isinstance(decided, RouteRefusal) else decided.quota_refusal
        if refusal is not None:
            yield Finding.bad(name, refusal.error)
        if isinstance(decided, RouteGrants) and refusal is None:
            context = {"agreement": decided.agreement.reference, "until": decided.agreement.ends}
            yield Finding.good(name, "check.route_granted", context)
            yield from _warnings(name, terms, decided)


def _warnings(name: str, terms: SharingTerms, grants: RouteGrants) -> Iterator[Finding]:
    for finding in agreement_findings(grants.agreement, replace(terms, agencies=grants.agencies), grants.day):
        if finding.level is FindingLevel.WARNING and finding.code in OF_A_ROUTE:
            message = replace(finding, agreement=grants.agreement.id).message
            yield Finding(subject=name, message=message, is_warning=True)
