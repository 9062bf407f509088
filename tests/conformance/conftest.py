"""The rules of the conformance kit are spread over the adapters that ship; `make test-long` has every rule for each."""

from pathlib import Path

import pytest

SHIPPED = Path(__file__).with_name("test_shipped_adapters.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as long what a rule does with every second adapter, and with further record types of an adapter.

    Each run of the tests checks each adapter with half of the rules, and each rule with half of its adapters.
    """
    cases: dict[str, dict[str, pytest.Item]] = {}
    shipped = [item for item in items if item.path == SHIPPED and "[" in item.name]
    for item in shipped:
        adapter, _, case = item.name.partition("[")
        cases.setdefault(case.rstrip("]").partition("-")[0], {}).setdefault(adapter, item)
    chosen = {
        item
        for number, of_rule in enumerate(cases.values())
        for item in [*of_rule.values()][number % min(2, len(of_rule)) :: 2]
    }
    for item in shipped:
        if item not in chosen:
            item.add_marker(pytest.mark.long)
