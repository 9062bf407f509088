"""Fields are described by the docstrings beneath them, as Pydantic describes them, and quickly."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import cchc_schemas
from cchc_schemas import RECORD_TYPES, Record
from cchc_schemas.described_models import DescribedModel
from cchc_schemas.personal import models_in

COMPILED = """
import sys
compiled = []
parsed = ("compile", "<unknown>")  # a module that is imported has a file name
sys.addaudithook(lambda event, given: compiled.append(given[0]) if (event, *given[1:]) == parsed else None)
import cchc_schemas
print([sum(f"class {name}(".encode() in bytes(source) for source in compiled) for name in sys.argv[1:]])
"""


class Described(DescribedModel):
    """Annotated attributes in every position."""

    plain: int
    """A field (trường)."""
    several_lines: str = "x"
    """A sentence,

        with an indented line
    and a last one.
    """
    none: int = 0
    commented: int = 0
    # a comment between
    """Below a comment."""
    inherited: int = 0
    """Described by the class that has it first."""

    class Nested(DescribedModel):
        plain: int
        """A field of another class with the same name."""


class DescribedByPydantic(BaseModel, use_attribute_docstrings=True):
    """The same attributes."""

    plain: int
    """A field (trường)."""
    several_lines: str = "x"
    """A sentence,

        with an indented line
    and a last one.
    """
    none: int = 0
    commented: int = 0
    # a comment between
    """Below a comment."""
    inherited: int = 0
    """Described by the class that has it first."""


class Narrower(Described):
    """A class that declares one field of its base class anew, without docstring."""

    plain: bool  # pyright: ignore[reportIncompatibleVariableOverride]  # frozen or not is not the question here


def descriptions(model: type[BaseModel]) -> dict[str, str | None]:
    return {name: field.description for name, field in model.model_fields.items()}


def models_below(model: type[BaseModel]) -> set[type[BaseModel]]:
    parts = {part for field in model.model_fields.values() for part in models_in(field.annotation)}
    return {model}.union(*map(models_below, parts))


def test_a_field_is_described_by_the_docstring_beneath_it_as_pydantic_reads_it() -> None:
    expected = descriptions(DescribedByPydantic)

    assert descriptions(Described) == expected
    assert descriptions(Narrower) == {**expected, "plain": None}
    assert descriptions(Described.Nested) == {"plain": "A field of another class with the same name."}


@pytest.mark.parametrize("record", RECORD_TYPES.values(), ids=list(RECORD_TYPES))
def test_every_field_of_a_record_and_of_its_parts_is_described(record: type[Record]) -> None:
    undescribed = [
        (model, name) for model in models_below(record) for name, text in descriptions(model).items() if not text
    ]

    assert undescribed == []


@pytest.mark.parametrize(
    ("settings", "described"),
    [
        ({}, True),
        ({"use_attribute_docstrings": True}, True),
        ({"use_attribute_docstrings": False}, False),
        ({"defer_build": False}, True),
    ],
    ids=str,
)
def test_a_record_of_an_outsider_is_described_with_any_setting(settings: dict[str, Any], *, described: bool) -> None:
    class DistrictRegistry(Record, **settings):
        """A record of another package."""

        record_type = "district_registry"
        number: str
        """Number in the registry (số)."""

        @property
        def key(self) -> str:
            return self.number

    text = "Number in the registry (số)." if described else None
    assert DistrictRegistry.model_fields["number"].description == text
    assert DistrictRegistry.model_json_schema()["properties"]["number"].get("description") == text


def test_a_class_without_source_has_no_descriptions() -> None:
    names: dict[str, Any] = {"DescribedModel": DescribedModel, "__name__": "typed_at_a_prompt"}
    exec("class Typed(DescribedModel):\n    number: int\n    'A number.'", names)  # noqa: S102  # as a prompt does

    assert descriptions(names["Typed"]) == {"number": None}


def test_the_import_of_the_records_parses_each_module_once() -> None:
    folder = Path(cchc_schemas.__file__).parents[1]
    names = ["ParcelRef", "Geometry", "LandParcel", "RightHolder", "Procedure", "Fee", "ConstructionPermit", "Dossier"]

    ended = subprocess.run(
        [sys.executable, "-c", COMPILED, *names], cwd=folder, capture_output=True, text=True, check=True
    )

    assert ended.stdout.strip() == str([1] * len(names))
