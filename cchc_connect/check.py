"""Is everything in place for a run? Every connection is looked at as a run would, and nothing is written.

A connection's secret is read, its name and TLS are looked at from outside, its transport opened, and of each source
the first page is asked for and sifted. Nothing is ever sent to a target: there is no message without an effect.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from cchc_connect.adapter import Adapter, Ask, Source
from cchc_connect.answers_heard import AnswersHeard
from cchc_connect.clock import Clock, SystemClock
from cchc_connect.config import Config
from cchc_connect.connections import ConnectionTable
from cchc_connect.database.stream import WHOLE
from cchc_connect.errors import CchcError, OutsideHours, SourceHeld
from cchc_connect.finding import Finding
from cchc_connect.messages import Phrase
from cchc_connect.probe import Outside, probe
from cchc_connect.sync.connect import connect, endpoint
from cchc_connect.sync.run import Connect
from cchc_connect.sync.sift import Sieve, Sifted
from cchc_connect.transport import Endpoint, Transport
from cchc_connect.transport.guard import origin_of
from cchc_connect.transport.tls import usual_trust

PATIENCE_S = 20.0
"""Seconds a system may take: whoever checks is waiting for the answer."""

FarEnd = Callable[[str, ConnectionTable, Adapter], Endpoint]
"""Tells how a connection is reached, its secrets and its trust included."""


def check_connections(
    config: Config, connect: Connect = connect, far_end: FarEnd = endpoint, clock: Clock | None = None
) -> Iterator[Finding]:
    """Yield what is found of every connection, one after the other, as each answers."""
    clock = clock or SystemClock()
    for name in config.connections:
        try:
            yield from _connection(name, config, connect, far_end, clock)
        except CchcError as error:
            yield Finding.of(name, error)


def _connection(name: str, config: Config, connect: Connect, far_end: FarEnd, clock: Clock) -> Iterator[Finding]:
    table, adapter = config.connections[name], AnswersHeard(config.adapter(name), clock.now)
    for outside in _outsides(name, table, far_end(name, table, adapter)):
        for finding in probe(outside, clock.now):
            yield finding
            if finding.error is not None:
                return
    works = True
    with connect(name, table, adapter, min(config.run.deadline_s, PATIENCE_S)) as transport:
        for source in adapter.sources:
            finding = _first_page(name, source, transport)
            works = works and finding.error is None
            yield finding
    yield from adapter.findings(name, None if table.account is None else table.account.named)
    if adapter.targets and works:
        kinds = ", ".join(target.record_type.record_type for target in adapter.targets)
        yield Finding(place=name, said=Phrase("check.target_ready", {"record_types": kinds}), is_result=True)
        yield from _reasons(name, config)


def _outsides(name: str, table: ConnectionTable, end: Endpoint) -> Iterator[Outside]:
    """Yield every place that the connection speaks with: its own, its token endpoint's, those its links may lead to."""
    login = [end.authentication.login.origin] if end.authentication.login else []
    for origin in dict.fromkeys([origin_of(table.base_url), *login, *map(origin_of, table.origins)]):
        yield Outside(
            connection=name,
            origin=origin,
            trust=end.tls or usual_trust(),
            plain_because=table.plain_http_because,
            unverified_because=None if table.tls is None else table.tls.unverified_because,
        )


def _reasons(name: str, config: Config) -> Iterator[Finding]:
    """Yield what is sent to a connection, and why; the configuration is not read without purpose and legal basis."""
    for route, table in config.routes.items():
        if table.to == name:
            told = {"route": route, "record_types": ", ".join(table.records)}
            why = {"purpose": table.purpose, "legal_basis": table.legal_basis}
            yield Finding.good(name, "check.route_declared", {**told, **why})


def _first_page(name: str, source: Source, transport: Transport) -> Finding:
    record_type = source.record_type.record_type
    place = f"{name} {record_type}"
    try:
        partition = next(iter(source.profile.partitions), WHOLE)
        page = transport.run(source.fetch(Ask(since=None, position=None, partition=partition)))
        sifted = Sieve(source).sift(page.items)
    except OutsideHours as closed:
        return Finding(place=place, said=Phrase(closed.code, closed.context), is_result=True)
    except CchcError as error:
        return Finding.of(place, error)
    except Exception as error:  # noqa: BLE001  # a stranger's adapter may fail on an answer, as in a run
        context = {"connection": name, "record_type": record_type, "error": type(error).__name__}
        return Finding.of(place, SourceHeld("source.adapter_failed", **context))
    return _judged(place, sifted)


def _judged(place: str, sifted: Sifted) -> Finding:
    good, faulty = len(sifted.arrivals), len(sifted.faulty)
    if not faulty:
        return Finding(place=place, said=Phrase("check.page_readable", {"good": good}), is_result=True)
    rules = Counter(f"{fault.path} {fault.rule}".strip() for one in sifted.faulty for fault in one.faults)
    context = {"good": good, "faulty": faulty, "rules": "; ".join(rule for rule, _ in rules.most_common(3))}
    if good:
        return Finding(place=place, said=Phrase("check.page_faulty", context), is_result=True)
    return Finding.of(place, SourceHeld("check.page_unreadable", **context))
