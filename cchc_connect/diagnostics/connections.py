"""Checks all connections as a run would use them, without writing anything (`cchc-connect check`).

For each connection its secrets are read, its host name and TLS are probed, its transport is opened, and the first page
of each source is fetched and translated. Nothing is sent to a target, because every message has an effect there.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from cchc_connect.adapter import Adapter, PageRequest, Source
from cchc_connect.clock import Clock, SystemClock
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.config.durations import duration_text
from cchc_connect.config.file import Config
from cchc_connect.database.state.unseen_rules import unseen_notes
from cchc_connect.database.stream import NO_PARTITION
from cchc_connect.diagnostics.declared_reads import declared_findings
from cchc_connect.diagnostics.finding import Finding
from cchc_connect.diagnostics.local_systems import observations, observed, unusable
from cchc_connect.diagnostics.misread import misread_findings
from cchc_connect.diagnostics.network import NetworkTarget, probe_network
from cchc_connect.diagnostics.responses import ObservedAdapter
from cchc_connect.errors import CchcError, OutsideHours, SourceHeld
from cchc_connect.geometry import missing_packages
from cchc_connect.local_sources.contract import LocalSystem
from cchc_connect.messages import Message
from cchc_connect.sync.adapter_calls import fetch_page
from cchc_connect.sync.asking import Asked, time_counters
from cchc_connect.sync.change_detection import ChangeDetector, ClassifiedPage
from cchc_connect.sync.connection_terms import ConnectionTerms
from cchc_connect.sync.connector import connect, endpoint_for
from cchc_connect.sync.error_policy import adapter_boundary
from cchc_connect.sync.local_transport import LocalTransport
from cchc_connect.sync.plausibility import is_too_many
from cchc_connect.sync.run_environment import TransportOpener
from cchc_connect.sync.time_notes import time_notes
from cchc_connect.transport import Endpoint, Transport
from cchc_connect.transport.network.tls import default_tls_context
from cchc_connect.transport.network.url_guard import origin_of
from cchc_schemas.geometry import LocatedRecord

FAULT_INDENT = "      - "
"""Beginning of the line of a fault below a finding."""

GEOMETRY_EXTRA = "cchc-connect[geo]"
"""What installs the packages that examine geometries."""

CHECK_DEADLINE_S = 20.0
"""Maximum deadline of a call in seconds during a check: a person is waiting for the result."""

MIN_PARTS = 2
"""Partitions of a source of which the first page can only show one."""

EndpointFactory = Callable[[str, ConnectionTable, Adapter], Endpoint]
"""Returns the endpoint of a connection, with its secrets and its TLS context."""


def check_connections(
    config: Config,
    open_transport: TransportOpener = connect,
    endpoint_factory: EndpointFactory = endpoint_for,
    clock: Clock | None = None,
) -> Iterator[Finding]:
    """Yield the findings of every connection, one connection after the other, each as soon as it is known.

    An error in one connection becomes a finding and does not stop the check of the others.

    Args:
        config: the loaded configuration.
        open_transport: opens the transport to a connection.
        endpoint_factory: returns the endpoint of a connection.
        clock: our own clock; None: the system clock.
    """
    clock = clock or SystemClock()
    for name in config.connections:
        if config.connections[name].is_program:
            yield Finding.good(name, "program.declared")
            continue
        try:
            config.require_secrets(name)
            adapter = config.adapter(name)
            if isinstance(adapter, LocalSystem):
                yield from _local_findings(name, config, adapter, clock)
            else:
                yield from _connection_findings(name, config, open_transport, endpoint_factory, clock)
        except CchcError as error:
            yield Finding.bad(name, error)


def _connection_findings(
    name: str, config: Config, connect: TransportOpener, endpoint_factory: EndpointFactory, clock: Clock
) -> Iterator[Finding]:
    table, adapter = config.connections[name], ObservedAdapter(config.adapter(name), clock.now)
    for network_target in _network_targets(name, table, endpoint_factory(name, table, adapter)):
        for finding in probe_network(network_target, clock.now):
            yield finding
            if finding.error is not None:
                return
    is_readable = True
    with connect(name, table, adapter, min(config.run.deadline_s, CHECK_DEADLINE_S)) as transport:
        for source in adapter.sources:
            for finding in _source_findings(name, config, source, transport, clock):
                is_readable = is_readable and finding.error is None
                yield finding
    yield from adapter.findings(name, None if table.account is None else table.account.display_name)
    if is_readable:
        yield from _target_findings(name, config, adapter)


def _local_findings(name: str, config: Config, system: LocalSystem, clock: Clock) -> Iterator[Finding]:
    """Yield what the adapter of a system without HTTP finds out, and the first page of each source that can be read."""
    table = config.connections[name]
    with LocalTransport(name, table, system, clock) as transport:
        transport.require_open()
        examined = observations(name, system)
        yield from observed(name, examined)
        for source in system.sources:
            if not unusable(examined) & {"", source.record_type.record_type}:
                yield from _source_findings(name, config, source, transport, clock)
    yield from _target_findings(name, config, system)


def _target_findings(name: str, config: Config, adapter: Adapter) -> Iterator[Finding]:
    """Yield what a system accepts, and what is sent to it."""
    if adapter.targets:
        record_types = ", ".join(target.record_type.record_type for target in adapter.targets)
        yield Finding(
            subject=name, message=Message("check.target_ready", {"record_types": record_types}), proves_access=True
        )
        yield from _route_findings(name, config)


def _network_targets(name: str, table: ConnectionTable, endpoint: Endpoint) -> Iterator[NetworkTarget]:
    """Yield every origin that the connection talks to: its own, its token endpoint's and the allowed other origins.

    Through a proxy none is talked to directly, so the requests alone show whether they are reached.
    """
    if table.proxy is not None:
        return
    login = [endpoint.authentication.login.origin] if endpoint.authentication.login else []
    for origin in dict.fromkeys([origin_of(table.base_url), *login, *map(origin_of, table.other_origins)]):
        yield NetworkTarget(
            connection=name,
            origin=origin,
            tls_context=endpoint.tls or default_tls_context(),
            plain_because=table.plain_http_because,
            unverified_because=None if table.tls is None else table.tls.unverified_because,
        )


def _route_findings(name: str, config: Config) -> Iterator[Finding]:
    """Yield what each route sends to the connection, and by which agreement."""
    for route, table in config.routes.items():
        if table.to == name:
            flow = {"route": route, "record_types": ", ".join(table.records)}
            yield Finding.good(name, "check.route_by_agreement", {**flow, "agreement": table.agreement})


def _source_findings(
    name: str, config: Config, source: Source, transport: Transport, clock: Clock
) -> Iterator[Finding]:
    """Yield what the first page of a source shows, also of its change times, and what the connection says of these."""
    table, record_type = config.connections[name], source.record_type.record_type
    subject, asked_at = f"{name} {record_type}", clock.now()
    try:
        partition = next(iter(source.profile.partitions), NO_PARTITION)
        page_request = PageRequest(since=None, page_token=None, partition=partition)
        page = fetch_page(transport, source, page_request, name)
        with adapter_boundary(connection=name, record_type=record_type):
            classified = ChangeDetector(source, terms=ConnectionTerms(quality=table.quality)).classify_all(page.items)
    except OutsideHours as closed:
        yield Finding(subject=subject, message=Message(closed.code, closed.context), proves_access=True)
    except CchcError as error:
        yield Finding.bad(subject, error)
    else:
        is_whole = page.next_page_token is None and len(source.profile.partitions) < MIN_PARTS
        yield from _page_findings(subject, classified, config.run.max_quarantined_share, is_whole=is_whole)
        yield from (Finding.bad(subject, SourceHeld(lack.code, **lack.context)) for lack in page.lacks)
        if classified.left_out:
            members = Counter(member for members in classified.left_out.values() for member in members).most_common(3)
            context = {"number": len(classified.left_out), "members": "; ".join(member for member, _ in members)}
            yield Finding.warning(subject, "check.members_left_out", context)
        yield from misread_findings(subject, name, source, page.items)
        for note in time_notes(time_counters(classified, Asked(asked_at, asked_at))):
            yield Finding.warning(subject, note.code, note.context)
        declared = [*declared_findings(subject, source, page.items, has_deleted=bool(page.deleted_keys))]
        yield from declared
        named_properties = {finding.message.context["property"] for finding in declared}
        unseen = {name: number for name, number in classified.seen.unseen_rules.items() if name not in named_properties}
        for note in unseen_notes(unseen, classified.seen.properties):
            yield Finding.warning(subject, note.code, note.context)
    if table.lookback:
        lookback = table.applied_to(source.profile, record_type).lookback
        yield Finding.good(subject, "check.lookback", {"lookback": duration_text(lookback)})
    if issubclass(source.record_type, LocatedRecord) and (packages := ", ".join(missing_packages())):
        yield Finding.good(subject, "check.geometry_notes", {"packages": packages, "install": GEOMETRY_EXTRA})


def _page_findings(subject: str, classified: ClassifiedPage, max_share: float, *, is_whole: bool) -> Iterator[Finding]:
    """Yield how many items of a first page can be read, and whether a run would count the source as failed.

    Args:
        subject: connection and record type.
        classified: the items.
        max_share: the share of a run's items that may be faulty.
        is_whole: whether nothing follows the page, so that a run sees the same share.
    """
    good, faulty = len(classified.records), len(classified.faulty)
    if not faulty:
        yield Finding(subject=subject, message=Message("check.page_readable", {"good": good}), proves_access=True)
        return
    counted = Counter(fault for item in classified.faulty for fault in item.faults)
    most_frequent = [fault for fault, _ in counted.most_common(3)]
    rules = "".join(f"\n{FAULT_INDENT}{fault.path} {fault.rule}" for fault in most_frequent)
    context = {"good": good, "faulty": faulty, "rules": rules, "faults": most_frequent}
    if not good:
        yield Finding.bad(subject, SourceHeld("check.page_unreadable", **context))
        return
    yield Finding(subject=subject, message=Message("check.page_faulty", context), proves_access=True)
    total = good + faulty
    if is_too_many(faulty, total, max_share):
        figures = {"faulty": faulty, "total": total, "percent": _percent(faulty / total), "limit": _percent(max_share)}
        if is_whole:
            yield Finding.bad(subject, SourceHeld("check.too_faulty", **figures))
        else:
            yield Finding.warning(subject, "check.perhaps_too_faulty", figures)


def _percent(share: float) -> str:
    """Return a share as whole per cent where that says it, else with one decimal.

    >>> _percent(0.05), _percent(0.125), _percent(0.999)
    ('5', '12.5', '99.9')
    """
    return f"{100 * share:.1f}".removesuffix(".0")
