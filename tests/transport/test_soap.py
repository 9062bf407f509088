"""SOAP services over both transports: the same rules as for other systems, and a SOAP fault is never a success."""

import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cchc_connect.errors import (
    AuthenticationFailed,
    CchcError,
    ConfigurationError,
    CutShort,
    DeadlineExceeded,
    Maintenance,
    MessageRefused,
    SourceHeld,
)
from cchc_connect.http import Credentials, Dialect, HttpResponse, Verdict
from cchc_connect.soap import SoapService, classify_soap, fault_of
from cchc_connect.soap.envelopes import can_be_resolved
from cchc_connect.transport import Endpoint, Policy, TransportEnvironment
from cchc_connect.transport.auth.ws_security import WsSecurity
from cchc_connect.wire.xml import parse_xml
from tests.transport.both_transports import OpenTransport
from tests.transport.scripted_server import (
    RESET,
    ReceivedRequest,
    ResponseScript,
    ScriptedServer,
    closing_response,
    drip,
    in_turn,
    response_head,
)
from tests.transport.soap_service import (
    ENVELOPES,
    SCHEMA,
    SPACE,
    TYPES,
    SoapScript,
    dossier,
    enveloped,
    fault,
    write_wsdl,
    wsdl,
)

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]
CODE = "000.00.01.H09-260701-0001"
ONCE = Policy(max_attempts=1, deadline_s=0.8, connect_timeout_s=0.5, read_timeout_s=0.6)
ACCOUNT = Credentials(username="tichhop.h09", password="mật-khau & canary")  # invented


def endpoint(agency: ScriptedServer) -> Endpoint:
    return Endpoint(name="one-stop", base_url=f"{agency.base_url}/ws", dialect=Dialect(classify=classify_soap))


def judged(body: bytes, status: int = 200, kind: str = TYPES["1.1"]) -> Verdict:
    return classify_soap(HttpResponse(status=status, headers={"content-type": kind}, body=body))


@pytest.mark.parametrize(("port", "version"), [("Soap", "1.1"), ("Soap12", "1.2")])
def test_an_operation_can_be_called_over_both_transports(
    serve: Serve, open_carrier: OpenTransport, tmp_path: Path, port: str, version: str
) -> None:
    agency = serve(SoapScript())
    service = SoapService(write_wsdl(tmp_path), "/HoSo.asmx", port=port)

    record = open_carrier(endpoint(agency)).run(service.call("LayHoSo", {"maHoSo": CODE, "lan": 2}))

    assert record == {
        "ma": CODE,
        "soBuoc": 3,
        "dienTich": Decimal("381.90"),
        "ngayTiepNhan": date(2026, 7, 1),
        "giayTo": ["đơn", "bản vẽ"],
    }
    (request,) = agency.requests
    assert (request.method, request.target) == ("POST", "/ws/HoSo.asmx")
    assert ENVELOPES[version].encode() in request.body
    action = request.headers.get("soapaction", request.headers["content-type"])
    assert f'"{SPACE}/LayHoSo"' in action
    assert request.headers["content-type"].startswith(TYPES[version])
    assert request.headers["x-request-id"]


@pytest.mark.parametrize("reply", [closing_response("202 Accepted"), closing_response("204 No Content")])
def test_an_operation_without_a_result_accepts_an_empty_response(
    serve: Serve, open_carrier: OpenTransport, tmp_path: Path, reply: bytes
) -> None:
    agency = serve(in_turn([reply]))
    service = SoapService(write_wsdl(tmp_path), "/HoSo")

    assert open_carrier(endpoint(agency)).run(service.call("BaoTin", {"noiDung": "đã nhận"})) is None
    with pytest.raises(SourceHeld):
        open_carrier(endpoint(agency)).run(service.call("LayHoSo", {"maHoSo": CODE}))


