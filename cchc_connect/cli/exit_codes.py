"""Exit codes of `cchc-connect`, which scripts may rely on; from 64 on those of sysexits.h.

They are documented in docs/commands.md; a test checks that list.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from cchc_connect.errors import (
    AccessDenied,
    CchcError,
    ConfigurationError,
    DatabaseUnusable,
    Fatal,
    LeaseHeld,
    LeaseLost,
    NotFound,
    Rejected,
    UsageMistake,
)


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    """Every source was read and every route sent; quarantined items and refused messages are counted, not errors."""
    PARTIAL = 3
    """Some work is done, or a source is incomplete; what is not done, and why, was printed. `status`, `freshness`: data
    of a connection is older than twice its SLA."""
    USAGE = 64
    """The command line is not correct, or names something that does not exist (EX_USAGE)."""
    STALE = 65
    """`schema export --check`: the schemas do not match the records; `schema diff`: the new schema breaks who uses the
    old one; `audit verify`: the log is broken (EX_DATAERR)."""
    NO_INPUT = 66
    """No such dossier, record, quarantine entry, dead letter, discrepancy, run or database (EX_NOINPUT)."""
    FAILED = 69
    """Nothing could be done: every source is on hold or failed (EX_UNAVAILABLE)."""
    SOFTWARE = 70
    """An error in this program (EX_SOFTWARE)."""
    CANNOT_CREATE = 73
    """The file to be written already exists, or its folder cannot be written (EX_CANTCREAT)."""
    DATABASE = 74
    """The shared database cannot be opened or written, or the output cannot be written (EX_IOERR)."""
    LEASE_HELD = 75
    """Another run is in progress; start again later (EX_TEMPFAIL)."""
    REFUSED = 77
    """No agreement allows what was asked for, or the user is no official of the agency; it says why (EX_NOPERM)."""
    CONFIGURATION = 78
    """cchc.toml, a secret or an adapter's options must be corrected (EX_CONFIG)."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C (128 + SIGINT); committed data is kept, the next run continues from there."""
    TERMINATED = 143
    """Stopped on request (128 + SIGTERM) after the current page; the next run continues from there."""


class CannotCreate(Fatal):
    """A file cannot be written, or must not be overwritten."""


class OutputUnwritable(Fatal):
    """Standard output cannot be written: its disk is full, or its reader has closed it."""


_BY_ERROR: Mapping[type[CchcError], ExitCode] = MappingProxyType(
    {
        AccessDenied: ExitCode.REFUSED,
        ConfigurationError: ExitCode.CONFIGURATION,
        LeaseHeld: ExitCode.LEASE_HELD,
        LeaseLost: ExitCode.LEASE_HELD,
        DatabaseUnusable: ExitCode.DATABASE,
        OutputUnwritable: ExitCode.DATABASE,
        CannotCreate: ExitCode.CANNOT_CREATE,
        UsageMistake: ExitCode.USAGE,
        NotFound: ExitCode.NO_INPUT,
        Rejected: ExitCode.NO_INPUT,
    }
)


def exit_code_of(error: CchcError) -> ExitCode:
    """Return the exit code of a command that ended with `error`; FAILED for errors not listed here."""
    return next((code for kind, code in _BY_ERROR.items() if isinstance(error, kind)), ExitCode.FAILED)
