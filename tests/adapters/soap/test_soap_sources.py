"""A SOAP service that is declared in TOML is read page by page over a real socket, and what is no page is told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from cchc_connect import Config, SharedDatabase, Synchronizer, records
from cchc_connect.sync.report import ReportLine
from cchc_connect.testing import ServerResponse
from cchc_schemas import LandParcel
from tests.adapters.soap.soap_register import OPTIONS, OWN_ERROR, SOURCE, SoapRegister, enveloped, fault, result


@pytest.fixture
def register() -> Iterator[SoapRegister]:
    with SoapRegister() as running:
        yield running


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SharedDatabase]:
    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as shared:
        yield shared


def pull(register: SoapRegister, database: SharedDatabase, **changes: Any) -> ReportLine:
    options = {**OPTIONS, "targets": {}, "sources": {"land_parcel": {**SOURCE, **changes}}}
    connection = {"adapter": "soap", "agency": "000.00.07.H09", "base_url": register.base_url, "options": options}
    tables = {"connections": {"register": connection}, "run": {"deadline_s": 5.0}}
    return Synchronizer(Config.from_tables(tables, Path("cchc.toml")), database).synchronise().lines[0]


def parcels(database: SharedDatabase) -> dict[str, LandParcel]:
    return {parcel.parcel_number: parcel for parcel in records(database, LandParcel)}


def listed(elements: str, total: int) -> ServerResponse:
    """Return a page of the register with these elements as its list."""
    content = f"<maLoi>0</maLoi><tongSo>{total}</tongSo><danhSach>{elements}</danhSach>"
    return result("DanhSachThua", f"<DanhSachThuaResult>{content}</DanhSachThuaResult>")


def reason(line: ReportLine) -> str:
    return "" if line.reason is None else line.reason.code


def test_a_listing_comes_whole_page_by_page(register: SoapRegister, database: SharedDatabase) -> None:
    line = pull(register, database)

    assert (reason(line), line.counts.inserted, line.counts.pages) == ("", 8, 3)
    parcel = parcels(database)["1"]
    assert (parcel.map_sheet, str(parcel.area_m2)) == ("12", "250.5")


def test_only_what_changed_is_asked_for(register: SoapRegister, database: SharedDatabase) -> None:
    pull(register, database)
    register.change()
    register.bodies.clear()

    line = pull(register, database)

    sent = [element.tag.rpartition("}")[2] for element in register.bodies[0].iter()]
    assert sent == ["DanhSachThua", "yeuCau", "viTri", "tuLuc"]
    assert (line.counts.inserted, line.counts.updated) == (1, 1)
    assert line.counts.fetched < 8


def test_a_value_that_does_not_fit_the_description_affects_its_own_field_only(
    register: SoapRegister, database: SharedDatabase
) -> None:
    good = "<Thua><id>P1</id><to>12</to><so>1</so><sua>2026-03-01T08:00:00</sua></Thua>"
    register.instead = listed(good + good.replace("P1", "P2").replace("<so>1", "<dienTich>n/a</dienTich><so>2"), 2)

    line = pull(register, database)

    assert (reason(line), line.counts.inserted) == ("", 2)
    assert parcels(database)["2"].area_m2 is None


def test_a_lone_item_is_a_list_of_one_and_nil_is_no_value(register: SoapRegister, database: SharedDatabase) -> None:
    nil = '<diaChi xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    register.instead = listed(f"<Thua><id>P1</id><to>12</to><so>1</so>{nil}<sua>2026-03-01T08:00:00</sua></Thua>", 1)

    pull(register, database)

    assert parcels(database)["1"].address is None


def test_flags_and_whole_numbers_compare_by_their_declared_type(
    register: SoapRegister, database: SharedDatabase
) -> None:
    item = "<Thua><id>P{0}</id><to>12</to><so>{0}</so><sua>2026-03-01T08:00:00</sua><daXoa>{1}</daXoa></Thua>"
    register.instead = listed(item.format(1, "0") + item.format(2, "true"), 2)

    line = pull(register, database, deletes={"property": "daXoa", "values": [True]})

    assert (reason(line), list(parcels(database))) == ("", ["1"])


@pytest.mark.parametrize("elements", ["<danhSach/>", ""])
def test_an_empty_list_may_be_left_out_where_the_description_says_so(
    register: SoapRegister, database: SharedDatabase, elements: str
) -> None:
    content = f"<maLoi>0</maLoi><tongSo>0</tongSo>{elements}"
    register.instead = result("DanhSachThua", f"<DanhSachThuaResult>{content}</DanhSachThuaResult>")

    assert reason(pull(register, database)) == ""


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (OWN_ERROR, "rest.no_success"),
        (result("DanhSachThua", "<DanhSachThuaResult>Lỗi hệ thống</DanhSachThuaResult>"), "rest.no_success"),
        (
            result("DanhSachThua", "<DanhSachThuaResult><maLoi>0</maLoi><ds><Thua/></ds></DanhSachThuaResult>"),
            "soap.unreadable",
        ),
        (result("NhanThua", "<ketQua>delivered</ketQua>"), "soap.unreadable"),
        (listed("<Thua>Mẫu</Thua>", 1), "rest.no_listing"),
        (listed("", 4), "rest.empty_page"),
        (enveloped(""), "soap.unreadable"),
        (fault("Server", "Nguyễn Thị Mẫu"), "transport.maintenance"),
        (fault("Client", "Nguyễn Thị Mẫu", 200), "transport.message_refused"),
    ],
)
def test_what_is_no_page_is_told(
    register: SoapRegister, database: SharedDatabase, response: ServerResponse, code: str
) -> None:
    register.instead = response

    line = pull(register, database)

    assert (reason(line), parcels(database)) == (code, {})
    assert "Mẫu" not in str(line)


def test_a_fault_may_mean_that_nothing_works_now(register: SoapRegister, database: SharedDatabase) -> None:
    register.instead = fault("Client.BaoTri", "")
    answers: Mapping[str, Any] = {"maintenance": {"property": "Fault.code", "values": ["BaoTri"]}}
    options = {**OPTIONS, "targets": {}, "answers": answers}
    connection = {"adapter": "soap", "agency": "000.00.07.H09", "base_url": register.base_url, "options": options}
    tables = {"connections": {"register": connection}, "run": {"deadline_s": 5.0}}

    report = Synchronizer(Config.from_tables(tables, Path("cchc.toml")), database).synchronise()

    assert reason(report.lines[0]) == "transport.maintenance"


EXPORT: Mapping[str, Any] = {"operation": "XuatThua", "paging": {"kind": "none"}, "since": None, "success": None}
JSON_ITEM = '{"id": "P1", "to": "12", "so": 1, "sua": "2026-03-01T08:00:00"}'
XML_ITEM = "<Thua><id>P1</id><to>12</to><so>1</so><sua>2026-03-01T08:00:00</sua></Thua>"


@pytest.mark.parametrize(
    ("form", "items", "text", "expected"),
    [
        ("json", "XuatThuaResult", f"[{JSON_ITEM}]", ("", 1)),
        ("json", "XuatThuaResult.ds", f'{{"ds": [{JSON_ITEM}]}}', ("", 1)),
        ("json", "XuatThuaResult", "[]", ("", 0)),
        ("json", "XuatThuaResult", "", ("soap.no_content", 0)),
        ("json", "XuatThuaResult", "Lỗi hệ thống", ("source.not_json", 0)),
        ("json", "XuatThuaResult.ds", '{"loi": 1}', ("rest.no_listing", 0)),
        ("xml", "XuatThuaResult.Thua", f'<ds xmlns="urn:x">{XML_ITEM}</ds>', ("", 1)),
        ("xml", "XuatThuaResult.Thua", f"<ds>{XML_ITEM}{XML_ITEM.replace('1<', '2<')}</ds>", ("", 2)),
        ("xml", "XuatThuaResult.Thua", "<ds/>", ("", 0)),
        ("xml", "XuatThuaResult.Thua", "<loi>Nguyễn Thị Mẫu</loi>", ("rest.no_listing", 0)),
        ("xml", "XuatThuaResult.Thua", "<ds><loi>1</loi></ds>", ("rest.no_listing", 0)),
        ("xml", "XuatThuaResult.Thua", "<!DOCTYPE a [<!ENTITY x 'y'>]><ds>&x;</ds>", ("soap.no_content", 0)),
    ],
)
def test_a_list_that_is_sent_as_a_text_is_opened(
    register: SoapRegister, database: SharedDatabase, form: str, items: str, text: str, expected: tuple[str, int]
) -> None:
    register.instead = result("XuatThua", f"<XuatThuaResult>{escape(text)}</XuatThuaResult>")
    content = {"property": "XuatThuaResult", "form": form}
    changes = {**EXPORT, "items": items, "content": content}
    source = {name: value for name, value in {**SOURCE, **changes}.items() if value}
    options = {**OPTIONS, "targets": {}, "sources": {"land_parcel": source}}
    connection = {"adapter": "soap", "agency": "000.00.07.H09", "base_url": register.base_url, "options": options}
    tables = {"connections": {"register": connection}, "run": {"deadline_s": 5.0}}

    line = Synchronizer(Config.from_tables(tables, Path("cchc.toml")), database).synchronise().lines[0]

    assert (reason(line), line.counts.inserted) == expected
