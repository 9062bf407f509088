"""Name resolution before a connection: within the timeout, and only to allowed addresses.

The system's resolver may wait for an unresponsive name server longer than our deadline, so it runs in a thread of
its own that the caller can stop waiting for.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from threading import Thread

from cchc_connect.transport.network.url_guard import is_ip_address, require_allowed_addresses

Resolver = Callable[[str], Sequence[str]]
"""Returns the addresses of a host name; `OSError` where there are none."""

_FALLBACK_TIMEOUT_S = 2.0  # a dead IPv6 route must not use up the time of the address that works


def system_resolver(name: str) -> Sequence[str]:
    """Resolve `name` by the system's hosts file and name servers.

    Raises:
        OSError: there is no such name.
    """
    entries = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(socket_address[0]) for *_, socket_address in entries))


def with_timeouts(addresses: Sequence[str], timeout_s: float | None) -> Iterator[tuple[str, float | None]]:
    """Yield each address with its connect timeout in seconds: two at most, for the last one all of `timeout_s`."""
    for remaining, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
        short_s = _FALLBACK_TIMEOUT_S if timeout_s is None else min(_FALLBACK_TIMEOUT_S, timeout_s)
        yield address, short_s if remaining else timeout_s


def resolve_async(host: str, resolve: Resolver) -> "Future[Sequence[str]]":
    """Return a future of the addresses of `host`, each of them allowed.

    The future raises `OSError` where the name has no address, and `ForbiddenAddress` where any address is link-local
    or that of a metadata service: then the other addresses are not trusted either.
    """
    future: Future[Sequence[str]] = Future()
    if is_ip_address(host):
        require_allowed_addresses([host])
        future.set_result([host])
        return future
    future.set_running_or_notify_cancel()  # a caller that stops waiting cannot cancel it
    Thread(target=_resolve, args=(host, resolve, future), name="resolver", daemon=True).start()
    return future


def _resolve(host: str, resolve: Resolver, future: "Future[Sequence[str]]") -> None:
    try:
        addresses = resolve(host)
        require_allowed_addresses(addresses)
    except Exception as error:  # noqa: BLE001  # every error is passed to the caller through the future
        future.set_exception(error)
    else:
        future.set_result(addresses)
