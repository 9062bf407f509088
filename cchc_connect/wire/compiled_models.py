"""Compiles a field map and a record type into one Pydantic model that reads wire items; for speed only.

`Record.read(translated(item, MAP))` calls Python twice for every field, to read its value and to check it. The
compiled wire model is a subclass of the record whose fields have the source's names and accept the source's values,
so that Pydantic validates the item in one step. Where the model would not give exactly the same result, it refuses
the item; then the two steps are taken, and they report faults and notes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeAlias, get_args, get_origin

from pydantic import BaseModel, Field, GetCoreSchemaHandler, ValidationError, create_model, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from cchc_connect.wire import codecs, days, identity_numbers, legacy_text, quantities, times
from cchc_connect.wire.field_map import At, FieldMap, ListReader, MappedItem, ValueReader, value_at
from cchc_connect.wire.json import Item
from cchc_connect.wire.property_names import MAX_INDEXED_NAMES, MAX_INDEXES, FieldPath, found_name, step_into
from cchc_connect.wire.word_maps import WordMap
from cchc_schemas import Record
from cchc_schemas.spelling import SourceReading
from cchc_schemas.text import quick_part

_ADDED_PREFIX = "="
"""Prefix of the name under which a value is added to the item for a field that has no property of its own."""

_WHOLE_NUMBER_BOUND = 10**18
"""`codecs.whole_number` reads only smaller numbers."""

_CODEC_MODULES = frozenset(
    {
        *(codecs.__name__, days.__name__, identity_numbers.__name__, legacy_text.__name__, quantities.__name__),
        times.__name__,
    }
)
"""Modules of our own codecs."""

Document: TypeAlias = dict[str, Any]

_Reader: TypeAlias = Callable[[MappedItem], Record | None]


class WireModels:
    """Reads mapped items of one record type, with one compiled model for each field map and set of own fields."""

    def __init__(self, record_type: type[Record]) -> None:
        """Prepare; a model is compiled with its first item."""
        self._record_type = record_type
        self._readers: dict[tuple[int, frozenset[str]], tuple[FieldMap, _Reader | None]] = {}

    def read(self, mapped: MappedItem) -> Record | None:
        """Return the record of an item; None where the two separate steps must be taken."""
        cache_key = id(mapped.fields), frozenset(mapped.own_fields)
        if cache_key not in self._readers:  # the map is stored too, so that its id is not reused
            self._readers[cache_key] = (
                mapped.fields,
                _compile_reader(self._record_type, mapped.fields, frozenset(mapped.own_fields)),
            )
        _, reader = self._readers[cache_key]
        return None if reader is None else reader(mapped)


def _compile_reader(record_type: type[Record], fields: FieldMap, own: frozenset[str]) -> _Reader | None:
    plan = _plan_model(record_type, fields, own)
    if plan is None:
        return None
    validate = _compile_model(record_type, plan).model_validate
    names = _Names(fields)

    def read(mapped: MappedItem) -> Record | None:
        document = plan.prepare(names.completed(mapped.item))
        for name, value in mapped.own_fields.items():
            document[_ADDED_PREFIX + name] = value
        irregular = SourceReading()
        try:
            record: Record = validate(document, context=irregular)
        except ValidationError:
            return None
        return None if irregular else record

    return read


class _Names:
    """The property names that a model expects; an item that spells one otherwise gets it under that name too."""

    def __init__(self, fields: FieldMap) -> None:
        read = [value for value in fields.values() if isinstance(value, At) and value.property]
        self._names = frozenset(value.property for value in read)
        self._parts = {
            value.property: _Names(value.read.fields) for value in read if isinstance(value.read, ListReader)
        }
        self._other_names: dict[tuple[str, ...], dict[str, str]] = {}
        """Names of an item -> expected name -> name that the item has for it, where that is another one."""

    def completed(self, item: Item) -> Item:
        """Return the item; where it, or a part of it, has an expected name in another spelling, a copy with that."""
        if not self._names <= item.keys() and (other_names := self._other_names_of(item)):
            item = {**item, **{name: item[sent_name] for name, sent_name in other_names.items()}}
        for name, names in self._parts.items():
            if value := item.get(name):
                members = codecs.as_list(value)
                parts = [names.completed_part(member) for member in members]
                if any(part is not member for part, member in zip(parts, members, strict=True)):
                    item = {**item, name: parts}
        return item

    def _other_names_of(self, item: Item) -> dict[str, str]:
        names = tuple(item)
        other_names = self._other_names.get(names)
        if other_names is None:
            sent_names = {name: found_name(item, name) for name in self._names - item.keys()}
            other_names = {name: sent_name for name, sent_name in sent_names.items() if sent_name is not None}
            if len(names) <= MAX_INDEXED_NAMES and len(self._other_names) < MAX_INDEXES:
                self._other_names[names] = other_names
        return other_names

    def completed_part(self, part: object) -> object:
        """Return one part of a list, completed; anything else than an object unchanged."""
        members = codecs.as_object(part)
        return part if members is None else self.completed(members)


class _Plan:
    """How each field of one model is found in an item and read."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        """Type and `Field` of each, as `create_model` takes them."""
        self._paths: dict[str, tuple[FieldPath, ...]] = {}
        self._filtered_parts: dict[str, tuple[str, ListReader]] = {}
        self._adapter_values: dict[str, ValueReader] = {}
        self._defaults: Document = {}
        self._ways: dict[tuple[str, ...], tuple[tuple[str, tuple[str | FieldPath, ...]], ...]] = {}
        """Names of an item -> names added to it, each with its own names or paths that lead to the value."""

    @property
    def needs_preparation(self) -> bool:
        """Whether values must be added to an item."""
        return bool(self._paths or self._filtered_parts or self._adapter_values or self._defaults)

    def prepare(self, item: Item) -> Document:
        """Return the item with all values added that the model does not find by itself."""
        document = {**item, **self._defaults, **dict.fromkeys(self._paths)}
        for added_name, ways in self._ways_of(item) if self._paths else ():
            for reading in ways:
                value = item[reading] if isinstance(reading, str) else value_at(item, reading)
                if value is not None and value != "":
                    document[added_name] = value
                    break
        for added_name, (name, parts_reader) in self._filtered_parts.items():
            value = item.get(name)
            is_unknown = value is None and parts_reader.none_is_unknown
            document[added_name] = None if is_unknown else parts_reader.included_members(value)
        for added_name, read_value in self._adapter_values.items():
            document[added_name] = read_value(item)
        return document

    def _ways_of(self, item: Item) -> tuple[tuple[str, tuple[str | FieldPath, ...]], ...]:
        names = tuple(item)
        ways = self._ways.get(names)
        if ways is None:
            existing = {
                added_name: tuple(
                    path[0] if len(path) == 1 and path[0] in item else path
                    for path in paths
                    if path[0].isdecimal() or step_into(item, path, 0)
                )
                for added_name, paths in self._paths.items()
            }
            ways = tuple((added_name, own_ways) for added_name, own_ways in existing.items() if own_ways)
            if len(names) <= MAX_INDEXED_NAMES and len(self._ways) < MAX_INDEXES:
                self._ways[names] = ways
        return ways

    def add_own_field(self, name: str, field_info: FieldInfo) -> None:
        """Plan a field whose value is added before validation."""
        self.fields[name] = field_info.rebuild_annotation(), Field(validation_alias=_ADDED_PREFIX + name)

    def add_default(self, name: str, field_info: FieldInfo) -> None:
        """Plan a field with its default."""
        self._defaults[_ADDED_PREFIX + name] = field_info.get_default(call_default_factory=True)
        self.fields[name] = Any, Field(validation_alias=_ADDED_PREFIX + name)

    def add_adapter_field(self, name: str, field_info: FieldInfo, value: ValueReader) -> None:
        """Plan a field that the adapter's own function reads."""
        self._adapter_values[_ADDED_PREFIX + name] = value
        self.add_own_field(name, field_info)

    def add_codec_field(self, name: str, field_info: FieldInfo, value: At) -> None:
        """Plan a field that Pydantic reads as `value` would."""
        default = None if type(None) in get_args(field_info.annotation) else ...
        if not value.property:
            self._paths[_ADDED_PREFIX + name] = value.paths
        accepts = _CodecSchema(value.read, is_last=len(value.paths) == 1)
        field: Any = Field(default, validation_alias=value.property or _ADDED_PREFIX + name)
        self.fields[name] = Annotated[field_info.rebuild_annotation(), accepts], field

    def add_parts(
        self, name: str, field_info: FieldInfo, source_name: str, parts_reader: ListReader, part: type[BaseModel]
    ) -> None:
        """Plan a list of parts that Pydantic reads."""
        if parts_reader.is_included is not None:
            self._filtered_parts[_ADDED_PREFIX + name] = source_name, parts_reader
            source_name = _ADDED_PREFIX + name
        default = field_info.default if field_info.default == () or parts_reader.none_is_unknown else ...
        field: Any = Field(default, validation_alias=source_name)
        accepts = _CodecSchema(codecs.as_list, is_last=True)
        kind: Any = tuple[part, ...] | None if parts_reader.none_is_unknown else tuple[part, ...]  # type: ignore[valid-type]  # a class made at run time
        self.fields[name] = Annotated[kind, accepts], field


