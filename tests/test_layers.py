"""Folders are layers: adapters -> cchc_connect -> cchc_schemas -> pydantic; imports point down only."""

import ast
import sys
import tomllib
from collections.abc import Iterator

import pytest

from tests.checkout import PACKAGE_FOLDERS, ROOT, Module, modules, relative_path

pytestmark = pytest.mark.repeats

LAYERS = tuple(PACKAGE_FOLDERS)

DISTRIBUTIONS = {"sqlalchemy": "SQLAlchemy", "pydantic_core": "pydantic", "lazy_loader": "lazy-loader"}
"""Import packages that are not named as what brings them; pydantic pins its core to one version."""

SEAMS = {
    "requests": "cchc_connect.transport",
    "urllib3": "cchc_connect.transport",
    "httpx": "cchc_connect.transport.httpx_carrier",
    "httpcore": "cchc_connect.transport",
    "tenacity": "cchc_connect.transport",
    "typer": "cchc_connect.cli",
    "rich": "cchc_connect.cli",
}
"""Foreign package -> the one place that knows it."""

THE_READERS_OWN = {("cchc_connect.testing.fixtures", "pytest")}
"""What a module needs and its reader brings: nobody names fixtures for pytest who has no pytest."""

MAY_KNOW = {
    "cchc_connect.cli": {"cchc_connect.cli"},
    "cchc_connect.testing": {"cchc_connect.testing", "cchc_connect.cli"},
    "cchc_connect.sync": {
        "cchc_connect.sync",
        "cchc_connect.diagnostics.connections",
        "cchc_connect.cli",
        "cchc_connect.testing",
    },
}
"""Room of the engine -> the rooms that may import it; the root package names what it makes public."""


def imported(module: Module) -> Iterator[str]:
    """Yield what a module imports, dotted; a module out of a package counts as that module."""
    ours = {known.name for known in modules()}
    for node in module.nodes():
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            yield origin
            yield from (name for alias in node.names if (name := f"{origin}.{alias.name}") in ours)


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


@pytest.mark.parametrize("package", LAYERS)
def test_a_layer_imports_nothing_above_it(package: str) -> None:
    above = LAYERS[LAYERS.index(package) + 1 :]

    upward = {
        f"{relative_path(module.path)} imports {name}"
        for module in modules()
        if module.package == package
        for name in imported(module)
        if name.partition(".")[0] in above
    }

    assert upward == set()


@pytest.mark.parametrize("folder", ["schemas", "adapters"])
def test_a_layers_folder_is_no_package_itself(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


def test_imports_are_absolute() -> None:
    relative = {
        relative_path(module.path) for module in modules() for node in module.nodes() if getattr(node, "level", 0)
    }

    assert relative == set()


@pytest.mark.parametrize("room", MAY_KNOW)
def test_a_room_is_known_by_those_above_it_only(room: str) -> None:
    strangers = {
        f"{module.name} imports {name}"
        for module in modules()
        if module.name != "cchc_connect" and not any(within(module.name, friend) for friend in MAY_KNOW[room])
        for name in imported(module)
        if within(name, room)
    }

    assert strangers == set()


@pytest.mark.parametrize("foreign", SEAMS)
def test_a_foreign_library_has_one_seam(foreign: str) -> None:
    users = {module.name for module in modules() for name in imported(module) if name.partition(".")[0] == foreign}

    assert users
    assert {user for user in users if not within(user, SEAMS[foreign])} == set()


def test_every_foreign_package_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    declared = {_distribution(requirement) for requirement in wanted}

    undeclared = {
        f"{module.name} imports {top}"
        for module in modules()
        for top in {name.partition(".")[0] for name in imported(module)}
        if top not in sys.stdlib_module_names | set(LAYERS)
        if DISTRIBUTIONS.get(top, top) not in declared and (module.name, top) not in THE_READERS_OWN
    }

    assert undeclared == set()


def test_no_module_waits_for_one_that_waits_for_it() -> None:
    """What is imported under TYPE_CHECKING or inside a function is not waited for."""
    waits = {module.name: set(_imported_at_once(module)) for module in modules()}

    while True:
        ready = {name for name, others in waits.items() if not others & waits.keys() - {name}}
        if not ready:
            break
        waits = {name: others for name, others in waits.items() if name not in ready}

    assert waits == {}


@pytest.mark.parametrize(
    "module", [one for one in modules() if one.path.name == "__init__.py"], ids=lambda one: one.name
)
def test_an_init_holds_imports_and_public_names_only(module: Module) -> None:
    odd = [ast.unparse(node).splitlines()[0] for node in module.tree.body if not _belongs_in_init(node)]

    assert odd == []


def _imported_at_once(module: Module) -> Iterator[str]:
    names = {known.name for known in modules()}
    for node in module.tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & names
            yield from inner or {node.module or ""}


def _belongs_in_init(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(ast.Constant(str())):
            return True
        case ast.Assign(targets=[ast.Name("__all__")]) | ast.AnnAssign(target=ast.Name("__all__")):
            return True
        case ast.Assign(value=ast.Call(func=ast.Name("attach_stub"))):  # names imported late are listed in the stub
            return True
        case _:
            return False


def _distribution(requirement: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else " " for sign in requirement).split()[0]
