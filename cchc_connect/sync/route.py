"""A route: which records are sent to which connection, for which purpose and on which legal basis."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cchc_connect.adapter import Target


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route of the configuration with the services of its receiver."""

    name: str
    record_types: tuple[str, ...]
    """Record types that are sent."""
    connection: str
    """Name of the receiving connection; records that came from it are not sent back."""
    receiver: str
    """Code of the agency that receives the records (mã định danh cơ quan)."""
    account: str
    """Name of our account at the receiver, for the audit log; "" if it has none."""
    purpose: str
    """Why the receiver gets these records (mục đích)."""
    legal_basis: str
    """The act that allows it (căn cứ pháp lý): number, clause."""
    withhold: tuple[str, ...] = ()
    """Fields that are not sent, written `record_type.field`."""
    targets: Mapping[str, Target] = field(default_factory=dict[str, Target])
    """Record type -> service of the receiver that accepts it."""
