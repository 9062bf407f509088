"""Both carriers, and servers on loopback for them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from cchc_connect.transport import Endpoint, Policy, Surroundings
from tests.transport.agency import Agency, Asked, Play
from tests.transport.carriers import CARRIERS, IMPATIENT, Carrier, OpenLine


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[Asked], Play]], Agency]]:
    """Start servers that are gone after the test."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(Agency(script))


@pytest.fixture(params=CARRIERS)
def line(request: pytest.FixtureRequest) -> Iterator[OpenLine]:
    """Open a line over each carrier in turn."""
    make = CARRIERS[request.param]
    with ExitStack() as stack:

        def open_line(
            endpoint: Endpoint, policy: Policy = IMPATIENT, surroundings: Surroundings | None = None
        ) -> Carrier:
            return stack.enter_context(closing(make(endpoint, policy, surroundings or Surroundings())))

        yield open_line
