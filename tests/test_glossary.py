"""The engine's glossary: complete, true to the code, and used by the message catalogue."""

import ast
import inspect
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import pytest

import cchc_connect
import cchc_connect.transport
from cchc_connect.database.tables import METADATA
from cchc_schemas import RECORD_TYPES
from tests.checkout import ROOT, Module, modules

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
IDENTIFIER = re.compile(r"`([A-Za-z_][\w.]*)`")
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
FILES = frozenset({"cchc.toml"})
"""Names in backticks that are files."""

CELLS = 5
"""Columns of each table: term, Vietnamese, meaning, in the code, tables."""

DATABASE_TABLES = {name: table for name, table in METADATA.tables.items() if name not in RECORD_TYPES}

ABANDONED = frozenset(
    {
        *("voice", "voices", "heirs", "tally", "tallies", "pace", "journal", "breaker", "breakers", "shelf", "shelves"),
        *("seam", "sieve", "belief", "occasion", "rehearse", "rehearsal", "letter", "letters"),
        *("succession", "successions"),
    }
)
"""Words that the engine's identifiers do not use; the glossary has another term for each."""

ALLOWED_AFTER = {"breaker": "circuit", "breakers": "circuit", "letter": "dead", "letters": "dead"}
"""Abandoned words that are part of a term after another word, which the module's name may give: `dead_letters`."""

FOREIGN_IDENTIFIERS = frozenset({"Succession", "journal_mode"})
"""Identifiers with an abandoned word that name something else: administrative units, a setting of SQLite."""

