"""Adapter for requests and urllib3: connects to allowed addresses only, obeys the deadline, frames strictly.

It is used without a `requests.Session`: a session reads the whole body of a redirect, parses its `Location` and
keeps cookies, even where redirects are not followed.

urllib3's read timeout starts again with every packet, so a server that sends one byte a second would be read for
ever. Here each read from the socket gets the time that the current attempt has left.
"""

import http.client
import io
import ssl
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from socket import SHUT_RDWR, socket
from typing import Any

from requests import Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from cchc_connect.transport.attempt import current_attempt
from cchc_connect.transport.calls.error_mapping import exception_chain, is_tls_refusal
from cchc_connect.transport.network.dns import Resolver, resolve_async, with_timeouts
from cchc_connect.transport.network.http1 import Framing
from cchc_connect.transport.network.proxies import Proxy
from cchc_connect.transport.network.tls import default_tls_context

_BUFFER_BYTES = 64 * 1024


class _GuardedSocket(io.RawIOBase):
    """The reading side of a socket: each read has the current attempt's timeout, each byte is checked by `Framing`."""

    def __init__(self, sock: socket, raw: io.RawIOBase, method: str) -> None:
        """Read the response to a `method` request through `raw`, the file of `sock`, which keeps it open."""
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._framing = Framing(method)
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._ready:
            self._framing.raise_if_broken()
            received = self._receive()
            self._ready = memoryview(self._framing.feed(received))
            if self._framing.has_trailing_data:  # so that the connection is not reused
                with suppress(OSError):  # the other side has closed it already
                    self._sock.shutdown(SHUT_RDWR)
            if not received:
                return 0
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _receive(self) -> bytes:
        attempt = current_attempt.get()
        if attempt:
            if attempt.is_past_deadline:
                raise TimeoutError
            self._sock.settimeout(attempt.read_timeout_s)
        return self._raw.read(_BUFFER_BYTES) or b""


class _GuardedResponse(http.client.HTTPResponse):
    """A response read through a bounded socket."""

    def __init__(self, sock: socket, debuglevel: int = 0, method: str | None = None, url: str | None = None) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = io.BufferedReader(_GuardedSocket(sock, self.fp.detach(), method or ""), _BUFFER_BYTES)


class _GuardedHTTPConnection(HTTPConnection):
    """A connection to the first reachable address of its host; all addresses must be allowed."""

    response_class = _GuardedResponse

    def __init__(self, *args: Any, resolve: Resolver, **named: Any) -> None:
        super().__init__(*args, **named)
        self._resolve = resolve

    def endheaders(self, *args: Any, **named: Any) -> None:
        """Connect if needed, ask whether the request may still be sent, and send it."""
        if self.sock is None:
            self.connect()
        attempt = current_attempt.get()
        if attempt:
            attempt.require_permission()
        super().endheaders(*args, **named)

    def _new_conn(self) -> socket:
        host, timeout_s = self._dns_host, self.timeout
        last_error: Exception = NewConnectionError(self, "no address")
        try:
            for self._dns_host, self.timeout in with_timeouts(self._addresses(host), timeout_s):  # noqa: B020  # read once, before
                try:
                    return super()._new_conn()
                except (NewConnectionError, ConnectTimeoutError) as unreachable:
                    last_error = unreachable
        finally:
            self._dns_host, self.timeout = host, timeout_s
        raise last_error

    def _addresses(self, host: str) -> Sequence[str]:
        attempt = current_attempt.get()
        try:
            return resolve_async(host, self._resolve).result(attempt.connect_timeout_s if attempt else None)
        except TimeoutError:
            raise ConnectTimeoutError(self, "no address in time") from None
        except OSError as unresolved:
            raise NewConnectionError(self, "no such name") from unresolved


class _GuardedHTTPSConnection(_GuardedHTTPConnection, HTTPSConnection):
    def connect(self) -> None:
        """Connect and start TLS; where that fails, no part of the request was sent."""
        try:
            super().connect()
        except OSError as error:
            if is_tls_refusal(list(exception_chain(error))):
                raise
            raise NewConnectionError(self, "TLS did not begin") from error


class _GuardedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _GuardedHTTPConnection  # pyright: ignore[reportAssignmentType]  # urllib3's own do not fit either


class _GuardedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedHTTPSConnection  # pyright: ignore[reportAssignmentType]  # urllib3's own do not fit either


class GuardedAdapter(HTTPAdapter):
    """requests' adapter over guarded connections: allowed addresses, deadline, strict framing. It does not retry."""

    def __init__(self, tls: ssl.SSLContext | None, resolve: Resolver, proxy: Proxy | None = None, **named: Any) -> None:
        """Use `tls` (None: the system's trust store), look up host names by `resolve`, and pass through `proxy`."""
        self._tls = tls
        self._resolve = resolve
        self._proxy = proxy
        self.proxies = {} if proxy is None else {"http": proxy.url, "https": proxy.url}
        """The proxy by the scheme of a system, as requests wants it."""
        super().__init__(**named)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Use our own TLS context: requests would add its CA bundle to it."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._tls or default_tls_context()}

    def cert_verify(self, *args: Any, **named: Any) -> None:
        """Use our own TLS context, as above."""

    def build_response(self, req: Any, resp: Any) -> Response:
        """Return a response of which nothing was read but its head: requests would also read cookies and charset."""
        response = Response()
        response.status_code = resp.status
        response.request, response.raw = req, resp
        return response

    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        """Create the pools with our connection classes."""
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, *args: Any, **named: Any) -> Any:
        """Return the pools of the proxy, with our connection classes."""
        manager = super().proxy_manager_for(*args, **named)
        manager.pool_classes_by_scheme = self._pools()
        return manager

    def proxy_headers(self, proxy: Any) -> dict[str, str]:
        """Return our credentials at the proxy."""
        del proxy
        return {} if self._proxy is None else dict(self._proxy.headers)

    def _pools(self) -> Any:
        pools = {"http": _GuardedHTTPPool, "https": _GuardedHTTPSPool}
        return {scheme: partial(pool, resolve=self._resolve) for scheme, pool in pools.items()}
