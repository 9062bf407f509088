"""Network probe of a check: resolves a system's host name and tests its TLS before any request is sent.

Only a TLS handshake is made, with the same trusted certificates as in a run. A name that resolves to a link-local or
metadata address is reported and not connected to.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TypeVar

from cchc_connect.diagnostics.finding import Finding
from cchc_connect.errors import CchcError, SourceHeld, Unreachable
from cchc_connect.transport.network.dns import Resolver, resolve_async, system_resolver
from cchc_connect.transport.network.url_guard import ForbiddenAddress, Origin, is_ip_address, is_loopback

PROBE_TIMEOUT_S = 10.0
"""Seconds that name resolution and the handshake may take each: a person is waiting for the result."""

CERTIFICATE_EXPIRY_WARNING = timedelta(days=30)
"""Warn this long before a certificate expires: an agency needs some weeks to get a new one."""

_VERIFY_ERRORS = {
    10: "network.certificate_expired",  # X509_V_ERR_CERT_HAS_EXPIRED
    9: "network.certificate_not_yet",  # X509_V_ERR_CERT_NOT_YET_VALID
    62: "network.certificate_other_name",  # X509_V_ERR_HOSTNAME_MISMATCH
    64: "network.certificate_other_name",  # X509_V_ERR_IP_ADDRESS_MISMATCH
}
"""OpenSSL's verify error number (x509_vfy.h) -> our code; every other number means an untrusted certificate."""

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class NetworkTarget:
    """One origin to probe, with the TLS settings of its connection."""

    connection: str
    """Name of the connection."""
    origin: Origin
    tls_context: ssl.SSLContext
    """TLS context with which a run connects."""
    plain_because: str | None = None
    """Reason why the configuration allows plain HTTP."""
    unverified_because: str | None = None
    """Reason why the configuration does not verify the certificate."""

    def context(self, **values: object) -> dict[str, object]:
        """Return the context of a finding: connection, host and port, and `values`."""
        return {"connection": self.connection, "host": self.origin.host, "port": self.origin.port, **values}


def probe_network(
    target: NetworkTarget, now: Callable[[], datetime], resolve: Resolver = system_resolver
) -> Iterator[Finding]:
    """Yield two findings about a system: its host name, and its TLS or plain HTTP. An error ends the probe.

    Args:
        target: what to probe.
        now: returns the current instant (UTC), to tell how long a certificate is still valid.
        resolve: resolves a host name to its addresses.
    """
    try:
        addresses = _addresses(target, resolve)
        yield _name_finding(target, addresses)
        yield _tls_finding(target, addresses, now) if target.origin.scheme == "https" else _plain_finding(target)
    except CchcError as error:
        yield Finding.bad(target.connection, error)


def _addresses(target: NetworkTarget, resolve: Resolver) -> Sequence[str]:
    """Return the addresses of the host name.

    Raises:
        Unreachable: there are none, or the name service does not respond in time.
        SourceHeld: one of them is an address to which no request may be sent.
    """
    try:
        return resolve_async(target.origin.host, resolve).result(PROBE_TIMEOUT_S)
    except TimeoutError:
        error: CchcError = Unreachable("network.name_service_timeout", **target.context())
    except ForbiddenAddress:
        error = SourceHeld("network.forbidden_address", **target.context())
    except (OSError, ValueError):  # a ValueError: the text cannot be a host name
        error = Unreachable("network.name_unresolved", **target.context())
    raise error


def _name_finding(target: NetworkTarget, addresses: Sequence[str]) -> Finding:
    if is_ip_address(target.origin.host):
        return Finding.good(target.connection, "network.is_address", target.context())
    return Finding.good(target.connection, "network.name_resolved", target.context(number=len(addresses)))


def _plain_finding(target: NetworkTarget) -> Finding:
    if is_loopback(target.origin.host):
        return Finding.good(target.connection, "network.plain_http_loopback", target.context())
    return Finding.warning(target.connection, "network.plain_http", target.context(reason=target.plain_because or "-"))


def _tls_finding(target: NetworkTarget, addresses: Sequence[str], now: Callable[[], datetime]) -> Finding:
    """Make a TLS handshake and examine the certificate.

    Raises:
        Unreachable: no connection can be made, or the handshake takes too long.
        SourceHeld: the certificate cannot be trusted, or the handshake fails.
    """
    outcome = _within_timeout(lambda: _handshake(target, addresses))
    if outcome is None:
        raise Unreachable("network.tls_handshake_timeout", **target.context())
    if isinstance(outcome, ssl.SSLCertVerificationError):
        raise SourceHeld(_VERIFY_ERRORS.get(outcome.verify_code, "network.certificate_untrusted"), **target.context())
    if isinstance(outcome, ssl.SSLError | ConnectionResetError):
        raise SourceHeld("network.tls_failed", **target.context())
    if isinstance(outcome, OSError):
        raise Unreachable("network.no_connection", **target.context())
    version, expires_at = outcome
    context = target.context(version=version)
    if target.unverified_because is not None:
        return Finding.warning(
            target.connection, "network.unverified", {**context, "reason": target.unverified_because}
        )
    if expires_at is None:
        raise SourceHeld("network.certificate_untrusted", **target.context())
    context |= {"days": (expires_at - now()).days, "until": expires_at.date().isoformat()}
    if expires_at - now() < CERTIFICATE_EXPIRY_WARNING:
        return Finding.warning(target.connection, "network.certificate_expiring", context)
    return Finding.good(target.connection, "network.certificate_valid", context)


def _handshake(target: NetworkTarget, addresses: Sequence[str]) -> tuple[str, datetime | None]:
    """Return the TLS version, and when the certificate expires (UTC); None where it was not verified."""
    plain = _connect(addresses, target.origin.port)
    plain.settimeout(2 * PROBE_TIMEOUT_S)  # longer than the caller waits; it only ends an abandoned thread
    with plain, target.tls_context.wrap_socket(plain, server_hostname=target.origin.host) as secured:
        certificate = secured.getpeercert() or {}
        not_after = str(certificate.get("notAfter", ""))
        expires_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC) if not_after else None
        return secured.version() or "TLS", expires_at


def _connect(addresses: Sequence[str], port: int) -> socket.socket:
    """Return a connection to the first address that accepts one."""
    timeout_s = PROBE_TIMEOUT_S / (1 + len(addresses))  # leaves a share of the time for the handshake
    *first, last = addresses
    for address in first:
        try:
            return socket.create_connection((address, port), timeout_s)
        except OSError:
            continue
    return socket.create_connection((last, port), timeout_s)


def _within_timeout(work: Callable[[], Result]) -> Result | OSError | None:
    """Return the result of `work` or the OSError that it raised; None if it takes longer than `PROBE_TIMEOUT_S`.

    It runs in a daemon thread that can be abandoned, because a handshake may arrive byte by byte.
    """
    outcomes: list[Result | OSError] = []

    def run() -> None:
        try:
            outcomes.append(work())
        except OSError as error:
            outcomes.append(error)

    thread = Thread(target=run, name="probe", daemon=True)
    thread.start()
    thread.join(PROBE_TIMEOUT_S)
    return outcomes[0] if outcomes else None
