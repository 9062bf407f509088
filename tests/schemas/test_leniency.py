"""One member that cannot be read costs itself, never the record; a required one costs the record."""

import copy
import json
from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given, settings, strategies as st

from cchc_connect.wire.codecs import Unreadable
from cchc_schemas import (
    RECORD_TYPES,
    DossierStep,
    Fault,
    LandParcel,
    Note,
    Procedure,
    Record,
    RecordInvalid,
    to_document,
)
from cchc_schemas.faults import Noted
from cchc_schemas.leniency import NEVER_LEFT_OUT
from tests.quick import scaled
from tests.schemas.invented import PARCEL, records_of

UNREADABLE = Unreadable("spoilt", "a form")
SPOILT: tuple[Any, ...] = (UNREADABLE, object(), {"a": [1]}, [[1]], "\u0000", "x" * 5000, "-1", -(10**30), float("nan"))
"""Values that few fields read; which rule they break differs."""

limited_examples = settings(max_examples=scaled(25))
EVERY_RECORD = st.sampled_from(list(RECORD_TYPES.values())).flatmap(records_of)
Path = tuple[str | int, ...]


def members(record: Record) -> dict[str, Any]:
    """Return the fields of a record as an adapter gives them, without those that say nothing."""
    return cast("dict[str, Any]", _stated(to_document(record)))


def _stated(value: Any) -> Any:
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return {name: _stated(member) for name, member in named.items() if member is not None}
    return [_stated(part) for part in value] if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType]  # of any type


def optional(record_type: type[Record], fields: Mapping[str, Any]) -> list[Path]:
    """Return the paths of the fields that may be left out."""
    names = [name for name in fields if not record_type.model_fields[name].is_required()]
    return [(name,) for name in names if name not in record_type.optional_key_fields]


