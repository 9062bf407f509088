"""Declared source of truth: which connection owns a record type, and which own single fields of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

_FIELD_SEPARATOR = "."


@dataclass(frozen=True, kw_only=True)
class Owners:
    """Owners of one record type."""

    record: str | None = None
    """Connection declared as source of truth; None: the first connection that sent the record."""
    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    """Owner by field, of fields that have another owner than the record."""

    def owned_by(self, connection: str) -> frozenset[str]:
        """Return the fields that are declared as owned by `connection`."""
        return frozenset(name for name, owner in self.fields.items() if owner == connection)


def owners_of(declared: Mapping[str, str], record_type: str) -> Owners:
    """Return the owners of a record type, from entries `record_type = connection` and `record_type.field = connection`.

    >>> owners_of({"dossier": "desk", "dossier.status": "portal"}, "dossier").fields
    {'status': 'portal'}
    """
    prefix = f"{record_type}{_FIELD_SEPARATOR}"
    fields = {name.removeprefix(prefix): owner for name, owner in declared.items() if name.startswith(prefix)}
    return Owners(record=declared.get(record_type), fields=fields)
