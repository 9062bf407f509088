"""Commands that a message suggests get the options that the reader typed, so that they can be typed as they stand.

A message ends with its suggestion: `List the entries: cchc-connect quarantine list`. Whoever typed `--db demo.db
--lang vi` reads `... cchc-connect quarantine list --db demo.db --lang vi`.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cchc_connect.messages import Language

DATABASE_COMMANDS = (
    "agreements check",
    "agreements export",
    "agreements list",
    "agreements show",
    "audit list",
    "audit show",
    "audit verify",
    "backup",
    "case",
    "changes",
    "corrections list",
    "corrections show",
    "dead-letters list",
    "discrepancies list",
    "discrepancies resolve",
    "drift accept",
    "drift show",
    "export",
    "history",
    "kpi cases",
    "kpi rebuild",
    "kpi report",
    "kpi targets",
    "papers",
    "quarantine export",
    "quarantine list",
    "quarantine show",
    "runs",
    "status",
)
"""Commands with the option --db; a test compares them with the program's."""

LANGUAGES = frozenset(map(str, Language))

SUGGESTION = re.compile(r"(?<=cchc-connect )(?=[a-z-])[^\n]+$", re.MULTILINE)
"""The rest of a line after the name of the program: a suggested command ends its line."""

_PASSWORD = re.compile(r"(?<=://)([^:@/]*):[^@/]*@")
"""User and password in a database address."""

_NO_PASSWORD = r"\1@"  # noqa: S105  # a replacement pattern


@dataclass(frozen=True, kw_only=True)
class TypedOptions:
    """The options of a command line that its suggestions repeat; None where one was not typed."""

    db: str | None = None
    config: str | None = None
    lang: str | None = None

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Self:
        """Return the options that a command line contains.

        >>> TypedOptions.of(["status", "--db=demo.db", "--lang", "vi"])
        TypedOptions(db='demo.db', config=None, lang='vi')
        """
        typed = {name: _value(arguments, f"--{name}") for name in ("db", "config", "lang")}
        if typed["lang"] not in LANGUAGES:
            del typed["lang"]  # a command that repeats it would be refused as well
        return cls(**typed)

    def complete(self, text: str) -> str:
        """Return `text` with these options after each suggested command, unless they stand there already.

        >>> TypedOptions(db="a.db", lang="vi").complete("List them: cchc-connect quarantine list")
        'List them: cchc-connect quarantine list --db a.db --lang vi'
        """
        return SUGGESTION.sub(lambda match: self._completed(match[0]), text) if "cchc-connect " in text else text

    def _completed(self, command: str) -> str:
        reads_database = any(command == name or command.startswith(f"{name} ") for name in DATABASE_COMMANDS)
        is_help = "--help" in command
        options = {
            "--db": self.db if reads_database and not is_help else None,
            "--config": self.config if not is_help and (self.db is None or not reads_database) else None,
            "--lang": self.lang,
        }
        added = (
            f" {name} {shlex.quote(without_password(value))}"
            for name, value in options.items()
            if value is not None and f"{name} " not in command
        )
        return command + "".join(added)


def takes_database(arguments: Sequence[str]) -> bool:
    """True if a command line calls a command that has the option --db.

    >>> takes_database(["--json", "quarantine", "list"])
    True
    """
    line = f" {' '.join(arguments)} "
    return any(f" {command} " in line for command in DATABASE_COMMANDS)


def without_password(location: str) -> str:
    """Return a database address without its password, and a path as it is.

    >>> without_password("postgresql://cchc:secret@db/shared")
    'postgresql://cchc@db/shared'
    """
    return _PASSWORD.sub(_NO_PASSWORD, location)


def _value(arguments: Sequence[str], option: str) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
        if argument == option and index + 1 < len(arguments):
            return arguments[index + 1]
    return None