def referring(width: int, depth: int, *, circle: bool = False) -> bytes:
    """Return an envelope with a chain of elements; each refers to the next one `width` times."""
    parts = [f'<m id="{step}">' + f'<m href="#{step + 1}"/>' * width + "</m>" for step in range(depth)]
    back = '<m href="#0"/>' if circle else ""
    last = f'<m id="{depth}">{back}</m>'
    return enveloped(f'<LayHoSoResponse xmlns="{SPACE}"><hoSo href="#0"/></LayHoSoResponse>{"".join(parts)}{last}')


@pytest.mark.parametrize(("width", "depth", "circle"), [(10, 10, False), (1, 3, True), (1, 2000, False)])
def test_references_that_expand_without_end_are_refused(
    tmp_path: Path, width: int, depth: int, *, circle: bool
) -> None:
    service = SoapService(write_wsdl(tmp_path), "/HoSo")
    body = referring(width, depth, circle=circle)

    with pytest.raises(SourceHeld) as raised:
        service.result("LayHoSo", HttpResponse(status=200, headers={"content-type": "text/xml"}, body=body))

    assert raised.value.code == "soap.unreadable"


@pytest.mark.parametrize(("width", "depth"), [(0, 0), (2, 5), (10, 4), (1, 20)])
def test_references_that_end_are_resolved(width: int, depth: int) -> None:
    body = next(iter(parse_xml(referring(width, depth))))

    assert can_be_resolved(body)


def test_markup_in_an_argument_is_escaped(serve: Serve, open_carrier: OpenTransport, tmp_path: Path) -> None:
    agency = serve(SoapScript())
    service = SoapService(write_wsdl(tmp_path), "/HoSo")

    open_carrier(endpoint(agency)).run(service.call("LayHoSo", {"maHoSo": "</t:maHoSo><x a='&'/>ử"}))

    assert "&lt;/t:maHoSo&gt;&lt;x a='&amp;'/&gt;ử".encode() in agency.requests[0].body


