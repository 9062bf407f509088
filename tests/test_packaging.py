"""The built wheel holds the packages, their data files and the metadata."""

import configparser
import csv
import io
import json
import os
import posixpath
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from email import message_from_string
from email.message import Message
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import pytest

from tests.checkout import PACKAGE_FOLDERS, ROOT, modules
from tests.test_project_texts import LINK
from tests.wheels import build_wheel

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DOCUMENTATION = "cchc_connect/documentation/"
DIST_INFO = f"cchc_connect-{PROJECT['version']}.dist-info"


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The wheel's files by path."""
    with ZipFile(build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))) as wheel:
        return {name: wheel.read(name) for name in wheel.namelist()}


@pytest.fixture(scope="session")
def metadata(shipped: Mapping[str, bytes]) -> Message:
    return message_from_string(shipped[f"{DIST_INFO}/METADATA"].decode())


def test_the_wheel_holds_the_three_packages_and_nothing_else(shipped: Mapping[str, bytes]) -> None:
    assert {name.partition("/")[0] for name in shipped} == {*PACKAGE_FOLDERS, DIST_INFO}


@pytest.mark.parametrize("package", PACKAGE_FOLDERS)
def test_the_wheel_holds_every_file_of_a_package_unchanged(package: str, shipped: Mapping[str, bytes]) -> None:
    folder = PACKAGE_FOLDERS[package]
    in_checkout = {
        f"{package}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    in_wheel = {
        name: content
        for name, content in shipped.items()
        if name.startswith(f"{package}/") and not name.startswith(DOCUMENTATION)
    }

    assert in_wheel.keys() == in_checkout.keys()
    assert in_wheel == in_checkout


def test_the_wheel_holds_the_documentation_with_its_examples_and_schemas(shipped: Mapping[str, bytes]) -> None:
    texts = [ROOT / "README.md", ROOT / "schemas" / "README.md", ROOT / "schemas" / "vocabulary.json"]
    texts += [path for folder in ("docs", "schemas/json") for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts += (ROOT / "examples").glob("*.py")
    texts += (ROOT / "examples" / "agreements").glob("*.toml")

    for path in texts:
        assert shipped[DOCUMENTATION + path.relative_to(ROOT).as_posix()] == path.read_bytes()
    assert not any("__pycache__" in name for name in shipped)


def test_every_link_of_the_shipped_documentation_leads_to_a_shipped_file(shipped: Mapping[str, bytes]) -> None:
    folders = {parent.as_posix() for name in shipped for parent in PurePosixPath(name).parents}
    missing = [
        f"{name}: {link}"
        for name, content in shipped.items()
        if name.startswith(DOCUMENTATION) and name.endswith(".md")
        for link in LINK.findall(content.decode())
        if "://" not in link and not link.startswith("mailto:")
        if posixpath.normpath(posixpath.join(posixpath.dirname(name), link)) not in {*shipped, *folders}
    ]

    assert missing == []


def test_the_installed_program_says_where_its_documentation_is(shipped: Mapping[str, bytes], tmp_path: Path) -> None:
    for name, content in shipped.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    program = "import sys; from cchc_connect.cli import main; sys.exit(main(['docs', '--json']))"

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    named = json.loads(done.stdout)
    assert Path(named["folder"]) == tmp_path / DOCUMENTATION
    assert [page for page in named["pages"].values() if not Path(page).is_file()] == []


@pytest.mark.parametrize("package", PACKAGE_FOLDERS)
def test_a_package_is_marked_as_typed(package: str, shipped: Mapping[str, bytes]) -> None:
    assert f"{package}/py.typed" in shipped


@pytest.mark.parametrize("file", ["cchc_connect/messages/en.toml", "cchc_connect/messages/vi.toml"])
def test_the_message_catalogues_are_shipped(file: str, shipped: Mapping[str, bytes]) -> None:
    assert tomllib.loads(shipped[file].decode())


def test_the_code_lists_are_shipped_with_their_source(shipped: Mapping[str, bytes]) -> None:
    lists = {name: content.decode() for name, content in shipped.items() if name.endswith(".csv")}

    assert len(lists) >= 11
    for name, text in lists.items():
        source, *rows = text.splitlines()
        assert source.startswith("#"), name
        assert "source" in source.lower(), name
        assert len(list(csv.reader(io.StringIO("\n".join(rows))))) > 1, name


def test_every_entry_point_of_an_adapter_leads_to_a_shipped_class(shipped: Mapping[str, bytes]) -> None:
    points = configparser.ConfigParser(delimiters="=")
    points.read_string(shipped[f"{DIST_INFO}/entry_points.txt"].decode())

    adapters = dict(points["cchc_connect.adapters"])

    assert adapters == PROJECT["entry-points"]["cchc_connect.adapters"]
    for value in adapters.values():
        module, _, name = value.partition(":")
        assert f"class {name}" in shipped[f"{module.replace('.', '/')}.py"].decode()


def test_the_command_is_installed(shipped: Mapping[str, bytes]) -> None:
    points = configparser.ConfigParser(delimiters="=")
    points.read_string(shipped[f"{DIST_INFO}/entry_points.txt"].decode())

    assert dict(points["console_scripts"]) == {"cchc-connect": "cchc_connect.cli:main"}


def test_the_licence_is_shipped(shipped: Mapping[str, bytes], metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert shipped[f"{DIST_INFO}/licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_the_metadata_agrees_with_pyproject_toml(metadata: Message) -> None:
    assert metadata["Name"] == "cchc-connect"
    assert metadata["Version"] == PROJECT["version"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra") or ()) == set(PROJECT["optional-dependencies"])


def test_the_extra_all_is_every_other_extra() -> None:
    extras = dict(PROJECT["optional-dependencies"])
    (everything,) = extras.pop("all")

    assert everything == f"cchc-connect[{','.join(sorted(extras))}]"


NEEDS_AN_EXTRA = {
    "cchc_connect.database.direct.postgres",
    "cchc_connect.database.postgres",
    "cchc_connect.exports.parquet",
    "cchc_connect.foreign_tables.workbook_cells",
    "cchc_connect.foreign_tables.workbooks",
    "cchc_connect.signing.jose",
    "cchc_connect.soap.described",
    "cchc_connect.soap.messages",
    "cchc_connect.soap.values",
    "cchc_connect.soap.wsdl",
    "cchc_connect.spreadsheets.workbook",
    "cchc_connect.spreadsheets.xlsx",
    "cchc_connect.testing.faults.certificates",
    "cchc_connect.testing.fixtures",
    "cchc_connect.testing.kit.check",
    "cchc_connect.transport.httpcore_backend",
    "cchc_connect.transport.httpx_carrier",
}
"""The modules whose import needs an optional package; each is imported where it is used, with an install hint."""

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in {optional!r}:
    sys.modules[name] = None
for name in {modules!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        print(name)
"""


def test_without_extras_every_other_module_can_be_imported() -> None:
    optional = ["httpx", "httpcore", "psycopg", "openpyxl", "keyring", "cryptography", "joserfc", "lxml", "zeep"]
    optional += ["trustme", "pytest", "pyarrow", "pyproj"]
    names = [module.name for module in modules() if ".migrations" not in module.name]
    program = IMPORT_ALL.format(optional=optional, modules=names)

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert set(done.stdout.split()) == NEEDS_AN_EXTRA
