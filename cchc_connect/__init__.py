"""Connect the databases of a province's agencies and share records between them.

The names below are the public API. Each is imported when it is first used, so that the command line
prints `--help` without importing a database driver.

Run a configured synchronisation: `Config`, `SharedDatabase`, `Synchronizer`, `RunReport`.
Read the shared records: `find_case`, `records`, `history`, `changes`, `discrepancies`, or any SQL tool.
Write a log without secrets and personal values: `RedactingFormatter`.
Write an adapter: `Adapter`, `Source`, `Target` and the types they use; `cchc_connect.codecs` reads wire values.
"""

from typing import TYPE_CHECKING

from cchc_connect.lazy import lazy_names

if TYPE_CHECKING:
    from cchc_connect.adapter import (
        Adapter,
        AdapterFactory,
        Ask,
        Deletes,
        Item,
        LimitsFields,
        Order,
        Outcome,
        Outgoing,
        Page,
        Receipt,
        Source,
        SourceProfile,
        TakesInParallel,
        Target,
    )
    from cchc_connect.case import Case, find_case
    from cchc_connect.codecs import Unreadable
    from cchc_connect.config import Config
    from cchc_connect.database.discrepancies import discrepancies
    from cchc_connect.database.feed import (
        changes,
        follow,
    )
    from cchc_connect.database.history import RecordVersion, history, record_at, records_at
    from cchc_connect.database.records import records
    from cchc_connect.database.shared import SharedDatabase
    from cchc_connect.errors import (
        AuthenticationFailed,
        CchcError,
        ConfigurationError,
        CutShort,
        DatabaseLost,
        DatabaseUnusable,
        DeadlineExceeded,
        Fatal,
        LeaseHeld,
        LeaseLost,
        Maintenance,
        MessageRefused,
        OutsideHours,
        Rejected,
        Retriable,
        SourceHeld,
        StartOver,
        Stopped,
        Throttled,
        Unreachable,
    )
    from cchc_connect.http import (
        Credentials,
        Dialect,
        Exchange,
        Granted,
        HttpRequest,
        HttpResponse,
        Rate,
        SessionLogin,
        Verdict,
    )
    from cchc_connect.redaction import RedactingFormatter
    from cchc_connect.sync.pull import Extent
    from cchc_connect.sync.reconciling import Reconciliation
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
    "DatabaseLost",
    "DatabaseUnusable",
    "DeadlineExceeded",
    "Deletes",
    "Dialect",
    "Exchange",
    "Extent",
    "Fatal",
    "Granted",
    "HttpRequest",
    "HttpResponse",
    "Item",
    "LeaseHeld",
    "LeaseLost",
    "LimitsFields",
    "Maintenance",
    "MessageRefused",
    "Order",
    "Outcome",
    "Outgoing",
    "OutsideHours",
    "Page",
    "Rate",
    "Receipt",
    "Reconciliation",
    "RecordVersion",
    "RedactingFormatter",
    "Rejected",
    "Retriable",
    "RunReport",
    "SessionLogin",
    "SharedDatabase",
    "Source",
    "SourceHeld",
    "SourceProfile",
    "StartOver",
    "Stopped",
    "Surroundings",
    "Synchronizer",
    "TakesInParallel",
    "Target",
    "Throttled",
    "Unreachable",
    "Unreadable",
    "Verdict",
    "changes",
    "classify_rest",
    "discrepancies",
    "find_case",
    "follow",
    "history",
    "record_at",
    "records",
    "records_at",
]

_HOMES = {
    "adapter": (
        "Adapter AdapterFactory Ask Deletes Item LimitsFields "
        "Order Outcome Outgoing Page Receipt Source "
        "SourceProfile TakesInParallel Target "
    ),
    "case": "Case find_case",
    "codecs": "Unreadable",
    "config": "Config",
    "database.discrepancies": "discrepancies",
    "database.feed": "changes follow",
    "database.history": "RecordVersion history record_at records_at",
    "database.records": "records",
    "database.shared": "SharedDatabase",
    "errors": (
        "AuthenticationFailed CchcError ConfigurationError CutShort DatabaseLost DatabaseUnusable "
        "DeadlineExceeded Fatal LeaseHeld LeaseLost Maintenance MessageRefused OutsideHours "
        "Rejected Retriable SourceHeld StartOver Stopped Throttled "
        "Unreachable "
    ),
    "http": "Credentials Dialect Exchange Granted HttpRequest HttpResponse Rate SessionLogin Verdict",
    "redaction": "RedactingFormatter",
    "sync.pull": "Extent",
    "sync.reconciling": "Reconciliation",
    "sync.report": "RunReport",
    "sync.run": "Surroundings Synchronizer",
    "transport.classify": "classify_rest",
}


if not TYPE_CHECKING:  # a type checker uses the imports above and so detects a misspelt name
    __getattr__ = lazy_names(__name__, _HOMES)

    def __dir__() -> list[str]:
        return __all__
