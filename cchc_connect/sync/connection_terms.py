"""What the configuration says of how the items of a connection are read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from cchc_connect.config.connections import ConnectionTable
from cchc_connect.config.quality import DEFAULT_QUALITY, QualityTable
from cchc_connect.database.state.source_properties import DriftMode
from cchc_connect.sync.freshness_promise import DEFAULT_PROMISE, FreshnessPromise, promise_of


@dataclass(frozen=True, kw_only=True)
class ConnectionTerms:
    """What holds for every source of one connection."""

    quality: QualityTable = DEFAULT_QUALITY
    """How good its items must be."""
    drift_mode: DriftMode = DriftMode.HOLD
    """What happens when it sends something else than before."""
    ends_without_link: bool = False
    """Whether it says that a page without a link is the last one."""
    options_hash: str = ""
    """Hash of the options of its adapter: faulty items are read again when it changes."""
    promise: FreshnessPromise = DEFAULT_PROMISE
    """How old its data may be."""


DEFAULT_TERMS = ConnectionTerms()


def connection_terms(connections: Mapping[str, ConnectionTable]) -> Mapping[str, ConnectionTerms]:
    """Return what holds for each connection of a configuration, by its name."""
    return {name: _terms(table) for name, table in connections.items()}


def _terms(table: ConnectionTable) -> ConnectionTerms:
    options = json.dumps(dict(table.options), sort_keys=True, default=str)
    return ConnectionTerms(
        quality=table.quality,
        drift_mode=DriftMode(table.drift),
        ends_without_link=table.end is not None,
        options_hash=hashlib.blake2b(options.encode(), digest_size=8).hexdigest(),
        promise=promise_of(table),
    )
