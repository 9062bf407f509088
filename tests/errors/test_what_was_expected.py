"""A fault says what would have been right: allowed values, a form, a limit, a property, a column; never the value."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from cchc_connect.cli.console import Console
from cchc_connect.cli.fault_texts import rule_text
from cchc_connect.errors import Rejected
from cchc_connect.messages import Language, sentences_by_code
from cchc_connect.spreadsheets import Column, ColumnType, read_spreadsheet
from cchc_connect.sync.translation import LocalTranslator
from cchc_connect.wire.codecs import (
    LocalTime,
    Reader,
    Unreadable,
    code_meaning,
    decimal_number,
    dotnet_instant,
    epoch_ms,
    flag,
    iso_instant,
    local_instant,
    partial_date,
    whole_number,
)
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_connect.wire.json import Item
from cchc_connect.wire.word_maps import WordMap
from cchc_schemas import RECORD_TYPES, Fault, LandParcel, Record, RecordInvalid
from cchc_schemas.faults import faults_of
from cchc_schemas.land import LandUse
from cchc_schemas.text import MOST_LISTED
from tests.checkout import modules
from tests.sync.memory_systems import LandRegister

PERSON = "Nguyễn Thị Mẫu"

NONSENSE: tuple[object, ...] = (
    *(PERSON, "", "\x00", -1, 10**400, 1.5, float("inf"), True, b"\xff"),
    *(dict[str, object](), {"x": 1}, list[object](), [1], [dict[str, object]()]),
)

FORMS: dict[str, tuple[Reader, str]] = {
    "day first": (partial(partial_date, form="dd/MM/yyyy"), "27/09/2026"),
    "year first": (partial(partial_date, form="yyyy-MM-dd"), "2026-09-27"),
    "local": (partial(local_instant, form=LocalTime.SLASHED), "27/09/2026 08:15:00"),
    "compact": (partial(local_instant, form=LocalTime.COMPACT), "20260927081500"),
    "local ISO": (partial(local_instant, form=LocalTime.ISO), "2026-09-27T08:15:00"),
    "ISO": (iso_instant, "2026-09-27T08:15:00+07:00"),
    "epoch": (epoch_ms, "1790471700000"),
    ".NET": (dotnet_instant, "/Date(1790471700000)/"),
    "comma": (partial(decimal_number, sign=","), "1.234,5"),
    "point": (partial(decimal_number, sign="."), "1,234.5"),
    "whole number": (whole_number, "12"),
    "flag": (flag, "true"),
}
"""Codec -> a value that it reads and that its faults show as the form expected."""


class MappedParcels(LandRegister):
    """A register whose items are translated by a field map."""

    fields: FieldMap

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields by the map."""
        return translated(item, self.fields)


def faults_of_item(item: dict[str, object], **fields: Reader) -> tuple[Fault, ...]:
    """Return the faults of a parcel whose item has the properties "p_" and their names of some fields."""
    register = MappedParcels()
    register.fields = {name: at(f"p_{name}", read=read) for name, read in fields.items()}
    (translated_item,) = LocalTranslator(register).translate_all([item])
    return translated_item.faults


def words(fault: Fault, language: Language) -> str:
    return rule_text(fault, Console(language, as_json=False))


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("language", Language)
def test_a_value_in_another_form_is_told_the_form_that_the_codec_reads(name: str, language: Language) -> None:
    read, example = FORMS[name]
    assert not isinstance(read(example), Unreadable | None)

    (fault,) = (fault for fault in faults_of_item({"p_area_m2": PERSON}, area_m2=read) if fault.path == "area_m2")

    sentence = words(fault, language)
    assert example in sentence
    assert len(sentence) > len(fault.detail)
    assert PERSON not in sentence


@pytest.mark.parametrize("language", Language)
def test_a_word_outside_a_list_is_told_the_first_allowed_ones_and_how_many_more(language: Language) -> None:
    meanings = {f"loai-{number}": "ODT" for number in range(MOST_LISTED + 5)}
    for read in (WordMap(meanings), partial(code_meaning, meanings=meanings, rule="status_unknown")):
        faults = faults_of_item({"p_area_m2": PERSON}, area_m2=read)
        (fault,) = (fault for fault in faults if fault.path == "area_m2")

        sentence = words(fault, language)
        assert "loai-0, loai-1, " in sentence
        assert f"loai-{MOST_LISTED - 1} … (+5)" in sentence
        assert f"loai-{MOST_LISTED}," not in sentence
        assert PERSON not in sentence


