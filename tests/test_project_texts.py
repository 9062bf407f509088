"""Rules for every text file of the project: encoding, size of modules, links, names."""

import ast
import re
import tomllib
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from cchc_schemas import RECORD_TYPES, Record
from tests.checkout import ROOT, modules, relative_path, text_files

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
IGNORES = re.compile(r"#\s*(type: ignore|noqa|pyright: ignore)(.*)")
CODED = re.compile(r"^(?:\[[A-Za-z-]+(?:, ?[A-Za-z-]+)*\]|: ?[A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*)\s+#\s*\S+")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|NotImpl" + r"ementedError)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:home|root|Users|work|mnt)/\w")
REGISTRY_HOST = re.compile(r"\b(?:pypi|pythonhosted|npmjs|crates|rubygems)\." + r"(?:org|com|io)\b", re.IGNORECASE)
MAX_MODULE_LINES = 400
MAX_ADAPTER_MODULE_LINES = 200
MAX_FUNCTION_LINES = 40
VAGUE = frozenset({"util", "utils", "helper", "helpers", "misc", "common", "manager", "handler", "processor"})

EXAMPLES = ("quickstart.py", "district_registry_adapter/src/district_registry_adapter/adapter.py")

documents = [path for path in text_files() if path.suffix == ".md"]


def content(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def places(pattern: re.Pattern[str]) -> list[str]:
    """Return every location of `pattern`, as path and line number."""
    return [
        f"{relative_path(path)}:{number}"
        for path in text_files()
        for number, line in enumerate(content(path).splitlines(), start=1)
        if pattern.search(line)
    ]


def composed(text: str) -> bool:
    return unicodedata.is_normalized("NFC", text)


def with_line_feeds_alone(text: str) -> bool:
    return "\r" not in text


def without_byte_order_mark(text: str) -> bool:
    return "\ufeff" not in text


def ended(text: str) -> bool:
    return not text or text.endswith("\n")


@pytest.mark.parametrize("is_kept", [composed, with_line_feeds_alone, without_byte_order_mark, ended])
def test_every_text_is_nfc_utf_8_with_line_feeds(is_kept: Callable[[str], bool]) -> None:
    assert [relative_path(path) for path in text_files() if not is_kept(content(path))] == []


def test_nothing_is_left_unfinished() -> None:
    assert places(UNFINISHED) == []


def test_no_text_names_a_path_of_the_machine_it_was_written_on() -> None:
    assert places(MACHINE_PATH) == []


def test_no_text_names_a_package_registry() -> None:
    assert places(REGISTRY_HOST) == []


def test_every_suppressed_warning_names_its_code_and_its_reason() -> None:
    silent = [
        f"{relative_path(path)}:{number}"
        for path in text_files()
        if path.suffix == ".py"
        for number, line in enumerate(content(path).splitlines(), start=1)
        if (ignored := IGNORES.search(line)) and not CODED.match(ignored[2])
        if path != Path(__file__)
    ]

    assert silent == []


def test_no_module_is_longer_than_the_limit() -> None:
    long = {module.name for module in modules() if len(content(module.path).splitlines()) > MAX_MODULE_LINES}

    assert long == set()


def test_no_module_of_an_adapter_is_longer_than_a_person_reads_in_one_go() -> None:
    long = {
        module.name: lines
        for module in modules()
        if module.package == "cchc_adapters"
        if (lines := len(content(module.path).splitlines())) > MAX_ADAPTER_MODULE_LINES
    }

    assert long == {}


def test_no_function_is_longer_than_the_limit() -> None:
    long = {
        f"{module.name}:{node.name}"
        for module in modules()
        for node in module.nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    }

    assert long == set()


def test_no_module_has_a_vague_name() -> None:
    assert {module.name for module in modules() if VAGUE & set(re.split(r"[._]", module.name))} == set()


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## \[?([0-9]+\.[0-9]+\.[0-9]+)", content(ROOT / "CHANGELOG.md"), re.MULTILINE)

    assert headings[:1] == [VERSION]


@pytest.mark.parametrize("document", documents, ids=relative_path)
def test_every_link_between_texts_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(content(document)) if "://" not in link and not link.startswith("mailto:")]

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_readme_shows_an_example_as_it_runs(example: str) -> None:
    """The README may leave out the module's docstring."""
    blocks = re.findall(r"```python\n(.*?)```", content(ROOT / "README.md"), re.DOTALL)

    assert [block for block in blocks if block.count("\n") > 5 and block in content(ROOT / "examples" / example)] != []


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=RECORD_TYPES)
def test_every_record_stands_in_the_glossary_with_its_vietnamese_name(record: type[Record]) -> None:
    glossary = content(ROOT / "schemas" / "README.md")

    vietnamese = re.search(r"\(([^),;]+)", record.__doc__ or "")

    assert vietnamese is not None
    assert any(f"`{record.__name__}`" in line and vietnamese[1] in line for line in glossary.splitlines())
