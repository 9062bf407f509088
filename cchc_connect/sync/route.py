"""A route: which records leave, whereto and by which act."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cchc_connect.adapter import Target


@dataclass(frozen=True, kw_only=True)
class Route:
    """What leaves, whereto and why."""

    name: str
    record_types: tuple[str, ...]
    connection: str
    """The receiving connection; what came from there is not sent back."""
    receiver: str
    """Agency code of the receiving system."""
    account: str
    purpose: str
    legal_basis: str
    withhold: tuple[str, ...] = ()
    """Fields, `record_type.field`, that stay here."""
    targets: Mapping[str, Target] = field(default_factory=dict[str, Target])
    """The receiving system's service for each record type."""
