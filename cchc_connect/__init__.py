"""Connect the databases of a province's agencies and share records between them.

The names below are the library. They are imported when they are first used, so that the command line
answers `--help` without waiting for a database driver.

Run a configured synchronisation: `Config`, `SharedDatabase`, `Synchronizer`, `RunReport`.
Read what is shared: `find_case`, `records`, `changes`, and any SQL tool.
Write an adapter: `Adapter`, `Source`, `Target` and what they speak of; `cchc_connect.codecs` reads wire values.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cchc_connect.adapter import (
        Adapter,
        AdapterFactory,
        Ask,
        Deletes,
        Item,
        Outcome,
        Outgoing,
        Page,
        Receipt,
        Source,
        SourceProfile,
        Target,
    )
    from cchc_connect.case import Case, find_case
    from cchc_connect.codecs import Unreadable
    from cchc_connect.config import Config
    from cchc_connect.database.feed import changes
    from cchc_connect.database.records import records
    from cchc_connect.database.shared import SharedDatabase
    from cchc_connect.errors import (
        AuthenticationFailed,
        CchcError,
        ConfigurationError,
        CutShort,
        DatabaseUnusable,
        DeadlineExceeded,
        Fatal,
        LeaseHeld,
        LeaseLost,
        Maintenance,
        MessageRefused,
        Rejected,
        Retriable,
        SourceHeld,
        Throttled,
        Unreachable,
    )
    from cchc_connect.http import (
        Credentials,
        Dialect,
        Exchange,
        HttpRequest,
        HttpResponse,
        SessionLogin,
        Verdict,
    )
    from cchc_connect.sync.report import RunReport
    from cchc_connect.sync.run import Surroundings, Synchronizer
    from cchc_connect.transport.classify import classify_rest

__all__ = [
    "Adapter",
    "AdapterFactory",
    "Ask",
    "AuthenticationFailed",
    "Case",
    "CchcError",
    "Config",
    "ConfigurationError",
    "Credentials",
    "CutShort",
    "DatabaseUnusable",
    "DeadlineExceeded",
    "Deletes",
    "Dialect",
    "Exchange",
    "Fatal",
    "HttpRequest",
    "HttpResponse",
    "Item",
    "LeaseHeld",
    "LeaseLost",
    "Maintenance",
    "MessageRefused",
    "Outcome",
    "Outgoing",
    "Page",
    "Receipt",
    "Rejected",
    "Retriable",
    "RunReport",
    "SessionLogin",
    "SharedDatabase",
    "Source",
    "SourceHeld",
    "SourceProfile",
    "Surroundings",
    "Synchronizer",
    "Target",
    "Throttled",
    "Unreachable",
    "Unreadable",
    "Verdict",
    "changes",
    "classify_rest",
    "find_case",
    "records",
]

_HOMES = {
    "adapter": ("Adapter AdapterFactory Ask Deletes Item Outcome Outgoing Page Receipt Source SourceProfile Target"),
    "case": "Case find_case",
    "codecs": "Unreadable",
    "config": "Config",
    "database.feed": "changes",
    "database.records": "records",
    "database.shared": "SharedDatabase",
    "errors": (
        "AuthenticationFailed CchcError ConfigurationError CutShort DatabaseUnusable DeadlineExceeded Fatal "
        "LeaseHeld LeaseLost Maintenance MessageRefused Rejected Retriable SourceHeld Throttled Unreachable"
    ),
    "http": "Credentials Dialect Exchange HttpRequest HttpResponse SessionLogin Verdict",
    "sync.report": "RunReport",
    "sync.run": "Surroundings Synchronizer",
    "transport.classify": "classify_rest",
}


if not TYPE_CHECKING:  # a type checker sees the imports above, and so a misspelt name

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names.split():
                return getattr(import_module(f"{__name__}.{home}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return __all__
