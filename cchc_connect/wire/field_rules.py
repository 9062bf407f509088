"""Field maps in TOML: one rule for each field says which property it is read from, and how.

`code = "so_ho_so"` is the shortest rule; `docs/adapters.md` shows all. Rules are data alone, so they can be checked
when a configuration is read, before any item is (`rule_shapes`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Self, cast

from pydantic import BeforeValidator, ConfigDict, GetJsonSchemaHandler, PrivateAttr, ValidationError, model_validator
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from cchc_connect.wire.alternatives import Conditional, FirstOf
from cchc_connect.wire.codecs import DecimalSign, Reader, decimal_number, flag, text_or_none
from cchc_connect.wire.conditions import Condition, Scalar
from cchc_connect.wire.field_map import At, FieldMap, ValueReader, at, each
from cchc_connect.wire.flat_parts import Constant, flat_rules, grouped
from cchc_connect.wire.made_lists import MeasureReader, ParcelListReader, unchanged
from cchc_connect.wire.named_codecs import READERS, Codec
from cchc_connect.wire.quantities import area_m2
from cchc_connect.wire.shape_codec import PointOf, shape
from cchc_connect.wire.word_maps import WordMap
from cchc_schemas import CrsName
from cchc_schemas.described_models import DescribedModel
from cchc_schemas.dossiers import STATUS_KEPT


class FieldRule(DescribedModel):
    """One line of a field map in TOML: how one field is read.

    A bare text is the property alone, a list of texts the first of them that has a value, and a list of tables the
    first rule of them that gives a value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    property: str | tuple[str, ...] = ""
    """Property, or path through objects and lists ("diaChi.chiTiet", "nguonGoc.0.ma"); of several the first that has a
    value; "" removes the field from a built-in map. A property whose name is the whole path goes before the way, and
    "\\." is a dot of a name."""
    constant: Scalar | None = None
    """Value that the field has in every item, instead of a property."""
    codec: Codec = Codec.TEXT
    """How the value is read."""
    words: Mapping[str, Scalar] = {}
    """The same as `codes`."""
    codes: Mapping[str, Scalar] = {}
    """Our code by the source's code or word: a value of the field, or its name in our enumeration ("in_process"); "" is
    no value. With the codec `flag` the source's words are `true` and `false`."""
    in_any_case: bool = False
    """Whether the words in `codes` are the same in upper and lower case ("Rất Hài Lòng")."""
    others: Scalar | None = None
    """Value for a code that is not in `codes`; "*" keeps the code, "" is no value; without this it is unreadable."""
    keeps: tuple[str, ...] = ()
    """Codes while which the record keeps the status that it had before; the one in `codes` is for a new record."""
    each: Annotated[Mapping[str, "FieldRule"], BeforeValidator(flat_rules)] = {}
    """The value is a list of parts with these fields."""
    where: str = ""
    """Of a list: the property that is a flag of each part; parts for which it is false are left out."""
    sheet: str = ""
    """Of a list of parcels: property with the map sheet."""
    crs: CrsName | None = None
    """Of a shape: reference system of its coordinates ("EPSG:9210", "OGC:CRS84")."""
    x: str = ""
    """Of a point in two properties: that with the easting or longitude."""
    y: str = ""
    """Of a point in two properties: that with the northing or latitude."""
    when: Condition | None = None
    """The rule counts only for an item that meets this condition; a bare text is a property that must have a value."""
    first: tuple["FieldRule", ...] = ()
    """The first of these rules that gives a value."""
    _is_built_in: bool = PrivateAttr(default=False)
    _none_is_unknown: bool = PrivateAttr(default=False)

    @model_validator(mode="before")
    @classmethod
    def _of_short_form(cls, written: object) -> object:
        """Return the table that a bare text or a list stands for."""
        if isinstance(written, str):
            return {"property": written}
        if isinstance(written, list):
            rules = cast("list[object]", written)
            return {"property" if all(isinstance(rule, str) for rule in rules) else "first": rules}
        return written

    @model_validator(mode="after")
    def _reads_in_one_way(self) -> Self:
        is_of_parts = self.codec is Codec.MEASURES and bool(self.each)
        is_of_flag = self.codec is Codec.FLAG and self.meanings().keys() <= {"true", "false"}
        has_codec = self.codec is not Codec.TEXT and not is_of_flag and not is_of_parts
        if sum((bool(self.each), bool(self.meanings()), has_codec)) > 1:
            raise PydanticCustomError("rule_readings", "a field is read by a codec, by words or as a list of parts")
        sources = (
            "property" in self.model_fields_set and self.property != (),
            self.constant is not None,
            bool(self.first),
            self._is_point(),
        )
        if sum(sources) != 1:
            raise PydanticCustomError("rule_source", "a field needs a property, or a constant instead")
        is_shape = self.codec is Codec.SHAPE
        if is_shape != (self.crs is not None) or (self._is_point() and not is_shape):
            raise PydanticCustomError("rule_crs", "the codec shape needs crs, and only it")
        if (self.codec is Codec.MEASURES) != is_of_parts or (self.codec is Codec.PARCEL_LIST) != bool(self.sheet):
            raise PydanticCustomError("rule_parts_of_codec", "measures need each, and a parcel_list needs sheet")
        faults = [
            PydanticCustomError("rule_needs", "a key without effect", {"key": key, "needed": needed})
            for key, needed in self._without_effect()
        ]
        if faults:  # all at once
            lines = [InitErrorDetails(type=fault, loc=(), input=None) for fault in faults]
            raise ValidationError.from_exception_data("FieldRule", lines, hide_input=True)
        if self.words and self.codes:
            raise PydanticCustomError("rule_codes", "words and codes are the same: write one of them")
        return self

    def _without_effect(self) -> Iterator[tuple[str, str]]:
        """Yield each key that has no effect, with the key that it needs."""
        has_value = "property" in self.model_fields_set or self._is_point()
        needs = (
            ("others", self.others is not None, "codes", bool(self.meanings())),
            ("keeps", bool(self.keeps), "codes", bool(self.meanings())),
            ("in_any_case", self.in_any_case, "codes", bool(self.meanings())),
            ("where", bool(self.where), "each", bool(self.each)),
            ("codec", self.codec is not Codec.TEXT, "property", has_value),
            ("codes", bool(self.meanings()), "property", has_value),
            ("each", bool(self.each), "property", has_value),
            ("x", bool(self.x), "y", bool(self.y)),
            ("y", bool(self.y), "x", bool(self.x)),
        )
        yield from ((key, needed) for key, is_there, needed, is_met in needs if is_there and not is_met)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the short forms."""
        rule = handler(schema)
        texts = {"type": "array", "items": {"type": "string"}}
        return {"anyOf": [{"type": "string"}, texts, {"type": "array", "items": rule}, rule]}

    def meanings(self) -> Mapping[str, Scalar]:
        """Our code by the source's, under whichever of the two names."""
        return self.codes or self.words

    def reads(self) -> bool:
        """Return whether it gives its field a value; a rule with an empty property removes that of a built-in map."""
        return bool(self.property or self.first or self._is_point()) or self.constant is not None

    def value(self, decimal_sign: DecimalSign) -> ValueReader:
        """Return the function that takes this field's value from an item."""
        if self.first:
            read: ValueReader = FirstOf(tuple(rule.value(decimal_sign) for rule in self.first))
        elif self.constant is not None:
            read = Constant(self.constant)
        elif self._is_point():
            number = partial(decimal_number, sign=decimal_sign)
            read = PointOf(at(self.x, read=number), at(self.y, read=number), str(self.crs))
        else:
            paths = (self.property,) if isinstance(self.property, str) else self.property
            read = replace(at(*paths, read=self._reader(decimal_sign)), is_own=not self._is_built_in)
        return read if self.when is None else Conditional(self.when.matcher(), read, tuple(self.when.reads()))

    def for_list(self, *, none_is_unknown: bool) -> "FieldRule":
        """Return the rule for a list: whether the field is null, and not an empty list, where nothing is there."""
        changed = self.model_copy(
            update={"first": [rule.for_list(none_is_unknown=none_is_unknown) for rule in self.first]}
        )
        changed._none_is_unknown = none_is_unknown  # noqa: SLF001  # of this class
        return changed

    def leaves_list_unknown(self) -> bool:
        """Return whether the list of which it is a part is null where nothing is there."""
        return self._none_is_unknown

    def unread(self, read: Reader) -> At:
        """Return the function that takes this rule's value from an item with a reader of another one."""
        paths = (self.property,) if isinstance(self.property, str) else self.property
        return at(*paths, read=read)

    def parcels(self, siblings: FieldMap) -> ValueReader:
        """Return the function that reads a list of parcels, beside the readers of the other fields."""
        commune = {name: siblings[name] for name in ("scheme", "commune_code") if name in siblings}
        return ParcelListReader(commune, at(self.sheet, read=unchanged), self.unread(unchanged))

    def _is_point(self) -> bool:
        return bool(self.x and self.y)

    def _reader(self, decimal_sign: DecimalSign) -> Reader:
        if self.each:
            return self._list_reader(decimal_sign)
        if self.meanings():
            read = flag if self.codec is Codec.FLAG else None
            notes: dict[str, Any] = {"noted": self.keeps, "noted_rule": STATUS_KEPT}
            return WordMap(self.meanings(), self.others, read=read, in_any_case=self.in_any_case, **notes)
        own_readers: Mapping[Codec, Reader] = {
            Codec.NUMBER: partial(decimal_number, sign=decimal_sign),
            Codec.AREA: partial(area_m2, sign=decimal_sign),
            Codec.SHAPE: partial(shape, crs=str(self.crs)),
            Codec.PARCEL_LIST: unchanged,  # read beside the other fields, by `parcels`
        }
        return own_readers.get(self.codec) or READERS[self.codec]

    def _list_reader(self, decimal_sign: DecimalSign) -> Reader:
        if self.codec is not Codec.MEASURES:
            parts = each(field_map(self.each, decimal_sign), self.where)
            return replace(parts, none_is_unknown=self.leaves_list_unknown())
        readers = {name: text_or_none if name == "name" else unchanged for name in self.each}
        return MeasureReader({name: self.each[name].unread(read) for name, read in readers.items()}, decimal_sign)


def field_map(rules: Mapping[str, FieldRule], decimal_sign: DecimalSign) -> FieldMap:
    """Return the field map that `rules` describe; numbers in text have `decimal_sign`.

    Rules for parts of a field ("holders.0.name") make the list of its parts, or its one part, out of flat properties.
    """
    readers = {name: rule.value(decimal_sign) for name, rule in rules.items() if rule.reads()}
    parcels = {name: rule for name, rule in rules.items() if rule.codec is Codec.PARCEL_LIST}
    unknown = frozenset(name.partition(".")[0] for name, rule in rules.items() if rule.leaves_list_unknown())
    return grouped(readers | {name: rule.parcels(readers) for name, rule in parcels.items()}, unknown)


def rules_of(table: Mapping[str, Any], *, is_built_in: bool = False) -> Mapping[str, FieldRule]:
    """Return the rules of a TOML table; a built-in one is for many systems, of which each may lack a property."""
    rules = {name: FieldRule.model_validate(rule) for name, rule in table.items()}
    for rule in rules.values():
        rule._is_built_in = is_built_in  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # of this module
    return rules