def without(fields: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a copy without the member at `path`."""
    rest: Any = copy.deepcopy(dict(fields))
    container = rest
    for step in path[:-1]:
        container = container[step]
    del container[path[-1]]
    return cast("dict[str, Any]", rest)


def spoilt(fields: Mapping[str, Any], path: Path, value: Any = UNREADABLE) -> dict[str, Any]:
    """Return a copy with `value` at `path`."""
    rest: Any = copy.copy(dict(fields))
    container = rest
    for step in path[:-1]:
        container[step] = copy.copy(container[step])
        container = container[step]
    container[path[-1]] = value
    return cast("dict[str, Any]", rest)


def dotted(path: Path) -> str:
    return ".".join(map(str, path))


@limited_examples
@pytest.mark.repeats
@given(EVERY_RECORD, st.data())
def test_an_optional_member_that_cannot_be_read_costs_itself_alone(record: Record, draws: st.DataObject) -> None:
    fields = members(record)
    if not (choices := optional(type(record), fields)):
        return
    path = draws.draw(st.sampled_from(choices))

    reading = type(record).read(spoilt(fields, path))

    expected = type(record).read(without(fields, path))
    assert reading.record == expected.record
    assert reading.left_out == (Fault(dotted(path), "spoilt"),)
    assert set(reading.notes) <= {Note(dotted(path), "spoilt"), *expected.notes}
    assert Note(dotted(path), "spoilt") in reading.notes


@limited_examples
@pytest.mark.repeats
@given(EVERY_RECORD, st.data())
def test_a_required_member_that_cannot_be_read_costs_the_record(record: Record, draws: st.DataObject) -> None:
    """And so does a part of the key, though it is optional."""
    fields = members(record)
    path = draws.draw(st.sampled_from(sorted({(name,) for name in fields} - set(optional(type(record), fields)))))

    with pytest.raises(RecordInvalid) as refused:
        type(record).read(spoilt(fields, path))

    assert Fault(dotted(path), "spoilt") in refused.value.faults


@limited_examples
@pytest.mark.repeats
@given(EVERY_RECORD, st.data())
def test_a_poor_part_costs_itself_or_one_of_its_members(record: Record, draws: st.DataObject) -> None:
    fields = members(record)
    lists = [
        (name, number)
        for name, parts in fields.items()
        if isinstance(parts, list)
        for number in range(len(parts))  # pyright: ignore[reportUnknownArgumentType]  # of any type
    ]
    if not lists:
        return
    path: Path = draws.draw(st.sampled_from(lists))
    part = fields[str(path[0])][path[1]]
    inner = [(*path, name) for name in cast("dict[str, Any]", part)] if isinstance(part, dict) else []
    path = draws.draw(st.sampled_from([path, *inner]))

    reading = type(record).read(spoilt(fields, path))

    readable = [candidate for candidate in (path, path[:2]) if _reads(type(record), without(fields, candidate))]
    assert reading.record == type(record).read(without(fields, readable[0])).record
    assert Note(dotted(path), "spoilt") in reading.notes


def _reads(record_type: type[Record], fields: Mapping[str, Any]) -> bool:
    try:
        record_type.read(fields, strict=True)
    except RecordInvalid:
        return False
    return True


@limited_examples
@pytest.mark.repeats
@given(EVERY_RECORD, st.data(), st.sampled_from(SPOILT))
def test_whatever_stands_at_an_optional_member_the_record_is_read(
    record: Record, draws: st.DataObject, value: object
) -> None:
    """No value raises another exception, and what is left out is what strict reading refuses."""
    fields = members(record)
    if not (choices := optional(type(record), fields)):
        return
    fields = spoilt(fields, draws.draw(st.sampled_from(choices)), value)

    reading = type(record).read(fields)

    assert reading.record.key == record.key
    assert (reading.left_out == ()) == _reads(type(record), fields)
    assert json.dumps(to_document(reading.record))
    assert {Note(fault.path, fault.rule) for fault in reading.left_out} <= set(reading.notes)


def test_an_area_of_nothing_is_no_area() -> None:
    for area in ("0", 0, "0.0", "-12"):
        reading = LandParcel.read({**PARCEL, "area_m2": area})

        assert reading.record.area_m2 is None
        assert reading.notes == (Note("area_m2", "area_not_positive"),)


@pytest.mark.parametrize("value", ["x" * 4001, 7, ["a"], UNREADABLE, "a\u0000b"], ids=repr)
def test_a_text_that_cannot_be_read_is_left_out(value: object) -> None:
    reading = LandParcel.read({**PARCEL, "address": value})

    assert reading.record == LandParcel.read({**PARCEL, "address": None}).record
    assert [note.path for note in reading.notes] == ["address"]


def test_a_list_that_is_no_list_is_left_out() -> None:
    reading = LandParcel.read({**PARCEL, "certificates": "BA 123456"})

    assert reading.record.certificates == ()
    assert reading.notes == (Note("certificates", "tuple_type"),)


def test_a_note_on_a_part_names_its_index_in_the_sources_list() -> None:
    """Also if parts before it were left out, and in every kind of note."""
    catalogue = "TT 08/2024/TT-BTNMT"
    uses = [
        {"code": "ODT"},
        {"code": "thổ cư", "catalogue": catalogue, "area_m2": UNREADABLE},
        UNREADABLE,
        {"code": "CLN", "catalogue": catalogue, "expires_on": "2063-13-40", "origin": Noted("cũ", "respelt")},
        {"code": "cln", "catalogue": catalogue},
    ]

    reading = LandParcel.read({**PARCEL, "uses": uses})

    assert [use.code for use in reading.record.uses] == ["thổ cư", "CLN", "cln"]
    assert set(reading.notes) == {
        Note("uses.0.catalogue", "missing"),
        Note("uses.1.area_m2", "spoilt"),
        Note("uses.1.code", "land_use_code_unknown"),
        Note("uses.2", "spoilt"),
        Note("uses.3.expires_on", "partial_date_unreadable"),
        Note("uses.3.origin", "respelt"),
        Note("uses.4.code", "land_use_code_unknown"),
    }


def test_a_reference_that_names_nothing_any_more_is_left_out() -> None:
    """A rule over the members of a part is judged again without the member that was left out."""
    by_key = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": UNREADABLE, "parcel_number": "1"}
    by_words = {**by_key, "raw": "thửa 1"}
    change = {"change_id": "BD-1", "kind": "CN", "happened_at": "2026-07-01T00:30:00+07:00"}

    reading = RECORD_TYPES["land_change"].read({**change, "to_parcels": [by_key, by_words]})

    assert [part["raw"] for part in to_document(reading.record)["to_parcels"]] == ["thửa 1"]
    assert set(reading.notes) == {
        Note("to_parcels.0.map_sheet", "spoilt"),
        Note("to_parcels.0", "parcel_not_named"),
        Note("to_parcels.1.map_sheet", "spoilt"),
    }


def test_a_part_deep_inside_costs_itself_alone() -> None:
    fee = {"amount_vnd": "12 nghìn", "raw": "12 nghìn"}
    channels = [{"channel": 1, "terms": [{"duration": "5", "fees": [fee, "x"]}]}, {"channel": 99}]
    fields = {"code": "1.013225", "name": "Cấp phép", "is_public": True, "channels": channels, "levels": [1, 17, 2]}

    reading = Procedure.read(fields)

    assert isinstance(reading.record, Procedure)
    assert [level.value for level in reading.record.levels] == [1, 2]
    assert [fee.raw for fee in reading.record.channels[0].terms[0].fees] == ["12 nghìn"]
    assert {note.path for note in reading.notes} == {
        "channels.0.terms.0.fees.0.amount_vnd",
        "channels.0.terms.0.fees.1",
        "channels.1.channel",
        "levels.1",
    }


def test_uses_are_not_compared_with_an_area_after_one_was_left_out() -> None:
    """The rest of the uses cannot add up to the area, and an area that was left out may have been the right one."""
    first, second = cast("list[dict[str, Any]]", PARCEL["uses"])
    poor_use = {**PARCEL, "uses": [first, {**second, "code": UNREADABLE}]}
    poor_area = {**PARCEL, "area_m2": UNREADABLE, "legal_area_m2": "1"}
    wrong = {**PARCEL, "uses": [first, second, first], "address": UNREADABLE}

    assert [note.rule for note in LandParcel.read(poor_use).notes] == ["spoilt"]
    assert [note.rule for note in LandParcel.read(poor_area).notes] == ["spoilt"]
    assert [note.rule for note in LandParcel.read(wrong).notes] == ["spoilt", "uses_area_differs"]


def test_a_step_is_never_given_another_key() -> None:
    step = {"dossier_code": "000.00.05.H09-210927-0001", "at": "2021-09-27T08:15:00+07:00", "action": "a", "status": 4}

    with pytest.raises(RecordInvalid):
        DossierStep.read({**step, "action_code": UNREADABLE})


@pytest.mark.parametrize("rule", sorted(NEVER_LEFT_OUT))
def test_a_rule_that_is_never_forgiven_costs_the_record(rule: str) -> None:
    with pytest.raises(RecordInvalid) as refused:
        LandParcel.read({**PARCEL, "geometry": Unreadable(rule), "address": UNREADABLE})

    assert refused.value.faults == (Fault("address", "spoilt"), Fault("geometry", rule))


def test_a_field_that_the_record_lacks_costs_the_record() -> None:
    with pytest.raises(RecordInvalid):
        LandParcel.read({**PARCEL, "uses": [{"code": "ODT", "catalogue": "cũ", "colour": "red"}]})


def test_a_refused_record_names_the_faults_of_optional_members_too() -> None:
    with pytest.raises(RecordInvalid) as refused:
        LandParcel.read({**PARCEL, "area_m2": UNREADABLE, "map_sheet": None})

    assert refused.value.faults == (Fault("map_sheet", "missing"), Fault("area_m2", "spoilt"))
    assert [fault.detail for fault in refused.value.faults] == ["", "a form"]


def test_strict_reading_leaves_nothing_out() -> None:
    with pytest.raises(RecordInvalid) as refused:
        LandParcel.read({**PARCEL, "area_m2": "0", "address": Noted(UNREADABLE, "noted")}, strict=True)

    assert refused.value.faults == (Fault("area_m2", "area_not_positive"), Fault("address", "spoilt"))


def test_a_value_that_was_changed_and_cannot_be_read_has_both_notes() -> None:
    reading = LandParcel.read({**PARCEL, "address": Noted(UNREADABLE, "noted")})

    assert reading.notes == (Note("address", "noted"), Note("address", "spoilt"))


def test_parts_that_can_be_read_only_once_are_never_lost() -> None:
    """A second reading would find a generator empty."""
    uses = cast("list[dict[str, Any]]", PARCEL["uses"])
    fields = {**PARCEL, "uses": (use for use in uses), "address": UNREADABLE}

    with pytest.raises(RecordInvalid):
        LandParcel.read(fields)
    assert LandParcel.read({**PARCEL, "uses": (use for use in uses)}).record.uses == LandParcel.read(PARCEL).record.uses


def test_nothing_of_the_source_is_changed_by_reading() -> None:
    fields = {**copy.deepcopy(PARCEL), "uses": [{"code": "ODT"}, UNREADABLE], "area_m2": "0"}
    before = copy.deepcopy(fields)

    LandParcel.read(fields)

    assert fields == before
