"""The retry budget: an outage does not multiply the traffic."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st
from tenacity import Retrying

from cchc_connect import HttpRequest
from cchc_connect.errors import Maintenance
from cchc_connect.transport import Policy
from cchc_connect.transport.calls.call import Call, Deadline
from cchc_connect.transport.retry_policy import RetryBudget
from tests.quick import scaled

GET = HttpRequest(method="GET", path="/parcels")
CALLS = 3_000
MAX_RATIO = 1.1


def attempts_of(policy: Policy, chance: random.Random, availability: float, calls: int = CALLS) -> int:
    """Return the number of requests that `calls` calls cost if each succeeds with this probability."""
    budget, attempts = policy.new_retry_budget(), 0
    for _ in range(calls):
        call = Call(connection="registry", request=GET, request_id="id", deadline=Deadline(lambda: 0.0, 60.0))

        def attempt(call: Call = call) -> None:
            nonlocal attempts
            call.attempt += 1
            attempts += 1
            if chance.random() >= availability:
                raise Maintenance("transport.maintenance")
            budget.refund()

        try:
            Retrying(sleep=lambda _: None, **policy.retry_arguments(call, chance.uniform, budget))(attempt)
        except Maintenance:
            continue
    return attempts


@pytest.mark.parametrize("availability", [0.0, 0.9])
def test_an_outage_costs_at_most_ten_percent_more_requests(availability: float) -> None:
    attempts = attempts_of(Policy(), random.Random(f"outage {availability}"), availability)

    assert CALLS <= attempts <= MAX_RATIO * CALLS


def test_without_a_retry_budget_an_outage_costs_four_times_as_many_requests() -> None:
    """So the rule above comes from the budget."""
    boundless = replace(Policy(), retry_budget=float("inf"))

    assert attempts_of(boundless, random.Random(1), 0.0, calls=100) == 400


@settings(max_examples=scaled(100))
@given(st.lists(st.booleans(), max_size=300), st.integers(0, 20), st.floats(0, 1))
def test_spending_never_exceeds_the_reserve_plus_what_was_earned(moves: list[bool], reserve: int, share: float) -> None:
    budget, spent, earned = RetryBudget(reserve, share), 0, 0

    for is_success in moves:
        if is_success:
            budget.refund()
            earned += 1
        else:
            spent += budget.take()

    assert spent <= reserve + share * earned + 1e-6
