"""A double that fails itself proves nothing about an adapter: the rule is broken, and says so."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from cchc_connect.testing import ReceivedRequest, ServerResponse
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.testing.kit.setup import Setup
from tests.conformance.register import Register
from tests.conformance.shipped import SHIPPED
from tests.conformance.test_rules_can_fail import case_of

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


ANSWERS: dict[str, ServerResponse] = {}


class DictionaryError(Register):
    """Its own error is no response."""

    def error_in_200(self) -> ServerResponse:
        """Return a dictionary, as its author believed that one does."""
        return cast("ServerResponse", {"ma": "01"})


class FailingRegister(Register):
    """Its code has a defect."""

    def _respond(self, request: ReceivedRequest) -> ServerResponse:
        return ANSWERS[request.path]


class DictionaryRegister(Register):
    """What it returns is no response."""

    def _respond(self, request: ReceivedRequest) -> ServerResponse:
        return cast("ServerResponse", {"parcels": [], "path": request.path})


@pytest.mark.parametrize(
    ("system", "rule", "code", "sentence"),
    [
        (DictionaryError, "error_in_200_is_no_page", "kit.error_in_200_wrong", "dict"),
        (FailingRegister, "html_is_no_page", "kit.double_failed", "KeyError"),
        (FailingRegister, "keys_are_there", "kit.double_failed", "test_failing_double.py"),
        (DictionaryRegister, "keys_are_there", "kit.double_failed", "returns a ServerResponse or None, not a dict"),
    ],
)
def test_a_double_that_fails_is_told_and_no_rule_is_kept_by_it(
    system: Callable[[], Any], rule: str, code: str, sentence: str
) -> None:
    shipped = SHIPPED["rest"]
    setup = Setup(adapter="rest", system=system, options=shipped["options"], connection=shipped["connection"])

    with setup.opened() as bench, pytest.raises(RuleBroken) as broken:
        case_of(setup, rule).check(bench)

    assert broken.value.message.code == code
    assert sentence in str(broken.value)
