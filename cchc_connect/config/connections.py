"""The tables of `cchc.toml` that describe one agency's system: `[connections.NAME]`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from cchc_connect.config.accounts import Account, HeaderName, OAuth2Account
from cchc_connect.config.durations import Period
from cchc_connect.config.quality import QualityTable
from cchc_connect.config.secrets import Secret
from cchc_connect.config.source_times import SourceTimes
from cchc_connect.config.tables import Address, ConfigTable, Reason
from cchc_connect.extras import installed_adapters
from cchc_connect.http import Rate
from cchc_connect.registry import is_local
from cchc_connect.transport.network.proxies import Proxy
from cchc_connect.transport.network.url_guard import is_plain_http
from cchc_connect.transport.opening_hours import TimeSpan

PROGRAM = "program"
"""Value of `adapter` for a connection without a system: a program writes its records (`RecordWriter`)."""

PROGRAM_KEYS = frozenset({"adapter", "agency"})
"""The keys that such a connection has."""


HTTP_KEYS = frozenset(
    {
        *("account", "base_url", "end", "end_because", "other_origins", "plain_http_because", "proxy", "rate"),
        *("response_signature", "signature", "tls"),
    }
)
"""The keys about HTTP, which a connection without HTTP does not have."""


def _check_hours(text: str) -> str:
    try:
        TimeSpan.parse(text)
    except ValueError:
        raise PydanticCustomError("hours", "not HH:MM-HH:MM") from None
    return text


class RateTable(ConfigTable):
    """Rate limit of one system: `rate = { requests = 20, per_s = 1 }`."""

    requests: Annotated[int, Field(ge=1, le=100_000)]
    """Number of requests."""
    per_s: Annotated[float, Field(gt=0, le=86_400)]
    """Time span in seconds."""

    @property
    def as_rate(self) -> Rate:
        """Return the rate limit as a dialect states it."""
        return Rate(requests=self.requests, per_s=self.per_s)


class TlsTable(ConfigTable):
    """Trusted authorities and client certificate: `tls = { ca = "PATH", certificate = "PATH", key = "PATH" }`."""

    ca: Path | None = None
    """Certificates (PEM) of the only trusted authorities; none: the authorities that are trusted by default."""
    certificate: Path | None = None
    """Our client certificate with its chain: PEM, or PKCS#12 (.p12, .pfx) with its key."""
    key: Path | None = None
    """Private key of the client certificate (PEM); only its owner may have access to the file."""
    password: Secret | None = None
    """Reference to the password of the key or of the PKCS#12 file."""
    unverified_because: Reason | None = None
    """Why the server's certificate is not verified. Anybody on the network path can then read and change everything."""

    @model_validator(mode="after")
    def _check_combination(self) -> "TlsTable":
        if self.certificate is None and (self.key or self.password):
            raise PydanticCustomError("tls_certificate_missing", "a key or a password without a certificate")
        if self.ca is not None and self.unverified_because is not None:
            raise PydanticCustomError("tls_ca_unread", "authorities that are not used")
        return self


class ProxyTable(ConfigTable):
    """Proxy through which all requests pass: `proxy = { url = "...", username = "...", password = ... }`."""

    url: Annotated[Address, Field(pattern=r"^http://[^/?#]+$")]
    """Its address: http, host and port. What passes to a system with TLS it cannot read."""
    username: str = ""
    """Our name at the proxy; empty: it wants none."""
    password: Secret | None = None
    """Reference to our password at the proxy."""

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, written: object) -> object:
        """Return the table that a bare address stands for."""
        return {"url": written} if isinstance(written, str) else written

    @model_validator(mode="after")
    def _check_credentials(self) -> "ProxyTable":
        if bool(self.username) != (self.password is not None):
            raise PydanticCustomError("proxy_credentials", "username and password belong together")
        return self

    def proxy(self) -> Proxy:
        """Return the proxy, with its password.

        Raises:
            ConfigurationError: the password cannot be read.
        """
        password = "" if self.password is None else self.password.reveal()
        return Proxy(url=self.url, username=self.username, password=password)


class SignatureTable(ConfigTable):
    """How the bodies of our messages are signed (detached JWS): `signature = { private_key = ..., ... }`."""

    private_key: Secret
    """Reference to our private key, PEM (PKCS #8) or JWK."""
    algorithm: Literal["ES256", "EdDSA"] = "ES256"
    key_id: str
    """Name of the key (kid), by which the other system selects the public key."""
    issuer: str
    """Our name at the other system (iss)."""
    audience: str
    """The other system's own name (aud)."""
    header: HeaderName = "X-JWS-Signature"
    """HTTP header that carries the signature."""


class SignedByTable(ConfigTable):
    """Which signatures the bodies of responses must have (detached JWS)."""

    keys: Path
    """Public keys of the other system (JWKS); the file is read again when it changes."""
    algorithms: frozenset[Literal["ES256", "EdDSA"]] = frozenset({"ES256", "EdDSA"})
    """Accepted algorithms."""
    issuer: str
    """The other system's own name (iss)."""
    audience: str
    """Our name at the other system (aud)."""
    header: HeaderName = "X-JWS-Signature"
    """HTTP header that carries the signature."""


