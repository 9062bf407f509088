"""The far end of a connection: everything a transport must know about one system."""

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from cchc_connect.errors import ConfigurationError
from cchc_connect.http import Dialect
from cchc_connect.transport.authentication import Anonymous, Authentication
from cchc_connect.transport.guard import ForbiddenAddress, Origin, origin_of


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One system as one connection of the configuration reaches it.

    Raises:
        ConfigurationError: an address is malformed or forbidden, or the dialect's session has no account.
    """

    name: str
    """The connection's name in the configuration; it stands in errors and logs."""
    base_url: str = field(repr=False)
    """Address below which relative paths are joined: http or https, no user, no query."""
    dialect: Dialect
    authentication: Authentication = field(default_factory=Anonymous)
    other_origins: frozenset[str] = frozenset()
    """Other origins ("http://host:port") of the same system; they receive the same credentials."""

    def __post_init__(self) -> None:
        """Refuse what could only fail later."""
        if urlsplit(self.base_url).query or "#" in self.base_url:
            raise ConfigurationError("transport.base_url", connection=self.name, rule="query")
        if not self.origins:
            raise ConfigurationError("transport.base_url", connection=self.name, rule="host")
        if self.dialect.session and not self.authentication.account:
            raise ConfigurationError("transport.account_missing", connection=self.name)

    @cached_property
    def origins(self) -> frozenset[Origin]:
        """Every origin requests may go to."""
        try:
            return frozenset(map(origin_of, {self.base_url, *self.other_origins}))
        except ForbiddenAddress as refused:
            rule = refused.rule
        raise ConfigurationError("transport.base_url", connection=self.name, rule=rule)
