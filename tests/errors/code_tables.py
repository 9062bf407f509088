"""Makes the tables of docs/errors.md from classes and calls of the sources: `python -m tests.errors.code_tables`."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache

from cchc_connect import errors
from cchc_connect.cli import exit_codes
from cchc_connect.cli.exit_codes import exit_code_of
from cchc_connect.config.quality import DEFAULT_QUALITY, known_rules
from cchc_connect.errors import CchcError
from cchc_connect.messages import Language, sentences_by_code
from tests.checkout import ROOT, modules

PAGE = ROOT / "docs" / "errors.md"

CLASSES: Mapping[str, type[CchcError]] = {
    name: value
    for module in (errors, exit_codes)
    for name, value in vars(module).items()
    if inspect.isclass(value) and issubclass(value, CchcError)
}

ACTIONS: Mapping[str, tuple[str, str, str]] = {
    "CchcError": ("catch it where nothing else fits; its code says more", "-", "-"),
    "Fatal": ("end the program or the command", "no", "operator"),
    "ConfigurationError": ("correct what the sentence names", "no", "operator; integrator for an adapter"),
    "DatabaseUnusable": ("correct the disk, the rights or the address", "no", "operator"),
    "DatabaseLost": (
        "open it again and repeat the transaction",
        "yes, the same transaction",
        "nobody, operator if it stays",
    ),
    "LeaseHeld": ("start again later; nothing is wrong", "yes, when the other run has ended", "nobody"),
    "LeaseLost": ("start again; find out why the machine froze", "yes, as a new run", "operator"),
    "UsageMistake": ("correct the argument", "no", "whoever calls"),
    "SourceHeld": ("look at the cause; the first success ends the hold", "the next run tries", "operator, integrator"),
    "AuthenticationFailed": ("correct the account with the agency", "not before", "operator"),
    "ResponseUnreadable": ("look at the source", "the next run tries", "operator"),
    "StartOver": ("nothing; the engine reads everything again, once", "the engine does", "nobody"),
    "Retriable": ("wait", "yes", "nobody, operator if it stays"),
    "Stopped": ("start again when wanted", "yes, as a new run", "nobody"),
    "Unreachable": ("check address and network if it stays", "yes", "operator"),
    "CutShort": ("nothing; the answer was not used", "yes", "nobody"),
    "DeadlineExceeded": ("increase deadline_s if the system is slow", "yes", "operator"),
    "Throttled": ("wait `retry_after_s`; ask for a larger quota", "yes, after `retry_after_s`", "operator"),
    "Maintenance": ("wait", "yes", "nobody"),
    "OutsideHours": ("wait for the opening", "yes, after `opens_at`", "nobody"),
    "Rejected": ("correct this record, file or message", "not unchanged", "official, agency"),
    "MessageRefused": ("correct the record, then replay the dead letter", "not unchanged", "official, agency"),
    "AccessDenied": ("agree on the data, or ask for what is agreed", "no", "whoever asks"),
    "NotFound": ("check number, key or code", "no", "whoever asks"),
    "RecordNotFound": ("check the key, or pull first", "no", "whoever asks"),
    "CannotCreate": ("choose another path", "no", "operator"),
    "OutputUnwritable": ("free the disk", "no", "operator"),
}
"""Class -> what to do, whether a retry is worth it, and who acts."""

INTEGRATOR = "integrator"
WHO_BY_TABLE: Mapping[str, str] = {
    **dict.fromkeys(("quarantine", "discrepancy", "case", "spreadsheet"), "official"),
    **dict.fromkeys(("cli", "usage", "names", "filter"), "whoever calls"),
    "drop_folder": "agency",
}
"""Table of codes -> who acts; the operator for all others."""

WHO_BY_CODE: Mapping[str, str] = {
    "source.adapter_failed": INTEGRATOR,
    "source.program_failed": "authors of the program",
    "cli.program_error": "authors of the program",
    "config.adapter_failed": INTEGRATOR,
    "config.adapter_broken": INTEGRATOR,
    "config.adapter_without_options": INTEGRATOR,
    "soap.no_envelope": INTEGRATOR,
    "transport.header_unsendable": INTEGRATOR,
    "lease.held": "nobody",
    "run.stopped": "nobody",
}

MIXED_TABLES = frozenset({"check", "demo_serve", "exports", "maintenance", "network", "schedule"})
"""Tables with codes of findings and results beside codes of errors."""

REASON_TABLES = frozenset({"circuit_breaker", "extra", "reconcile", "usage"})
"""Tables all of whose codes are reasons or errors, though no call in the sources shows it."""

NO_ERRORS = frozenset({"config.text", "cli.error"})
"""Codes of these tables that are parts of other sentences."""

CLASS_BY_TABLE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("filter", "names", "usage"), ("UsageMistake",)),
    "extra": ("ConfigurationError",),
    "signature": ("SourceHeld",),
    "drop_folder": ("Rejected",),
}
"""Table -> class of those of its errors that are made with a code from elsewhere."""

CLASS_BY_CODE: Mapping[str, tuple[str, ...]] = {
    "source.adapter_failed": ("SourceHeld",),
    "source.program_failed": ("SourceHeld",),
    "source.start_over": ("StartOver",),
    "cli.no_database": ("NotFound",),
    "cli.database_is_folder": ("NotFound",),
    "cli.database_empty": ("NotFound",),
    "transport.quota_exhausted": ("Throttled",),
    "transport.connection_lost": ("Unreachable",),
    "transport.never_connected": ("Unreachable",),
    "transport.no_response": ("Unreachable",),
    "network.certificate_expired": ("SourceHeld",),
    "network.certificate_not_yet": ("SourceHeld",),
    "network.certificate_other_name": ("SourceHeld",),
}
"""Errors that are made with a code from elsewhere, and their classes."""

_CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@cache
def classes_by_code() -> Mapping[str, set[str]]:
    """Return the error classes that the sources make with each code."""
    classes: dict[str, set[str]] = {}
    for module in modules():
        for node in module.nodes():
            for name, code in _pairs(node):
                if code in sentences_by_code(Language.ENGLISH):
                    classes.setdefault(code, set()).add(name)
    return classes


def _pairs(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield class and code where a node makes an error, or keeps both together for one that is made later."""
    match node:
        case ast.Call(func=ast.Name(name), args=[first, *_]) if name in CLASSES:
            yield from ((name, code) for code in _codes(first))
        case ast.Call(func=ast.Name("cell_rejection") | ast.Attribute(attr="rejection"), args=[first, *_]):
            yield from (("Rejected", code) for code in _codes(first))
        case ast.Call(func=ast.Name("require_known"), args=[first, *_]):
            yield from (("UsageMistake", code) for code in _codes(first))
        case ast.Tuple(elts=[ast.Name(name), first, *_]) | ast.Tuple(elts=[first, ast.Name(name), *_]):
            if name in CLASSES:
                yield from ((name, code) for code in _codes(first))
        case _:
            return


