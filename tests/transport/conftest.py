"""Fixtures: both transports, and scripted servers on loopback."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from cchc_connect.transport import Endpoint, Policy, Surroundings
from tests.transport.both_transports import CARRIERS, IMPATIENT, Carrier, OpenLine
from tests.transport.scripted_server import Agency, Asked, Play


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Asked], Play]], Agency]]:
    """Start scripted servers that stop after the test."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(Agency(script))


@pytest.fixture(params=CARRIERS)
def open_carrier(request: pytest.FixtureRequest) -> Iterator[OpenLine]:
    """Give a function that opens a transport; a test that uses it runs with each of the two."""
    make = CARRIERS[request.param]
    with ExitStack() as stack:

        def open_one(
            endpoint: Endpoint, policy: Policy = IMPATIENT, surroundings: Surroundings | None = None
        ) -> Carrier:
            return stack.enter_context(closing(make(endpoint, policy, surroundings or Surroundings())))

        yield open_one
