"""Records' models as one source writes them: what a field map says and what a record demands, in one step.

`Record.read(translated(item, MAP))` calls Python twice for every field, to read its value and to check it. Of map
and record a wire model is made: a subclass of the record whose fields are called as the source calls them and take
what the source writes, so that Pydantic goes from the item to the record by itself. What it would not read just as
the two steps do, it refuses; then the two steps are taken, and faults and notes are theirs to tell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeAlias, get_args

from pydantic import BaseModel, Field, GetCoreSchemaHandler, ValidationError, create_model, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from cchc_connect.adapter import Item
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import At, Each, FieldMap, Mapped, Value, Way, Words, held
from cchc_schemas import Record
from cchc_schemas.codes import Irregularities
from cchc_schemas.text import quick_part

PUT = "="
"""Before the name of a field whose value stands in the item under no name of its own, and is put there."""

WHOLE_NUMBERS = 10**18
"""What `codecs.whole_number` reads is smaller."""

Document: TypeAlias = dict[str, Any]


class WireModels:
    """Reads mapped items of one record type, by a model for each map and set of fields that the map does not have."""

    def __init__(self, record_type: type[Record]) -> None:
        """Prepare; a model is made when its first item comes."""
        self._record_type = record_type
        self._readers: dict[tuple[int, frozenset[str]], tuple[FieldMap, _Reader | None]] = {}

    def read(self, told: Mapped) -> Record | None:
        """Return the record that an item makes; None where only the two steps tell."""
        known_by = id(told.fields), frozenset(told.own)
        if known_by not in self._readers:  # the map is kept too, so that its id stays its own
            self._readers[known_by] = told.fields, _reader(self._record_type, told.fields, frozenset(told.own))
        _, reader = self._readers[known_by]
        return None if reader is None else reader(told)


_Reader: TypeAlias = Callable[[Mapped], Record | None]


def _reader(record_type: type[Record], fields: FieldMap, own: frozenset[str]) -> _Reader | None:
    plan = _plan(record_type, fields, own)
    if plan is None:
        return None
    validate = _model(record_type, plan).model_validate

    def read(told: Mapped) -> Record | None:
        document = plan.prepared(told.item)
        for name, value in told.own.items():
            document[PUT + name] = value
        irregular = Irregularities()
        try:
            record: Record = validate(document, context=irregular)
        except ValidationError:
            return None
        return None if irregular else record

    return read


class _Plan:
    """How the fields of one model are found in an item, and how each is read."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        """Type and `Field` of each, as `create_model` takes them."""
        self._first_of: dict[str, tuple[Way, ...]] = {}
        self._counting: dict[str, tuple[str, Each]] = {}
        self._taken: dict[str, Value] = {}
        self._unset: Document = {}

    @property
    def prepares(self) -> bool:
        """Say whether there is anything to put into an item."""
        return bool(self._first_of or self._counting or self._taken or self._unset)

    def prepared(self, item: Item) -> Document:
        """Return the item with everything that the model does not find by itself."""
        document = {**item, **self._unset}
        for place, ways in self._first_of.items():
            for way in ways:
                found = item.get(way[0]) if len(way) == 1 else held(item, way)
                if found is not None and found != "":
                    document[place] = found
                    break
            else:
                document[place] = None
        for place, (name, each) in self._counting.items():
            document[place] = each.counting(item.get(name))
        for place, value in self._taken.items():
            document[place] = value(item)
        return document

    def put(self, name: str, info: FieldInfo) -> None:
        """Let a field be put there by whoever reads the item."""
        self.fields[name] = info.rebuild_annotation(), Field(validation_alias=PUT + name)

    def unset(self, name: str, info: FieldInfo) -> None:
        """Let a field have its default."""
        self._unset[PUT + name] = info.get_default(call_default_factory=True)
        self.fields[name] = Any, Field(validation_alias=PUT + name)

    def take(self, name: str, info: FieldInfo, value: Value) -> None:
        """Let a field be read by the adapter's own code."""
        self._taken[PUT + name] = value
        self.put(name, info)

    def read(self, name: str, info: FieldInfo, value: At) -> None:
        """Let a field be read by Pydantic, as `value` would read it."""
        nothing = None if type(None) in get_args(info.annotation) else ...
        if not value.property:
            self._first_of[PUT + name] = value.ways
        reading = _Reading(value.read, is_last=len(value.ways) == 1)
        field: Any = Field(nothing, validation_alias=value.property or PUT + name)
        self.fields[name] = Annotated[info.rebuild_annotation(), reading], field

    def read_parts(self, name: str, info: FieldInfo, place: str, each: Each, part: type[BaseModel]) -> None:
        """Let a list of parts be read by Pydantic."""
        if each.counts is not None:
            self._counting[PUT + name] = place, each
            place = PUT + name
        nothing = () if info.default == () else ...
        field: Any = Field(nothing, validation_alias=place)
        reading = _Reading(codecs.as_list, is_last=True)
        self.fields[name] = Annotated[tuple[part, ...], reading], field  # type: ignore[valid-type]  # made just now


