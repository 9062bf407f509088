"""An outage does not multiply the traffic."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tenacity import Retrying

from cchc_connect.errors import Maintenance
from cchc_connect.transport import HttpRequest, Policy
from cchc_connect.transport.budget import RetryBudget
from cchc_connect.transport.call import Call, Deadline

ASK = HttpRequest(method="GET", path="/parcels")
CALLS = 3_000
MOST = 1.1


def attempts_of(policy: Policy, chance: random.Random, availability: float, calls: int = CALLS) -> int:
    """Return how many requests `calls` calls cost at a system that answers with this probability."""
    budget, attempts = policy.budget(), 0
    for _ in range(calls):
        call = Call(connection="registry", request=ASK, request_id="id", deadline=Deadline(lambda: 0.0, 60.0))

        def attempt(call: Call = call) -> None:
            nonlocal attempts
            call.attempt += 1
            attempts += 1
            if chance.random() >= availability:
                raise Maintenance("transport.maintenance")
            budget.earn()

        try:
            Retrying(sleep=lambda _: None, **policy.retrying(call, chance.uniform, budget))(attempt)
        except Maintenance:
            continue
    return attempts


@pytest.mark.parametrize("availability", [0.0, 0.9])
def test_an_outage_costs_at_most_a_tenth_more_requests(availability: float) -> None:
    attempts = attempts_of(Policy(), random.Random(f"outage {availability}"), availability)

    assert CALLS <= attempts <= MOST * CALLS


def test_without_the_reserve_it_would_cost_four_times_as_many() -> None:
    """The rule is the reserve's doing."""
    boundless = replace(Policy(), retry_reserve=float("inf"))

    assert attempts_of(boundless, random.Random(1), 0.0, calls=100) == 400


@settings(max_examples=100)
@given(st.lists(st.booleans(), max_size=300), st.integers(0, 20), st.floats(0, 1))
def test_what_is_spent_never_exceeds_the_reserve_and_what_was_earned(
    moves: list[bool], reserve: int, share: float
) -> None:
    budget, spent, earned = RetryBudget(reserve, share), 0, 0

    for is_success in moves:
        if is_success:
            budget.earn()
            earned += 1
        else:
            spent += budget.spend()

    assert spent <= reserve + share * earned + 1e-6
