"""`adapter list`: installed adapters and the systems they connect."""

import inspect
import sys
from importlib.metadata import EntryPoint
from typing import Any

from cchc_connect.cli.console import Table
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.session import Session
from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Language
from cchc_connect.registry import adapter_factory, installed_adapters


def list_adapters(session: Session) -> ExitCode:
    """List every installed adapter, also of other packages; one that cannot be loaded is listed with the error."""
    screen = session.screen
    adapters = [_adapter(point, session) for point in installed_adapters().values()]
    screen.document({"adapters": adapters})
    columns = ("name", "package", "version", "purpose")
    rows = [[adapter[column] for column in columns] for adapter in adapters]
    screen.table(Table(headings=[f"adapter_view.{column}" for column in columns], rows=rows))
    return ExitCode.DONE if all(adapter["works"] for adapter in adapters) else ExitCode.CONFIGURATION


def _adapter(point: EntryPoint, session: Session) -> dict[str, Any]:
    try:
        factory = adapter_factory(point.name)
    except ConfigurationError as error:
        purpose, works = session.screen.text(error.code, **error.context), False
    else:
        purpose, works = _purpose(factory, point, session.screen.language), True
    package = point.dist
    return {
        "name": point.name,
        "package": package.name if package else "",
        "version": package.version if package else "",
        "purpose": purpose,
        "works": works,
    }


def _purpose(factory: object, point: EntryPoint, language: Language) -> str:
    """Return one line about the system that an adapter connects.

    An adapter may give that line in an optional class attribute for each language, `purpose_vi` and `purpose_en`.
    Without it the line is the first one of the docstring of its module or of its class.
    """
    purpose = getattr(factory, f"purpose_{language}", None)
    if isinstance(purpose, str):
        return purpose
    module = sys.modules.get(point.module)
    docstring = inspect.getdoc(module) or inspect.getdoc(factory) or ""
    return docstring.partition("\n")[0]