FAULTS: dict[str, tuple[ResponseScript, type[CchcError]]] = {
    "reset": ([response_head("200 OK"), RESET], CutShort),
    "cut": ([closing_response("200 OK", dossier(CODE), media_type=TYPES["1.1"])[:-40]], CutShort),
    "slow": ([response_head("200 OK"), *drip(b"x", 0.3, 30)], DeadlineExceeded),
    "HTML with 200": (
        [closing_response("200 OK", b"<html>B\xe1\xba\xa3o tr\xc3\xac</html>", media_type="text/html")],
        SourceHeld,
    ),
    "HTML that says it is XML": ([closing_response("200 OK", b"<html/>", media_type="text/xml")], SourceHeld),
    "empty": ([closing_response("200 OK", b"", media_type="text/xml")], SourceHeld),
    "fault with 200": ([closing_response("200 OK", fault("e:Server"), media_type=TYPES["1.1"])], Maintenance),
    "fault with 500": ([closing_response("500 Error", fault("e:Server"), media_type=TYPES["1.1"])], Maintenance),
    "our fault": ([closing_response("500 Error", fault("e:Client"), media_type=TYPES["1.1"])], MessageRefused),
    "our fault with 200": (
        [closing_response("200 OK", fault("soap:Client.NotFound"), media_type=TYPES["1.1"])],
        MessageRefused,
    ),
    "credentials": (
        [closing_response("200 OK", fault("wsse:InvalidSecurity"), media_type=TYPES["1.1"])],
        AuthenticationFailed,
    ),
    "unknown fault": ([closing_response("200 OK", fault("x:Whatever"), media_type=TYPES["1.1"])], SourceHeld),
    "entities": (
        [
            closing_response(
                "200 OK",
                b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + dossier("&x;"),
                media_type="text/xml",
            )
        ],
        SourceHeld,
    ),
    "redirect": ([closing_response("302 Found", b"", "Location: http://127.0.0.2/")], SourceHeld),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_ends_in_its_typed_error(
    serve: Serve, open_carrier: OpenTransport, tmp_path: Path, name: str
) -> None:
    script, error = FAULTS[name]
    agency = serve(in_turn(script))
    service = SoapService(write_wsdl(tmp_path), "/HoSo")

    with pytest.raises(error) as raised:
        open_carrier(endpoint(agency), ONCE).run(service.call("LayHoSo", {"maHoSo": CODE}))

    assert "Mẫu" not in f"{raised.value!r} {raised.value}"


@pytest.mark.parametrize("idempotent", [True, False])
def test_only_an_idempotent_message_is_sent_again(
    serve: Serve, open_carrier: OpenTransport, tmp_path: Path, *, idempotent: bool
) -> None:
    agency = serve(
        in_turn(
            [closing_response("503 Unavailable", b"")],
            [closing_response("200 OK", dossier(CODE), media_type="text/xml")],
        )
    )
    service = SoapService(write_wsdl(tmp_path), "/HoSo")
    call = service.call("LayHoSo", {"maHoSo": CODE}, idempotent=idempotent)

    if idempotent:
        assert open_carrier(endpoint(agency)).run(call)["ma"] == CODE
    else:
        with pytest.raises(Maintenance):
            open_carrier(endpoint(agency)).run(call)
    assert len(agency.requests) == 1 + idempotent
    assert len({request.body for request in agency.requests}) == 1


@pytest.mark.parametrize("digest", [True, False])
@pytest.mark.parametrize("port", ["Soap", "Soap12"])
def test_an_account_is_sent_as_the_username_token_profile_says(
    serve: Serve, open_carrier: OpenTransport, tmp_path: Path, port: str, *, digest: bool
) -> None:
    agency = serve(SoapScript(password=ACCOUNT.password))
    account = WsSecurity(credentials=ACCOUNT, digest=digest)
    service = SoapService(write_wsdl(tmp_path), "/HoSo", port=port)
    stamped = TransportEnvironment(now=lambda: datetime(2026, 7, 1, 5, 0, tzinfo=UTC))
    carrier = open_carrier(replace(endpoint(agency), authentication=account), ONCE, stamped)

    codes = [carrier.run(service.call("LayHoSo", {"maHoSo": CODE}))["ma"] for _ in range(2)]

    assert codes == [CODE, CODE]
    first, second = (request.body.decode() for request in agency.requests)
    assert (ACCOUNT.password.replace("&", "&amp;") in first) is not digest
    assert (first != second) is digest
    assert ("2026-07-01T05:00:00Z" in first) is digest


@pytest.mark.parametrize("digest", [True, False])
@pytest.mark.parametrize("port", ["Soap", "Soap12"])
def test_a_wrong_password_is_an_authentication_error(
    serve: Serve, open_carrier: OpenTransport, tmp_path: Path, port: str, *, digest: bool
) -> None:
    agency = serve(SoapScript(password="another"))
    account = WsSecurity(credentials=ACCOUNT, digest=digest)
    service = SoapService(write_wsdl(tmp_path), "/HoSo", port=port)

    with pytest.raises(AuthenticationFailed) as raised:
        open_carrier(replace(endpoint(agency), authentication=account), ONCE).run(
            service.call("LayHoSo", {"maHoSo": CODE})
        )

    assert ACCOUNT.password not in f"{raised.value!r} {raised.value} {account!r} {service!r}"
    assert len(agency.requests) == 1


@pytest.mark.parametrize(
    ("body", "status", "verdict"),
    [
        (dossier(CODE), 200, Verdict.OK),
        (dossier(CODE), 500, Verdict.MAINTENANCE),
        (dossier(CODE), 404, Verdict.NOT_FOUND),
        (fault("Server"), 200, Verdict.MAINTENANCE),
        (fault("e:Receiver", "1.2"), 500, Verdict.MAINTENANCE),
        (fault("e:Sender", "1.2", "a:Invalid"), 400, Verdict.INVALID),
        (fault("e:Sender", "1.2", "a:Invalid", "wsse:FailedCheck"), 400, Verdict.AUTH),
        (fault("e:MustUnderstand"), 500, Verdict.UNKNOWN),
        (fault(""), 500, Verdict.UNKNOWN),
        (fault("e:Server"), 429, Verdict.THROTTLED),
        (fault("e:Server"), 401, Verdict.AUTH),
        (enveloped('<Fault xmlns="urn:theirs"/>'), 200, Verdict.OK),
        (enveloped("<e:Fault/>"), 200, Verdict.UNKNOWN),
        (b"<e:Envelope xmlns:e='urn:other'><e:Body/></e:Envelope>", 200, Verdict.UNKNOWN),
        (b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'/>", 200, Verdict.UNKNOWN),
        (b"", 202, Verdict.OK),
        (b"", 204, Verdict.OK),
        (b"later", 202, Verdict.UNKNOWN),
        (b"", 200, Verdict.UNKNOWN),
        (b"", 503, Verdict.MAINTENANCE),
        (b"", 418, Verdict.UNKNOWN),
    ],
)
def test_the_verdict_on_a_soap_response(body: bytes, status: int, verdict: Verdict) -> None:
    assert judged(body, status) is verdict


def test_an_envelope_with_another_media_type_is_not_accepted() -> None:
    assert judged(dossier(CODE), kind="text/html") is Verdict.UNKNOWN
    assert judged(dossier(CODE), kind='multipart/related; type="text/xml"') is Verdict.UNKNOWN


def test_a_soap_fault_has_codes_and_its_repr_hides_its_text() -> None:
    body = fault("e:Sender", "1.2", "a:Business", "b:HS-404")
    soap_fault = fault_of(HttpResponse(status=500, headers={"content-type": TYPES["1.2"]}, body=body))

    assert soap_fault is not None
    assert soap_fault.codes == ("Sender", "Business", "HS-404")
    assert soap_fault.reason.startswith("Không tìm thấy hồ sơ")
    assert "Mẫu" not in repr(soap_fault)


@pytest.mark.parametrize(
    "content",
    [
        dossier(CODE, steps="ba"),
        dossier(CODE, steps="99999999999999999999x"),
        enveloped(f'<LayHoSoResponse xmlns="{SPACE}"><hoSo><ma>1</ma><khac>canary</khac></hoSo></LayHoSoResponse>'),
        enveloped('<Other xmlns="urn:canary"/>'),
        enveloped(f'<LayHoSoResponse xmlns="{SPACE}x"/>'),
        fault("e:Server"),
        b"<canary/>",
        b"canary",
    ],
)
def test_a_response_that_does_not_fit_the_wsdl_is_refused_as_a_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """A value that zeep cannot read becomes None, and zeep logs the value."""
    service = SoapService(write_wsdl(tmp_path), "/HoSo")
    response = HttpResponse(status=200, headers={"content-type": "text/xml"}, body=content)
    caplog.set_level(logging.DEBUG)

    with pytest.raises(SourceHeld) as raised:
        service.result("LayHoSo", response)

    assert raised.value.code == "soap.unreadable"
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    assert caplog.text == ""


@pytest.mark.parametrize(
    "arguments",
    [{}, {"ma": "canary"}, {"maHoSo": "a\x00canary"}, {"maHoSo": {"canary": 1}}],
)
def test_arguments_that_do_not_fit_the_wsdl_are_refused_without_being_quoted(
    tmp_path: Path, arguments: dict[str, object]
) -> None:
    service = SoapService(write_wsdl(tmp_path), "/HoSo")

    with pytest.raises(MessageRefused) as raised:
        service.request("LayHoSo", arguments)

    assert raised.value.code == "soap.unsendable"
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    frames = [entry.frame.f_locals for entry in raised.traceback if "cchc_connect" in str(entry.path)]
    assert "canary" not in f"{frames!r}"


def test_the_error_for_an_unknown_operation_lists_the_described_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SoapService(write_wsdl(tmp_path), "/HoSo").call("XoaHoSo", {})

    assert raised.value.context == {"operation": "XoaHoSo", "known": "BaoTin, LayHoSo"}


def test_a_wsdl_may_consist_of_several_files_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "xsd").mkdir()
    (tmp_path / "xsd" / "hoso.xsd").write_text(SCHEMA, encoding="utf-8")
    step = f'<xs:import namespace="{SPACE}" schemaLocation="xsd/hoso.xsd"/>'
    imported = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{step}</xs:schema>'

    service = SoapService(write_wsdl(tmp_path, wsdl(imported)), "/HoSo")

    assert service.request("LayHoSo", {"maHoSo": CODE}).content is not None


def importing(location: str, how: str) -> str:
    if how == "wsdl":
        return wsdl(f'<w:import namespace="urn:x" location="{location}"/><w:types>{SCHEMA}</w:types>', types=False)
    space = 'namespace="urn:x"' if how == "import" else ""
    inner = f'<xs:{how} {space} schemaLocation="{location}"/>'
    return wsdl(SCHEMA.replace('elementFormDefault="qualified">', f'elementFormDefault="qualified">{inner}', 1))


@pytest.mark.parametrize("how", ["wsdl", "import", "include"])
@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "../secret.xsd",
        "link.xsd",
        "ftp://127.0.0.2/x.xsd",
        "http://127.0.0.2:{port}/x.xsd",
    ],
)
def test_a_wsdl_imports_nothing_from_outside_its_folder(serve: Serve, tmp_path: Path, how: str, location: str) -> None:
    agency = serve(in_turn([closing_response("200 OK", SCHEMA.encode(), media_type="text/xml")]))
    folder = tmp_path / "wsdl"
    folder.mkdir()
    (tmp_path / "secret.xsd").write_text(SCHEMA, encoding="utf-8")
    (folder / "link.xsd").symlink_to(tmp_path / "secret.xsd")
    file = write_wsdl(folder, importing(location.format(port=agency.port), how))

    with pytest.raises(ConfigurationError) as raised:
        SoapService(file, "/HoSo")

    nowhere = {"ftp://127.0.0.2/x.xsd": "soap.description_missing"}  # zeep takes it for a file name
    assert raised.value.code == nowhere.get(location, "soap.description_elsewhere")
    assert agency.connections == 0


