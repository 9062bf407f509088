"""A small province with many defects, and its running agencies, for the contract tests of the adapters."""

from collections.abc import Iterator

import pytest

from cchc_connect.testing import Agencies, World


@pytest.fixture
def world() -> World:
    """Generate a province that contains every defect."""
    return World(seed=5, dossiers=150, parcels=150, works=120, defect_share=0.2)


@pytest.fixture
def agencies(world: World) -> Iterator[Agencies]:
    """Run the four agencies of `world`."""
    with Agencies(world) as running:
        yield running
