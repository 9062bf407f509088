"""Each rule of the conformance kit holds for a sound adapter, and fails for one with the flaw that it is about."""

from collections.abc import Generator
from typing import Annotated, Any

import pytest
from pydantic import Field

from cchc_connect import CchcError
from cchc_connect.errors import UsageMistake
from cchc_connect.testing.kit.cases import RuleCase, cases_of_setup
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.testing.kit.rules import RULES
from cchc_connect.testing.kit.setup import Setup
from tests.conformance.flawed_adapter import ENTRY_POINT, LOCATION, FlawedOptions, FlawedRegister
from tests.conformance.register import Register
from tests.quick import few
from tests.simulation.adapter import installed

FLAWS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("keys_are_there", "no keys", {}),
    ("keys_are_unique", "one key", {}),
    ("keys_are_stable", "moving keys", {}),
    ("pages_add_up", "total", {}),
    ("listing_ends", "unproven", {}),
    ("listing_ends", "endless", {}),
    ("listing_ends", "one page", {}),
    ("pages_are_repeatable", "own position", {}),
    ("times_are_readable", "unreadable times", {}),
    ("resolution_is_true", "days", {}),
    ("resolution_is_true", "days of UTC", {}),
    ("since_is_obeyed", "no since", {}),
    ("since_is_obeyed", "exclusive since", {}),
    ("lookback_is_listed", "late since", {}),
    ("retention_is_kept", "short memory", {}),
    ("order_is_true", "newest first", {}),
    ("partitions_are_true", "no partitions", {"halves": True}),
    ("partitions_are_true", "empty partitions", {"halves": True}),
    ("order_is_true", "no times", {}),
    ("items_come_by_key", "no key filter", {}),
    ("everything_is_shared", "loses sheets", {}),
    ("second_run_writes_nothing", "restless", {}),
    ("incremental_equals_full", "loses new", {}),
    ("moving_rows_are_not_lost", "no total", {}),
    ("deletions_are_found", "no deletes", {}),
    ("deletions_are_promised", "deletes all", {"deletes": "never"}),
    ("wrong_values_affect_one_item", "carries objects", {}),
    ("every_wrong_value_affects_one_item", "carries flags", {}),
    ("mixed_wrong_values_affect_one_item", "carries two", {}),
    ("unreadable_item_is_quarantined_alone", "strict", {}),
    ("empty_answer_is_no_page", "blind", {}),
    ("html_is_no_page", "blind", {}),
    ("login_page_is_no_page", "blind", {}),
    ("captive_portal_is_no_page", "blind", {}),
    ("error_in_200_is_no_page", "blind", {}),
    ("errors_tell_no_secret", "log", {}),
    ("receipts_fit", "short receipts", {}),
    ("sending_twice_has_one_effect", "new keys", {}),
    ("lost_response_has_one_effect", "no key", {}),
    ("lost_response_has_one_effect", "refuses repeats", {}),
    ("lost_response_has_one_effect", "fails at repeats", {}),
    ("refused_record_stops_no_other", "blames all", {}),
    ("refused_record_stops_no_other", "mixes up", {}),
    ("update_has_effect", "drops updates", {}),
    ("order_is_kept", "gives up", {}),
    ("order_is_kept", "drops updates", {}),
    ("no_answer_is_taken_for_a_receipt", "believes", {}),
    ("failed_deliveries_tell_no_secret", "log", {}),
    ("withdrawn_record_is_gone", "drops withdrawals", {}),
    ("withdrawing_twice_is_no_error", "refuses repeats", {}),
    ("refused_withdrawal_is_told", "believes", {}),
    ("no_fault_is_taken_for_a_page", "blind", {}),
    ("no_tls_fault_is_taken_for_a_page", "swallows", {}),
    ("crashes_lose_nothing", "forgets its place", {}),
    ("order_of_items_is_no_matter", "remembers the first", {}),
    ("items_shown_twice_count_once", "new keys for old", {}),
)
"""Rule, flaw that it must find, further options of the flawed adapter."""


@pytest.fixture(autouse=True, scope="module")
def _flawed_adapter() -> Generator[None, None, None]:
    with installed({ENTRY_POINT: LOCATION}):
        yield


