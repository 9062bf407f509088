"""Which addresses a name stands for, before anything is sent to one of them.

The system's resolver may wait for a silent name server longer than any deadline of ours, so it is asked in a
thread that nobody has to wait for.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from threading import Thread

from cchc_connect.transport.network.url_guard import check_addresses, is_address

Resolver = Callable[[str], Sequence[str]]
"""Returns the addresses of a host name; `OSError` where there are none."""


_HESITATION_S = 2.0  # an IPv6 route that leads nowhere must not use up the time of the address that works


def system_resolver(name: str) -> Sequence[str]:
    """Ask the system: its hosts file, its name servers.

    Raises:
        OSError: it knows no such name.
    """
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def in_turn(addresses: Sequence[str], patience_s: float | None) -> Iterator[tuple[str, float | None]]:
    """Yield each address and the seconds it may take to be reached; the last one may take all there are."""
    for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
        hurried = _HESITATION_S if patience_s is None else min(_HESITATION_S, patience_s)
        yield address, hurried if left else patience_s


def resolving(host: str, resolve: Resolver) -> "Future[Sequence[str]]":
    """Return what will be the addresses to connect to, each of them allowed.

    The future raises `OSError` where the name has none, and `ForbiddenAddress` where one of them is link-local or
    a metadata service's: whoever answers so for one of them may not be trusted with the others.
    """
    future: Future[Sequence[str]] = Future()
    if is_address(host):
        check_addresses([host])
        future.set_result([host])
        return future
    future.set_running_or_notify_cancel()  # who gives up waiting cannot cancel it
    Thread(target=_resolve, args=(host, resolve, future), name="resolver", daemon=True).start()
    return future


def _resolve(host: str, resolve: Resolver, future: "Future[Sequence[str]]") -> None:
    try:
        addresses = resolve(host)
        check_addresses(addresses)
    except Exception as error:  # noqa: BLE001  # it belongs to whoever waits, whatever it is
        future.set_exception(error)
    else:
        future.set_result(addresses)
