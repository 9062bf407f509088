"""`schema show` and `adapter show`: the program itself says what a field or an option may contain."""

import re
import tomllib

import pytest

from cchc_connect.cli.adapter_texts import adapter_texts
from cchc_connect.extras import installed_adapters
from cchc_connect.messages import Language
from cchc_connect.registry import adapter_factory, left_out_rules
from cchc_schemas import RECORD_TYPES
from cchc_schemas.personal import personal_fields
from tests.cli.conftest import Call

VIETNAMESE_LETTER = re.compile("[đơưạ-ỹ]")


@pytest.mark.parametrize("record_type", RECORD_TYPES)
@pytest.mark.parametrize("language", Language)
def test_every_field_is_shown_with_its_meaning(call: Call, record_type: str, language: str) -> None:
    """Also fields of nested parts; required and personal ones as the record declares them."""
    record = RECORD_TYPES[record_type]

    shown = call("schema", "show", record_type, "--lang", language)
    fields = {field["path"]: field for field in call("schema", "show", record_type, "--json").document["fields"]}

    assert shown.code == 0
    assert {name for name in fields if "." not in name} == set(record.model_fields)
    assert {name for name, field in fields.items() if field["personal"]} == set(personal_fields(record))
    assert all(fields[name]["required"] is field.is_required() for name, field in record.model_fields.items())
    assert all(field["description"] and field["type"] for field in fields.values())
    assert all(name in shown.out for name in fields)
    assert "field_type." not in shown.out
    assert "any value" not in {fields[name]["type"] for name in record.model_fields}


@pytest.mark.parametrize(("language", "word"), [("en", "newly registered"), ("vi", "Mới đăng ký")])
def test_allowed_values_have_their_names_in_the_language_of_the_reader(call: Call, language: str, word: str) -> None:
    document = call("schema", "show", "dossier", "--json", "--lang", language).document

    (status,) = [field for field in document["fields"] if field["path"] == "status"]
    assert {"value": 1, "name": word, "identifier": "registered"} in status["values"]
    assert word in call("schema", "show", "dossier", "--lang", language).out


def test_numbers_have_the_words_that_a_field_map_may_write_for_them(call: Call) -> None:
    shown = call("schema", "show", "dossier").out

    assert [line for line in shown.splitlines() if line.split() == ["4", "in_process", "in", "process"]]


def test_units_and_types_are_said(call: Call) -> None:
    fields = {field["path"]: field for field in call("schema", "show", "land_parcel", "--json").document["fields"]}

    assert (fields["area_m2"]["type"], fields["area_m2"]["unit"]) == ("decimal number, m²", "m²")
    assert fields["previous_keys"]["type"].startswith("list of ")
    assert fields["uses.expires_on"]["type"] == "date"
    assert fields["commune_code"]["type"] == "code"
    assert fields["uses.code"]["type"] == "listed value"
    assert len(fields["uses.code"]["values"]) > 100


def test_every_record_type_is_listed(call: Call) -> None:
    listed = call("schema", "list", "--json").document["record_types"]

    assert [head["record_type"] for head in listed] == list(RECORD_TYPES)


@pytest.mark.parametrize("name", installed_adapters())
@pytest.mark.parametrize("language", Language)
def test_every_option_of_an_adapter_is_shown(call: Call, name: str, language: str) -> None:
    """With type, default and meaning; the caveats of the adapter's module stand before."""
    shown = call("adapter", "show", name, "--lang", language)
    document = call("adapter", "show", name, "--json", "--lang", language).document

    assert shown.code == 0
    assert [option["name"] for option in document["options"]] == list(adapter_factory(name).Options.model_fields)
    assert all(option["type"] and option["description"] for option in document["options"])
    assert all(option["name"] in shown.out for option in document["options"])
    assert document["reads"]
    assert {"en": "Caveats:", "vi": "Lưu ý:"}[language] in shown.out
    assert document["sample"] in shown.out


@pytest.mark.parametrize("name", installed_adapters())
def test_an_adapter_that_ships_is_described_in_vietnamese(name: str) -> None:
    """What it connects with, each option, and each rule that is left out; as many caveats as the English ones."""
    factory = adapter_factory(name)
    english, vietnamese = (adapter_texts(name, factory, language) for language in Language)

    assert VIETNAMESE_LETTER.search(str(getattr(factory, "purpose_vi", "")))
    assert set(vietnamese.left_out) == set(left_out_rules(factory))
    assert set(vietnamese.options) == set(factory.Options.model_fields)
    assert english.options == {}
    assert vietnamese.notes.count("    - ") == english.notes.count("    - ") > 0


@pytest.mark.parametrize("name", installed_adapters())
def test_the_sample_of_an_adapter_is_accepted_as_it_stands(call: Call, name: str) -> None:
    """And so is each option that is commented out, with its default."""
    options = adapter_factory(name).Options
    sample = call("adapter", "show", name, "--json").document["sample"]
    lines = [line.removeprefix("#") for line in sample.splitlines() if not line.startswith("# ")]
    complete = "\n".join(line for line in lines if not line.endswith("= ..."))

    for text in (sample, complete):
        (table,) = tomllib.loads(text)["connections"].values()
        options.model_validate(table["options"])
        assert table["adapter"] == name


def test_allowed_values_of_an_option_are_shown(call: Call) -> None:
    options = {
        option["name"]: option for option in call("adapter", "show", "ogc_features", "--json").document["options"]
    }

    assert [value["value"] for value in options["scheme"]["values"]] == ["gso-2025-01", "gso-2025-07"]
    assert options["page_size"]["type"] == "whole number ≥ 1 ≤ 10000"


def test_values_without_names_stand_in_one_line(call: Call) -> None:
    shown = call("adapter", "show", "national_portal").out

    assert "  dd/MM/yyyy  yyyy/MM/dd  yyyy-MM-dd\n" in shown


@pytest.mark.parametrize(
    ("command", "meant"), [(("schema", "show", "dosier"), "dossier"), (("adapter", "show", "open_cps"), "opencps")]
)
def test_an_unknown_name_gets_the_one_that_was_probably_meant(call: Call, command: tuple[str, ...], meant: str) -> None:
    """Exit code 64."""
    refused = call(*command)

    assert refused.code == 64
    assert f"Did you mean '{meant}'?" in refused.err


def test_an_adapter_of_another_package_is_shown_too(call: Call, connect: object) -> None:
    """Without a docstring of its options."""
    del connect

    document = call("adapter", "show", "district", "--json").document

    assert document["package"] == "village-adapter"
    assert call("adapter", "show", "district", "--lang", "vi", "--json").document["notes"] == document["notes"]
    assert document["reads"] == ["land_parcel"]
    assert {option["name"] for option in document["options"]} >= {"lists", "takes"}
