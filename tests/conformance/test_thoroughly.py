"""Every adapter that ships keeps the thorough rules too: named faults, crashes, other orders of the items."""

from collections.abc import Callable

import pytest

from cchc_connect.testing import check_adapter
from cchc_connect.testing.kit.cases import cases_of_setup
from cchc_connect.testing.kit.setup import Setup
from tests.conformance.shipped import SHIPPED


def _thorough(name: str) -> Callable[..., None]:
    return pytest.mark.long(check_adapter(name, thorough=True, **SHIPPED[name]))


test_arcgis = _thorough("arcgis")
test_binh_duong_permits = _thorough("binh_duong_permits")
test_folder = _thorough("folder")
test_national_portal = _thorough("national_portal")
test_ogc_features = _thorough("ogc_features")
test_opencps = _thorough("opencps")
test_rest = _thorough("rest")
test_soap = _thorough("soap")
test_sql = _thorough("sql")


def test_no_adapter_that_ships_is_forgotten() -> None:
    assert {f"test_{name}" for name in SHIPPED} <= globals().keys()


def test_the_thorough_form_has_more_rules_than_the_quick_one() -> None:
    setup = Setup(adapter="opencps", **SHIPPED["opencps"])

    quick, thorough = (cases_of_setup(setup, {}, is_thorough=form) for form in (False, True))

    assert {case.name for case in quick} < {case.name for case in thorough}
