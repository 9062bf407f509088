"""The access request (yêu cầu khai thác): who wants what, why, and for which dossier."""

from dataclasses import dataclass, field
from datetime import datetime

from cchc_connect.clock import SystemClock
from cchc_connect.errors import UsageMistake
from cchc_connect.sharing.agreements import Action

MAX_LENGTH = 500
"""Characters of a text in a request."""

_TEXTS = (
    "consumer",
    "record_type",
    "purpose",
    "provider",
    "official",
    "account",
    "dossier",
    "procedure",
    "agreement",
    "grant",
    "request_id",
)


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
    papers: tuple[str, ...] = ()
    """Ids of the rows of the table of papers that the records are to prove, so that nobody asks for them again."""
    acts: tuple[str, ...] = ()
    """Names of the acts on which the consumer acts, beside those of the agreement."""
    at: datetime = field(default_factory=lambda: SystemClock().now())
    """Instant for which it is explained, aware. The disclosure point decides by its own clock."""

    def __post_init__(self) -> None:
        """Check that the texts can stand in the audit log.

        Raises:
            UsageMistake: a text is empty, too long or has control characters, or `at` has no offset.
        """
        if self.at.tzinfo is None:
            raise UsageMistake("access.request_unreadable", name="at")
        for name in _TEXTS:
            text: str | None = getattr(self, name)
            if text is not None and not _is_storable(text):
                raise UsageMistake("access.request_unreadable", name=name)
        for name, texts in (("keys", self.keys or ()), ("papers", self.papers), ("acts", self.acts)):
            if not all(map(_is_storable, texts)):
                raise UsageMistake("access.request_unreadable", name=name)


def _is_storable(text: str) -> bool:
    """True if a text may stand in an entry: printable, not too long, and no half of a character."""
    return 0 < len(text) <= MAX_LENGTH and text.isprintable()
