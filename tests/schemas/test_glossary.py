"""The glossary of the records names every record, every part, every code list and every rule."""

import re
from pathlib import Path

import cchc_schemas
from cchc_schemas import CODE_LISTS, RECORD_TYPES, Part, Record, codes as code_types
from cchc_schemas.admin_units import COMMUNE_CODE
from cchc_schemas.codes import Code

GLOSSARY = (Path(cchc_schemas.__file__).parents[1] / "README.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([A-Za-z_.]+)`", GLOSSARY))
PACKAGE = Path(cchc_schemas.__file__).parent


def vietnamese(model: type[Part]) -> str:
    """Return the Vietnamese term of a record: the text in brackets in its docstring."""
    bracketed: list[str] = re.findall(r"\(([^)]+)\)", model.__doc__ or "")
    return bracketed[0].partition(",")[0]


def test_every_record_and_part_stands_in_the_glossary_with_its_vietnamese_term() -> None:
    public = [getattr(cchc_schemas, name) for name in cchc_schemas.__all__]
    models = [
        exported
        for exported in public
        if isinstance(exported, type) and issubclass(exported, Part) and exported not in {Part, Record}
    ]

    assert set(RECORD_TYPES.values()) <= set(models)
    assert [model.__name__ for model in models if model.__name__ not in NAMED] == []
    assert [model.__name__ for model in models if vietnamese(model) not in GLOSSARY] == []


def test_every_code_list_stands_in_the_glossary() -> None:
    assert [name for name in CODE_LISTS if name not in NAMED] == []


def test_every_rule_of_ours_stands_in_the_table_of_rules() -> None:
    source = "".join(module.read_text(encoding="utf-8") for module in PACKAGE.glob("*.py"))
    rules = {*re.findall(r'PydanticCustomError\("(\w+)"', source), *re.findall(r'rule="(\w+)"', source)}
    rules |= {code.rule for code in (*vars(code_types).values(), COMMUNE_CODE) if isinstance(code, Code)}

    assert sorted(rules - NAMED) == []