def _plan_model(model: type[BaseModel], fields: FieldMap, own: frozenset[str] = frozenset()) -> _Plan | None:
    """Return the plan of a model; None where every item is faulty: `fields` lacks a required field or has others."""
    if not model.model_fields.keys() >= fields.keys() | own:
        return None
    plan = _Plan()
    for name, field_info in model.model_fields.items():
        value = fields.get(name)
        if name in own:
            plan.add_own_field(name, field_info)
        elif value is None and field_info.is_required():
            return None
        elif value is None:
            plan.add_default(name, field_info)
        elif not isinstance(value, At):
            plan.add_adapter_field(name, field_info, value)
        elif isinstance(value.read, ListReader) and value.property and (part := _compile_part(field_info, value.read)):
            plan.add_parts(name, field_info, value.property, value.read, part)
        elif _reads_none_as_none(value.read):
            plan.add_codec_field(name, field_info, value)
        else:
            plan.add_adapter_field(name, field_info, value)
    return plan


def _compile_part(field_info: FieldInfo, parts_reader: ListReader) -> type[BaseModel] | None:
    """Return the wire model of a list's parts."""
    kinds = (field_info.annotation, *get_args(field_info.annotation))
    members: tuple[Any, ...] = next((get_args(kind) for kind in kinds if get_origin(kind) is tuple), ())
    if members[1:] != (...,) or not (isinstance(members[0], type) and issubclass(members[0], BaseModel)):
        return None
    plan = _plan_model(members[0], parts_reader.fields)
    return None if plan is None else _compile_model(members[0], plan)