def _plan(model: type[BaseModel], fields: FieldMap, own: frozenset[str] = frozenset()) -> _Plan | None:
    """Return the plan for a model; None where each item is faulty, or has parts that only the two steps read."""
    if not model.model_fields.keys() >= fields.keys() | own:
        return None
    plan = _Plan()
    for name, info in model.model_fields.items():
        value = fields.get(name)
        if name in own:
            plan.put(name, info)
        elif value is None and info.is_required():
            return None
        elif value is None:
            plan.unset(name, info)
        elif not isinstance(value, At):
            plan.take(name, info, value)
        elif isinstance(value.read, Each) and value.property and (part := _part(info, value.read)):
            plan.read_parts(name, info, value.property, value.read, part)
        elif _knows_nothing(value.read):
            plan.read(name, info, value)
        else:
            plan.take(name, info, value)
    return plan


def _part(info: FieldInfo, each: Each) -> type[BaseModel] | None:
    """Return the wire model of a list's parts."""
    members = get_args(info.annotation)
    if members[1:] != (...,) or not (isinstance(members[0], type) and issubclass(members[0], BaseModel)):
        return None
    plan = _plan(members[0], each.fields)
    return None if plan is None else _model(members[0], plan)


def _model(base: type[Any], plan: _Plan) -> type[Any]:
    def prepare(part: object) -> object:
        members = codecs.as_object(part)
        return part if members is None else plan.prepared(members)

    create: Any = create_model  # which fields there are is known here only
    made: type[Any] = create(
        base.__name__,
        __base__=base,
        __cls_kwargs__={"extra": "ignore", "use_attribute_docstrings": False},
        __validators__={"prepare": model_validator(mode="before")(prepare)} if plan.prepares else {},
        **plan.fields,
    )
    return made


def _knows_nothing(read: codecs.Reader) -> bool:
    """Say whether it is one of our readers, to which nothing is nothing."""
    function = _function(read)
    ours = isinstance(read, Words) or getattr(function, "__module__", "") in {codecs.__name__, At.__module__}
    return ours and read(None) is None


def _function(read: codecs.Reader) -> Callable[..., object]:
    return read.func if isinstance(read, partial) else read  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # of whatever


@dataclass(frozen=True)
class _Reading:
    """Lets a field take what a reader takes; what Pydantic reads alike is not handed to the reader."""

    reader: codecs.Reader
    is_last: bool
    """Is a value that reads as nothing nothing, and no other to be looked at?"""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        inner = schema["schema"] if schema["type"] == "nullable" else schema
        read = core_schema.no_info_before_validator_function(self.reader, schema if self.is_last else inner)
        quick = self._quick(inner)
        either = read if quick is None else core_schema.union_schema([quick, read], mode="left_to_right")
        return core_schema.nullable_schema(either) if schema["type"] == "nullable" else either

    def _quick(self, inner: CoreSchema) -> CoreSchema | None:
        """Return what takes the usual values and makes of them what the reader and the field make."""
        function = _function(self.reader)
        if function is codecs.text_or_none:
            return quick_part(inner)
        if function is codecs.flag and inner["type"] == "bool":
            return core_schema.bool_schema(strict=True)
        if function is codecs.whole_number:
            whole = core_schema.int_schema(strict=True, gt=-WHOLE_NUMBERS, lt=WHOLE_NUMBERS)
            return core_schema.chain_schema([whole, inner])
        if function is codecs.decimal_number:
            numbers = [core_schema.int_schema(strict=True), core_schema.float_schema(strict=True, allow_inf_nan=False)]
            return core_schema.chain_schema([core_schema.union_schema([*numbers], mode="left_to_right"), inner])
        return inner if function is codecs.as_list else None
