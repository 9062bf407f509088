"""All that is httpx: imported by `AsyncTransport` alone, so that another library can take its place."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from http.client import HTTPException

import httpcore
import httpx

from cchc_connect.http import HttpResponse
from cchc_connect.transport.attempt import Attempt
from cchc_connect.transport.connection_failures import causes, is_distrust, is_overlong
from cchc_connect.transport.error_mapping import Fault
from cchc_connect.transport.httpcore_backend import BoundedNetwork
from cchc_connect.transport.network.dns import Resolver
from cchc_connect.transport.network.tls import usual_trust
from cchc_connect.transport.network.url_guard import ForbiddenAddress, safe_origin

_CONNECTIONS = 100
_CONNECTIONS_KEPT = 20
_KEPT_S = 5.0  # httpx's own limits
_HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
_HTTPCORE_ERRORS = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


class HttpxCarrier:
    """Carries one attempt at a time for each task; connections are kept open between them."""

    def __init__(self, tls: ssl.SSLContext | None, resolve: Resolver) -> None:
        """Prepare the client: it trusts by `tls`, looks names up by `resolve`, follows nothing, reads no environment.

        Requests are made without it, so that nothing it remembers (cookies) ever goes out.
        """
        self._client = httpx.AsyncClient(
            transport=_BoundedTransport(tls or usual_trust(), resolve), trust_env=False, follow_redirects=False
        )

    async def close(self) -> None:
        """Close the connections kept open."""
        await self._client.aclose()

    async def carry(self, attempt: Attempt) -> HttpResponse:
        """Send the attempt's message and return its judged answer.

        Raises:
            CchcError: the typed error of a broken line or of an unwanted verdict.
        """
        fault = None
        try:
            async with asyncio.timeout(attempt.remaining_s):
                await self._carry(attempt)
        except ForbiddenAddress as refused:
            attempt.forbid(refused.rule)
        except (*_HTTPX_ERRORS, *_HTTPCORE_ERRORS, HTTPException, OSError) as foreign:
            fault = _fault(foreign)
        if fault is None:
            return attempt.answer()
        # Raised out here so that the foreign error, whose text may hold the address, is no part of ours.
        raise attempt.broken(fault)

    async def _carry(self, attempt: Attempt) -> None:
        wire = attempt.wire
        limits = httpx.Timeout(attempt.read_s, connect=attempt.connect_s)
        request = httpx.Request(
            wire.method, wire.url, headers=wire.headers, content=wire.body, extensions={"timeout": limits.as_dict()}
        )
        url = request.url
        if not attempt.may_go(lambda: safe_origin(url.scheme, url.host, url.port)):
            return
        answer = await self._client.send(request, stream=True)
        try:
            if not attempt.answered(answer.status_code, answer.headers.multi_items()):
                return
            async for chunk in answer.aiter_raw():
                if not attempt.feed(chunk):
                    break
        finally:
            await answer.aclose()


class _BoundedTransport(httpx.AsyncBaseTransport):
    """Sends httpx's requests over bounded connections; errors are httpcore's."""

    def __init__(self, tls: ssl.SSLContext, resolve: Resolver) -> None:
        """Trust by `tls`; names are looked up by `resolve`."""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS_KEPT,
            keepalive_expiry=_KEPT_S,
            network_backend=BoundedNetwork(resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and return its answer, the body unread."""
        url = request.url
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(status_code=answer.status, headers=answer.headers, stream=_Body(answer))

    async def aclose(self) -> None:
        """Close the connections kept open."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        await self._answer.aclose()


def _fault(foreign: Exception) -> Fault:
    chain = list(causes(foreign))
    if is_distrust(chain):
        return Fault.DISTRUSTED
    if is_overlong(chain):
        return Fault.OVERLONG
    match foreign:
        case httpx.ConnectError() | httpcore.ConnectError() | httpcore.ConnectTimeout() | httpcore.PoolTimeout():
            return Fault.NEVER_CONNECTED
        case httpx.TimeoutException() | httpcore.TimeoutException() | TimeoutError():
            return Fault.SILENT
        case _:
            return Fault.BROKEN
