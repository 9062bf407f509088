"""Network backend for httpx: connects to allowed addresses only, frames strictly; `urllib3_adapter` is its sync twin.

httpx sends through httpcore. httpcore's network backend is the only point at which a connection's bytes can be
checked before h11 parses them.
"""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from typing import Any, cast

import httpcore

from cchc_connect.transport.attempt import current_attempt
from cchc_connect.transport.network.dns import Resolver, resolve_async, with_timeouts
from cchc_connect.transport.network.http1 import Framing


class GuardedNetworkBackend(httpcore.AsyncNetworkBackend):
    """Connects to the first reachable address of a host; all addresses must be allowed."""

    def __init__(self, resolve: Resolver) -> None:
        self._resolve = resolve
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's protocol names it so
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to `host`.

        Raises:
            ForbiddenAddress: one of its addresses is forbidden.
        """
        last_error: Exception = httpcore.ConnectError("no address")
        for address, timeout_s in with_timeouts(await self._addresses(host, timeout), timeout):
            try:
                stream = await self._network.connect_tcp(address, port, timeout_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as unreachable:
                last_error = unreachable
            else:
                return _GuardedStream(stream)
        raise last_error

    async def sleep(self, seconds: float) -> None:
        """Sleep without blocking the event loop."""
        await self._network.sleep(seconds)

    async def _addresses(self, host: str, timeout_s: float | None) -> Sequence[str]:
        try:
            async with asyncio.timeout(timeout_s):
                return await asyncio.wrap_future(resolve_async(host, self._resolve))
        except TimeoutError:
            raise httpcore.ConnectTimeout("no address in time") from None
        except OSError as unresolved:
            raise httpcore.ConnectError("no such name") from unresolved


class _GuardedStream(httpcore.AsyncNetworkStream):
    """A connection whose responses are checked by `Framing`, one after the other."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._framing: Framing | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's protocol names it so
        framing = self._framing or Framing("")  # bytes before any request was written: no method is known
        while True:
            framing.raise_if_broken()
            received = await self._stream.read(max_bytes, timeout)
            checked = framing.feed(received)
            if checked or not received:
                return checked

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # httpcore's protocol names it so
        if self._framing is None or self._framing.is_complete:  # a new request begins, with its method
            self._framing = Framing(buffer.partition(b" ")[0].decode("latin-1"))
            attempt = current_attempt.get()
            if attempt:
                attempt.require_permission()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's protocol names it so
    ) -> httpcore.AsyncNetworkStream:
        return _GuardedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._framing is not None and self._framing.has_trailing_data:
            return True  # so that the connection is not reused
        return self._stream.get_extra_info(info)