def _compile_model(base: type[Any], plan: _Plan) -> type[Any]:
    def prepare(part: object) -> object:
        members = codecs.as_object(part)
        return part if members is None else plan.prepare(members)

    create: Any = create_model  # the fields are only known at run time
    model: type[Any] = create(
        base.__name__,
        __base__=base,
        __cls_kwargs__={"extra": "ignore", "use_attribute_docstrings": False},
        __validators__={"prepare": model_validator(mode="before")(prepare)} if plan.needs_preparation else {},
        **plan.fields,
    )
    return model


def _reads_none_as_none(read: codecs.Reader) -> bool:
    """True if it is one of our codecs and returns None for None."""
    function = _function(read)
    is_our_codec = isinstance(read, WordMap) or getattr(function, "__module__", "") in _CODEC_MODULES
    return is_our_codec and read(None) is None


def _function(read: codecs.Reader) -> Callable[..., object]:
    return read.func if isinstance(read, partial) else read  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # a partial of any function


@dataclass(frozen=True)
class _CodecSchema:
    """Makes a field accept what a codec accepts; values that Pydantic reads alike bypass the codec."""

    reader: codecs.Reader
    is_last: bool
    """True: a value that reads as None is final, as no further path follows."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        inner = schema["schema"] if schema["type"] == "nullable" else schema
        read = core_schema.no_info_before_validator_function(self.reader, schema if self.is_last else inner)
        fast = self._fast_schema(inner)
        either = read if fast is None else core_schema.union_schema([fast, read], mode="left_to_right")
        return core_schema.nullable_schema(either) if schema["type"] == "nullable" else either

    def _fast_schema(self, inner: CoreSchema) -> CoreSchema | None:
        """Return a schema for the usual values, with the same result as codec and field; None where there is none."""
        function = _function(self.reader)
        if function in {codecs.text_or_none, identity_numbers.identity_number}:
            return quick_part(inner)
        if function is codecs.flag and inner["type"] == "bool":
            return core_schema.bool_schema(strict=True)
        if function is codecs.whole_number:
            integer = core_schema.int_schema(strict=True, gt=-_WHOLE_NUMBER_BOUND, lt=_WHOLE_NUMBER_BOUND)
            return core_schema.chain_schema([integer, inner])
        if function in {codecs.decimal_number, quantities.area_m2}:
            numbers = [core_schema.int_schema(strict=True), core_schema.float_schema(strict=True, allow_inf_nan=False)]
            return core_schema.chain_schema([core_schema.union_schema([*numbers], mode="left_to_right"), inner])
        return inner if function is codecs.as_list else None
