"""`adapter list`: which agencies' systems can be connected with what is installed."""

import inspect
import sys
from importlib.metadata import EntryPoint
from typing import Any

from cchc_connect.cli.console import Table
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.session import Session
from cchc_connect.errors import ConfigurationError
from cchc_connect.registry import adapter_factory, installed_adapters


def list_adapters(session: Session) -> ExitCode:
    """List every installed adapter, ours and outsiders'; one that cannot be loaded says so."""
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
        purpose, works = _purpose(factory, point), True
    package = point.dist
    return {
        "name": point.name,
        "package": package.name if package else "",
        "version": package.version if package else "",
        "purpose": purpose,
        "works": works,
    }


def _purpose(factory: object, point: EntryPoint) -> str:
    """Return the first line an adapter says about itself: its module's, else its own."""
    module = sys.modules.get(point.module)
    described = inspect.getdoc(module) or inspect.getdoc(factory) or ""
    return described.partition("\n")[0]