def setup_with(options: dict[str, Any]) -> Setup:
    account = {"account": {"kind": "api_key", "key": "mat-khau-mau"}}
    return Setup(adapter=ENTRY_POINT, system=Register, options=options, connection=account)


def case_of(setup: Setup, rule: str) -> RuleCase:
    return next(case for case in cases_of_setup(setup, {}, is_thorough=True) if case.rule.name == rule)


@pytest.mark.parametrize(("rule", "flaw", "options"), FLAWS, ids=[f"{rule}-{flaw}" for rule, flaw, _ in FLAWS])
def test_a_rule_finds_the_flaw_that_it_is_about(rule: str, flaw: str, options: dict[str, Any]) -> None:
    setup = setup_with({**options, "flaw": flaw})

    case = case_of(setup, rule)
    with setup.opened(with_tls=case.rule.needs_tls) as bench, pytest.raises((RuleBroken, CchcError)) as broken:
        case.check(bench)

    assert not str(broken.value).startswith("kit."), "its message is not in the catalogue"


def _of_a_sound_adapter() -> list[Any]:
    """Return each rule with the options that its flaws have.

    The adapters that ship are sound, too: each run of the tests tries few rules here. That of 170 faults takes long.
    """
    sound = sorted({(rule, tuple(options.items())) for rule, _, options in FLAWS})
    slow = [case for case in sound if case[0] == "no_fault_is_taken_for_a_page"]
    return [
        *few((case for case in sound if case not in slow), 8),
        *(pytest.param(*case, marks=pytest.mark.long) for case in slow),
    ]


@pytest.mark.parametrize(("rule", "options"), _of_a_sound_adapter())
def test_the_same_rule_holds_for_an_adapter_without_the_flaw(rule: str, options: tuple[tuple[str, Any], ...]) -> None:
    setup = setup_with(dict(options))
    case = case_of(setup, rule)

    with setup.opened(with_tls=case.rule.needs_tls) as bench:
        case.check(bench)


class WrongSample(FlawedOptions, frozen=True):
    """Options whose example is none."""

    size: Annotated[int, Field(examples=["many"])]


def test_a_sample_that_is_no_configuration_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FlawedRegister, "Options", WrongSample)
    setup = setup_with({"size": 1})

    with setup.opened() as bench, pytest.raises(RuleBroken, match="sample of 'adapter show' is refused"):
        case_of(setup, "sample_is_valid").check(bench)


def test_a_wrong_example_in_a_docstring_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FlawedRegister, "__doc__", ">>> 1 + 1\n3\n")
    setup = setup_with({})

    with setup.opened() as bench, pytest.raises(RuleBroken, match="1 example fails"):
        case_of(setup, "examples_are_right").check(bench)


@pytest.mark.parametrize("rule", ["sample_is_valid", "examples_are_right"])
def test_an_adapter_without_such_a_flaw_keeps_its_rules(rule: str) -> None:
    setup = setup_with({})

    with setup.opened() as bench:
        case_of(setup, rule).check(bench)


def test_every_rule_has_a_flaw_that_it_finds() -> None:
    found_otherwise = {"sample_is_valid", "examples_are_right"}

    assert {rule.name for rule in RULES} == {rule for rule, _, _ in FLAWS} | found_otherwise


@pytest.mark.parametrize(
    ("left_out", "code"),
    [
        ({"keys_are_ther": "the register has no keys"}, "kit.rule_unknown"),
        ({"keys_are_there": "because"}, "kit.reason_missing"),
        ({"keys_are_there": ""}, "kit.reason_missing"),
        ({"keys_are_there:dossier": "the register has no keys"}, "kit.part_unknown"),
    ],
)
def test_a_rule_is_left_out_only_with_a_reason(left_out: dict[str, str], code: str) -> None:
    with pytest.raises(UsageMistake) as refused:
        cases_of_setup(setup_with({}), left_out, is_thorough=False)

    assert refused.value.code == code


def test_a_rule_that_is_left_out_says_why() -> None:
    reason = "the register has no keys"
    cases = cases_of_setup(setup_with({}), {"keys_are_there": reason}, is_thorough=False)

    assert [case.name for case in cases if case.left_out_because == reason] == ["keys_are_there-land_parcel"]
