"""What can be seen of a system before anything is asked of it: its name, its addresses, its TLS.

Nothing but a TLS greeting is sent, with the same trust as a run's. A name that leads to a link-local or metadata
address is told and not followed.
"""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TypeVar

from cchc_connect.errors import CchcError, SourceHeld, Unreachable
from cchc_connect.finding import Finding
from cchc_connect.transport.guard import ForbiddenAddress, Origin, is_address, is_loopback
from cchc_connect.transport.resolving import Resolver, resolving, system_resolver

PATIENCE_S = 10.0
"""Seconds that a name service or a handshake may take: whoever checks is waiting."""

CERTIFICATE_ENDS_SOON = timedelta(days=30)
"""An agency needs some weeks to get a new certificate; the day it ends every run fails."""

_REFUSALS = {
    10: "network.certificate_expired",  # X509_V_ERR_CERT_HAS_EXPIRED
    9: "network.certificate_not_yet",  # X509_V_ERR_CERT_NOT_YET_VALID
    62: "network.certificate_other_name",  # X509_V_ERR_HOSTNAME_MISMATCH
    64: "network.certificate_other_name",  # X509_V_ERR_IP_ADDRESS_MISMATCH
}
"""What OpenSSL finds wrong with a certificate, by its number (x509_vfy.h); anything else is a lack of trust."""

Done = TypeVar("Done")


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A system as one sees it from outside."""

    connection: str
    origin: Origin
    trust: ssl.SSLContext
    plain_because: str | None = None
    """Why it is spoken to without TLS."""
    unverified_because: str | None = None
    """Why its certificate is not looked at."""

    def context(self, **more: object) -> dict[str, object]:
        """Return what every finding about it tells."""
        return {"connection": self.connection, "host": self.origin.host, "port": self.origin.port, **more}


def probe(outside: Outside, now: Callable[[], datetime], resolve: Resolver = system_resolver) -> Iterator[Finding]:
    """Yield what is seen of a system: its name, then its TLS; after what is an error nothing more is tried."""
    try:
        addresses = _addresses(outside, resolve)
        yield _named(outside, addresses)
        yield _secured(outside, addresses, now) if outside.origin.scheme == "https" else _plain(outside)
    except CchcError as error:
        yield Finding.of(outside.connection, error)


def _addresses(outside: Outside, resolve: Resolver) -> Sequence[str]:
    """Return the addresses behind the name.

    Raises:
        Unreachable: there are none, or the name service is silent.
        SourceHeld: nothing of ours may go to one of them.
    """
    try:
        return resolving(outside.origin.host, resolve).result(PATIENCE_S)
    except TimeoutError:
        fault: CchcError = Unreachable("network.name_service_timeout", **outside.context())
    except ForbiddenAddress:
        fault = SourceHeld("network.forbidden_address", **outside.context())
    except (OSError, ValueError):  # a name that no name can be is a ValueError
        fault = Unreachable("network.name_unresolved", **outside.context())
    raise fault


def _named(outside: Outside, addresses: Sequence[str]) -> Finding:
    if is_address(outside.origin.host):
        return Finding.good(outside.connection, "network.is_address", outside.context())
    return Finding.good(outside.connection, "network.name_resolved", outside.context(number=len(addresses)))


def _plain(outside: Outside) -> Finding:
    if is_loopback(outside.origin.host):
        return Finding.good(outside.connection, "network.plain_http_loopback", outside.context())
    return Finding.warning(
        outside.connection, "network.plain_http", outside.context(reason=outside.plain_because or "-")
    )


def _secured(outside: Outside, addresses: Sequence[str], now: Callable[[], datetime]) -> Finding:
    """Shake hands and look at the certificate.

    Raises:
        Unreachable: there is no connection, or silence.
        SourceHeld: the other side cannot be trusted, or does not speak TLS as we do.
    """
    greeted = _within(lambda: _greet(outside, addresses))
    if greeted is None:
        raise Unreachable("network.tls_handshake_timeout", **outside.context())
    if isinstance(greeted, ssl.SSLCertVerificationError):
        raise SourceHeld(_REFUSALS.get(greeted.verify_code, "network.certificate_untrusted"), **outside.context())
    if isinstance(greeted, ssl.SSLError | ConnectionResetError):
        raise SourceHeld("network.tls_failed", **outside.context())
    if isinstance(greeted, OSError):
        raise Unreachable("network.no_connection", **outside.context())
    version, until = greeted
    told = outside.context(version=version)
    if outside.unverified_because is not None:
        return Finding.warning(outside.connection, "network.unverified", {**told, "reason": outside.unverified_because})
    if until is None:
        raise SourceHeld("network.certificate_untrusted", **outside.context())
    told |= {"days": (until - now()).days, "until": until.date().isoformat()}
    if until - now() < CERTIFICATE_ENDS_SOON:
        return Finding.warning(outside.connection, "network.certificate_expiring", told)
    return Finding.good(outside.connection, "network.certificate_valid", told)


def _greet(outside: Outside, addresses: Sequence[str]) -> tuple[str, datetime | None]:
    """Return the version of TLS that is spoken, and when the certificate ends where it was looked at."""
    plain = _connected(addresses, outside.origin.port)
    plain.settimeout(2 * PATIENCE_S)  # by then nobody waits any more
    with plain, outside.trust.wrap_socket(plain, server_hostname=outside.origin.host) as secured:
        certificate = secured.getpeercert() or {}
        ends = str(certificate.get("notAfter", ""))
        until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None
        return secured.version() or "TLS", until


def _connected(addresses: Sequence[str], port: int) -> socket.socket:
    """Return a connection to the first address that takes one."""
    limit_s = PATIENCE_S / (1 + len(addresses))  # so that the handshake, too, has its share
    *others, last = addresses
    for address in others:
        try:
            return socket.create_connection((address, port), limit_s)
        except OSError:
            continue
    return socket.create_connection((last, port), limit_s)


def _within(work: Callable[[], Done]) -> Done | OSError | None:
    """Return what `work` returns, or the error it raises, or None when it takes too long.

    A handshake may come byte by byte; so it is done in a thread that nobody has to wait for.
    """
    found: list[Done | OSError] = []

    def run() -> None:
        try:
            found.append(work())
        except OSError as error:
            found.append(error)

    thread = Thread(target=run, name="probe", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return found[0] if found else None
