"""The tables of `cchc.toml` that speak of one agency's system: `[connections.NAME]`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from cchc_connect.config.accounts import Account, HeaderName, OAuth2Account
from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import Address, Reason, Table
from cchc_connect.http import Rate
from cchc_connect.transport.network.url_guard import is_loopback
from cchc_connect.transport.opening_hours import Span


def _hours(text: str) -> str:
    try:
        Span.of(text)
    except ValueError:
        raise PydanticCustomError("hours", "not HH:MM-HH:MM") from None
    return text


def _is_plain(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


class RateTable(Table):
    """`rate = { requests = 20, per_s = 1 }`."""

    requests: Annotated[int, Field(ge=1, le=100_000)]
    per_s: Annotated[float, Field(gt=0, le=86_400)]

    @property
    def rate(self) -> Rate:
        """Return it as the transport wants it."""
        return Rate(requests=self.requests, per_s=self.per_s)


class TlsTable(Table):
    """`tls = { ca = "PATH", certificate = "PATH", key = "PATH" }`: whom we trust, and who we are."""

    ca: Path | None = None
    """Certificates (PEM) of the authorities that are trusted, and no others; none: as usual."""
    certificate: Path | None = None
    """Our client certificate with its chain: PEM, or PKCS#12 (.p12, .pfx) with its key."""
    key: Path | None = None
    """Its private key (PEM); only its owner may read the file."""
    password: Secret | None = None
    """Password of the key or of the PKCS#12 file."""
    unverified_because: Reason | None = None
    """Why the other side's certificate is not looked at; anybody on the way may then read and change everything."""

    @model_validator(mode="after")
    def _is_all_read(self) -> "TlsTable":
        if self.certificate is None and (self.key or self.password):
            raise PydanticCustomError("tls_certificate_missing", "a key or a password without a certificate")
        if self.ca is not None and self.unverified_because is not None:
            raise PydanticCustomError("tls_ca_unread", "authorities that nobody looks at")
        return self


class SignatureTable(Table):
    """`signature = { private_key = ..., ... }`: how the bodies of our messages are signed (detached JWS)."""

    private_key: Secret
    """PEM (PKCS #8) or JWK."""
    algorithm: Literal["ES256", "EdDSA"] = "ES256"
    key_id: str
    """Under this name the other side finds the public key."""
    issuer: str
    """What the other side calls us."""
    audience: str
    """What the other side calls itself."""
    header: HeaderName = "X-JWS-Signature"


class SignedByTable(Table):
    """`signed_by = { keys = "PATH", ... }`: whose signatures the bodies of answers must bear."""

    keys: Path
    """Public keys (JWKS); the file is read again when it changes."""
    algorithms: frozenset[Literal["ES256", "EdDSA"]] = frozenset({"ES256", "EdDSA"})
    issuer: str
    """What the other side calls itself."""
    audience: str
    """What the other side calls us."""
    header: HeaderName = "X-JWS-Signature"


class ConnectionTable(Table):
    """One agency's system: `[connections.NAME]`."""

    adapter: str
    agency: Annotated[str, Field(min_length=1, max_length=64)]
    """Code of the agency that answers for the system (mã định danh cơ quan); it goes with every record."""
    base_url: Address
    origins: tuple[Annotated[Address, Field(pattern=r"^https?://[^/?#]+$")], ...] = ()
    """Other origins of the same system to which its links may lead; they receive the same credentials."""
    account: Account | None = None
    plain_http_because: Reason | None = None
    """Why this system is spoken to without TLS; without a reason that is refused but on this machine."""
    tls: TlsTable | None = None
    """How the other side is trusted, and the certificate it is shown."""
    signature: SignatureTable | None = None
    """How our messages are signed."""
    signed_by: SignedByTable | None = None
    """Whose signatures answers must bear; an answer without one is not used."""
    rate: RateTable | None = None
    """How often it may be asked, over all processes; none: as the adapter knows, else at will."""
    hours: tuple[Annotated[str, AfterValidator(_hours)], ...] = ()
    """When it may be asked, Vietnamese time, as in `19:00-06:00`; none: always."""
    options: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    """What the adapter wants to know; its own model checks it."""

    @property
    def plain_places(self) -> Sequence[str]:
        """Return the keys whose addresses are spoken to without TLS and are not on this machine."""
        account: Account | None = self.account
        addresses = {"base_url": self.base_url, **{f"origins.{place}": one for place, one in enumerate(self.origins)}}
        if isinstance(account, OAuth2Account):
            addresses["account.token_url"] = account.token_url
        return [key for key, address in addresses.items() if _is_plain(address)]

    @property
    def exceptions(self) -> Mapping[str, str]:
        """Return what this connection does without, and the written reason for each."""
        plain = {"plain_http": self.plain_http_because} if self.plain_places else {}
        unverified = {"unverified": None if self.tls is None else self.tls.unverified_because}
        return {what: reason for what, reason in {**plain, **unverified}.items() if reason is not None}
