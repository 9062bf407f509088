"""`check_adapter`: a pytest test of every rule of the conformance kit, in one line."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cchc_connect.testing.kit.cases import RuleCase, cases_of_setup
from cchc_connect.testing.kit.setup import Setup
from cchc_connect.testing.kit.systems import Options

NOTHING: Mapping[str, Any] = {}


def check_adapter(
    name: str,
    *,
    system: Any,
    options: Options = NOTHING,
    connection: Options = NOTHING,
    left_out: Mapping[str, str] = NOTHING,
    thorough: bool = False,
) -> Callable[[RuleCase], None]:
    """Return a pytest test of an adapter: one for each rule and source or target.

    Example::

        test_registry = check_adapter("district_registry", options={"scheme": "gso-2025-07"}, system=RegistryDouble)

    Args:
        name: name of the installed adapter.
        system: the system under test, or a factory of it; a factory gives each rule a new one. It is entered if it is
            a context manager. With `base_url` it is reached by HTTP. `change`, `remove` and others that
            docs/conformance.md lists give the kit power over it; a rule that needs a missing one fails.
        options: the adapter's options, or a function of the running system that returns them.
        connection: further keys of the connection's table, `account` for instance, or a function as for `options`.
            Secrets of the account stand in it as plain text.
        left_out: rule -> reason in words why it is left out, beside those of the adapter's class (`left_out_rules`).
        thorough: also check what takes longer: the named faults, crashes, other orders of items. At most 3 minutes.

    Raises:
        UsageMistake: a rule that is left out is unknown, or its reason has fewer than three words.
        ConfigurationError: adapter or options cannot be used.
    """
    setup = Setup(adapter=name, system=system, options=options, connection=connection)
    chosen = [_parameter(case) for case in cases_of_setup(setup, left_out, is_thorough=thorough)]

    @pytest.mark.parametrize("case", chosen)
    def test_adapter(case: RuleCase) -> None:
        with setup.opened(with_tls=case.rule.needs_tls) as bench:
            case.check(bench)

    return test_adapter


def _parameter(case: RuleCase) -> Any:
    reason = case.left_out_because
    marks = () if reason is None else (pytest.mark.skip(reason=reason),)
    return pytest.param(case, id=case.name, marks=marks)
