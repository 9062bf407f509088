"""Reads service descriptions: WSDL and XSD files of one local folder, and nothing else.

A description names further files and is not trusted: nothing is fetched, and no file outside the folder is opened.
"""

import stat
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zeep.exceptions import Error, ExternalReferenceForbidden
from zeep.wsdl.bindings.soap import SoapBinding

from cchc_connect.errors import ConfigurationError
from cchc_connect.wire.xml import UnsafeXml, XmlLimits, check_xml

_zeep: Any = import_module("zeep")  # it has no types
_LIMITS = XmlLimits(max_bytes=16 * 1024 * 1024, max_depth=128)
_MAX_FILES = 500
_ZEEP_ERRORS = (Error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)
"""Exceptions of zeep for invalid descriptions."""


class LocalFiles:
    """Stands in for zeep's transport: it loads the files of one folder and sends nothing."""

    def __init__(self, folder: Path) -> None:
        """Allow files below `folder`."""
        self._folder = folder.resolve()
        self._files_loaded = 0

    def load(self, location: str) -> bytes:
        """Return the content of a file.

        Raises:
            ConfigurationError: it is outside the folder, cannot be read, or is unsafe XML.
        """
        path = Path(location).resolve()
        if urlsplit(location).scheme or not path.is_relative_to(self._folder):
            raise _outside_folder_error(self._folder, location)
        self._files_loaded += 1
        try:
            status = path.stat()
            if (
                not stat.S_ISREG(status.st_mode)
                or status.st_size > _LIMITS.max_bytes
                or self._files_loaded > _MAX_FILES
            ):
                raise ConfigurationError("soap.description_unusable", path=path)
            content = path.read_bytes()
            check_xml([content], _LIMITS)
        except FileNotFoundError as error:
            raise ConfigurationError("soap.description_missing", path=path) from error
        except (OSError, UnsafeXml) as error:
            raise ConfigurationError("soap.description_unusable", path=path) from error
        return content


def open_wsdl(wsdl: Path, folder: Path, service: str | None, port: str | None) -> tuple[Any, Any]:
    """Return zeep's client of a description, and the binding of one port.

    Raises:
        ConfigurationError: the description cannot be used, refers outside the folder, or has no such SOAP port.
    """
    files = LocalFiles(folder)
    settings = _zeep.Settings(
        strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, xml_huge_tree=False, force_https=False
    )
    try:
        document = _zeep.wsdl.Document(str(wsdl.resolve()), files, settings=settings)
    except ExternalReferenceForbidden as forbidden:
        reference: Any = forbidden  # zeep has no types
        raise _outside_folder_error(folder, str(reference.url)) from None
    except _ZEEP_ERRORS as error:
        raise ConfigurationError("soap.description_unusable", path=wsdl) from error
    matching = [
        (candidate.name, name, candidate_port.binding)
        for candidate in document.services.values()
        for name, candidate_port in candidate.ports.items()
        if isinstance(candidate_port.binding, SoapBinding)
        and service in {None, candidate.name}
        and port in {None, name}
    ]
    if not matching:
        if service is None and port is None:
            raise ConfigurationError("soap.no_soap_port", path=wsdl)
        raise ConfigurationError("soap.no_port", path=wsdl, service=service or "*", port=port or "*")
    service_name, port_name, binding = matching[0]
    client = _zeep.Client(document, transport=files, service_name=service_name, port_name=port_name, settings=settings)
    return client, binding


def _outside_folder_error(folder: Path, location: str) -> ConfigurationError:
    return ConfigurationError("soap.description_elsewhere", folder=folder, location=ascii(location))
