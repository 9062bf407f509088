"""Every adapter that ships keeps the rules of the conformance kit."""

from cchc_connect.extras import installed_adapters
from cchc_connect.testing import check_adapter
from tests.conformance.shipped import SHIPPED

test_arcgis = check_adapter("arcgis", **SHIPPED["arcgis"])
test_binh_duong_permits = check_adapter("binh_duong_permits", **SHIPPED["binh_duong_permits"])
test_folder = check_adapter("folder", **SHIPPED["folder"])
test_national_portal = check_adapter("national_portal", **SHIPPED["national_portal"])
test_ogc_features = check_adapter("ogc_features", **SHIPPED["ogc_features"])
test_opencps = check_adapter("opencps", **SHIPPED["opencps"])
test_rest = check_adapter("rest", **SHIPPED["rest"])
test_soap = check_adapter("soap", **SHIPPED["soap"])
test_sql = check_adapter("sql", **SHIPPED["sql"])


def test_no_adapter_that_ships_is_forgotten() -> None:
    assert {point.name for point in installed_adapters().values() if point.value.startswith("cchc_adapters.")} == set(
        SHIPPED
    )
