"""Names: one class name has one home, no variable bears a filler word, a module is worth its file.

Each test prints what it counted; `pytest -s tests/test_names.py` shows it.
"""

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from tests.checkout import ROOT, modules, relative_path

pytestmark = pytest.mark.repeats

FILLERS = frozenset(
    {
        "answer",
        "asked",
        "both",
        "data",
        "found",
        "given",
        "heard",
        "here",
        "info",
        "kept",
        "known",
        "left",
        "mine",
        "most",
    }
    | {"obj", "one", "other", "others", "ours", "place", "question", "said", "some", "taken", "theirs", "thing", "told"}
    | {"wanted", "way", "what", "who", "whole"}
)
"""Words that say nothing of what a variable holds."""

FIXED_BY_OTHERS = {
    "cchc_connect/cli/app.py": "obj",  # typer's name for what the commands share
    "cchc_connect/transport/httpcore_backend.py": "info",  # httpcore's parameter
    "adapters/cchc_adapters/rest/bodies.py": "others",  # the same, of bodies
    "cchc_connect/wire/field_rules.py": "others",  # a key of field maps in TOML
    "tests/statement_cache.py": "other",  # the other side of ==
    "tests/kpi/test_html_page.py": "data",
}
"""File -> name that is not ours to choose."""

SHORT_MODULE = 25
"""Lines; a module of fewer says in its first line why it is one."""

FOLDERS = ("cchc_connect", "schemas/cchc_schemas", "adapters/cchc_adapters", "examples", "tests")


@cache
def syntax_trees() -> Mapping[Path, ast.Module]:
    """Return the syntax tree of every Python file."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if "peers" not in path.parts]
    return {path: ast.parse(path.read_bytes()) for path in files}


def named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the line and the name of every variable, argument and attribute that a module binds."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name.strip("_")
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case _:
                pass


def test_a_class_name_has_one_home() -> None:
    homes = defaultdict[str, list[str]](list)
    for module in modules():
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(module.name)
    print(f"\n{len(homes)} class names")

    assert {name: places for name, places in homes.items() if len(places) > 1} == {}


def test_no_variable_bears_a_filler_word() -> None:
    names = [(path, line, name) for path, tree in syntax_trees().items() for line, name in named(tree)]
    print(f"\n{len(names)} variables, arguments and attributes")

    assert [
        f"{relative_path(path)}:{line} {name}"
        for path, line, name in names
        if name in FILLERS and FIXED_BY_OTHERS.get(relative_path(path)) != name
    ] == []


def test_a_short_module_says_why_it_is_one() -> None:
    short = [
        module
        for module in modules()
        if module.path.name != "__init__.py"
        and len(module.path.read_text(encoding="utf-8").splitlines()) < SHORT_MODULE
    ]
    print(f"\n{len(short)} of {len(modules())} modules have fewer than {SHORT_MODULE} lines")

    unexplained = [
        module.name for module in short if "because" not in (ast.get_docstring(module.tree) or "").split("\n")[0]
    ]
    assert unexplained == []


def test_no_docstring_asks_its_reader_to_say_whether() -> None:
    """A function that returns a boolean is described by what is true: "True if ...", "Whether ..."."""
    docstrings = [
        (relative_path(path), ast.get_docstring(node) or "")
        for path, tree in syntax_trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module)
    ]
    print(f"\n{len(docstrings)} docstrings")

    assert [path for path, text in docstrings if text.startswith("Say whether")] == []


IN_BACKTICKS = re.compile(r"(?<!`)`([a-z_]\w*)`(?!`)")

NAMED_ELSEWHERE = {"case_view", "generateToken", "max_items", "private_key_jwt", "purpose_en"}
"""Names in docstrings that belong to a standard or to another program, or are composed when they are used."""


def words_in_code(tree: ast.AST) -> Iterator[str]:
    """Yield every identifier and every literal text of a module."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name):
                yield from name.split(".")
            case ast.Constant(value=str(text)):
                yield text
            case _:
                pass


def test_a_docstring_names_only_what_exists() -> None:
    trees = syntax_trees()
    existing = {word for tree in trees.values() for word in words_in_code(tree)} | set(dir(builtins)) | NAMED_ELSEWHERE
    existing |= {part for path in trees for part in path.relative_to(ROOT).with_suffix("").parts}
    named = [
        (path, node.lineno, name)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for name in IN_BACKTICKS.findall(node.value.value)
    ]
    print(f"\n{len(named)} names in docstrings")

    assert [f"{relative_path(path)}:{line} {name}" for path, line, name in named if name not in existing] == []
