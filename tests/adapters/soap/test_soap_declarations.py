"""Every fault of a declared SOAP system is told when the file is loaded, at its key and with the nearest name."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import Config, ConfigurationError
from cchc_connect.messages import Language
from tests.adapters.soap.soap_register import OPTIONS, SOURCE, TARGET, WSDL

FIRST: Mapping[str, Any] = {"yeuCau": {"viTri": 0}}


def load(folder: Path, options: Mapping[str, Any]) -> Config:
    connection = {"adapter": "soap", "agency": "000.00.07.H09", "base_url": "https://a.example", "options": options}
    config = Config.from_tables({"connections": {"register": connection}}, folder / "cchc.toml")
    config.adapter("register")
    return config


def refusal(folder: Path, options: Mapping[str, Any], language: Language = Language.ENGLISH) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load(folder, options)
    return refused.value.in_language(language)


def changed(**changes: Any) -> Mapping[str, Any]:
    return {**OPTIONS, "sources": {"land_parcel": {**SOURCE, **changes}}}


def test_the_description_lies_in_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "wsdl").mkdir()
    shutil.copy(WSDL, tmp_path / "wsdl" / "dat_dai.wsdl")

    config = load(tmp_path, {**OPTIONS, "wsdl": "wsdl/dat_dai.wsdl"})

    assert len(config.adapter("register").sources) == 1


@pytest.mark.parametrize("language", Language)
def test_every_fault_is_told_at_once_with_the_nearest_name(tmp_path: Path, language: Language) -> None:
    source = {
        **SOURCE,
        "items": "DanhSachThuaResult.danhSac.Thua",
        "arguments": {"yeuCau": {"loaii": "A"}},
        "since": {"parameter": "yeuCau.tuLu"},
        "paging": {**SOURCE["paging"], "parameter": "yeuCau.vitri"},
        "fields": {**SOURCE["fields"], "adress": "diaChi"},
    }
    target = {
        **TARGET,
        "operation": "NhanThuaa",
        "withdraw": {"operation": "ThuHoiThua", "arguments": {"soo": "parcel_numbr"}},
    }

    text = refusal(
        tmp_path, {**OPTIONS, "sources": {"land_parcel": source}, "targets": {"land_parcel": target}}, language
    )

    table = "[connections.register.options."
    for path, meant in (
        ("sources.land_parcel] items", "danhSach"),
        ("sources.land_parcel.arguments.yeuCau] loaii", "loai"),
        ("sources.land_parcel.since] parameter", "tuLuc"),
        ("sources.land_parcel.paging] parameter", "viTri"),
        ("sources.land_parcel] arguments", "yeuCau.viTri"),
        ("sources.land_parcel.fields] adress", "address"),
        ("targets.land_parcel] operation", "NhanThua"),
        ("targets.land_parcel.withdraw.arguments] soo:", "so"),
        ("targets.land_parcel.withdraw] arguments", "so"),
        ("targets.land_parcel.withdraw.arguments] soo:", "parcel_number"),
    ):
        lines = [line for line in text.splitlines() if f"{table}{path}" in line]
        assert any(meant in line for line in lines), (path, text)
    assert text.count(table) == 10


def test_a_code_that_the_field_does_not_have_is_told_for_every_message(tmp_path: Path) -> None:
    rule = {"field": "holders.0.kind", "codes": {"individul": "1"}}
    withdraw = {"operation": "ThuHoiThua", "arguments": {"so": rule}}
    target = {**TARGET, "arguments": {**TARGET["arguments"], "thua.so": rule}, "withdraw": withdraw}

    text = refusal(tmp_path, {**OPTIONS, "targets": {"land_parcel": target}})

    for message in ("arguments.thua.so", "withdraw.arguments.so"):
        assert f"targets.land_parcel.{message}] codes" in text, text


@pytest.mark.parametrize(
    ("changes", "path", "part"),
    [
        ({"wsdl": "none.wsdl"}, "wsdl", "none.wsdl"),
        ({"port": "Soap12"}, "wsdl", "Soap12"),
        (changed(paging={"kind": "page", "parameter": "yeuCau.viTri", "end": "status_404"}), "paging", "status 404"),
        (changed(paging={"kind": "link", "property": "tiep"}, arguments=FIRST), "paging", "links"),
        (changed(since={"parameter": "yeuCau.viTri"}), "land_parcel", "'yeuCau.viTri' has two meanings"),
        (changed(paging={"kind": "none", "total_header": "X"}, arguments=FIRST), "paging", "headers"),
        (changed(paging={"kind": "cursor", "parameter": "yeuCau.viTri", "property": "x"}), "arguments", "yeuCau.viTri"),
        (changed(content={"property": "DanhSachThuaResul", "form": "json"}), "property", "DanhSachThuaResult"),
        (changed(operation="DanhSachTua"), "operation", "Did you mean 'DanhSachThua'?"),
    ],
)
def test_a_fault_of_the_description_or_the_paging_is_told(
    tmp_path: Path, changes: Mapping[str, Any], path: str, part: str
) -> None:
    text = refusal(tmp_path, {**OPTIONS, **changes})

    assert text.count("[connections.register") == 1, text
    assert path in text
    assert part in text


def test_a_required_argument_that_is_sent_later_only_needs_a_first_value(tmp_path: Path) -> None:
    cursor = {"kind": "cursor", "parameter": "yeuCau.viTri", "property": "DanhSachThuaResult.tongSo"}

    load(tmp_path, changed(paging=cursor, arguments=FIRST))
