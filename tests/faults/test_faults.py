"""Every named fault, over both carriers: the whole good answer or our typed error, in time and in little memory."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cchc_connect.testing import FAULTS, FaultyServer, WireFault
from cchc_connect.testing.faults.compressed import BOMBS
from cchc_connect.testing.faults.endless import ENDLESS
from cchc_connect.testing.faults.spoilt_items import NO_JSON, SPOILT_ITEMS
from tests.faults.asking import PAGE, Ending, ask, deadline_s, due
from tests.faults.measuring import Met, meet_all, speaks_tls
from tests.transport.carriers import CARRIERS

GRACE_S = 1.0
MOST_MIB = 64
AT_ONCE = 12


def meet(carrier: str, fault: WireFault) -> Ending:
    with FaultyServer(PAGE, tls=speaks_tls(fault)) as server:
        server.fail(fault)
        return ask(fault, carrier, server.base_url, server.ca_file if server.tls else None)


LARGE = [*ENDLESS, *BOMBS, *NO_JSON, *SPOILT_ITEMS]
SMALL = [fault for fault in FAULTS.values() if fault not in LARGE]


@pytest.fixture(scope="module", params=CARRIERS)
def carrier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def large(carrier: str) -> list[Met]:
    """What came of the faults that may take memory, in a process of their own."""
    return list(meet_all(carrier, LARGE))


@pytest.fixture(scope="module")
def small(carrier: str) -> dict[str, Ending]:
    """What came of all other faults, many at once."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        met = {one.name: threads.submit(meet, carrier, one) for one in SMALL}
        return {name: one.result() for name, one in met.items()}


def test_every_fault_ends_as_it_says(small: dict[str, Ending]) -> None:
    assert {name: one.what for name, one in small.items()} == {fault.name: due(fault) for fault in SMALL}


def test_every_fault_that_may_take_memory_ends_as_it_says(large: list[Met]) -> None:
    assert {one.fault.name: one.what for one in large} == {fault.name: due(fault) for fault in LARGE}


def test_no_fault_outlasts_the_deadline_by_a_second(small: dict[str, Ending], large: list[Met]) -> None:
    seconds = {one.fault.name: one.seconds for one in large} | {name: one.seconds for name, one in small.items()}

    assert {name: took for name, took in seconds.items() if took > deadline_s(FAULTS[name]) + GRACE_S} == {}


def test_no_fault_takes_more_than_64_mebibytes(large: list[Met]) -> None:
    assert {one.fault.name: one.grown_mib for one in large if one.grown_mib > MOST_MIB} == {}
