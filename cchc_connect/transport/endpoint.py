"""Endpoint: everything a transport needs to reach one system over one connection."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from cchc_connect.errors import ConfigurationError
from cchc_connect.http import Credentials, Dialect
from cchc_connect.transport.auth.message_signatures import MessageSigner, SignatureCheck
from cchc_connect.transport.auth.schemes import Anonymous, Authentication
from cchc_connect.transport.auth.sessions import LoginMethod
from cchc_connect.transport.network.proxies import Proxy
from cchc_connect.transport.network.url_guard import ForbiddenAddress, Origin, origin_of


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One system as one connection of the configuration reaches it.

    Raises:
        ConfigurationError: an address is malformed or forbidden, or the dialect's session has no account.
    """

    name: str
    """The connection's name in the configuration; errors and logs show it."""
    base_url: str = field(repr=False)
    """Address that relative paths are joined to: http or https, no user, no query."""
    dialect: Dialect
    authentication: Authentication = field(default_factory=Anonymous)
    other_origins: frozenset[str] = frozenset()
    """Further origins ("http://host:port") of the same system; they receive the same credentials."""
    message_signer: MessageSigner | None = field(default=None, repr=False)
    """Signs the body of each request; None: no message signature."""
    signature_check: SignatureCheck | None = field(default=None, repr=False)
    """Checks the signature of each response and refuses an unsigned one; None: no check."""
    proxy: Proxy | None = field(default=None, repr=False)
    """Proxy through which all requests pass; None: none, whatever the environment says."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """Trusted authorities and our client certificate; None: the system's trust store, no certificate."""

    def __post_init__(self) -> None:
        """Refuse a configuration with which every request would fail."""
        if urlsplit(self.base_url).query or "#" in self.base_url:
            raise ConfigurationError("transport.base_url_unusable", connection=self.name, rule="query")
        if not self.origins:
            raise ConfigurationError("transport.base_url_unusable", connection=self.name, rule="host")
        login = self.authentication.login
        if self.dialect.login and not login and not self.authentication.account:
            raise ConfigurationError("transport.account_missing", connection=self.name)
        if login:
            self._origins({login.token_url})

    @cached_property
    def login_method(self) -> LoginMethod | None:
        """How a session is opened; None where the system has no sessions."""
        tokens, account, dialect = self.authentication.login, self.authentication.account, self.dialect
        if tokens is not None:
            client = Credentials(username=tokens.client_id, password=tokens.client_secret or "")
            owner = tokens.resource_owner.username if tokens.resource_owner else ""
            store_key = f"{tokens.token_url} {tokens.client_id} {owner} {sorted(tokens.parameters.items())}"
            return LoginMethod(
                login=tokens,
                account=client,
                origins={tokens.origin},
                classify=tokens.classify,
                token_store_key=store_key,
            )
        if dialect.login is None or account is None:
            return None
        store_key = f"{self.base_url} {account.username}"
        return LoginMethod(
            login=dialect.login,
            account=account,
            origins=self.origins,
            classify=dialect.classify,
            token_store_key=store_key,
        )

    @cached_property
    def origins(self) -> frozenset[Origin]:
        """Every origin that requests may go to."""
        return self._origins({self.base_url, *self.other_origins})

    def _origins(self, addresses: set[str]) -> frozenset[Origin]:
        try:
            return frozenset(map(origin_of, addresses))
        except ForbiddenAddress as refused:
            rule = refused.rule
        raise ConfigurationError("transport.base_url_unusable", connection=self.name, rule=rule)
