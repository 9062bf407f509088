"""All that is httpx: imported by `AsyncTransport` alone, so that another library can take its place."""

import asyncio
import ssl

import httpx

from cchc_connect.http import HttpResponse
from cchc_connect.transport.attempt import Attempt
from cchc_connect.transport.failures import Fault
from cchc_connect.transport.faults import causes, is_distrust
from cchc_connect.transport.guard import safe_origin
from cchc_connect.transport.tls import usual_trust


class HttpxCarrier:
    """Carries one attempt at a time for each task; connections are kept open between them."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        """Prepare the client: it trusts by `tls`, follows nothing and reads no environment.

        Requests are made without it, so that nothing it remembers (cookies) ever goes out.
        """
        self._client = httpx.AsyncClient(verify=tls or usual_trust(), trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        """Close the connections kept open."""
        await self._client.aclose()

    async def carry(self, attempt: Attempt) -> HttpResponse:
        """Send the attempt's message and return its judged answer.

        Raises:
            CchcError: the typed error of a broken line or of an unwanted verdict.
        """
        try:
            async with asyncio.timeout(attempt.remaining_s):
                await self._carry(attempt)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as foreign:
            fault = _fault(foreign)
        else:
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


def _fault(foreign: Exception) -> Fault:
    if is_distrust(list(causes(foreign))):
        return Fault.DISTRUSTED
    match foreign:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Fault.NEVER_CONNECTED
        case httpx.TimeoutException() | TimeoutError():
            return Fault.SILENT
        case _:
            return Fault.BROKEN
