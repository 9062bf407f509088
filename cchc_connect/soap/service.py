"""A SOAP service as an adapter calls it: requests are yielded and answers received, over any carrier.

zeep writes the messages and reads them; it never sends any. So all that holds for other systems holds for these:
retries, deadline, limits, where requests may go, and the classifier of the dialect. The address is the connection's,
whatever the description says::

    service = SoapService(folder / "hoso.wsdl", "/HoSoService.asmx")
    dialect = Dialect(classify=classify_soap)

    def fetch(self, ask: Ask) -> Exchange[Page]:
        listing = yield from service.call("LayDanhSach", {"tuNgay": ask.since}, idempotent=True)
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cchc_connect.errors import ConfigurationError, MessageRefused, SourceHeld
from cchc_connect.extras import extra
from cchc_connect.http import Exchange, HttpRequest, HttpResponse
from cchc_connect.soap.envelopes import body_of, envelope_of, fault_of
from cchc_connect.soap.references import can_be_resolved
from cchc_connect.soap.security import UsernameToken

if TYPE_CHECKING:
    from cchc_connect.soap.messages import Written


class SoapService:
    """One port of a service that a WSDL file describes; threads may share it."""

    def __init__(  # what names a port, and who calls it
        self,
        wsdl: Path,
        path: str,
        *,
        folder: Path | None = None,
        service: str | None = None,
        port: str | None = None,
        security: UsernameToken | None = None,
    ) -> None:
        """Read a description.

        Args:
            wsdl: the file; what it imports lies below `folder`, or below the file's own where none is named.
            path: of the service, below the connection's address.
            folder: see `wsdl`.
            service: its name in the description; the first one where none is given.
            port: the same for its port.
            security: who asks.

        Raises:
            ConfigurationError: the extra `soap` is not installed, the description cannot be used or leads elsewhere,
                or there is no such port.
        """
        with extra("soap", "zeep"):
            from cchc_connect.soap.messages import Messages  # noqa: PLC0415  # the extra may be missing
        self._messages = Messages(wsdl, folder or wsdl.resolve().parent, service, port, security)
        self._path = path

    def call(self, operation: str, arguments: Mapping[str, object], *, idempotent: bool = False) -> Exchange[Any]:
        """Ask for an operation and return its result in plain values: mappings, lists, texts, numbers, dates.

        Args:
            operation: its name.
            arguments: by name, parts of parts as mappings.
            idempotent: may the message be sent twice?

        Raises:
            ConfigurationError: there is no such operation.
            MessageRefused: the arguments do not fit it.
            SourceHeld: the answer cannot be read.
        """
        written = self._written(operation, arguments)
        del arguments  # no frame of a refusal's traceback holds them
        request = self._request(operation, written, idempotent=idempotent)
        return self._exchange(operation, request)

    def request(self, operation: str, arguments: Mapping[str, object], *, idempotent: bool = False) -> HttpRequest:
        """Return the request alone; raises as `call` does."""
        written = self._written(operation, arguments)
        del arguments  # no frame of a refusal's traceback holds them
        return self._request(operation, written, idempotent=idempotent)

    def result(self, operation: str, response: HttpResponse) -> Any:
        """Return the result in an answer that is no fault; None for an operation that has none.

        Raises:
            SourceHeld: it cannot be read, or is a fault.
        """
        found = self._read(operation, response)
        if found is None:
            raise SourceHeld("soap.unreadable", operation=operation)
        return found[0]

    def _read(self, operation: str, response: HttpResponse) -> tuple[Any] | None:
        """Return the result in an answer, None where it cannot be read."""
        envelope = envelope_of(response)
        if envelope is None and not response.body and self._messages.has_no_result(operation):
            return (None,)
        if envelope is None or fault_of(response) or not can_be_resolved(body_of(envelope)):
            return None
        answered = next((child.tag for child in body_of(envelope)), "")
        return self._messages.read(operation, response, answered)

    def _exchange(self, operation: str, request: HttpRequest) -> Exchange[Any]:
        response = yield request
        return self.result(operation, response)

    def _written(self, operation: str, arguments: Mapping[str, object]) -> "Written | None":
        return self._messages.written(operation, arguments) if operation in self._messages.operations else None

    def _request(self, operation: str, written: "Written | None", *, idempotent: bool) -> HttpRequest:
        if operation not in self._messages.operations:
            known = ", ".join(self._messages.operations)
            raise ConfigurationError("soap.no_operation", operation=operation, known=known)
        if written is None:
            raise MessageRefused("soap.unsendable", operation=operation)
        return HttpRequest(
            method="POST",
            path=self._path,
            content=written.body,
            content_type=written.media_type,
            headers={"Accept": "text/xml, application/soap+xml", **written.headers},
            idempotent=idempotent,
        )
