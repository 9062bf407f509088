"""Fixtures for the tests of the doubles: a small province and its running agencies."""

from collections.abc import Iterator

import pytest
import requests

from cchc_connect.testing import Agencies, World


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """Give one client whose connections end with the test."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def world() -> World:
    """Draw a province of a few hundred records."""
    return World(seed=3, dossiers=120, parcels=150, works=100)


@pytest.fixture
def agencies(world: World) -> Iterator[Agencies]:
    """Run the four agencies of `world`."""
    with Agencies(world) as running:
        yield running
