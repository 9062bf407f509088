"""Fixtures of the promise tests."""

from collections.abc import Iterator

import pytest

from cchc_connect.cli.demo_config import double_secrets
from cchc_connect.testing import Agencies, World
from tests.promises.province import Province


@pytest.fixture(scope="session")
def world() -> World:
    """Give a world that no test edits."""
    return World(7)


@pytest.fixture
def province(address: str) -> Iterator[Province]:
    """Give a small province of its own that a test may edit."""
    world = World(3, dossiers=60, parcels=80, works=48, defect_share=0.05)
    with Agencies(world) as agencies, double_secrets(agencies):
        yield Province(agencies, address)