def _codes(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and _CODE.fullmatch(part.value):
            yield part.value


@cache
def rows() -> Mapping[str, tuple[str, ...]]:
    """Return the classes of every error code that the page lists, in the order of the catalogue."""
    made = classes_by_code()
    whole_tables = {code.partition(".")[0] for code in made} - MIXED_TABLES | REASON_TABLES
    listed = dict[str, tuple[str, ...]]()
    for code in sentences_by_code(Language.ENGLISH):
        table = code.partition(".")[0]
        classes = tuple(sorted(made.get(code, ()))) or CLASS_BY_CODE.get(code) or CLASS_BY_TABLE.get(table, ())
        if code not in NO_ERRORS and (code in made or table in whole_tables or code in CLASS_BY_CODE):
            listed[code] = classes
    return listed


def class_table() -> str:
    """Return the table of the error classes; their docstrings say when each is raised."""
    lines = [
        "| class | raised when | what to do | worth a retry? | who acts | exit code |",
        "|---|---|---|---|---|---|",
    ]
    for name, kind in CLASSES.items():
        summary = (inspect.getdoc(kind) or "").partition("\n")[0]
        code = exit_code_of(kind("run.stopped"))
        lines.append(f"| `{name}` | {summary} | {' | '.join(ACTIONS[name])} | {code.value} |")
    return "\n".join(lines)


def code_table() -> str:
    """Return the table of all codes: class, who acts, and the sentence, which says what happened and what to do."""
    lines = ["| code | class | who acts | sentence |", "|---|---|---|---|"]
    sentences = sentences_by_code(Language.ENGLISH)
    for code, classes in rows().items():
        names = ", ".join(f"`{name}`" for name in classes) or "reason in a report"
        actor = WHO_BY_CODE.get(code) or WHO_BY_TABLE.get(code.partition(".")[0], "operator")
        sentence = " ".join(sentences[code].split()).replace("|", "\\|").replace("{{", "{").replace("}}", "}")
        lines.append(f"| `{code}` | {names} | {actor} | {sentence} |")
    return "\n".join(lines)


def rule_table() -> str:
    """Return the table of the rules of notes and faults: default severity, and the sentence of a broken rule."""
    sentences = sentences_by_code(Language.ENGLISH)
    rules = {rule: (DEFAULT_QUALITY.severity(rule).value, sentences[f"fault.{rule}"]) for rule in known_rules()}
    lines = [f"| `{rule}` | {severity} | {sentence} |" for rule, (severity, sentence) in rules.items()]
    return "\n".join(["| rule | default severity | a value that breaks it |", "|---|---|---|", *lines])


def made_page(page: str) -> str:
    """Return the page with all tables made anew between their marks."""
    for mark, table in (("classes", class_table()), ("codes", code_table()), ("rules", rule_table())):
        begin, end = f"<!-- {mark}: made by tests/errors/code_tables.py -->", f"<!-- end of {mark} -->"
        head, _, rest = page.partition(begin)
        _, _, tail = rest.partition(end)
        page = f"{head}{begin}\n\n{table}\n\n{end}{tail}"
    return page


if __name__ == "__main__":
    PAGE.write_text(made_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
