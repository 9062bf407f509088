"""Fixtures: both transports, and scripted servers on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from cchc_connect.transport import Endpoint, Policy, TransportEnvironment
from tests.transport.both_transports import FAST_POLICY, TRANSPORTS, OpenTransport, TransportUnderTest
from tests.transport.scripted_server import ReceivedRequest, ResponseScript, ScriptedServer


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]]:
    """Start scripted servers that stop after the test."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(ScriptedServer(script))


@pytest.fixture(params=TRANSPORTS)
def open_carrier(request: pytest.FixtureRequest) -> Iterator[OpenTransport]:
    """Give a function that opens a transport; a test that uses it runs with each of the two."""
    make = TRANSPORTS[request.param]
    with ExitStack() as stack:

        def open_one(
            endpoint: Endpoint, policy: Policy = FAST_POLICY, environment: TransportEnvironment | None = None
        ) -> TransportUnderTest:
            return stack.enter_context(closing(make(endpoint, policy, environment or TransportEnvironment())))

        yield open_one
