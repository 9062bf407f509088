"""Exit codes: what a script that calls `cchc-connect` may rely on, sysexits.h where it has a number.

They are documented in docs/commands.md, and a test keeps that list current.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from cchc_connect.errors import (
    CchcError,
    ConfigurationError,
    DatabaseUnusable,
    Fatal,
    LeaseHeld,
    LeaseLost,
    Rejected,
)


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    """Every source was read and every route sent; quarantined items and refused messages are counted."""
    PARTIAL = 3
    """Some of it is done; what is not, and why, was printed."""
    USAGE = 64
    """The command line asks for something that does not exist (EX_USAGE)."""
    STALE = 65
    """`schema export --check`: the exported schemas are not those of the records (EX_DATAERR)."""
    NO_INPUT = 66
    """No such dossier, record, quarantine entry, letter, discrepancy, run or database (EX_NOINPUT)."""
    FAILED = 69
    """Nothing could be done: every source is held or failed (EX_UNAVAILABLE)."""
    SOFTWARE = 70
    """A fault of this program (EX_SOFTWARE)."""
    CANNOT_CREATE = 73
    """The file to be written is there already, or its place cannot be written (EX_CANTCREAT)."""
    DATABASE = 74
    """The shared database cannot be opened or written, or the output cannot be written (EX_IOERR)."""
    LEASE_HELD = 75
    """Another run is at work; start again later (EX_TEMPFAIL)."""
    CONFIGURATION = 78
    """cchc.toml, a secret or an adapter's options must be corrected (EX_CONFIG)."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C (128 + SIGINT); what was committed is kept, the next run goes on from there."""
    TERMINATED = 143
    """Ended on request (128 + SIGTERM) after the page at hand; the next run goes on from there."""


class Misused(Fatal):
    """The command line asks for something that does not exist."""


class CannotCreate(Fatal):
    """A file cannot be written, or must not be overwritten."""


class OutputLost(Fatal):
    """Standard output takes no more: its disk is full, or its reader has left."""


class NotThere(Rejected):
    """What the command is about does not exist."""


_BY_ERROR: Mapping[type[CchcError], ExitCode] = MappingProxyType(
    {
        ConfigurationError: ExitCode.CONFIGURATION,
        LeaseHeld: ExitCode.LEASE_HELD,
        LeaseLost: ExitCode.LEASE_HELD,
        DatabaseUnusable: ExitCode.DATABASE,
        OutputLost: ExitCode.DATABASE,
        CannotCreate: ExitCode.CANNOT_CREATE,
        Misused: ExitCode.USAGE,
        Rejected: ExitCode.NO_INPUT,
    }
)


def exit_code_of(error: CchcError) -> ExitCode:
    """Return the exit code of a command that `error` ended: what is not listed could not be done."""
    return next((code for kind, code in _BY_ERROR.items() if isinstance(error, kind)), ExitCode.FAILED)
