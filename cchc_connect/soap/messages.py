"""Messages of a SOAP service through zeep: arguments to envelope, envelope to plain values.

A message that cannot be written or read gives None and no exception.
"""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any

from zeep.exceptions import Error
from zeep.wsdl.bindings.soap import Soap12Binding
from zeep.wsdl.messages import DocumentMessage

from cchc_connect.http import HttpResponse
from cchc_connect.soap.described import DescribedElement
from cchc_connect.soap.wsdl import open_wsdl

_helpers: Any = import_module("zeep.helpers")  # they have no types
_wsdl_utils: Any = import_module("zeep.wsdl.utils")
_ZEEP_ERRORS = (Error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, SyntaxError)
"""Exceptions of zeep and lxml for values that do not fit; their texts quote the values."""

_unreadable_values: ContextVar[list[str] | None] = ContextVar("unreadable_values", default=None)
"""A logger name for each value that zeep could not read in the current message; None: no message is being read."""
_CONVERTER_LOGGERS = ("zeep.xsd.types.simple", "zeep.xsd.elements.attribute")


class _UnreadableValueDetector(logging.Filter):
    """Detects values that zeep cannot read: zeep only logs them, with the value, and continues with None.

    While a message is read, the log record is noted and dropped, because it quotes the value.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        unreadable = _unreadable_values.get()
        if unreadable is not None:
            unreadable.append(record.name)
        return unreadable is None


_unreadable_value_detector = _UnreadableValueDetector()


@dataclass(frozen=True, kw_only=True)
class SoapRequest:
    """A message ready to be sent."""

    body: bytes = field(repr=False)
    media_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _RequestsResponse:
    """A response in the form that zeep expects from requests."""

    status_code: int
    content: bytes = field(repr=False)
    headers: Mapping[str, str]
    encoding: str = "utf-8"


class SoapMessages:
    """The messages of one port of a service; threads may share it."""

    def __init__(self, wsdl: Path, folder: Path, service: str | None, port: str | None) -> None:
        """Read the WSDL; raises as `open_wsdl` does."""
        for name in _CONVERTER_LOGGERS:
            logging.getLogger(name).addFilter(_unreadable_value_detector)
        self._client, self._binding = open_wsdl(wsdl, folder, service, port)
        self._lock = Lock()

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations."""
        return tuple(sorted(self._binding.all()))

    def arguments(self, operation: str) -> DescribedElement:
        """Return what the description says of the arguments of `operation`."""
        return DescribedElement(self._binding.get(operation).input.body)

    def result(self, operation: str) -> DescribedElement:
        """Return what the description says of the result of `operation`: the element in the body."""
        output: Any = self._binding.get(operation).output
        return DescribedElement(None if output is None else output.body)

    def described(self, element_name: str) -> DescribedElement:
        """Return what the description says of the result whose element has that name; nothing where it has none."""
        local = element_name.rpartition("}")[2]
        for operation in self.operations:
            name = self.result_name(operation)
            if name == element_name or (name is None and local == f"{operation}Response"):
                return self.result(operation)
        return DescribedElement(None)

    def write(self, operation: str, arguments: Mapping[str, object]) -> SoapRequest | None:
        """Return the request message of `operation`, None where the arguments do not fit it."""
        try:
            with self._lock:
                envelope = self._client.create_message(self._client.service, operation, **arguments)
                body = bytes(_wsdl_utils.etree_to_string(envelope))
        except _ZEEP_ERRORS:
            return None
        action = self._binding.get(operation).soapaction or ""
        if isinstance(self._binding, Soap12Binding):
            media_type = f'application/soap+xml; charset=utf-8; action="{action}"'
            return SoapRequest(body=body, media_type=media_type, headers={})
        return SoapRequest(body=body, media_type="text/xml; charset=utf-8", headers={"SOAPAction": f'"{action}"'})

    def has_no_result(self, operation: str) -> bool:
        """True if the WSDL declares no result."""
        output: Any = self._binding.get(operation).output
        return output is None or output.body is None

    def read(self, operation: str, response: HttpResponse, element_name: str) -> tuple[Any] | None:
        """Return the result of a response in a tuple, so that a result None differs from an unreadable response (None).

        Args:
            operation: the operation that was called.
            response: the response with an envelope.
            element_name: name of the element in its body. It is compared with the WSDL first, because zeep reads any
                element as an empty result.
        """
        if element_name != (self.result_name(operation) or element_name):
            return None
        headers = {"Content-Type": response.headers.get("content-type", "")}
        zeep_response = _RequestsResponse(response.status, response.body, headers)
        unreadable: list[str] = []
        token = _unreadable_values.set(unreadable)
        try:
            with self._lock:
                result = self._binding.process_reply(self._client, self._binding.get(operation), zeep_response)
                plain = _helpers.serialize_object(result, dict)
        except _ZEEP_ERRORS:
            return None
        finally:
            _unreadable_values.reset(token)
        return None if unreadable else (plain,)

    def result_name(self, operation: str) -> str | None:
        """Return the element name of an operation's result, None where the WSDL prescribes none."""
        output: Any = self._binding.get(operation).output
        if not issubclass(type(output), DocumentMessage) or self.has_no_result(operation):
            return None
        name = str(output.body.qname)
        return None if name.startswith(f"{{{output.nsmap['soap-env']}}}") else name
