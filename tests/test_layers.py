"""Folders are layers: adapters -> cchc_connect -> cchc_schemas -> pydantic; imports point down only."""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from tests.checkout import PACKAGE_FOLDERS, ROOT, Module, modules, relative_path

pytestmark = pytest.mark.repeats

LAYERS = tuple(PACKAGE_FOLDERS)

DISTRIBUTIONS = {
    "sqlalchemy": "SQLAlchemy",
    "pymysql": "PyMySQL",
    "pydantic_core": "pydantic",
    "lazy_loader": "lazy-loader",
}
"""Import packages that are not named as what brings them; pydantic pins its core to one version."""

MAX_LOOSE_MODULES = 10
"""Modules of `cchc_connect` that stand in no folder; Python itself requires `__init__` and `__main__` to."""

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

CURSORS = {
    "cchc_adapters.building_blocks.arcgis.pages",
    "cchc_adapters.sql.source",
    "cchc_adapters.folder.source",
}
"""Owners of page tokens beside `cchc_connect.paging`, which owns those of listings over HTTP.

They are for layers of ArcGIS Server, rows of a database, and lines of delivered files.
"""

NOT_DECLARED = {("cchc_connect.testing.fixtures", "pytest"), ("cchc_connect.testing.kit.check", "pytest")}
"""What a module needs and its reader brings: nobody names fixtures for pytest who has no pytest."""

ROOMS = {
    "cchc_connect": "",
    "version": "",
    "database.migrations.versions": "",
    "cchc_schemas": "",
    "clock": "",
    "messages": "clock",
    "record_fields": "cchc_schemas messages",
    "testing.province": "cchc_schemas",
    "wire": "cchc_schemas",
    "errors": "messages",
    "http": "cchc_schemas wire errors",
    "testing.doubles": "clock testing.province",
    "adapter": "cchc_schemas messages wire http",
    "drop_folder": "messages errors",
    "local_sources": "cchc_schemas messages wire http adapter",
    "extras": "errors",
    "privacy": "cchc_schemas errors http",
    "paging": "cchc_schemas messages wire errors http adapter privacy",
    "database.direct": "messages errors extras privacy",
    "database": "cchc_schemas messages errors extras privacy database.direct",
    "database.audit": "cchc_schemas clock messages errors extras privacy database.direct database",
    "geometry": "cchc_schemas",
    "registry": "cchc_schemas messages errors adapter extras privacy local_sources",
    "signing": "clock messages wire errors extras privacy",
    "spreadsheets": "messages wire errors drop_folder extras privacy",
    "foreign_tables": "cchc_schemas messages wire errors extras spreadsheets",
    "testing.faults": "errors testing.doubles extras",
    "transport.network": "errors extras privacy",
    "database.migrations": "database",
    "database.reading": "cchc_schemas clock messages wire errors database",
    "transport.calls": "wire errors http transport.network",
    "database.outbox": "cchc_schemas clock messages errors adapter database database.reading",
    "soap": "wire errors http extras transport.calls",
    "transport.auth": "cchc_schemas errors http extras privacy signing transport.network transport.calls",
    "database.state": (
        "cchc_schemas clock messages errors http adapter database.direct database database.audit database.reading"
    ),
    "transport": "cchc_schemas wire errors http extras privacy transport.network transport.calls transport.auth",
    "config": (
        "cchc_schemas clock messages errors http adapter local_sources extras privacy database.direct database "
        "database.audit registry signing transport.network transport.auth transport"
    ),
    "cchc_adapters": (
        "cchc_connect cchc_schemas messages wire errors drop_folder paging extras privacy foreign_tables soap "
        "transport config"
    ),
    "sharing": (
        "cchc_schemas clock messages record_fields errors privacy database database.audit database.reading "
        "database.outbox database.state config"
    ),
    "database.writing": "cchc_schemas wire errors database database.reading database.outbox database.state",
    "corrections": (
        "cchc_schemas clock messages record_fields errors privacy database spreadsheets foreign_tables database.audit "
        "database.reading config sharing database.writing"
    ),
    "kpi": ("cchc_schemas clock messages errors database database.reading sharing"),
    "sync": (
        "version cchc_schemas clock messages wire errors http adapter local_sources privacy database geometry signing "
        "transport.network transport.calls database.direct database.audit database.reading database.outbox "
        "transport.auth database.state transport config sharing database.writing corrections"
    ),
    "monitoring": "clock messages errors database.direct database database.audit database.state config sync",
    "quality": "cchc_schemas clock messages database database.reading config sharing sync monitoring",
    "diagnostics": (
        "cchc_schemas clock messages wire errors http adapter local_sources privacy database.direct database geometry "
        "transport.network database.audit database.state transport config sharing sync quality"
    ),
    "testing.kit": (
        "cchc_schemas clock messages wire errors http testing.doubles adapter local_sources privacy registry "
        "testing.faults transport database database.reading database.outbox config sharing sync"
    ),
    "testing": "testing.faults",
    "exports": (
        "cchc_schemas clock messages record_fields errors extras privacy database spreadsheets database.reading sharing"
    ),
    "cli": (
        "cchc_schemas clock messages version record_fields testing.province wire errors adapter local_sources extras "
        "privacy database.direct database registry spreadsheets database.reading exports testing.doubles testing.kit "
        "testing database.audit database.outbox database.state config sharing database.writing corrections kpi "
        "sync monitoring quality diagnostics"
    ),
    "__main__": "cli",
}
"""Room -> the rooms it imports, lowest first; `cchc_connect.` is left out. A room is a folder, or a module beside them.

The order is the rule: a room imports only rooms above its own line in this table, so no import points up and there is
no circle. The public names of `cchc_connect` and `cchc_connect.transport` are listed in stubs and do not count.
"""


