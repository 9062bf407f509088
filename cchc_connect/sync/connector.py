"""Opens the transport of a connection from its configuration table."""

from collections.abc import Callable
from ssl import SSLContext

from cchc_connect.adapter import Adapter
from cchc_connect.clock import Clock, SystemClock
from cchc_connect.config.connections import ConnectionTable, SignatureTable, SignedByTable, TlsTable
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.rate_limits import SharedRateLimit
from cchc_connect.signing import KeyFile, SignaturePolicy, Signer, SigningKey, Verifier
from cchc_connect.transport import (
    Anonymous,
    Endpoint,
    OpeningHours,
    Policy,
    RateLimiter,
    RequestsTransport,
    TokenStore,
    TransportEnvironment,
)
from cchc_connect.transport.auth.message_signatures import MessageSigner, SignatureCheck
from cchc_connect.transport.network.tls import PemCertificate, Pkcs12Certificate, tls_context
from cchc_connect.transport.opening_hours import TimeSpan
from cchc_connect.transport.retry_policy import always, random_request_id
from cchc_connect.wire.page_limits import PageLimits

PKCS12_SUFFIXES = frozenset({".p12", ".pfx"})
"""File name suffixes of PKCS #12 files."""


class TransportFactory:
    """Opens transports to connections, with the rate limits and sessions that processes share."""

    def __init__(
        self,
        database: SharedDatabase | None = None,
        clock: Clock | None = None,
        token_store: TokenStore | None = None,
        new_request_id: Callable[[], str] = random_request_id,
    ) -> None:
        """Create the factory.

        Args:
            database: shares rate limits between processes; None: none is enforced.
            clock: current time; None: the system clock.
            token_store: shares sessions between processes; None: each process logs in for itself.
            new_request_id: returns the id of a request that has none.
        """
        self._database = database
        self._clock = clock or SystemClock()
        self._token_store = token_store
        self._new_request_id = new_request_id

    def __call__(
        self,
        name: str,
        table: ConnectionTable,
        adapter: Adapter,
        deadline_s: float,
        may_send: Callable[[int], None] = always,
    ) -> RequestsTransport:
        """Return the transport to a connection; its secrets are resolved now.

        Args:
            name: name of the connection.
            table: its configuration.
            adapter: its adapter, whose dialect the transport uses.
            deadline_s: seconds that one call may take, over all its attempts.
            may_send: called directly before the first byte of an attempt, with its number from 1; it raises if nothing
                more may be sent.

        Raises:
            ConfigurationError: a secret or certificate cannot be read, or an address is forbidden.
        """
        hours = OpeningHours(tuple(map(TimeSpan.parse, table.opening_hours))) if table.opening_hours else None
        limits = PageLimits(max_items=table.max_page_items, max_item_bytes=table.max_item_bytes)
        policy = Policy(deadline_s=deadline_s, opening_hours=hours, page_limits=limits)
        environment = TransportEnvironment(
            now=self._clock.now,
            rate_limiter=self._rate_limiter(name, table, adapter),
            token_store=self._token_store,
            may_send=may_send,
            request_id=self._new_request_id,
        )
        return RequestsTransport(endpoint_for(name, table, adapter, self._clock), policy, environment)

    def _rate_limiter(self, name: str, table: ConnectionTable, adapter: Adapter) -> RateLimiter | None:
        rate = adapter.dialect.rate if table.rate is None else table.rate.as_rate
        if rate is None or self._database is None:
            return None
        return SharedRateLimit(self._database, name, rate, self._clock.now)


def endpoint_for(name: str, table: ConnectionTable, adapter: Adapter, clock: Clock | None = None) -> Endpoint:
    """Return the endpoint of the connection `name`, with its secrets resolved now.

    Raises:
        ConfigurationError: a secret or a certificate cannot be read, or an address is forbidden.
    """
    clock = clock or SystemClock()
    return Endpoint(
        name=name,
        base_url=table.base_url,
        dialect=adapter.dialect,
        authentication=Anonymous() if table.account is None else table.account.authentication(),
        other_origins=frozenset(table.other_origins),
        message_signer=None if table.signature is None else _message_signer(table.signature, clock),
        signature_check=None
        if table.response_signature is None
        else _signature_check(name, table.response_signature, clock),
        proxy=None if table.proxy is None else table.proxy.proxy(),
        tls=None if table.tls is None else _client_tls_context(table.tls),
    )


def _message_signer(table: SignatureTable, clock: Clock) -> MessageSigner:
    key = SigningKey.read(table.private_key.reveal(), algorithm=table.algorithm, key_id=table.key_id)
    return MessageSigner(signer=Signer(key, table.issuer, clock), audience=table.audience, header=table.header)


def _signature_check(name: str, table: SignedByTable, clock: Clock) -> SignatureCheck:
    policy = SignaturePolicy(issuer=table.issuer, audience=table.audience, algorithms=table.algorithms)
    return SignatureCheck(Verifier(name, KeyFile(table.keys, clock), policy, clock), table.header, name)


def _client_tls_context(table: TlsTable) -> SSLContext:
    context = tls_context(ca_file=table.ca, unverified=table.unverified_because is not None)
    if table.certificate is None:
        return context
    password = None if table.password is None else table.password.reveal()
    if table.certificate.suffix.lower() in PKCS12_SUFFIXES:
        Pkcs12Certificate(file=table.certificate, password=password).load_into(context)
    else:
        PemCertificate(certificate=table.certificate, key=table.key, password=password).load_into(context)
    return context


connect = TransportFactory()
"""Transport factory that shares neither rate limits nor sessions with other processes."""
