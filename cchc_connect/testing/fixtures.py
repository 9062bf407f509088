"""pytest fixtures for integrators.

Name this module where your tests begin::

    pytest_plugins = ["cchc_connect.testing.fixtures"]

pytest is yours: nothing else of this library needs it.
"""

from collections.abc import Iterator

import pytest

from cchc_connect.testing.faults.faulty_server import FaultyServer


@pytest.fixture
def faulty_server() -> Iterator[FaultyServer]:
    """A system on loopback that answers well until a test tells it to fail."""
    with FaultyServer() as server:
        yield server


@pytest.fixture
def faulty_tls_server() -> Iterator[FaultyServer]:
    """The same with TLS; a client must trust its `ca_file`."""
    with FaultyServer(tls=True) as server:
        yield server
