"""The options of a connection to a SOAP system, checked against its description (WSDL) when the file is loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self, cast

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_adapters.declared.answers import SuccessRule
from cchc_adapters.declared.checks import Sources, custom_error, line_errors
from cchc_adapters.soap.description_checks import description_faults
from cchc_adapters.soap.tables import SAMPLE_SOURCE, SoapAnswerTable, SoapSourceTable, SoapTargets, SoapTargetTable
from cchc_connect import ConfigurationError, HttpResponse
from cchc_connect.config.tables import FOLDER, ConfigPath
from cchc_connect.messages import Message
from cchc_connect.soap import SoapService


class SoapOptions(AdapterOptions):
    """Options of a connection to a SOAP system."""

    wsdl: Annotated[ConfigPath, Field(examples=["ho_so.wsdl"])]
    """Path of the description (WSDL), relative to the folder of `cchc.toml`; its imports lie in the same folder."""
    path: Annotated[str, Field(examples=["/HoSo.asmx"])]
    """Path of the service below `base_url`; the address in the description is ignored."""
    service: str | None = None
    """Name of the service in the description; none: the first one."""
    port: str | None = None
    """Name of the port in the description; none: the first SOAP port."""
    sources: Sources[SoapSourceTable] = Field(
        default_factory=dict[str, SoapSourceTable], examples=[{"dossier": SAMPLE_SOURCE}]
    )
    """Listings by the type of record that their items become, in the order in which they are pulled."""
    targets: SoapTargets = Field(default_factory=dict[str, SoapTargetTable])
    """Operations that take records, by their type."""
    success: SuccessRule | None = None
    """What makes a result a success, for listings and services without an own rule."""
    answers: SoapAnswerTable | None = None
    """Responses, faults above all, that mean something else than their fault says."""

    _opened: SoapService | None = PrivateAttr(default=None)

    @property
    def opened_service(self) -> SoapService:
        """The service as its description says. Raises as `SoapService` does."""
        if self._opened is None:
            self._opened = SoapService(self.wsdl, self.path, service=self.service, port=self.port)
        return self._opened

    def read_document(self, response: HttpResponse) -> object:
        """Return what a response says, as it is written; a reader for rules about responses."""
        return self.opened_service.document(response)

    @model_validator(mode="wrap")
    @classmethod
    def _with_description(
        cls, written: Any, check: ModelWrapValidatorHandler[Self], validation: ValidationInfo
    ) -> Self:
        """Check the form of the tables and what they name of the description; all faults are told together."""
        if isinstance(written, cls):
            return written
        errors, options = list[InitErrorDetails](), None
        try:
            options = check(written)
        except ValidationError as refusal:
            errors += line_errors(refusal)
        tables = cast("Mapping[str, Any]", written if isinstance(written, Mapping) else {})
        service = None
        try:
            service = _opened(tables, validation.context or {})
        except ConfigurationError as error:
            if error.code.startswith("extra."):
                raise
            context = {"reason": Message(error.code, error.context)}
            errors.append(custom_error(("wsdl",), "soap_description", "the description cannot be used", context))
        if service is not None:
            errors += description_faults(tables, service)
        if errors or options is None:
            raise ValidationError.from_exception_data(cls.__name__, errors, hide_input=True)
        options._opened = service  # noqa: SLF001  # of the same class
        return options


def _opened(tables: Mapping[str, Any], context: Mapping[str, Path]) -> SoapService | None:
    """Return the service that the tables name; None where they name none, or a file of a folder that is not known."""
    wsdl, path = tables.get("wsdl"), tables.get("path")
    service, port = tables.get("service"), tables.get("port")
    names = [name if isinstance(name, str) else None for name in (service, port)]
    if not isinstance(wsdl, str | Path) or (FOLDER not in context and not Path(wsdl).exists()):
        return None
    return SoapService(
        context.get(FOLDER, Path()) / wsdl, path if isinstance(path, str) else "/", service=names[0], port=names[1]
    )
