"""Whose record it is: the declared source of truth, and where none is declared the order of the configuration.

A connection that stands earlier in cchc.toml owns a record before a later one, whichever brought it first: the result
does not depend on speed. A connection that is no longer configured keeps what it owns, and nobody takes it over unseen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cchc_connect.errors import SourceHeld

_FIELD_SEPARATOR = "."


@dataclass(frozen=True, kw_only=True)
class Senders:
    """Which connections there are, by the configuration."""

    of_type: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Record type -> the connections that can send it, in the order of the configuration."""
    gone: frozenset[str] = frozenset()
    """Connections that were pulled and are no longer configured; a program may write without being configured."""
    released: frozenset[str] = frozenset()
    """Former connections whose records pass to whoever sends them (`connection remove`)."""


NO_SENDERS = Senders()


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Owners of one record type."""

    record: str | None = None
    """Connection declared as source of truth; None: the first of `order` that sends the record."""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Owner by field, of fields that have another owner than the record."""
    order: tuple[str, ...] = ()
    """Connections that can send the type, in the order of the configuration; empty: the first that sent it owns."""
    senders: Senders = NO_SENDERS

    def owned_by(self, connection: str) -> frozenset[str]:
        """Return the fields that are declared as owned by `connection`."""
        return frozenset(name for name, owner in self.fields.items() if owner == connection)

    def before(self, connection: str) -> tuple[str, ...]:
        """Return the connections that own a record before `connection`; none where the owner is declared."""
        if self.record is not None or connection not in self.order:
            return ()
        return self.order[: self.order.index(connection)]

    def takes_over(self, connection: str, owner: str) -> bool:
        """True if a record of `owner` becomes one of `connection` as soon as that sends it."""
        if owner in self.senders.released:
            return self.record in {None, connection}
        return connection == self.record or connection in self.before(owner)

    def rank(self, connection: str) -> tuple[int, str]:
        """Return a key by which the connections of claims are sorted: the next owner first."""
        return (self.order.index(connection) if connection in self.order else len(self.order)), connection

    def is_vanished(self, owner: str) -> bool:
        """True if a connection that owns records is gone from the configuration, and was not removed."""
        return owner in self.senders.gone


def owners_of(declared: Mapping[str, str], record_type: str, senders: Senders = NO_SENDERS) -> Owners:
    """Return the owners of a record type, from entries `record_type = connection` and `record_type.field = connection`.

    >>> owners_of({"dossier": "desk", "dossier.status": "portal"}, "dossier").fields
    {'status': 'portal'}
    """
    prefix = f"{record_type}{_FIELD_SEPARATOR}"
    fields = {name.removeprefix(prefix): owner for name, owner in declared.items() if name.startswith(prefix)}
    order = senders.of_type.get(record_type, ())
    return Owners(record=declared.get(record_type), fields=fields, order=order, senders=senders)


def require_no_vanished(records: Mapping[str, int], connection: str, record_type: str) -> None:
    """Check that a page holds no record of a connection that is gone from the configuration.

    Args:
        records: vanished owner -> number of its records on the page.
        connection: the connection that sends them.
        record_type: their type.

    Raises:
        SourceHeld: it does; nothing of the page is written, or edits and deletions of the successor would be ignored.
    """
    if records:
        owner, number = max(records.items(), key=lambda entry: (entry[1], entry[0]))
        context = {"connection": connection, "record_type": record_type, "owner": owner, "records": number}
        raise SourceHeld("ownership.vanished", **context)
