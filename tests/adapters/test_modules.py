"""Rules for every adapter and every table of the package: documentation, option descriptions, sources."""

import inspect
from importlib.resources import files

import pytest
from pydantic import BaseModel

from cchc_connect import AdapterFactory
from cchc_connect.extras import installed_adapters
from cchc_connect.registry import adapter_factory

OURS = tuple(name for name, point in installed_adapters().items() if point.module.startswith("cchc_adapters."))
HEADINGS = ("Agency", "Documentation", "Account", "Caveats")
TABLES = sorted(file.name for file in files("cchc_adapters").joinpath("data").iterdir())


@pytest.fixture(params=OURS)
def factory(request: pytest.FixtureRequest) -> AdapterFactory:
    return adapter_factory(request.param)


def test_an_adapter_says_whose_system_it_is_where_it_is_described_and_what_is_odd_about_it(
    factory: AdapterFactory,
) -> None:
    described = inspect.getdoc(inspect.getmodule(factory)) or ""

    assert [heading for heading in HEADINGS if f"{heading}:" not in described] == []
    assert described.partition("Caveats:")[2].count("\n    - ") > 0


def test_every_option_is_described(factory: AdapterFactory) -> None:
    fields = factory.Options.model_fields

    assert {name for name, field in fields.items() if not field.description} == set()


def test_an_option_that_nobody_reads_is_refused(factory: AdapterFactory) -> None:
    assert issubclass(factory.Options, BaseModel)
    assert factory.Options.model_config.get("extra") == "forbid"
    assert factory.Options.model_config.get("frozen") is True


@pytest.mark.parametrize("name", TABLES)
def test_a_table_begins_with_its_source_and_the_day_it_was_taken(name: str) -> None:
    first = files("cchc_adapters").joinpath("data", name).read_text(encoding="utf-8").partition("\n")[0]

    assert first.startswith("# Source: ")
    assert "; taken 20" in first