def imported(module: Module) -> Iterator[str]:
    """Yield what a module imports, dotted; a module out of a package counts as that module."""
    names = {module.name for module in modules()}
    for node in module.nodes():
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            yield origin
            yield from (name for alias in node.names if (name := f"{origin}.{alias.name}") in names)


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


def room_of(name: str) -> str:
    """Return the room of a dotted module: its folder, or itself if it stands beside the folders."""
    package, _, inner = name.partition(".")
    if package != "cchc_connect" or not inner:
        return package
    is_package = (PACKAGE_FOLDERS[package] / inner.replace(".", "/")).is_dir()
    return inner if is_package or "." not in inner else inner.rpartition(".")[0]


@cache
def arrows() -> Mapping[str, set[str]]:
    """Return the rooms that each room imports."""
    names = {module.name for module in modules()}
    rooms = {room_of(name): set[str]() for name in names}
    for module in modules():
        room = room_of(module.name)
        rooms[room] |= {room_of(name) for name in imported(module) if name in names} - {room}
    return rooms


def test_every_room_is_known_with_the_rooms_it_imports() -> None:
    print(f"\n{len(arrows())} rooms, {sum(map(len, arrows().values()))} arrows between them")

    assert arrows() == {room: set(allowed.split()) for room, allowed in ROOMS.items()}


def test_imports_between_rooms_point_down() -> None:
    order = list(ROOMS)

    upward = [
        (room, lower) for room in order for lower in ROOMS[room].split() if order.index(lower) >= order.index(room)
    ]

    assert upward == []


def test_few_modules_stand_beside_the_rooms() -> None:
    loose = [path.name for path in PACKAGE_FOLDERS["cchc_connect"].glob("*.py")]
    print(f"\n{len(loose)} loose modules")

    assert len(loose) <= MAX_LOOSE_MODULES


@pytest.mark.parametrize("foreign", SEAMS)
def test_a_foreign_library_has_one_seam(foreign: str) -> None:
    users = {module.name for module in modules() for name in imported(module) if name.partition(".")[0] == foreign}

    assert users
    assert {user for user in users if not within(user, SEAMS[foreign])} == set()


def test_an_adapter_hands_its_page_token_to_the_building_block_that_made_it() -> None:
    """It may ask whether there is one, and reads or makes none itself: paging is written once for all adapters."""
    own_cursors = {
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.package == "cchc_adapters" and not any(within(module.name, owner) for owner in CURSORS)
        for handed_on in [set(_handed_on(module))]
        for node in module.nodes()
        if isinstance(node, ast.Attribute) and node.attr == "page_token" and node not in handed_on
    }

    assert own_cursors == set()


def _handed_on(module: Module) -> Iterator[ast.AST]:
    """Yield every argument of a call, and everything that is compared with None."""
    for node in module.nodes():
        match node:
            case ast.Call(args=arguments):
                yield from arguments
            case ast.Compare(left=compared, ops=[ast.Is() | ast.IsNot()]):
                yield compared
            case _:
                pass


def test_every_foreign_package_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    requirements = [*project["dependencies"], *(requirement for extra in extras for requirement in extra)]
    declared = {_distribution(requirement) for requirement in requirements}

    undeclared = {
        f"{module.name} imports {top}"
        for module in modules()
        for top in {name.partition(".")[0] for name in imported(module)}
        if top not in sys.stdlib_module_names | set(LAYERS)
        if DISTRIBUTIONS.get(top, top) not in declared and (module.name, top) not in NOT_DECLARED
    }

    assert undeclared == set()


def test_no_module_waits_for_one_that_waits_for_it() -> None:
    """What is imported under TYPE_CHECKING or inside a function is not waited for."""
    waits = {module.name: set(_imported_at_once(module)) for module in modules()}

    while True:
        ready = {name for name, imports in waits.items() if not imports & waits.keys() - {name}}
        if not ready:
            break
        waits = {name: imports for name, imports in waits.items() if name not in ready}

    assert waits == {}


@pytest.mark.parametrize(
    "module", [module for module in modules() if module.path.name == "__init__.py"], ids=lambda module: module.name
)
def test_an_init_holds_imports_and_public_names_only(module: Module) -> None:
    odd = [ast.unparse(node).splitlines()[0] for node in module.tree.body if not _belongs_in_init(node)]

    assert odd == []


def _imported_at_once(module: Module) -> Iterator[str]:
    names = {module.name for module in modules()}
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
