"""Paths of the checkout under test, its text files, and the syntax trees of its modules."""

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PACKAGE_FOLDERS = {
    "cchc_schemas": ROOT / "schemas" / "cchc_schemas",
    "cchc_connect": ROOT / "cchc_connect",
    "cchc_adapters": ROOT / "adapters" / "cchc_adapters",
}
"""The three packages, the lowest layer first."""

TEXT_SUFFIXES = frozenset({".cfg", ".csv", ".json", ".md", ".py", ".sh", ".sql", ".toml", ".txt", ".yaml", ".yml"})
TEXT_NAMES = frozenset({"Makefile", "LICENSE", ".gitignore", "run", "py.typed"})
MADE_FOLDERS = frozenset({"__pycache__", "build", "dist", "node_modules"})
"""Folders that tools create. Folders whose names begin with a dot are skipped too, except `.ci`."""


@dataclass(frozen=True)
class Module:
    """One module of the three packages."""

    name: str
    """Dotted name."""
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of the module."""
        return ast.parse(self.path.read_bytes())

    @property
    def package(self) -> str:
        """The import package of the module."""
        return self.name.partition(".")[0]

    def nodes(self) -> Iterator[ast.AST]:
        """Yield every node of the module."""
        return ast.walk(self.tree)


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the three packages."""
    return tuple(
        Module(_dotted(path, folder.parent), path)
        for folder in PACKAGE_FOLDERS.values()
        for path in sorted(folder.rglob("*.py"))
    )


@cache
def text_files() -> tuple[Path, ...]:
    """Return every text file of the checkout that a person or one of our tools wrote."""
    return tuple(sorted(_texts(ROOT)))


def relative_path(path: Path) -> str:
    """Return a path relative to the checkout."""
    return path.relative_to(ROOT).as_posix()


def _texts(folder: Path) -> Iterator[Path]:
    for entry in os.scandir(folder):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False):
            if entry.name == ".ci" or not (entry.name.startswith(".") or entry.name in MADE_FOLDERS):
                yield from _texts(path)
        elif path.suffix in TEXT_SUFFIXES or entry.name in TEXT_NAMES:
            yield path


def _dotted(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
