"""pytest fixtures for integrators.

Name this module in your root `conftest.py` or test module::

    pytest_plugins = ["cchc_connect.testing.fixtures"]

Install pytest yourself: no other module of this library needs it.
"""

from collections.abc import Iterator

import pytest

from cchc_connect.testing.faults.faulty_server import FaultyServer


@pytest.fixture
def faulty_server() -> Iterator[FaultyServer]:
    """A server on loopback that responds correctly until a test calls `fail`."""
    with FaultyServer() as server:
        yield server


@pytest.fixture
def faulty_tls_server() -> Iterator[FaultyServer]:
    """A `faulty_server` with TLS; a client must trust its `ca_file`."""
    with FaultyServer(tls=True) as server:
        yield server
