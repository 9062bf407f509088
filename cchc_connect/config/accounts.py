"""Kinds of service accounts with which a connection of `cchc.toml` authenticates: `account = { kind = "...", ... }`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from cchc_connect.clock import SystemClock
from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import Address, ConfigTable
from cchc_connect.http import Credentials
from cchc_connect.privacy.redaction import is_secret_name
from cchc_connect.signing import SigningKey, client_assertion
from cchc_connect.transport import ApiKey, Authentication, Basic, Bearer, Hmac, Login, OAuth2, TokenLogin
from cchc_connect.transport.auth.hmac import SIGNABLE_PARTS
from cchc_connect.transport.auth.ws_security import WsSecurity

_RESERVED_PARAMETERS = frozenset({"grant_type", "username", "password", "client_id", "client_secret"})
"""Parameters of a token request that have a configuration key of their own."""

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]
"""Name of an HTTP header (RFC 9110, token)."""


class AccountTable(ConfigTable):
    """Base of all kinds of accounts."""

    @property
    def display_name(self) -> str:
        """Return the account's name for the audit log: user name, client id or key id; "" if it has none."""
        names = (getattr(self, key, "") for key in ("username", "client_id", "key_id"))
        return next(filter(None, names), "")


class BasicAccount(AccountTable):
    """User name and password in every request, by HTTP Basic."""

    kind: Literal["basic"]
    username: str
    password: Secret

    def authentication(self) -> Authentication:
        """Return the authentication, with its secret resolved now.

        Raises:
            ConfigurationError: the secret cannot be read.
        """
        return Basic(Credentials(username=self.username, password=self.password.reveal()))


class SessionAccount(AccountTable):
    """User name and password for the adapter's own login; other requests do not carry them."""

    kind: Literal["session"]
    username: str
    password: Secret

    def authentication(self) -> Authentication:
        """Return the authentication, with its secret resolved now.

        Raises:
            ConfigurationError: the secret cannot be read.
        """
        return Login(Credentials(username=self.username, password=self.password.reveal()))


class ApiKeyAccount(AccountTable):
    """API key in a header of every request."""

    kind: Literal["api_key"]
    key: Secret
    header: HeaderName = "X-Api-Key"
    username: str = ""
    """Owner of the key, for the audit log; it is not sent."""

    def authentication(self) -> Authentication:
        """Return the authentication, with its secret resolved now.

        Raises:
            ConfigurationError: the secret cannot be read.
        """
        return ApiKey(self.header, self.key.reveal())


class BearerAccount(AccountTable):
    """Manually issued bearer token in every request."""

    kind: Literal["bearer"]
    token: Secret
    username: str = ""
    """Owner of the token, for the audit log; it is not sent."""

    def authentication(self) -> Authentication:
        """Return the authentication, with its secret resolved now.

        Raises:
            ConfigurationError: the secret cannot be read.
        """
        return Bearer(self.token.reveal())


