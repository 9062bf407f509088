"""Carrier over httpx: performs attempts over the network.

There is no `httpx.AsyncClient`: it would parse the `Location` of a redirect and keep cookies.
All code that uses httpx is here, and only `AsyncTransport` imports it, so that httpx can be replaced.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from http.client import HTTPException

import httpcore
import httpx

from cchc_connect.http import HttpResponse
from cchc_connect.transport.attempt import Attempt
from cchc_connect.transport.calls.error_mapping import (
    ConnectionFailure,
    exception_chain,
    is_head_too_long,
    is_tls_refusal,
)
from cchc_connect.transport.httpcore_backend import GuardedNetworkBackend
from cchc_connect.transport.network.dns import Resolver
from cchc_connect.transport.network.proxies import Proxy
from cchc_connect.transport.network.tls import default_tls_context
from cchc_connect.transport.network.url_guard import ForbiddenAddress, checked_origin

_MAX_CONNECTIONS = 100
_MAX_KEEPALIVE = 20
_KEEPALIVE_S = 5.0  # the three are the defaults of httpx
_HTTPX_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError)
_HTTPCORE_ERRORS = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError)


class HttpxCarrier:
    """Performs attempts over httpx, one at a time for each task; connections stay open between them."""

    def __init__(self, tls: ssl.SSLContext | None, resolve: Resolver, proxy: Proxy | None = None) -> None:
        """Create the carrier: no redirects, no cookies, no settings from the environment.

        Args:
            tls: trusted authorities and client certificate; None: the system's trust store.
            resolve: looks up host names.
            proxy: proxy through which all requests pass; None: none.
        """
        self._transport = _GuardedTransport(tls or default_tls_context(), resolve, proxy)

    async def close(self) -> None:
        """Close the connections kept open."""
        await self._transport.aclose()

    async def perform(self, attempt: Attempt) -> HttpResponse:
        """Send the attempt's request and return its classified response.

        Raises:
            CchcError: the typed error of a failed connection or of a verdict that the request does not accept.
        """
        failure = None
        try:
            async with asyncio.timeout(attempt.remaining_s):
                await self._send(attempt)
        except ForbiddenAddress as refused:
            attempt.forbid(refused.rule)
        except (*_HTTPX_ERRORS, *_HTTPCORE_ERRORS, HTTPException, OSError) as error:
            failure = _failure(error)
        if failure is None:
            return attempt.response()
        # Raised out here so that httpx's error, whose text may hold the address, is not chained to ours.
        raise attempt.error_for(failure)

    async def _send(self, attempt: Attempt) -> None:
        prepared = attempt.prepared
        timeouts = httpx.Timeout(attempt.read_timeout_s, connect=attempt.connect_timeout_s)
        request = httpx.Request(
            prepared.method,
            prepared.url,
            headers=prepared.headers,
            content=prepared.body,
            extensions={"timeout": timeouts.as_dict()},
        )
        url = request.url
        if not attempt.is_allowed(lambda: checked_origin(url.scheme, url.host, url.port)):
            return
        response = await self._transport.handle_async_request(request)
        try:
            if not attempt.start_response(response.status_code, response.headers.multi_items()):
                return
            async for chunk in response.aiter_raw():
                if not attempt.feed(chunk):
                    break
        finally:
            await response.aclose()


class _GuardedTransport(httpx.AsyncBaseTransport):
    """Sends httpx's requests over guarded connections: allowed addresses, strict framing. Errors are httpcore's."""

    def __init__(self, tls: ssl.SSLContext, resolve: Resolver, proxy: Proxy | None) -> None:
        """Create the pool; host names are looked up by `resolve`."""
        through = None if proxy is None else httpcore.Proxy(proxy.url, headers=[*proxy.headers.items()])
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            proxy=through,
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_KEEPALIVE,
            keepalive_expiry=_KEEPALIVE_S,
            network_backend=GuardedNetworkBackend(resolve),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and return its response, the body unread."""
        url = request.url
        response = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(status_code=response.status, headers=response.headers, stream=_Body(response))

    async def aclose(self) -> None:
        """Close the connections kept open."""
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()

    async def aclose(self) -> None:
        await self._response.aclose()


def _failure(error: Exception) -> ConnectionFailure:
    chain = list(exception_chain(error))
    if is_tls_refusal(chain):
        return ConnectionFailure.TLS_REFUSED
    if is_head_too_long(chain):
        return ConnectionFailure.HEAD_TOO_LONG
    match error:
        case httpcore.ProxyError():
            return ConnectionFailure.PROXY_REFUSED
        case httpx.ConnectError() | httpcore.ConnectError() | httpcore.ConnectTimeout() | httpcore.PoolTimeout():
            return ConnectionFailure.NEVER_CONNECTED
        case httpx.TimeoutException() | httpcore.TimeoutException() | TimeoutError():
            return ConnectionFailure.TIMED_OUT
        case _:
            return ConnectionFailure.BROKEN
