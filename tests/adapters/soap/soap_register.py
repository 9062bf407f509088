"""A register of parcels as a SOAP service, its envelopes written by hand, and how a connection declares it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from cchc_connect.testing import ReceivedRequest, ServerResponse
from cchc_connect.wire.xml import parse_xml
from tests.conformance.register import Register

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SPACE = "urn:vn:mau:dat-dai"
WSDL = Path(__file__).with_name("register.wsdl")
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

SOURCE: Mapping[str, Any] = {
    "operation": "DanhSachThua",
    "items": "DanhSachThuaResult.danhSach.Thua",
    "paging": {
        "kind": "offset",
        "parameter": "yeuCau.viTri",
        "size": 3,
        "total": "DanhSachThuaResult.tongSo",
    },
    "since": {"parameter": "yeuCau.tuLuc", "format": "iso_utc"},
    "success": {"property": "DanhSachThuaResult.maLoi", "values": [0], "words": "DanhSachThuaResult.thongBao"},
    "changed_at": {"property": "sua", "codec": "iso_instant"},
    "key": "id",
    "fields": {
        "scheme": {"constant": "gso-2025-07"},
        "commune_code": {"constant": "25747"},
        "map_sheet": "to",
        "parcel_number": "so",
        "area_m2": {"property": "dienTich", "codec": "area"},
        "address": "diaChi",
    },
}
TARGET: Mapping[str, Any] = {
    "operation": "NhanThua",
    "arguments": {
        "thua.to": "map_sheet",
        "thua.so": "parcel_number",
        "thua.diaChi": "address",
        "thua.dienTich": "area_m2",
    },
    "idempotent": True,
    "idempotency_argument": "khoa",
    "success": {"property": "ketQua", "values": ["delivered"]},
    "receipt": {
        "duplicate": {"property": "ketQua", "values": ["duplicate"]},
        "refused": {"property": "ketQua", "values": ["refused"]},
        "reason": "ketQua",
    },
    "withdraw": {"operation": "ThuHoiThua", "arguments": {"so": "parcel_number"}, "idempotent": True},
}
OPTIONS: Mapping[str, Any] = {
    "wsdl": str(WSDL),
    "path": "/DatDai.asmx",
    "sources": {"land_parcel": SOURCE},
    "targets": {"land_parcel": TARGET},
}


class SoapRegister(Register):
    """The register, asked and answered in envelopes; a password is asked for where one is set."""

    def __init__(self, parcels: int = 8, password: str = "") -> None:
        super().__init__(parcels)
        self.password = password
        self.bodies: list[Element] = []
        """The element of each request that asks for something, with its namespaces."""
        self.instead: ServerResponse | None = None
        """What it answers whatever is asked; None: what belongs to the request."""

    def error_in_200(self) -> ServerResponse:
        """Return its own error: a result with a code and without a list."""
        return OWN_ERROR

    def _respond(self, request: ReceivedRequest) -> ServerResponse:
        root = parse_xml(request.body)
        asked_for = next(iter(root.find(f"{{{ENVELOPE}}}Body") or ()))
        self.bodies.append(asked_for)
        if self.instead is not None:
            return self.instead
        if self.password and f">{self.password}<".encode() not in request.body:
            return fault("wsse:FailedAuthentication", "Sai mật khẩu")
        operation = asked_for.tag.rpartition("}")[2]
        values = {element.tag.rpartition("}")[2]: element.text or "" for element in asked_for.iter()}
        match operation:
            case "DanhSachThua":
                return self._listed(request, values)
            case "NhanThua":
                message = {"key": values["khoa"], "sheet": values["to"], "number": values["so"]}
                receipt = json.loads(self._take([message]).body)["receipts"][0]
                return result(operation, f"<ketQua>{receipt}</ketQua>")
            case _:
                if not self.withdraw(values["so"]):
                    return fault("Client.KhongCo", "Không có")
                return result(operation, "<ketQua>delivered</ketQua>")

    def _listed(self, request: ReceivedRequest, values: Mapping[str, str]) -> ServerResponse:
        query = {"offset": [values["viTri"]], **({"since": [values["tuLuc"]]} if "tuLuc" in values else {})}
        asked_for = ReceivedRequest(method="GET", path="/", query=query, headers=request.headers, body=b"")
        page = json.loads(self._page(asked_for).body)
        parcels = "".join(f"<Thua>{parcel_elements(item)}</Thua>" for item in page["parcels"])
        content = f"<maLoi>0</maLoi><tongSo>{page['total']}</tongSo><danhSach>{parcels}</danhSach>"
        return result("DanhSachThua", f"<DanhSachThuaResult>{content}</DanhSachThuaResult>")


def parcel_elements(item: Mapping[str, str]) -> str:
    """Return a parcel of the register as elements."""
    named = {"id": "id", "to": "sheet", "so": "number", "dienTich": "area", "diaChi": "address", "sua": "at"}
    return "".join(f"<{name}>{escape(item[member])}</{name}>" for name, member in named.items())


def result(operation: str, content: str) -> ServerResponse:
    """Return the envelope with the result of an operation."""
    return enveloped(f'<{operation}Response xmlns="{SPACE}">{content}</{operation}Response>')


def fault(code: str, reason: str, status: int = 500) -> ServerResponse:
    """Return an envelope with a fault."""
    return enveloped(f"<e:Fault><faultcode>{code}</faultcode><faultstring>{reason}</faultstring></e:Fault>", status)


def enveloped(body: str, status: int = 200) -> ServerResponse:
    """Return an envelope."""
    envelope = f'<?xml version="1.0"?><e:Envelope xmlns:e="{ENVELOPE}"><e:Body>{body}</e:Body></e:Envelope>'
    return ServerResponse(status=status, body=envelope.encode(), media_type="text/xml; charset=utf-8")


OWN_ERROR = result(
    "DanhSachThua",
    "<DanhSachThuaResult><maLoi>99</maLoi><thongBao>Có lỗi xảy ra</thongBao></DanhSachThuaResult>",
)
NOT_HERE = fault("Client.KhongCo", "Không có")
