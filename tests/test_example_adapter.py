"""The example adapter works as a third party's package: installed as a wheel, found by its name, typed and tested."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import cchc_connect
import cchc_schemas
from cchc_connect import paging
from cchc_connect.extras import installed_adapters
from cchc_connect.registry import adapter_factory
from tests.checkout import ROOT
from tests.coverage_switch import without_coverage
from tests.wheels import build_wheel

PROJECT = ROOT / "examples" / "district_registry_adapter"
PACKAGE = PROJECT / "src" / "district_registry_adapter"
OFFERED = {
    "cchc_connect": set(dir(cchc_connect)),
    "cchc_connect.paging": set(paging.__all__),
    "cchc_connect.wire.codecs": {"iso_instant", "plain_text"},
    "cchc_schemas": set(cchc_schemas.__all__),
}
"""What an adapter may import from us: the public names, the kinds of paging and the codecs."""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the example's wheel was installed, `dist-info` and all."""
    folder = tmp_path_factory.mktemp("site")
    with ZipFile(build_wheel(PROJECT, tmp_path_factory.mktemp("wheel"))) as wheel:
        wheel.extractall(folder)
    return folder


def run(*command: str, path: Path | None = None) -> None:
    """Run a Python module in the example's folder; its output becomes the failure message."""
    roots = [str(path)] if path else []
    roots += filter(None, [os.environ.get("PYTHONPATH")])
    quiet = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}  # else it checks over the network whether it is the latest
    quiet |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # ours take longer to import than its tests take
    environment = {**without_coverage(os.environ), **quiet, "PYTHONPATH": os.pathsep.join(roots)}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_installed_adapter_is_found_by_its_name(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(installed), *sys.path])

    factory = adapter_factory("district_registry")

    assert installed_adapters()["district_registry"].value == "district_registry_adapter:DistrictRegistry"
    adapter = factory(factory.Options(scheme="gso-2025-07"))
    assert [source.record_type.record_type for source in adapter.sources] == ["land_parcel"]


def test_an_adapter_that_is_not_installed_is_not_found() -> None:
    with pytest.raises(cchc_connect.ConfigurationError) as failure:
        adapter_factory("registry_of_nowhere")

    assert failure.value.code == "config.adapter_unknown"


def test_the_adapters_own_tests_pass(installed: Path) -> None:
    run("pytest", "-q", "-p", "no:cacheprovider", path=installed)


@pytest.mark.long
def test_the_adapters_thorough_tests_pass(installed: Path) -> None:
    run("pytest", "-q", "-p", "no:cacheprovider", "-m", "long", path=installed)


@pytest.mark.long
def test_the_adapter_passes_mypy_strict() -> None:
    run("mypy", "--strict")


@pytest.mark.long
@pytest.mark.skipif(shutil.which("node") is None, reason="pyright runs on Node.js, which is not installed here")
def test_the_adapter_passes_pyright_strict() -> None:
    run("pyright", "--project", ".", "--pythonpath", sys.executable)


def test_the_adapter_needs_public_names_only() -> None:
    used = {
        (node.module or "", alias.name)
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cchc_")
        for alias in node.names
    }

    assert used
    assert {(module, name) for module, name in used if name not in OFFERED.get(module, ())} == set()


def test_a_first_adapter_is_at_the_most_sixty_lines() -> None:
    lines = (PACKAGE / "adapter.py").read_text(encoding="utf-8").splitlines()

    assert len([line for line in lines if line]) <= 60
