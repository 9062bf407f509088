"""Checks that the rules of a field map have the shape of the record's fields, before any item is read.

A rule of the wrong shape, such as one text for a list of parts, would fail every item of a source. It is refused with
what to write instead.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from cchc_connect.wire.field_map import INSTANTS, Codec, FieldRule
from cchc_schemas import PartialDate
from cchc_schemas.text import listed

_SAMPLES: Mapping[Codec, object] = {
    **dict.fromkeys(INSTANTS, datetime(2026, 3, 2, 8, tzinfo=UTC)),
    **dict.fromkeys(
        (
            *(Codec.DAY, Codec.DATE, Codec.ISO_DATE, Codec.ISO_DAY, Codec.LOCAL_DAY, Codec.COMPACT_DAY),
            *(Codec.EPOCH_DAY, Codec.DOTNET_DAY),
        ),
        PartialDate(2026, 3, 2),
    ),
    Codec.FLAG: True,
    Codec.WHOLE_NUMBER: 2,
    Codec.NUMBER: Decimal(2),
    Codec.AREA: Decimal(2),
}
"""What a codec reads; a field that refuses it refuses every value of that codec."""


def rules_fit(
    rules: Mapping[str, FieldRule], record_type: type[BaseModel], *, other_fields: Collection[str] = ()
) -> None:
    """Check the rules of a field map against the fields of a record.

    Args:
        rules: rules by field, or by part of a field ("holders.0.name").
        record_type: record that the map makes.
        other_fields: names that the adapter reads by itself, whose rules may have any shape.

    Raises:
        ValueError: rules do not fit; the text names all of them and what to write.
    """
    if problems := [*_problems(rules, record_type, frozenset(other_fields))]:
        raise ValueError("; ".join(problems))


def _problems(
    rules: Mapping[str, FieldRule], model: type[BaseModel], other_fields: frozenset[str], path: str = ""
) -> Iterator[str]:
    members: dict[str, dict[str, FieldRule]] = {}
    for name, rule in rules.items():
        head, _, rest = name.partition(".")
        if head in other_fields and not rest:
            continue
        if head not in model.model_fields:
            yield f"no such field: {path}{head}"
        elif rest:
            members.setdefault(head, {})[rest] = rule
        else:
            yield from _rule_problems(f"{path}{name}", rule, model.model_fields[head])
    for head, part_rules in members.items():
        if head in rules:
            yield f"{path}{head} has a rule, and rules for its parts"
        else:
            yield from _part_problems(f"{path}{head}", part_rules, model.model_fields[head])


def _rule_problems(name: str, rule: FieldRule, field_info: FieldInfo) -> Iterator[str]:
    """Yield what is wrong with the rule of a whole field."""
    part, member = _part_of(field_info), _list_member(field_info)
    if rule.each and (part is None or member is None):
        yield f"{name} is no list of parts; leave out `each`"
    elif rule.each and part is not None:
        yield from _problems(rule.each, part, frozenset(), f"{name}.each.")
        yield from _missing(f"{name}.each", part, rule.each)
    elif part is not None:
        yield f"{name} is {_described(member)}; write {_what_to_write(name, rule, part, is_list=member is not None)}"
    elif member is not None:
        yield f'{name} is a list; write "{name}.0" = {{ property = "{_shown_property(rule)}" }} for its first member'
    else:
        yield from _value_problems(name, rule, field_info.rebuild_annotation())


def _part_problems(name: str, rules: Mapping[str, FieldRule], field_info: FieldInfo) -> Iterator[str]:
    """Yield what is wrong with the rules for the parts of a field."""
    part, member = _part_of(field_info), _list_member(field_info)
    by_part: dict[str, dict[str, FieldRule]] = {}
    for subpath, rule in rules.items():
        position, _, rest = subpath.partition(".")
        if member is not None and not position.isdecimal():
            yield f'{name} is a list; write "{name}.0.{subpath}" for its first part'
        elif member is not None and part is None and not rest:
            yield from _value_problems(f"{name}.{subpath}", rule, member)
        elif part is None:
            yield f"{name}.{subpath}: {name} has no parts"
        elif member is not None:
            by_part.setdefault(f"{name}.{position}", {})[rest] = rule
        else:
            by_part.setdefault(name, {})[subpath] = rule
    for path, part_rules in by_part.items():
        if part is not None:
            yield from _problems(part_rules, part, frozenset(), f"{path}.")
            yield from _missing(path, part, part_rules)


def _missing(path: str, part: type[BaseModel], rules: Mapping[str, FieldRule]) -> Iterator[str]:
    required = [name for name, field_info in part.model_fields.items() if field_info.is_required()]
    heads = {name.partition(".")[0] for name in rules}
    for name in required:
        if name not in heads:
            yield f"no rule for {path}.{name}; write {_required_rule(path, name, part.model_fields[name])}"


def _value_problems(name: str, rule: FieldRule, annotation: Any) -> Iterator[str]:
    """Yield what is wrong with the values that a rule gives a field with one value."""
    field_type: TypeAdapter[Any] = TypeAdapter(annotation)
    texts = [*rule.words.values(), *([rule.others] if rule.others not in {None, "*"} else [])]
    for text in texts if rule.constant is None else [rule.constant]:
        if not _takes(field_type, text):
            yield f"{name} does not take '{text}'{_allowed(annotation)}"
    if rule.codec in _SAMPLES and not _takes(field_type, _SAMPLES[rule.codec]):
        yield f"{name} does not take what the codec {rule.codec.value} reads"


def _takes(field_type: TypeAdapter[Any], value: object) -> bool:
    try:
        field_type.validate_python(value)
    except ValidationError:
        return False
    return True


def _part_of(field_info: FieldInfo) -> type[BaseModel] | None:
    """Return the model of the parts of a field, of a list or a single one; None if it has none."""
    arguments = get_args(field_info.annotation)
    candidates = (field_info.annotation, *arguments)
    return next(
        (candidate for candidate in candidates if isinstance(candidate, type) and issubclass(candidate, BaseModel)),
        None,
    )


def _list_member(field_info: FieldInfo) -> Any:
    """Return the type of a list's members; None if the field is no list."""
    return get_args(field_info.annotation)[0] if get_origin(field_info.annotation) is tuple else None


