"""All that zeep does with messages: arguments become an envelope, an envelope becomes plain values.

Nothing here raises over what it holds: what cannot be written or read is None.
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
from cchc_connect.soap.descriptions import client_of

_helpers: Any = import_module("zeep.helpers")  # they have no types
_written: Any = import_module("zeep.wsdl.utils")
_ODD = (Error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError, SyntaxError)
"""What zeep and lxml raise over values that do not fit; their texts quote them."""

_UNREADABLE: ContextVar[list[str] | None] = ContextVar("_UNREADABLE", default=None)
_CONVERTERS = ("zeep.xsd.types.simple", "zeep.xsd.elements.attribute")


class _Conversions(logging.Filter):
    """Hears of values that zeep cannot read: it logs them, quoted, and goes on with none."""

    def filter(self, record: logging.LogRecord) -> bool:
        noted = _UNREADABLE.get()
        if noted is not None:
            noted.append(record.name)
        return noted is None


_conversions = _Conversions()


@dataclass(frozen=True, kw_only=True)
class Written:
    """A message ready to be sent."""

    body: bytes = field(repr=False)
    media_type: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Reply:
    """An answer as zeep reads it from requests."""

    status_code: int
    content: bytes = field(repr=False)
    headers: Mapping[str, str]
    encoding: str = "utf-8"


class Messages:
    """The messages of one port of a service; threads may share it."""

    def __init__(self, wsdl: Path, folder: Path, service: str | None, port: str | None, security: object) -> None:
        """Read the description; raises what `client_of` does."""
        for name in _CONVERTERS:
            logging.getLogger(name).addFilter(_conversions)
        self._client, self._binding = client_of(wsdl, folder, service, port, security)
        self._lock = Lock()

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations."""
        return tuple(sorted(self._binding.all()))

    def written(self, operation: str, arguments: Mapping[str, object]) -> Written | None:
        """Return the message that asks for `operation`, None where the arguments do not fit it."""
        try:
            with self._lock:
                envelope = self._client.create_message(self._client.service, operation, **arguments)
                body = bytes(_written.etree_to_string(envelope))
        except _ODD:
            return None
        action = self._binding.get(operation).soapaction or ""
        if isinstance(self._binding, Soap12Binding):
            media_type = f'application/soap+xml; charset=utf-8; action="{action}"'
            return Written(body=body, media_type=media_type, headers={})
        return Written(body=body, media_type="text/xml; charset=utf-8", headers={"SOAPAction": f'"{action}"'})

    def has_no_result(self, operation: str) -> bool:
        """Say whether the description promises nothing in return."""
        output: Any = self._binding.get(operation).output
        return output is None or output.body is None

    def read(self, operation: str, response: HttpResponse, answered: str) -> tuple[Any] | None:
        """Return the result in an envelope, None where any part of it cannot be read.

        Args:
            operation: what was asked for.
            response: the envelope.
            answered: the name of what stands in its body; zeep takes anything for an empty result.
        """
        if answered != (self._result_name(operation) or answered):
            return None
        reply = _Reply(response.status, response.body, {"Content-Type": response.headers.get("content-type", "")})
        unreadable: list[str] = []
        token = _UNREADABLE.set(unreadable)
        try:
            with self._lock:
                result = self._binding.process_reply(self._client, self._binding.get(operation), reply)
                plain = _helpers.serialize_object(result, dict)
        except _ODD:
            return None
        finally:
            _UNREADABLE.reset(token)
        return None if unreadable else (plain,)

    def _result_name(self, operation: str) -> str | None:
        """Return what an operation's result is called, None where the description does not bind the other side."""
        output: Any = self._binding.get(operation).output
        if not issubclass(type(output), DocumentMessage) or self.has_no_result(operation):
            return None
        name = str(output.body.qname)
        return None if name.startswith(f"{{{output.nsmap['soap-env']}}}") else name
