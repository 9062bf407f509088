"""`audit show`: everything that one entry of the audit log says, in words; JSON has the codes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from cchc_connect.cli.agreements import shown_field
from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.audit_list import entry_document
from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_date, local_time
from cchc_connect.cli.sharing_terms import configured_terms, purpose_text
from cchc_connect.database.audit.chain import parse_entry_number
from cchc_connect.database.audit.entries import AuditKind
from cchc_connect.database.audit.listing import audit_entry
from cchc_connect.errors import NotFound
from cchc_connect.record_fields import BETWEEN_FIELDS, BETWEEN_PARTS, record_model
from cchc_connect.sharing.terms import SharingTerms

TERMS: Mapping[str, str] = {
    "kind": "audit_kind",
    "outcome": "audit_outcome",
    "decision": "audit_outcome",
    "change": "agreement_step",
    "step": "correction_step",
    "state": "correction_state",
    "finding": "correction_finding",
    "action": "sharing_action",
    "message_kind": "audit_message_kind",
    "disclosure": "audit_disclosure",
}
"""Members of an entry whose codes have words -> the table of the words."""

PATHS = frozenset({"paths", "refused_fields"})
"""Members that are paths of fields of the entry's record type."""

DAYS = frozenset({"due_on", "disclosed_from"})

MAX_KEYS_SHOWN = 20
"""Keys that are written for people; JSON has them all."""


def show_entry(command: CommandContext, database: str | None, text: str) -> ExitCode:
    """Show one entry.

    Raises:
        NotFound: there is no such entry, or no database.
        ConfigurationError: there is a configuration that cannot be read or has faults.
    """
    console, number = command.console, parse_entry_number(text)
    if number is None:
        raise NotFound("audit.no_entry", entry=text)
    with existing_database(command, database) as opened:
        numbered = audit_entry(opened, number)
    document, terms = entry_document(numbered), configured_terms(command)
    console.document(document)
    words = _EntryWords(numbered.entry.record_type or "", terms, console)
    for name, value in document.items():
        if name == "keys" and len(value) > MAX_KEYS_SHOWN:
            value = [*value[:MAX_KEYS_SHOWN], "…"]  # noqa: PLW2901  # what people see of it
        console.line(f"{console.term('audit_field', name)}: {words.of(name, value)}", hanging=2)
    return ExitCode.DONE


class _EntryWords:
    """Says the members of one entry in words."""

    def __init__(self, record_type: str, terms: SharingTerms, console: Console) -> None:
        self._record_type = record_type
        self._terms = terms
        self._console = console
        self._words: Mapping[str, Callable[[Any], str]] = {
            "at": lambda value: local_time(value, console.language),
            "purpose": lambda value: purpose_text(value, terms.purposes, console),
            "record_type": lambda value: console.term("record_name", value) if record_model(value) else value,
            "fields": self._treated_fields,
            "reasons": lambda value: "; ".join(f"{console.term('access_refusal', each)} ({each})" for each in value),
            "acts": lambda value: ", ".join(map(self._act, value)),
            **dict.fromkeys(PATHS, self._paths),
            **dict.fromkeys(DAYS, lambda value: local_date(value, console.language) or ""),
        }

    def of(self, name: str, value: Any) -> str:
        """Return the words of a member's value; the value itself where it is no code."""
        if name in TERMS:
            return self._console.term(TERMS[name], value)
        return self._words.get(name, self._plain)(value)

    def _paths(self, paths: Iterable[str]) -> str:
        names = (shown_field(self._record_type, path, self._console) for path in paths)
        return BETWEEN_FIELDS[self._console.language].join(names)

    def _treated_fields(self, fields: Mapping[str, str]) -> str:
        """Return the fields after how they were treated: "as it is: code, status; masked: applicant_id"."""
        paths = dict[str, list[str]]()
        for path, treatment in fields.items():
            paths.setdefault(treatment, []).append(path)
        return BETWEEN_PARTS[self._console.language].join(
            f"{self._treatment(treatment)}: {self._paths(treated)}" for treatment, treated in paths.items()
        )

    def _treatment(self, treatment: str) -> str:
        compared = treatment == AuditKind.MATCH.value
        return self._console.text("agreement_view.compared") if compared else self._console.term("treatment", treatment)

    def _act(self, name: str) -> str:
        """Return the number of an act with its name; the name alone if the tables do not have it."""
        act = self._terms.acts.get(name)
        return name if act is None else f"{act.number} ({name})"

    def _plain(self, value: object) -> str:
        """Return a value that is no code; the names within it in words where there are some."""
        match value:
            case bool():
                return self._console.text(f"audit_field.{'yes' if value else 'no'}")
            case dict():
                members = cast("Mapping[str, object]", value)
                return ", ".join(f"{self._name(each)}: {self._plain(member)}" for each, member in members.items())
            case list() | tuple():
                return ", ".join(map(self._plain, cast("Sequence[object]", value)))
            case _:
                return str(value)

    def _name(self, name: str) -> str:
        words = self._console.term("count", name)
        return self._console.term("audit_field", name) if words == name else words
