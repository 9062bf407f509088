"""A scripted SOAP service, its envelopes written by hand: dossiers by code, with or without an account."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, unescape

from tests.transport.scripted_server import ReceivedRequest, ResponseScript, closing_response

SPACE = "urn:vn:mau:hoso"
ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}

SCHEMA = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
    targetNamespace="{SPACE}" elementFormDefault="qualified">
  <xs:element name="LayHoSo"><xs:complexType><xs:sequence>
    <xs:element name="maHoSo" type="xs:string"/><xs:element name="lan" type="xs:int" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="BaoTin"><xs:complexType><xs:sequence>
    <xs:element name="noiDung" type="xs:string"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="LayHoSoResponse"><xs:complexType><xs:sequence>
    <xs:element name="hoSo" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="ma" type="xs:string"/>
      <xs:element name="soBuoc" type="xs:int"/>
      <xs:element name="dienTich" type="xs:decimal" minOccurs="0"/>
      <xs:element name="ngayTiepNhan" type="xs:date" minOccurs="0"/>
      <xs:element name="giayTo" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


def wsdl(schema: str = SCHEMA, ahead: str = "", types: bool = True) -> str:  # noqa: FBT001, FBT002  # a case of a test
    """Return the WSDL of the service; no request may go to the address in it."""
    ports = "".join(
        f"""<w:binding name="Binding{soap}" type="t:HoSo">
    <{soap}:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <w:operation name="LayHoSo"><{soap}:operation soapAction="{SPACE}/LayHoSo" style="document"/>
    <w:input><{soap}:body use="literal"/></w:input><w:output><{soap}:body use="literal"/></w:output>
    </w:operation>
    <w:operation name="BaoTin"><{soap}:operation soapAction="{SPACE}/BaoTin" style="document"/>
    <w:input><{soap}:body use="literal"/></w:input></w:operation></w:binding>"""
        for soap in ("s11", "s12")
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>{ahead}
<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s11="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:t="{SPACE}" targetNamespace="{SPACE}">
  {f"<w:types>{schema}</w:types>" if types else schema}
  <w:message name="In"><w:part name="parameters" element="t:LayHoSo"/></w:message>
  <w:message name="Tin"><w:part name="parameters" element="t:BaoTin"/></w:message>
  <w:message name="Out"><w:part name="parameters" element="t:LayHoSoResponse"/></w:message>
  <w:portType name="HoSo">
    <w:operation name="LayHoSo"><w:input message="t:In"/><w:output message="t:Out"/></w:operation>
    <w:operation name="BaoTin"><w:input message="t:Tin"/></w:operation>
  </w:portType>
  {ports}
  <w:service name="HoSoService">
    <w:port name="Soap" binding="t:Bindings11"><s11:address location="http://127.0.0.2:9/HoSo"/></w:port>
    <w:port name="Soap12" binding="t:Bindings12"><s12:address location="http://127.0.0.2:9/HoSo"/></w:port>
  </w:service>
</w:definitions>"""


def write_wsdl(folder: Path, text: str | None = None) -> Path:
    file = folder / "hoso.wsdl"
    file.write_text(wsdl() if text is None else text, encoding="utf-8")
    return file


def enveloped(body: str, version: str = "1.1") -> bytes:
    envelope = f'<e:Envelope xmlns:e="{ENVELOPES[version]}"><e:Body>{body}</e:Body></e:Envelope>'
    return f'<?xml version="1.0" encoding="utf-8"?>{envelope}'.encode()


def fault(code: str, version: str = "1.1", *subcodes: str) -> bytes:
    text = "Không tìm thấy hồ sơ của Nguyễn Thị Mẫu"  # invented; a fault's text may say anything
    if version == "1.1":
        return enveloped(f"<e:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></e:Fault>")
    inner = ""
    for subcode in reversed(subcodes):
        inner = f"<e:Subcode><e:Value>{subcode}</e:Value>{inner}</e:Subcode>"
    reason = f'<e:Reason><e:Text xml:lang="vi">{text}</e:Text></e:Reason>'
    return enveloped(f"<e:Fault><e:Code><e:Value>{code}</e:Value>{inner}</e:Code>{reason}</e:Fault>", "1.2")


def dossier(code: str, steps: str = "3", version: str = "1.1") -> bytes:
    content = (
        f"<ma>{escape(code)}</ma><soBuoc>{steps}</soBuoc><dienTich>381.90</dienTich>"
        "<ngayTiepNhan>2026-07-01</ngayTiepNhan><giayTo>đơn</giayTo><giayTo>bản vẽ</giayTo>"
    )
    return enveloped(f'<LayHoSoResponse xmlns="{SPACE}"><hoSo>{content}</hoSo></LayHoSoResponse>', version)


@dataclass
class SoapScript:
    """Responds to `LayHoSo` in the SOAP version of the request; requires the password if one is set."""

    password: str | None = None
    nonces: set[str] = field(default_factory=set[str])

    def __call__(self, request: ReceivedRequest) -> ResponseScript:
        version = "1.2" if request.headers["content-type"].startswith("application/soap+xml") else "1.1"
        if self.password is not None and not self._is_authenticated(request.body.decode()):
            refused = fault("wsse:FailedAuthentication") if version == "1.1" else None
            body = refused or fault("e:Sender", "1.2", "wsse:FailedAuthentication")
            return [closing_response("500 Internal Server Error", body, media_type=TYPES[version])]
        code = re.search(r"<(?:\w+:)?maHoSo>([^<]*)</", request.body.decode())
        return [
            closing_response("200 OK", dossier(code[1] if code else "", version=version), media_type=TYPES[version])
        ]

    def _is_authenticated(self, message: str) -> bool:
        """True if the UsernameToken is valid by its profile, as digest or text, and its nonce is new."""
        shown = re.search(r'<wsse:Password Type="[^"]*#(\w+)">([^<]*)</wsse:Password>', message)
        if shown is None or self.password is None:
            return False
        kind, value = shown[1], unescape(shown[2])
        if kind == "PasswordText":
            return value == self.password
        nonce = re.search(r"<wsse:Nonce[^>]*>([^<]*)</wsse:Nonce>", message)
        created = re.search(r"<wsu:Created[^>]*>([^<]*)</wsu:Created>", message)
        if nonce is None or created is None or nonce[1] in self.nonces:
            return False
        self.nonces.add(nonce[1])
        made = hashlib.sha1(base64.b64decode(nonce[1]) + created[1].encode() + self.password.encode())  # noqa: S324  # the profile's
        return value == base64.b64encode(made.digest()).decode()
