"""Is everything in place for a run? Every connection is looked at as a run would, and nothing is written.

A connection's secret is read, its transport opened, and of each source the first page is asked for and
sifted. Nothing is ever sent to a target: there is no message without an effect.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from cchc_connect.adapter import Ask, Source
from cchc_connect.config import Config
from cchc_connect.database.stream import WHOLE
from cchc_connect.errors import CchcError, SourceHeld
from cchc_connect.messages import Phrase
from cchc_connect.sync.connect import connect
from cchc_connect.sync.run import Connect
from cchc_connect.sync.sift import Sieve, Sifted
from cchc_connect.transport import Transport

PATIENCE_S = 20.0
"""Seconds a system may take: whoever checks is waiting for the answer."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of a check."""

    place: str
    """What was looked at: a connection, or a connection and a record type."""
    said: Phrase
    """What is so, or what is wrong and what to do."""
    error: CchcError | None = None
    """What is wrong; None where all is well."""

    @classmethod
    def of(cls, place: str, error: CchcError) -> Self:
        """Return the finding that `error` is."""
        return cls(place=place, said=Phrase(error.code, error.context), error=error)


def check_connections(config: Config, connect: Connect = connect) -> Iterator[Finding]:
    """Yield what is found of every connection, one after the other, as each answers."""
    for name in config.connections:
        try:
            yield from _connection(name, config, connect)
        except CchcError as error:
            yield Finding.of(name, error)


def _connection(name: str, config: Config, connect: Connect) -> Iterator[Finding]:
    adapter, works = config.adapter(name), True
    with connect(name, config.connections[name], adapter, min(config.run.deadline_s, PATIENCE_S)) as transport:
        for source in adapter.sources:
            finding = _first_page(name, source, transport)
            works = works and finding.error is None
            yield finding
    if adapter.targets and works:
        kinds = ", ".join(target.record_type.record_type for target in adapter.targets)
        yield Finding(place=name, said=Phrase("check.takes", {"record_types": kinds}))


def _first_page(name: str, source: Source, transport: Transport) -> Finding:
    record_type = source.record_type.record_type
    place = f"{name} {record_type}"
    try:
        partition = next(iter(source.profile.partitions), WHOLE)
        page = transport.run(source.fetch(Ask(since=None, position=None, partition=partition)))
        sifted = Sieve(source).sift(page.items)
    except CchcError as error:
        return Finding.of(place, error)
    except Exception as error:  # noqa: BLE001  # a stranger's adapter may fail on an answer, as in a run
        context = {"connection": name, "record_type": record_type, "error": type(error).__name__}
        return Finding.of(place, SourceHeld("source.adapter_failed", **context))
    return _judged(place, sifted)


def _judged(place: str, sifted: Sifted) -> Finding:
    good, faulty = len(sifted.arrivals), len(sifted.faulty)
    if not faulty:
        return Finding(place=place, said=Phrase("check.page_fine", {"good": good}))
    rules = Counter(f"{fault.path} {fault.rule}".strip() for one in sifted.faulty for fault in one.faults)
    context = {"good": good, "faulty": faulty, "rules": "; ".join(rule for rule, _ in rules.most_common(3))}
    if good:
        return Finding(place=place, said=Phrase("check.page_faulty", context))
    return Finding.of(place, SourceHeld("check.page_useless", **context))