@pytest.mark.parametrize(
    ("record_type", "name", "value", "allowed"),
    [
        ("construction_permit", "status", PERSON, "permit_issued"),
        ("dossier", "status", 777, "1, 2"),
        ("land_parcel", "scheme", PERSON, "gso-2025-07"),
        ("procedure", "levels.0", PERSON, "1, 2"),
    ],
)
@pytest.mark.parametrize("language", Language)
def test_a_code_outside_its_list_is_told_the_allowed_codes(
    record_type: str, name: str, value: object, allowed: str, language: Language
) -> None:
    with pytest.raises(RecordInvalid) as invalid:
        RECORD_TYPES[record_type].read({name.partition(".")[0]: [value] if "." in name else value})

    (fault,) = (fault for fault in invalid.value.faults if fault.path == name)
    assert allowed in words(fault, language)
    assert PERSON not in words(fault, language)


def test_a_code_of_a_code_list_is_told_the_codes_of_the_list() -> None:
    with pytest.raises(ValidationError) as invalid:  # reading would keep the code with a note; writing refuses it
        LandUse.model_validate({"code": PERSON, "catalogue": "TT 08/2024"})

    (fault,) = faults_of(invalid.value)
    assert fault.rule == "land_use_code_unknown"
    assert re.search(r"allowed: \w+, \w+, .* … \(\+\d+\)", words(fault, Language.ENGLISH))


@pytest.mark.parametrize("language", Language)
def test_a_missing_value_names_the_property_of_the_source_that_was_read(language: Language) -> None:
    faults = faults_of_item({"p_area_m2": "1"}, area_m2=partial(decimal_number, sign=","), parcel_number=str_or_none)

    (fault,) = (fault for fault in faults if fault.path == "parcel_number")
    assert fault.rule == "missing"
    assert "p_parcel_number" in words(fault, language)


def str_or_none(value: object) -> object:
    return value


def test_a_text_that_is_too_long_is_told_the_limit() -> None:
    with pytest.raises(RecordInvalid) as invalid:
        LandParcel.read({"address": "x" * 5000})

    (fault,) = (fault for fault in invalid.value.faults if fault.path == "address")
    assert "at most 4000" in words(fault, Language.ENGLISH)


@pytest.mark.parametrize(("suffix", "cells"), [(".csv", "number,owner\r\n")])
@pytest.mark.parametrize("language", Language)
def test_a_first_row_without_a_column_names_it(tmp_path: Path, suffix: str, cells: str, language: Language) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_text(cells.replace("owner", PERSON), encoding="utf-8-sig")

    with pytest.raises(Rejected) as raised:
        list(read_spreadsheet(path, [Column("number"), Column("area", ColumnType.NUMBER), Column("day")]))

    sentence = raised.value.in_language(language)
    assert ("Missing: area, day." if language is Language.ENGLISH else "thiếu: area, day.") in sentence
    assert PERSON not in sentence


OF_CONFIGURATIONS = (
    "cchc_connect.config",
    "cchc_connect.sharing",
    "cchc_connect.wire.field_rules",
    "cchc_adapters.folder",
    "cchc_adapters.declared",
    "cchc_connect.paging",
    "cchc_adapters.rest",
    "cchc_adapters.soap",
    "cchc_adapters.sql",
)
"""Modules whose rules are about what stands in a configuration: their words are in the table config_rule."""


def rules_in_the_sources() -> Iterator[str]:
    """Yield the rules of all faults that the three packages make, as they stand in the program text."""
    for module in modules():
        for node in module.nodes():
            match node:
                case ast.Call(func=ast.Name("Unreadable" | "PydanticCustomError"), args=[ast.Constant(str(rule)), *_]):
                    if not module.name.startswith(OF_CONFIGURATIONS):
                        yield rule
                case ast.Call(
                    func=ast.Name("Fault" | "Code" | "ListedCode" | "CommuneRule" | "TaxCodeRule"), keywords=keywords
                ):
                    for keyword in keywords:
                        if keyword.arg == "rule" and isinstance(keyword.value, ast.Constant):
                            yield str(keyword.value.value)
                case _:
                    continue


def rules_of_nonsense() -> Iterator[str]:
    """Yield the rules that every field of every record breaks for values of all kinds."""
    for record_type in RECORD_TYPES.values():
        for value in NONSENSE:
            yield from _rules(record_type, value)


def _rules(record_type: type[Record], value: object) -> Iterator[str]:
    try:
        record_type.read(dict.fromkeys(record_type.model_fields, value))
    except RecordInvalid as invalid:
        yield from (fault.rule for fault in invalid.faults)


@pytest.mark.parametrize("language", Language)
def test_every_rule_has_words(language: Language) -> None:
    rules = {*rules_in_the_sources(), *rules_of_nonsense()}

    assert {rule for rule in rules if f"fault.{rule}" not in sentences_by_code(language)} == set()