@pytest.mark.parametrize(
    "text",
    [
        wsdl(ahead="<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"),
        wsdl(ahead="<!DOCTYPE a SYSTEM 'http://127.0.0.2/a.dtd'>"),
        "",
        "<a/>",
        wsdl()[:-20],
        wsdl(importing("khong-co.xsd", "import"))[:0] + importing("khong-co.xsd", "import"),
        wsdl().replace("xs:string", "xs:khong_co"),
    ],
)
def test_an_invalid_wsdl_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SoapService(write_wsdl(tmp_path, text), "/HoSo")

    assert raised.value.code in {
        "soap.description_unusable",
        "soap.description_missing",
        "soap.no_port",
        "soap.no_soap_port",
    }


def test_a_port_that_the_wsdl_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SoapService(write_wsdl(tmp_path), "/HoSo", port="SoapKhac")

    assert raised.value.code == "soap.no_port"


def test_without_its_extra_the_error_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zeep", None)
    for name in ("messages", "wsdl"):
        monkeypatch.delitem(sys.modules, f"cchc_connect.soap.{name}", raising=False)

    with pytest.raises(ConfigurationError) as raised:
        SoapService(write_wsdl(tmp_path), "/HoSo")

    assert raised.value.code == "extra.soap"
    assert "pip install 'cchc-connect[soap]'" in str(raised.value)
