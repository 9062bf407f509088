"""Every public name is listed once, is exported by one package and has a docstring."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections import Counter

import pytest

from tests.checkout import ROOT, modules

PACKAGES = ("cchc_schemas", "cchc_connect", "cchc_connect.paging", "cchc_connect.testing", "cchc_adapters")
"""The packages with public names; every other module is internal."""


def names_of(package: str) -> list[str]:
    """Return the names a package lists as public, in its order."""
    return list(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_listed_once(package: str) -> None:
    assert [name for name, times in Counter(names_of(package)).items() if times > 1] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_from_its_modules_exactly_what_it_lists(package: str) -> None:
    (init,) = (module for module in modules() if module.name == package)
    stub = init.path.with_suffix(".pyi")  # a package whose names are imported late lists them there, once
    tree = ast.parse(stub.read_bytes()) if stub.exists() else init.tree

    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith(f"{package}."))
        for alias in node.names
    }

    assert imported == set(names_of(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_listed_name_can_be_imported(package: str) -> None:
    imported = importlib.import_module(package)

    assert [name for name in names_of(package) if getattr(imported, name, None) is None] == []


def test_a_name_is_public_in_one_package_only() -> None:
    homes = Counter(name for package in PACKAGES for name in names_of(package))

    assert [name for name, times in homes.items() if times > 1] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_public_name_is_explained_by_a_whole_sentence(package: str) -> None:
    first_lines = {name: _explanation(package, name).strip().partition("\n")[0] for name in names_of(package)}

    assert [name for name, line in first_lines.items() if not _is_sentence(line)] == []


def test_every_public_name_of_the_library_is_used_in_an_example_or_explained() -> None:
    """In the code of an example, or as code in a document; the glossary and the reference pages count as documents."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
    code = [match[0] for text in texts for match in re.finditer(r"```python\n.*?```|`[^`\n]+`", text, flags=re.DOTALL)]
    examples = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.py"))]
    shown = set(re.findall(r"\w+", "\n".join([*code, *examples])))

    assert [name for name in names_of("cchc_connect") if name not in shown] == []


def test_a_name_that_is_not_public_raises_an_attribute_error() -> None:
    root = importlib.import_module("cchc_connect")

    with pytest.raises(AttributeError, match="Synchroniser"):
        root.Synchroniser  # noqa: B018  # the access is the test


def test_type_checkers_see_a_misspelt_name() -> None:
    """A `__getattr__` that is visible to them would make every name exist."""
    (root,) = (module for module in modules() if module.name == "cchc_connect")

    seen = [node for node in root.tree.body if isinstance(node, ast.FunctionDef) and node.name == "__getattr__"]

    assert seen == []


def test_importing_the_library_loads_no_database_and_no_carrier() -> None:
    """So that `cchc-connect --help` starts fast."""
    heavy = ("sqlalchemy", "requests", "httpx", "cchc_adapters", "cchc_connect.testing")
    program = f"import sys, cchc_connect; print([name for name in {heavy!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout.strip() == "[]"


def _is_sentence(line: str) -> bool:
    return len(line.split()) > 1 and (". " in f"{line} " or ":" in line)


def _explanation(package: str, name: str) -> str:
    """Return the docstring of a class or function, or the text below an alias or a constant."""
    value = getattr(importlib.import_module(package), name)
    if inspect.ismodule(value):
        return value.__doc__ or ""
    if inspect.isclass(value):
        return vars(value).get("__doc__") or ""
    if inspect.isfunction(inspect.unwrap(value)):
        return value.__doc__ or ""
    texts = [_text_below(module.tree, name) for module in modules() if module.name.startswith(package)]
    return next((text for text in texts if text), "")


def _text_below(tree: ast.Module, name: str) -> str:
    for statement, following in zip(tree.body, tree.body[1:], strict=False):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(target)) | ast.Assign(targets=[ast.Name(target)]), ast.Expr(
                ast.Constant(str(text))
            ) if target == name:
                return text
            case _:
                continue
    return ""
