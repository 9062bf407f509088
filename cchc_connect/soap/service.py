"""A SOAP service for adapters: a call yields requests and receives responses, over any transport.

zeep writes and reads the messages but never sends them. So retries, deadline, limits, the URL guard and the
dialect's classifier apply as for other systems. The address is the connection's; the one in the WSDL file is
ignored::

    service = SoapService(folder / "hoso.wsdl", "/HoSoService.asmx")
    dialect = Dialect(classify=classify_soap)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        listing = yield from service.call("LayDanhSach", {"tuNgay": page_request.since}, idempotent=True)
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cchc_connect.errors import ConfigurationError, MessageRefused, SourceHeld
from cchc_connect.extras import require_extra
from cchc_connect.http import Conversation, HttpRequest, HttpResponse, Verdict
from cchc_connect.soap.envelopes import body_of, can_be_resolved, envelope_of, fault_of
from cchc_connect.wire.xml import parse_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from cchc_connect.soap.described import DescribedElement
    from cchc_connect.soap.messages import SoapRequest


class SoapService:
    """One port of a service described by a WSDL file; threads may share it."""

    def __init__(
        self,
        wsdl: Path,
        path: str,
        *,
        folder: Path | None = None,
        service: str | None = None,
        port: str | None = None,
    ) -> None:
        """Read a WSDL file.

        Args:
            wsdl: the WSDL file.
            path: path of the service, relative to the connection's address.
            folder: folder that holds every imported file; None: the folder of `wsdl`.
            service: name of the service in the WSDL file; None: the first one.
            port: name of the port in the WSDL file; None: the first SOAP port.

        Raises:
            ConfigurationError: the extra `soap` is not installed, the WSDL file cannot be used or refers outside
                the folder, or there is no such port.
        """
        with require_extra("soap", "zeep"):
            from cchc_connect.soap.messages import SoapMessages  # noqa: PLC0415  # the extra may be missing
        self._messages = SoapMessages(wsdl, folder or wsdl.resolve().parent, service, port)
        self._path = path

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations."""
        return self._messages.operations

    def described_arguments(self, operation: str) -> "DescribedElement":
        """Return what the description says of the arguments of an operation."""
        return self._messages.arguments(operation)

    def described_result(self, operation: str) -> "DescribedElement":
        """Return what the description says of the result of an operation: the element in the body of its response."""
        return self._messages.result(operation)

    def call(self, operation: str, arguments: Mapping[str, object], *, idempotent: bool = False) -> Conversation[Any]:
        """Call an operation and return its result in plain values: mappings, lists, texts, numbers, dates.

        Args:
            operation: name of the operation.
            arguments: by name; nested elements are mappings.
            idempotent: whether the message may be sent twice.

        Raises:
            ConfigurationError: there is no such operation.
            MessageRefused: the arguments do not fit it.
            SourceHeld: the response cannot be read.
        """
        message = self._write_message(operation, arguments)
        del arguments  # so that no frame of a traceback holds them
        request = self._request(operation, message, idempotent=idempotent)
        return self._conversation(operation, request)

    def request(
        self,
        operation: str,
        arguments: Mapping[str, object],
        *,
        idempotent: bool = False,
        accepted_verdicts: frozenset[Verdict] = frozenset({Verdict.OK}),
    ) -> HttpRequest:
        """Return only the request of a call, whose caller handles `accepted_verdicts`; raises as `call` does."""
        message = self._write_message(operation, arguments)
        del arguments  # so that no frame of a traceback holds them
        request = self._request(operation, message, idempotent=idempotent)
        return replace(request, accepted_verdicts=accepted_verdicts)

    def result(self, operation: str, response: HttpResponse) -> Any:
        """Return the result in a response; None for an operation without a result.

        Raises:
            SourceHeld: it cannot be read, or is a fault.
        """
        result = self._read(operation, response)
        if result is None:
            raise SourceHeld("soap.unreadable", operation=operation)
        return result[0]

    def written_result(self, operation: str, response: HttpResponse) -> object:
        """Return the result in a response as it is written (`soap.values`); None for an operation without a result.

        A value that does not have its declared type stays text: nothing else is refused with it, as `result` does.

        Raises:
            SourceHeld: there is no envelope with the declared result, or it is a fault.
        """
        envelope = envelope_of(response)
        body = None if envelope is None or fault_of(response) else body_of(envelope)
        element = None if body is None else next(iter(body), None)
        if element is None and (body is not None or not response.body) and self._messages.has_no_result(operation):
            return None
        if body is None or element is None or not can_be_resolved(body):
            raise SourceHeld("soap.unreadable", operation=operation)
        if element.tag != (self._messages.result_name(operation) or element.tag):
            raise SourceHeld("soap.unreadable", operation=operation)
        return _written(element, self._messages.result(operation), body)

    def document(self, response: HttpResponse) -> object:
        """Return what any response says, as it is written: a result, or a fault; None where it is no envelope.

        A fault is `{"Fault": {"code": the last part of its code, "codes": all parts, "reason": its text}}`.
        """
        envelope, fault = envelope_of(response), fault_of(response)
        if fault is not None:
            code = fault.codes[-1] if fault.codes else ""
            return {"Fault": {"code": code, "codes": list(fault.codes), "reason": fault.reason}}
        body = None if envelope is None else body_of(envelope)
        element = None if body is None else next(iter(body), None)
        if body is None or element is None or not can_be_resolved(body):
            return None
        return _written(element, self._messages.described(element.tag), body)

    def _read(self, operation: str, response: HttpResponse) -> tuple[Any] | None:
        """Return the result in a tuple, None where the response cannot be read or is a fault."""
        envelope = envelope_of(response)
        if envelope is None and not response.body and self._messages.has_no_result(operation):
            return (None,)
        if envelope is None or fault_of(response) or not can_be_resolved(body_of(envelope)):
            return None
        element = next((child.tag for child in body_of(envelope)), "")
        return self._messages.read(operation, response, element)

    def _conversation(self, operation: str, request: HttpRequest) -> Conversation[Any]:
        """Yield the request, receive its response and return its result."""
        response = yield request
        return self.result(operation, response)

    def _write_message(self, operation: str, arguments: Mapping[str, object]) -> "SoapRequest | None":
        return self._messages.write(operation, arguments) if operation in self._messages.operations else None

    def _request(self, operation: str, message: "SoapRequest | None", *, idempotent: bool) -> HttpRequest:
        if operation not in self._messages.operations:
            operations = ", ".join(self._messages.operations)
            raise ConfigurationError("soap.no_operation", operation=operation, known=operations)
        if message is None:
            raise MessageRefused("soap.unsendable", operation=operation)
        return HttpRequest(
            method="POST",
            path=self._path,
            content=message.body,
            content_type=message.media_type,
            headers={"Accept": "text/xml, application/soap+xml", **message.headers},
            idempotent=idempotent,
        )


def written_xml(text: str) -> object:
    """Return the content of a document as it is written: of its root element, {} where that has none.

    Raises:
        UnsafeXml: it is no well-formed XML within the limits, or declares a document type; a `ValueError`.
    """
    from cchc_connect.soap.described import DescribedElement  # noqa: PLC0415  # the extra may be missing

    root = parse_xml(text.encode())
    has_content = len(root) or (root.text or "").strip()
    return _written(root, DescribedElement(None), root) if has_content else {}


def _written(element: "Element", described: "DescribedElement", body: "Element") -> object:
    """Return the value of the first element of a body."""
    from cchc_connect.soap.values import plain_value  # noqa: PLC0415  # the extra may be missing

    by_id = {name: child for child in body if (name := child.get("id"))}
    return plain_value(element, described, by_id)
