"""Every named fault, over both carriers: the complete response or our typed error, in time and in little memory."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from cchc_connect.testing import FAULTS, FaultyServer, WireFault
from cchc_connect.testing.faults.compressed import DECOMPRESSION_BOMBS
from cchc_connect.testing.faults.endless import SIZE_FAULTS
from cchc_connect.testing.faults.listings import ENDLESS_LISTINGS, WHITE_SPACE
from cchc_connect.testing.faults.redirects import REDIRECT_BODIES
from cchc_connect.testing.faults.spoilt_items import CORRUPT_ITEMS, INVALID_JSON
from tests.faults.asking import PAGE, FaultOutcome, deadline_s, expected_outcome, request_page
from tests.faults.measuring import MeasuredOutcome, measure_all, uses_tls
from tests.quick import few
from tests.transport.both_transports import TRANSPORTS

GRACE_S = 1.0
MAX_MIB = 64
MAX_PARALLEL = 12


def meet(carrier: str, fault: WireFault) -> FaultOutcome:
    with FaultyServer(PAGE, tls=uses_tls(fault)) as server:
        server.fail(fault)
        return request_page(fault, carrier, server.base_url, server.ca_file if server.tls else None)


LARGE = [
    *SIZE_FAULTS,
    *ENDLESS_LISTINGS,
    *WHITE_SPACE,
    *DECOMPRESSION_BOMBS,
    *REDIRECT_BODIES,
    *INVALID_JSON,
    *CORRUPT_ITEMS,
]
SMALL = [fault for fault in FAULTS.values() if fault not in LARGE]


@pytest.fixture(scope="module", params=few(TRANSPORTS, 1))
def carrier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def large(carrier: str) -> list[MeasuredOutcome]:
    """Outcomes of the faults that may take memory, from a process of their own."""
    return list(measure_all(carrier, LARGE))


@pytest.fixture(scope="module")
def small(carrier: str) -> dict[str, FaultOutcome]:
    """Outcomes of all other faults, many in parallel."""
    with ThreadPoolExecutor(MAX_PARALLEL) as threads:
        futures = {fault.name: threads.submit(meet, carrier, fault) for fault in SMALL}
        return {name: future.result() for name, future in futures.items()}


def test_every_fault_ends_as_it_says(small: dict[str, FaultOutcome]) -> None:
    assert {name: ending.outcome for name, ending in small.items()} == {
        fault.name: expected_outcome(fault) for fault in SMALL
    }


def test_every_fault_that_may_take_memory_ends_as_it_says(large: list[MeasuredOutcome]) -> None:
    assert {outcome.fault.name: outcome.outcome for outcome in large} == {
        fault.name: expected_outcome(fault) for fault in LARGE
    }


def test_no_fault_outlasts_the_deadline_by_a_second(
    small: dict[str, FaultOutcome], large: list[MeasuredOutcome]
) -> None:
    seconds = {outcome.fault.name: outcome.seconds for outcome in large}
    seconds |= {name: ending.seconds for name, ending in small.items()}

    assert {name: took for name, took in seconds.items() if took > deadline_s(FAULTS[name]) + GRACE_S} == {}


def test_no_fault_takes_more_than_64_mebibytes(large: list[MeasuredOutcome]) -> None:
    grown_mib = {outcome.fault.name: outcome.grown_mib for outcome in large}

    assert {name: grown for name, grown in grown_mib.items() if grown > MAX_MIB} == {}
