"""Reading a service's description: WSDL and XSD files of one folder on this machine, and nothing else.

A description says where to find more, and what it says may come from anybody: nothing is fetched, and no file
outside the folder is opened.
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
_LIMITS = XmlLimits(size=16 * 1024 * 1024, depth=128)
_MOST_FILES = 500
_UNREADABLE = (Error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)
"""What zeep raises over descriptions that are none."""


class LocalFiles:
    """What zeep takes for a transport: it gives the files of one folder and sends nothing."""

    def __init__(self, folder: Path) -> None:
        """Give files below `folder`."""
        self._folder = folder.resolve()
        self._given = 0

    def load(self, location: str) -> bytes:
        """Return a file.

        Raises:
            ConfigurationError: it lies elsewhere, cannot be read, or is no XML that may be read.
        """
        path = Path(location).resolve()
        if urlsplit(location).scheme or not path.is_relative_to(self._folder):
            raise _elsewhere(self._folder, location)
        self._given += 1
        try:
            found = path.stat()
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LIMITS.size or self._given > _MOST_FILES:
                raise ConfigurationError("soap.description_unusable", path=path)
            content = path.read_bytes()
            check_xml([content], _LIMITS)
        except (OSError, UnsafeXml) as error:
            raise ConfigurationError("soap.description_unusable", path=path) from error
        return content


def client_of(wsdl: Path, folder: Path, service: str | None, port: str | None, security: object) -> tuple[Any, Any]:
    """Return zeep's client of a description, and the binding of one port.

    Raises:
        ConfigurationError: the description cannot be used, leads elsewhere, or has no such SOAP port.
    """
    files = LocalFiles(folder)
    settings = _zeep.Settings(
        strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True, xml_huge_tree=False, force_https=False
    )
    try:
        document = _zeep.wsdl.Document(str(wsdl.resolve()), files, settings=settings)
    except ExternalReferenceForbidden as forbidden:
        known: Any = forbidden
        raise _elsewhere(folder, str(known.url)) from None
    except _UNREADABLE as error:
        raise ConfigurationError("soap.description_unusable", path=wsdl) from error
    found = [
        (each.name, name, its.binding)
        for each in document.services.values()
        for name, its in each.ports.items()
        if isinstance(its.binding, SoapBinding) and service in {None, each.name} and port in {None, name}
    ]
    if not found:
        raise ConfigurationError("soap.no_port", path=wsdl, service=service or "*", port=port or "*")
    service_name, port_name, binding = found[0]
    client = _zeep.Client(
        document, wsse=security, transport=files, service_name=service_name, port_name=port_name, settings=settings
    )
    return client, binding


def _elsewhere(folder: Path, location: str) -> ConfigurationError:
    return ConfigurationError("soap.description_elsewhere", folder=folder, location=ascii(location))