def _described(member: object) -> str:
    return "one part" if member is None else "a list of parts"


def _what_to_write(name: str, rule: FieldRule, part: type[BaseModel], *, is_list: bool) -> str:
    """Return rules for the first part: one property for a field that takes text, and the required others."""
    path = f"{name}.0" if is_list else name
    required = [member for member, field_info in part.model_fields.items() if field_info.is_required()]
    takes_text = [member for member in required if not _allowed(part.model_fields[member].annotation)]
    text = (takes_text or [*part.model_fields])[0]
    rules = [f'"{path}.{text}" = {{ property = "{_shown_property(rule)}" }}']
    rules += [_required_rule(path, member, part.model_fields[member]) for member in required if member != text]
    each = f"; or name the members of a list of objects with {name}.each" if is_list else ""
    return " and ".join(rules) + each


def _required_rule(path: str, name: str, field_info: FieldInfo) -> str:
    allowed = _allowed(field_info.annotation)
    return f'"{path}.{name}" = {{ {"constant" if allowed else "property"} = "..." }}{allowed}'


def _allowed(annotation: Any) -> str:
    """Return the allowed values of a list of values in brackets; "" for any other type."""
    candidates = (annotation, *get_args(annotation))
    names = next((kind for kind in candidates if isinstance(kind, type) and hasattr(kind, "__members__")), None)
    return "" if names is None else f" (one of {listed(value.value for value in names)})"  # type: ignore[attr-defined]  # an enumeration


def _shown_property(rule: FieldRule) -> str:
    return rule.property if isinstance(rule.property, str) else rule.property[0]
