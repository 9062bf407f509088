"""How a connection of `cchc.toml` shows who it is: `account = { kind = "...", ... }`."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from cchc_connect.clock import SystemClock
from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import Address, Table
from cchc_connect.http import Credentials
from cchc_connect.privacy.redaction import tells_secret
from cchc_connect.signing import SigningKey, client_assertion
from cchc_connect.transport import ApiKey, Authentication, Basic, Bearer, Hmac, Login, OAuth2, TokenLogin
from cchc_connect.transport.auth.hmac import SIGNABLE
from cchc_connect.transport.auth.ws_security import WsSecurity

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]
"""Name of a header (RFC 9110, token)."""


class NamedAccount(Table):
    """An account of whatever kind."""

    @property
    def named(self) -> str:
        """Return whose account it is, for the journal; "" where nothing tells."""
        told = (getattr(self, one, "") for one in ("username", "client_id", "key_id"))
        return next(filter(None, told), "")


class BasicAccount(NamedAccount):
    """Name and password in every request, by HTTP Basic."""

    kind: Literal["basic"]
    username: str
    password: Secret

    def authentication(self) -> Authentication:
        """Return it with its secret, taken from where it lies."""
        return Basic(Credentials(username=self.username, password=self.password.reveal()))


class SessionAccount(NamedAccount):
    """Name and password for the adapter's own login, and for nothing else."""

    kind: Literal["session"]
    username: str
    password: Secret

    def authentication(self) -> Authentication:
        """Return it with its secret, taken from where it lies."""
        return Login(Credentials(username=self.username, password=self.password.reveal()))


class ApiKeyAccount(NamedAccount):
    """A key in a header of every request."""

    kind: Literal["api_key"]
    key: Secret
    header: HeaderName = "X-Api-Key"
    username: str = ""
    """Whose key it is, for the journal; it is not sent."""

    def authentication(self) -> Authentication:
        """Return it with its secret, taken from where it lies."""
        return ApiKey(self.header, self.key.reveal())


class BearerAccount(NamedAccount):
    """A token that somebody issued by hand, in every request."""

    kind: Literal["bearer"]
    token: Secret
    username: str = ""
    """Whose token it is, for the journal; it is not sent."""

    def authentication(self) -> Authentication:
        """Return it with its secret, taken from where it lies."""
        return Bearer(self.token.reveal())


_TAKEN = frozenset({"grant_type", "username", "password", "client_id", "client_secret"})


def _harmless(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse what has a key of its own, and what is a secret by its name."""
    if any(name in _TAKEN or name.startswith("client_assertion") or tells_secret(name) for name in parameters):
        raise PydanticCustomError("oauth2_parameters", "parameters that have a key of their own or are secret")
    return parameters


class OAuth2Account(NamedAccount):
    """Tokens from a token endpoint: client credentials, or where a system knows nothing else a password grant."""

    kind: Literal["oauth2"]
    token_url: Address
    client_id: str
    client_secret: Secret | None = None
    private_key: Secret | None = None
    """Private key (PEM or JWK) that signs the client's assertion (private_key_jwt); instead of a secret."""
    algorithm: Literal["ES256", "EdDSA"] = "ES256"
    key_id: str = ""
    """The key's name (kid) at the endpoint."""
    client_auth: Literal["basic", "form"] = "basic"
    """Where the secret stands: in the header by HTTP Basic, or in the form."""
    grant: Literal["client_credentials", "password"] = "client_credentials"
    username: str = ""
    """Whose account a password grant is for."""
    password: Secret | None = None
    parameters: Annotated[Mapping[str, str], AfterValidator(_harmless)] = Field(default_factory=dict[str, str])
    """What else the endpoint wants to know: scope, audience, resource."""
    envelope: str = ""
    """Name of the object in the answer in which the token stands; none: the answer itself."""

    @model_validator(mode="after")
    def _is_one_client(self) -> "OAuth2Account":
        if self.client_secret is not None and self.private_key is not None:
            raise PydanticCustomError("oauth2_two_keys", "either a secret or a key shows who the client is")
        if (self.grant == "password") != (self.password is not None) or (self.password is None) == bool(self.username):
            raise PydanticCustomError("oauth2_owner", "a password grant wants username and password, and only it")
        return self

    def authentication(self) -> Authentication:
        """Return it with its secrets, taken from where they lie."""
        owner = None if self.password is None else Credentials(username=self.username, password=self.password.reveal())
        return OAuth2(
            TokenLogin(
                token_url=self.token_url,
                client_id=self.client_id,
                client_secret=None if self.client_secret is None else self.client_secret.reveal(),
                assertion=self._assertion(),
                secret_in_form=self.client_auth == "form",
                resource_owner=owner,
                parameters=self.parameters,
                envelope=self.envelope,
            )
        )

    def _assertion(self) -> Callable[[], str] | None:
        if self.private_key is None:
            return None
        key = SigningKey.read(self.private_key.reveal(), algorithm=self.algorithm, key_id=self.key_id or None)
        return partial(client_assertion, key, self.client_id, self.token_url, SystemClock())


def _signable(parts: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [part for part in parts if part not in SIGNABLE]
    if unknown or not parts:
        raise PydanticCustomError("hmac_parts", "unknown parts", {"known": ", ".join(sorted(SIGNABLE))})
    return parts


class WsSecurityAccount(NamedAccount):
    """Name and password in the header of every SOAP envelope (WS-Security, UsernameToken)."""

    kind: Literal["ws_security"]
    username: str
    password: Secret
    digest: bool = False
    """Is a digest over nonce, time and password sent instead of the password?"""

    def authentication(self) -> Authentication:
        """Return it with its secret, taken from where it lies."""
        account = Credentials(username=self.username, password=self.password.reveal())
        return WsSecurity(credentials=account, digest=self.digest)


class HmacAccount(NamedAccount):
    """A shared secret with which each message is signed (HMAC-SHA256); what is signed how is the system's choice."""

    kind: Literal["hmac"]
    key_id: str
    secret: Secret
    signed: Annotated[tuple[str, ...], AfterValidator(_signable)] = ("key_id", "timestamp", "content_type", "body")
    """What is signed, in this order: key_id, timestamp, method, target, content_type, body, body_sha256."""
    separator: str = ""
    timestamp: str = "%Y-%m-%dT%H:%M:%S%z"
    """Form of the time (strftime), Vietnamese time; `unix`: seconds since 1970."""
    encoding: Literal["base64", "hex"] = "base64"
    key_header: HeaderName = "X-Key-Id"
    time_header: HeaderName = "X-Timestamp"
    signature_header: HeaderName = "X-Signature"

    def authentication(self) -> Authentication:
        """Return it with its secret, taken from where it lies."""
        return Hmac(
            key_id=self.key_id,
            secret=self.secret.reveal(),
            signed_parts=self.signed,
            separator=self.separator,
            timestamp=self.timestamp,
            encoding=self.encoding,
            key_header=self.key_header,
            time_header=self.time_header,
            signature_header=self.signature_header,
        )


Account: TypeAlias = Annotated[
    BasicAccount | SessionAccount | ApiKeyAccount | BearerAccount | OAuth2Account | HmacAccount | WsSecurityAccount,
    Field(discriminator="kind"),
]
"""The service account with which a system is entered, in one of these ways."""