ABANDONED_IN_MESSAGES = re.compile(
    r"\b(?:rehearsals?|rehearse[ds]?|voices?|tally|tallies|shelf|journal(?! mode|:)"
    r"|(?<!dead[ -])(?<!drive )letters?|(?<!circuit )breakers?|(?<!map )sheets?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Term:
    """One line of the glossary."""

    english: str
    vietnamese: str
    meaning: str
    code: tuple[str, ...]
    tables: tuple[str, ...]


@cache
def terms() -> tuple[Term, ...]:
    """Return every line of the glossary's tables."""
    rows = (line.strip().strip("|").split("|") for line in GLOSSARY.splitlines() if line.startswith("| "))
    cells = [[cell.strip() for cell in row] for row in rows if row[0].strip() != "term"]
    assert {len(row) for row in cells} == {CELLS}
    return tuple(
        Term(english, vietnamese, meaning, tuple(IDENTIFIER.findall(code)), tuple(IDENTIFIER.findall(tables)))
        for english, vietnamese, meaning, code, tables in cells
    )


@cache
def defined() -> frozenset[str]:
    """Return every name that the packages define: modules, classes, functions, arguments, attributes, variables."""
    names = {part for module in modules() for part in module.name.split(".")}
    return frozenset(names | {name for module in modules() for name in _defined(module.nodes())})


@cache
def members() -> Mapping[str, frozenset[str]]:
    """Return the names defined inside each class, by class name."""
    names_by_class: dict[str, set[str]] = {}
    for module in modules():
        for node in module.nodes():
            if isinstance(node, ast.ClassDef):
                names_by_class.setdefault(node.name, set()).update(_defined(ast.walk(node)))
    return {name: frozenset(names) for name, names in names_by_class.items()}


def _defined(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name
            case ast.arg():
                yield node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr
            case _:
                pass


def identifiers(module: Module) -> Iterator[str]:
    """Yield the names of a module's classes, functions and arguments, and the module's own."""
    yield module.name.rpartition(".")[2]
    for node in module.nodes():
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg


def is_abandoned(identifier: str, module: str = "") -> bool:
    """True if an identifier of a module contains an abandoned word."""
    if identifier in FOREIGN_IDENTIFIERS:
        return False
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier).lower().split("_")
    context = re.split(r"[._]", module)
    return any(
        word in ABANDONED and ALLOWED_AFTER.get(word) not in {before, *context}
        for before, word in zip(["", *words], words, strict=False)
    )


def exported_classes(package: ModuleType) -> list[str]:
    return [name for name in package.__all__ if inspect.isclass(getattr(package, name))]


def catalogue(language: str) -> Mapping[str, str]:
    """Return the sentences of the message catalogue by code."""
    path = ROOT / "cchc_connect" / "messages" / f"{language}.toml"
    tables: Mapping[str, Mapping[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return {f"{table}.{name}": text for table, entries in tables.items() for name, text in entries.items()}


def test_every_term_stands_once() -> None:
    english = [term.english for term in terms()]

    assert sorted(english) == sorted(set(english))
    assert [term.english for term in terms() if not term.meaning.endswith(".")] == []


def test_every_term_has_a_vietnamese_term_of_its_own_in_nfc() -> None:
    vietnamese = [term.vietnamese for term in terms()]

    assert [term.english for term in terms() if not term.vietnamese] == []
    assert [text for text in vietnamese if not unicodedata.is_normalized("NFC", text)] == []
    assert sorted(vietnamese) == sorted(set(vietnamese))


def test_every_table_of_the_engine_stands_in_the_glossary() -> None:
    named = {name.partition(".")[0] for term in terms() for name in term.tables}

    assert sorted(DATABASE_TABLES.keys() - named) == []


def test_every_table_and_column_of_the_glossary_is_in_the_database() -> None:
    named = {name for term in terms() for name in term.tables}
    present = {
        *DATABASE_TABLES,
        *(str(column) for table in DATABASE_TABLES.values() for column in table.c),
    }

    assert sorted(named - present) == []


@pytest.mark.parametrize("package", [cchc_connect, cchc_connect.transport], ids=["cchc_connect", "transport"])
def test_every_exported_class_is_documented(package: ModuleType) -> None:
    """In the glossary, the glossary of the records, or another document."""
    documents = [ROOT / "schemas" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    text = "".join(document.read_text(encoding="utf-8") for document in documents)

    assert [name for name in exported_classes(package) if not re.search(rf"\b{name}\b", text)] == []


def test_every_identifier_of_the_glossary_is_in_the_code() -> None:
    missing = [name for name in IDENTIFIER.findall(GLOSSARY) if not is_in_code(name)]

    assert missing == []


def is_in_code(name: str) -> bool:
    """True if the name is a file, a table, a column or defined in the packages; `Class.member` within that class."""
    if name in FILES or name in RECORD_TYPES or name in DATABASE_TABLES:
        return True
    owner, _, member = name.rpartition(".")
    if owner in DATABASE_TABLES:
        return member in DATABASE_TABLES[owner].c
    return member in (members().get(owner, frozenset()) if owner else defined())


def test_no_identifier_uses_an_abandoned_word() -> None:
    """Migrations name the tables as they were."""
    used = {
        f"{module.name}: {name}"
        for module in modules()
        if ".migrations." not in module.name
        for name in identifiers(module)
        if is_abandoned(name, module.name)
    }

    assert sorted(used) == []
    assert [name for name in DATABASE_TABLES if is_abandoned(name)] == []


def test_the_message_catalogue_uses_no_abandoned_word() -> None:
    sentences = {code: PLACEHOLDER.sub("", text) for code, text in catalogue("en").items()}

    assert {code: text for code, text in sentences.items() if ABANDONED_IN_MESSAGES.search(text)} == {}


def test_a_message_that_is_a_term_is_translated_as_in_the_glossary() -> None:
    """Headings such as "route" or "record type"; the Vietnamese name of a record type has its identifier too."""
    english, vietnamese = catalogue("en"), catalogue("vi")
    english = {code: text for code, text in english.items() if not code.startswith("record_name.")}
    glossary = {term.english: term.vietnamese for term in terms()}
    headings = {code: text for code, text in english.items() if text.lower() in glossary}
    differing = {
        code: (text, vietnamese[code])
        for code, text in headings.items()
        if vietnamese[code].lower().replace("_", " ") != glossary[text.lower()]
    }
    print(f"glossary: {len(headings)} headings of the message catalogue are terms")

    assert headings
    assert differing == {}


def test_the_glossary_is_counted() -> None:
    """The counts are shown by `pytest -s`."""
    in_code = {name for term in terms() for name in term.code}
    checked = sum(1 for module in modules() for _ in identifiers(module))
    print(
        f"glossary: {len(terms())} terms, {len(in_code)} identifiers, {len(DATABASE_TABLES)} tables of the engine;"
        f" {checked} identifiers of the packages searched for {len(ABANDONED)} abandoned words"
    )

    assert len(terms()) > len(DATABASE_TABLES)
