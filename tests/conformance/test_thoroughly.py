"""Every adapter that ships keeps the thorough rules too: named faults, crashes, other orders of the items."""

import pytest

from cchc_connect.testing import check_adapter
from cchc_connect.testing.kit.cases import cases_of_setup
from cchc_connect.testing.kit.setup import Setup
from tests.conformance.shipped import SHIPPED

pytestmark = pytest.mark.long

test_arcgis = check_adapter("arcgis", thorough=True, **SHIPPED["arcgis"])
test_binh_duong_permits = check_adapter("binh_duong_permits", thorough=True, **SHIPPED["binh_duong_permits"])
test_folder = check_adapter("folder", thorough=True, **SHIPPED["folder"])
test_national_portal = check_adapter("national_portal", thorough=True, **SHIPPED["national_portal"])
test_ogc_features = check_adapter("ogc_features", thorough=True, **SHIPPED["ogc_features"])
test_opencps = check_adapter("opencps", thorough=True, **SHIPPED["opencps"])
test_rest = check_adapter("rest", thorough=True, **SHIPPED["rest"])
test_sql = check_adapter("sql", thorough=True, **SHIPPED["sql"])


def test_no_adapter_that_ships_is_forgotten() -> None:
    assert {f"test_{name}" for name in SHIPPED} <= globals().keys()


def test_the_thorough_form_has_more_rules_than_the_quick_one() -> None:
    setup = Setup(adapter="opencps", **SHIPPED["opencps"])

    quick, thorough = (cases_of_setup(setup, {}, is_thorough=form) for form in (False, True))

    assert {case.name for case in quick} < {case.name for case in thorough}
