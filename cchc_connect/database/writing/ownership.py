"""Each fact has an owner: which connection is the source of truth of a record type, and of single fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DOT = "."


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Who owns one record type."""

    record: str | None = None
    """The connection declared as source of truth; None: the first that brought a record."""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fields that are another connection's than the record."""

    def owned_by(self, connection: str) -> frozenset[str]:
        """Return the fields that are declared as `connection`'s own."""
        return frozenset(name for name, owner in self.fields.items() if owner == connection)


def owners_of(declared: Mapping[str, str], record_type: str) -> Owners:
    """Return who owns a record type, from lines `record_type = connection` and `record_type.field = connection`.

    >>> owners_of({"dossier": "desk", "dossier.status": "portal"}, "dossier").fields
    {'status': 'portal'}
    """
    prefix = f"{record_type}{DOT}"
    fields = {name.removeprefix(prefix): owner for name, owner in declared.items() if name.startswith(prefix)}
    return Owners(record=declared.get(record_type), fields=fields)
