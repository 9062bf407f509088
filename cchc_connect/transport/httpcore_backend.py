"""Connections for httpx: to allowed addresses only, read by our own framing; the counterpart of `bounded_connections`.

httpcore is what httpx itself stands on. Its network back end is the one place where a connection's bytes can be
seen before h11 reads them.
"""

import asyncio
import ssl
from collections.abc import Iterable, Sequence
from typing import Any, cast

import httpcore

from cchc_connect.transport.network.dns import Resolver, in_turn, resolving
from cchc_connect.transport.network.http1 import Framing


class BoundedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the first allowed address of a host that can be reached."""

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
            ForbiddenAddress: one of its addresses is none to go to.
        """
        failure: Exception = httpcore.ConnectError("no address")
        for address, patience_s in in_turn(await self._addresses(host, timeout), timeout):
            try:
                stream = await self._network.connect_tcp(address, port, patience_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as unreachable:
                failure = unreachable
            else:
                return _BoundedStream(stream)
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Let time go by."""
        await self._network.sleep(seconds)

    async def _addresses(self, host: str, patience_s: float | None) -> Sequence[str]:
        try:
            async with asyncio.timeout(patience_s):
                return await asyncio.wrap_future(resolving(host, self._resolve))
        except TimeoutError:
            raise httpcore.ConnectTimeout("no address in time") from None
        except OSError as unknown:
            raise httpcore.ConnectError("no such name") from unknown


class _BoundedStream(httpcore.AsyncNetworkStream):
    """A connection whose answers are well framed, one after the other."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._framing: Framing | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # httpcore's protocol names it so
        framing = self._framing or Framing("")
        while True:
            framing.raise_if_broken()
            received = await self._stream.read(max_bytes, timeout)
            given = framing.take(received)
            if given or not received:
                return given

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # httpcore's protocol names it so
        if self._framing is None or self._framing.ended:  # a new request begins, with its method
            self._framing = Framing(buffer.partition(b" ")[0].decode("latin-1"))
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's protocol names it so
    ) -> httpcore.AsyncNetworkStream:
        return _BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._framing is not None and self._framing.followed:
            return True  # so that nobody uses the connection again
        return self._stream.get_extra_info(info)
