"""The records are the lowest layer: they import only pydantic and the standard library."""

import ast
import sys
from pathlib import Path

import pytest

import cchc_schemas

MODULES = sorted(Path(cchc_schemas.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_of_the_records_imports_downwards_only(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    roots = {name.partition(".")[0] for name in imported}
    assert roots - set(sys.stdlib_module_names) <= {"pydantic", "pydantic_core", "cchc_schemas"}


def test_every_public_name_is_listed_once_and_exists() -> None:
    assert sorted(set(cchc_schemas.__all__)) == sorted(cchc_schemas.__all__)
    assert all(hasattr(cchc_schemas, name) for name in cchc_schemas.__all__)
