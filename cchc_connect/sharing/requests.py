"""The access request (yêu cầu khai thác): who wants what, why, and for which dossier."""

from dataclasses import dataclass, field
from datetime import datetime

from cchc_connect.clock import SystemClock
from cchc_connect.sharing.agreements import Action


@dataclass(frozen=True, kw_only=True)
class AccessRequest:
    """What an agency wants to have. It contains no value of a record but the keys."""

    consumer: str
    """Code of the agency that gets the data, of either system."""
    action: Action
    record_type: str
    purpose: str | None = None
    """Code of the purpose; None only where `agreement` is named, whose purpose it then is."""
    fields: tuple[str, ...] | None = None
    """Paths of fields; None: all that the grant has. Of a match, the field whose value is compared."""
    keys: tuple[str, ...] | None = None
    """Keys of records; None: all that the grant reaches."""
    provider: str | None = None
    """Code of the agency whose records they are; None: of any."""
    official: str | None = None
    """Id of the official who asks; never a name."""
    account: str | None = None
    """Service account through which the request comes; it is no official."""
    dossier: str | None = None
    """Code of the dossier for which it is needed."""
    procedure: str | None = None
    """Code of the procedure; None: that of the dossier."""
    agreement: str | None = None
    """Id of the agreement; None: the one that fits best."""
    grant: str | None = None
    """Name of the grant; None: the one that fits best."""
    request_id: str | None = None
    """Name of the request in other systems' logs."""
    at: datetime = field(default_factory=lambda: SystemClock().now())
    """Instant of the request, aware."""