def _check_parameters(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse parameters that have a configuration key of their own or whose name denotes a secret."""
    if any(
        name in _RESERVED_PARAMETERS or name.startswith("client_assertion") or is_secret_name(name)
        for name in parameters
    ):
        raise PydanticCustomError("oauth2_parameters", "parameters that have a key of their own or are secret")
    return parameters


class OAuth2Account(AccountTable):
    """Tokens from an OAuth2 token endpoint: client credentials, or a password grant if a system has nothing else."""

    kind: Literal["oauth2"]
    token_url: Address
    """URL of the token endpoint."""
    client_id: str
    client_secret: Secret | None = None
    private_key: Secret | None = None
    """Private key (PEM or JWK) that signs the client assertion (private_key_jwt); instead of `client_secret`."""
    algorithm: Literal["ES256", "EdDSA"] = "ES256"
    """Signature algorithm of the client assertion."""
    key_id: str = ""
    """Name of the key (kid) at the endpoint."""
    client_auth: Literal["basic", "form"] = "basic"
    """How the client secret is sent: in the header by HTTP Basic, or as a form field."""
    grant: Literal["client_credentials", "password"] = "client_credentials"
    username: str = ""
    """User name of a password grant."""
    password: Secret | None = None
    """Reference to the password of a password grant."""
    token_parameters: Annotated[Mapping[str, str], AfterValidator(_check_parameters)] = Field(
        default_factory=dict[str, str]
    )
    """Further parameters of the token request: scope, audience, resource."""
    token_envelope: str = ""
    """Name of the object in the token response that contains the token; "": the response itself contains it."""

    @model_validator(mode="after")
    def _check_combination(self) -> "OAuth2Account":
        if self.client_secret is not None and self.private_key is not None:
            raise PydanticCustomError("oauth2_two_keys", "either a secret or a key shows who the client is")
        if (self.grant == "password") != (self.password is not None) or (self.password is None) == bool(self.username):
            raise PydanticCustomError(
                "oauth2_owner", "a password grant requires username and password; no other grant has them"
            )
        return self

    def authentication(self) -> Authentication:
        """Return the authentication, with its secrets resolved now.

        Raises:
            ConfigurationError: a secret or the private key cannot be read.
        """
        owner = None if self.password is None else Credentials(username=self.username, password=self.password.reveal())
        return OAuth2(
            TokenLogin(
                token_url=self.token_url,
                client_id=self.client_id,
                client_secret=None if self.client_secret is None else self.client_secret.reveal(),
                assertion=self._assertion(),
                secret_in_form=self.client_auth == "form",
                resource_owner=owner,
                parameters=self.token_parameters,
                token_envelope=self.token_envelope,
            )
        )

    def _assertion(self) -> Callable[[], str] | None:
        if self.private_key is None:
            return None
        key = SigningKey.read(self.private_key.reveal(), algorithm=self.algorithm, key_id=self.key_id or None)
        return partial(client_assertion, key, self.client_id, self.token_url, SystemClock())


def _check_signed_parts(parts: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [part for part in parts if part not in SIGNABLE_PARTS]
    if unknown or not parts:
        raise PydanticCustomError("hmac_parts", "unknown parts", {"known": ", ".join(sorted(SIGNABLE_PARTS))})
    return parts


class WsSecurityAccount(AccountTable):
    """User name and password in the header of every SOAP envelope (WS-Security, UsernameToken)."""

    kind: Literal["ws_security"]
    username: str
    password: Secret
    password_digest: bool = False
    """Whether a digest over nonce, time and password is sent instead of the password."""

    def authentication(self) -> Authentication:
        """Return the authentication, with its secret resolved now.

        Raises:
            ConfigurationError: the secret cannot be read.
        """
        account = Credentials(username=self.username, password=self.password.reveal())
        return WsSecurity(credentials=account, digest=self.password_digest)


class HmacAccount(AccountTable):
    """Shared secret that signs each message (HMAC-SHA256). Each system defines which parts are signed and how."""

    kind: Literal["hmac"]
    key_id: str
    """Name of the shared secret at the other system."""
    secret: Secret
    signed_parts: Annotated[tuple[str, ...], AfterValidator(_check_signed_parts)] = (
        "key_id",
        "timestamp",
        "content_type",
        "body",
    )
    """Signed parts, in order, out of: key_id, timestamp, method, target, content_type, body, body_sha256."""
    separator: str = ""
    """Text between two signed parts."""
    timestamp_format: str = "%Y-%m-%dT%H:%M:%S%z"
    """Format of the timestamp (strftime) in Vietnamese time; `unix`: seconds since 1970-01-01 UTC."""
    encoding: Literal["base64", "hex"] = "base64"
    """Encoding of the signature."""
    key_header: HeaderName = "X-Key-Id"
    """Header that carries `key_id`."""
    timestamp_header: HeaderName = "X-Timestamp"
    """Header that carries the timestamp."""
    signature_header: HeaderName = "X-Signature"
    """Header that carries the signature."""

    def authentication(self) -> Authentication:
        """Return the authentication, with its secret resolved now.

        Raises:
            ConfigurationError: the secret cannot be read.
        """
        return Hmac(
            key_id=self.key_id,
            secret=self.secret.reveal(),
            signed_parts=self.signed_parts,
            separator=self.separator,
            timestamp_format=self.timestamp_format,
            encoding=self.encoding,
            key_header=self.key_header,
            timestamp_header=self.timestamp_header,
            signature_header=self.signature_header,
        )


Account: TypeAlias = Annotated[
    BasicAccount | SessionAccount | ApiKeyAccount | BearerAccount | OAuth2Account | HmacAccount | WsSecurityAccount,
    Field(discriminator="kind"),
]
"""Service account of a connection; `kind` selects one of these classes."""