class ConnectionTable(SourceTimes):
    """Connection to one agency's system. Table `[connections.NAME]`."""

    adapter: str
    """Name of an installed adapter; or `program`: a program writes the records, and nothing is pulled."""
    agency: Annotated[str, Field(min_length=1, max_length=64)]
    """Code of the agency responsible for the system (mã định danh cơ quan); it is stored with every record."""
    base_url: Address = Field(default="", validate_default=True)
    """URL below which the adapter's paths lie; required where the adapter uses HTTP, refused where it does not."""
    other_origins: tuple[Annotated[Address, Field(pattern=r"^https?://[^/?#]+$")], ...] = ()
    """Other origins of the same system that its links may point to; they receive the same credentials."""
    account: Account | None = None
    """Service account; none: the system needs no login."""
    plain_http_because: Reason | None = None
    """Why this system is used without TLS. Without a reason plain HTTP is refused, except to this machine."""
    proxy: ProxyTable | None = None
    """Proxy through which all requests pass: its address, or a table with our credentials at it; none: no proxy."""
    tls: TlsTable | None = None
    """Trusted authorities and client certificate; none: the default authorities, no certificate."""
    signature: SignatureTable | None = None
    """How our messages are signed; none: not at all."""
    response_signature: SignedByTable | None = None
    """Which signature responses must have; a response without it is not used. None: no signature is required."""
    rate: RateTable | None = None
    """Rate limit over all processes that share the database; none: that of the adapter, if it has one."""
    opening_hours: tuple[Annotated[str, AfterValidator(_check_hours)], ...] = ()
    """Opening hours in Vietnamese time, for instance `19:00-06:00`; no request is made outside them. None: always."""
    every: Period | None = None
    """Period at which the resident schedule pulls it and sends to it; none: that of `[run]`."""
    fresh_within: Period = timedelta(days=1)
    """How old its data may be before it is not fresh any more, counted in its opening hours."""
    sla: Period | None = None
    """How old its data may be by what was agreed with its agency (cam kết); none: as `fresh_within`. Data that is older
    than twice that breaches it.
    """
    registered_database: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Code of the database of the province's list (danh mục cơ sở dữ liệu) that it reads; none: the list says it."""
    drift: Literal["hold", "warn", "accept"] = "hold"
    """What happens when its sources send something else than before: `hold` holds what is read before anything is
    overwritten and tells what is new, `warn` only tells, `accept` takes everything.
    """
    end: Literal["no_link"] | None = None
    """What shows the end of a listing that neither links nor counts: `no_link`, a page without a link. None: nothing.

    Without it such a listing counts as incomplete if its last page is full.
    """
    end_because: Reason | None = None
    """Why a page without a link is known to be the last one; required with `end`."""
    max_page_items: Annotated[int, Field(ge=1, le=1_000_000)] = 100_000
    """Maximum number of items that one page of a listing may have."""
    max_item_bytes: Annotated[int, Field(ge=1_000, le=32 * 1024 * 1024)] = 4 * 1024 * 1024
    """Maximum bytes of one item, as JSON."""
    quality: QualityTable = QualityTable()
    """How good its items must be, and how much each rule matters."""
    options: Mapping[str, Any] = Field(default_factory=dict[str, Any])
    """Options of the adapter; the adapter's own model validates them."""

    @field_validator("base_url", mode="wrap")
    @classmethod
    def _require_base_url(cls, url: str, check: ValidatorFunctionWrapHandler, validation: ValidationInfo) -> str:
        if url != "":
            return str(check(url))
        adapter: str = validation.data.get("adapter", "")
        if adapter in installed_adapters() and not is_local(adapter):
            raise PydanticKnownError("missing")
        return url

    @model_validator(mode="after")
    def _check_end(self) -> "ConnectionTable":
        if (self.end is None) != (self.end_because is None):
            raise PydanticCustomError("end_without_reason", "end and end_because belong together")
        return self

    @property
    def is_program(self) -> bool:
        """Whether a program writes the records of this connection, so that there is no system to pull or push."""
        return self.adapter == PROGRAM

    @property
    def plain_http_keys(self) -> Sequence[str]:
        """Return the configuration keys of the URLs that use plain HTTP to another machine."""
        account: Account | None = self.account
        origins = {f"other_origins.{index}": origin for index, origin in enumerate(self.other_origins)}
        addresses = {"base_url": self.base_url, **origins}
        if isinstance(account, OAuth2Account):
            addresses["account.token_url"] = account.token_url
        return [key for key, address in addresses.items() if is_plain_http(address)]

    @property
    def security_exceptions(self) -> Mapping[str, str]:
        """Return the security measures that this connection does without, `plain_http` or `unverified` -> reason."""
        plain = {"plain_http": self.plain_http_because} if self.plain_http_keys else {}
        unverified = {"unverified": None if self.tls is None else self.tls.unverified_because}
        return {exception: reason for exception, reason in {**plain, **unverified}.items() if reason is not None}
