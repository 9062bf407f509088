"""Errors of drivers in our words: their texts hold statements and values, so only their numbers are looked at."""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import nullcontext

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from cchc_connect import AuthenticationFailed, CchcError, ConfigurationError, DeadlineExceeded, SourceHeld, Unreachable
from cchc_connect.privacy.error_boundary import ErrorBoundary

LOGIN, MISSING, DENIED, TIMEOUT, AWAY = "login_refused", "object_missing", "not_permitted", "timeout", "unreachable"

POSTGRES: Mapping[str, str] = {
    "28": LOGIN,
    "3D": MISSING,
    "42P01": MISSING,
    "42703": MISSING,
    "3F": MISSING,
    "42501": DENIED,
    "57014": TIMEOUT,
    "55P03": TIMEOUT,
    "08": AWAY,
    "40": AWAY,
    "53": AWAY,
    "57P": AWAY,
    "25P03": AWAY,
}
"""Beginning of SQLSTATE -> what it means."""

MARIADB: Mapping[int, str] = {
    **dict.fromkeys((1044, 1045, 1698, 1251, 1524), LOGIN),
    **dict.fromkeys((1049, 1051, 1054, 1146), MISSING),
    **dict.fromkeys((1142, 1143, 1227, 1345), DENIED),
    **dict.fromkeys((1205, 1969, 3024, 1317), TIMEOUT),
    **dict.fromkeys((1040, 1053, 1129, 1152, 1158, 1159, 1160, 1161, 1203, 1213, 1226, 1927), AWAY),
    **dict.fromkeys((2002, 2003, 2005, 2006, 2013, 2014, 2055), AWAY),
}
"""Number of an error -> what it means."""

SQLITE: Mapping[int, str] = {
    sqlite3.SQLITE_CANTOPEN: MISSING,
    sqlite3.SQLITE_NOTADB: MISSING,
    sqlite3.SQLITE_PERM: DENIED,
    sqlite3.SQLITE_AUTH: DENIED,
    sqlite3.SQLITE_READONLY: DENIED,
    sqlite3.SQLITE_INTERRUPT: TIMEOUT,
    sqlite3.SQLITE_BUSY: AWAY,
    sqlite3.SQLITE_LOCKED: AWAY,
}

_REFUSED_LOGIN = re.compile(
    r"authentication failed|no password supplied|role .{1,200} does not exist|no pg_hba", re.DOTALL
)
_MISSING_DATABASE = re.compile(r"database .{1,200} does not exist", re.DOTALL)


def boundary(address: str, relation: str) -> ErrorBoundary[None]:
    """Return a context manager that puts an error of a driver into our words.

    Args:
        address: host and name of the database, for messages.
        relation: what was read of it.
    """

    def translate(error: BaseException) -> CchcError | None:
        if isinstance(error, CchcError) or not isinstance(error, Exception):
            return None
        original: BaseException = error
        if isinstance(error, DBAPIError) and error.orig is not None:
            original = error.orig
        if not isinstance(error, SQLAlchemyError) and not _is_of_driver(original):
            return None
        return _in_our_words(original, {"database": address, "relation": relation})

    return ErrorBoundary(nullcontext(), translate)


def _is_of_driver(error: BaseException) -> bool:
    """Return whether an exception is one of the errors that every driver has (PEP 249)."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return "DatabaseError" in names or "InterfaceError" in names


def _in_our_words(error: BaseException, context: Mapping[str, str]) -> CchcError:
    meaning, reason = meaning_of(error)
    match meaning:
        case "login_refused":
            return AuthenticationFailed("sql.login_refused", **context, reason=reason)
        case "unreachable":
            return Unreachable("sql.unreachable", **context, reason=reason)
        case "timeout":
            return DeadlineExceeded("sql.timeout", **context, reason=reason)
        case "driver_missing":
            return ConfigurationError("sql.driver_missing", **context, reason=reason)
        case _:
            return SourceHeld(f"sql.{meaning}", **context, reason=reason)


def meaning_of(error: BaseException) -> tuple[str, str]:
    """Return what an error of a driver means, and its number or kind for people; never its text."""
    number = error.args[0] if error.args else None
    if isinstance(number, int):
        return MARIADB.get(number, "refused"), f"error {number}"
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        parts = (state[:length] for length in range(len(state), 1, -1))
        return next((POSTGRES[part] for part in parts if part in POSTGRES), "refused"), f"SQLSTATE {state}"
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        meaning = MISSING if "no such" in str(error) else SQLITE.get(code & 0xFF, "refused")
        return meaning, str(getattr(error, "sqlite_errorname", code))
    return _by_text(error), type(error).__name__


def _by_text(error: BaseException) -> str:
    """Return what an error without a number means: one that came before there was a session."""
    text = str(error)
    if _REFUSED_LOGIN.search(text):
        return LOGIN
    if _MISSING_DATABASE.search(text):
        return MISSING
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"NoSuchModuleError", "ModuleNotFoundError"}:
        return "driver_missing"
    return AWAY if "OperationalError" in kinds or "InterfaceError" in kinds else "refused"
