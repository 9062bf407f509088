"""Checks that the rules of a field map have the shape of the record's fields, before any item is read.

A rule of the wrong shape, such as one text for a list of parts, would fail every item of a source. It is refused with
what to write instead.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from cchc_connect.wire.field_rules import FieldRule
from cchc_connect.wire.named_codecs import DAYS, INSTANTS, Codec
from cchc_schemas import PartialDate
from cchc_schemas.geometry import Geometry
from cchc_schemas.parcel_refs import ParcelRef
from cchc_schemas.personal import models_in
from cchc_schemas.text import listed

_SAMPLES: Mapping[Codec, object] = {
    **dict.fromkeys(INSTANTS, datetime(2026, 3, 2, 8, tzinfo=UTC)),
    **dict.fromkeys(DAYS, PartialDate(2026, 3, 2)),
    Codec.FLAG: True,
    Codec.WHOLE_NUMBER: 2,
    Codec.NUMBER: Decimal(2),
    Codec.AREA: Decimal(2),
}
"""What a codec reads; a field that refuses it refuses every value of that codec."""


@dataclass(frozen=True)
class RuleProblem:
    """What is wrong with the rule of a field."""

    path: str
    """Field, or part of a field, as the rules name it: "holders.0.name"."""
    rule: str
    """Stable name of the problem; the message catalogue has a sentence for it."""
    text: str
    """The problem in English, with names in braces."""
    context: Mapping[str, Any]

    def __str__(self) -> str:
        """Return the problem in English."""
        return self.text.format(path=self.path, **self.context)

    def as_error(self) -> PydanticCustomError:
        """Return the problem as an error of a validator."""
        return PydanticCustomError(self.rule, self.text, {"path": self.path, **self.context})  # pyright: ignore[reportArgumentType]  # texts of our own


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
    if problems := [str(problem) for problem in rule_problems(rules, record_type, other_fields=other_fields)]:
        raise ValueError("; ".join(problems))


def rule_problems(
    rules: Mapping[str, FieldRule], record_type: type[BaseModel], *, other_fields: Collection[str] = ()
) -> Iterator[RuleProblem]:
    """Yield everything that does not fit the fields of a record; arguments as for `rules_fit`."""
    yield from _problems(rules, record_type, frozenset(other_fields))


def missing_fields(
    rules: Mapping[str, FieldRule], record_type: type[BaseModel], *, other_fields: Collection[str] = ()
) -> Iterator[RuleProblem]:
    """Yield the required fields of a record that no rule fills."""
    filled = {name.partition(".")[0] for name, rule in rules.items() if rule.reads()} | set(other_fields)
    for name, field_info in record_type.model_fields.items():
        if field_info.is_required() and name not in filled:
            yield _missing_problem("", name, field_info)


def with_member_values(rules: Mapping[str, FieldRule], model: type[BaseModel]) -> dict[str, FieldRule]:
    """Return rules in which the name of a member of an enumeration is its value: 4 for "in_process"."""
    return {
        name: _with_values(rule, *_target(model, name)).for_list(none_is_unknown=_may_be_unknown(model, name))
        for name, rule in rules.items()
    }


def _may_be_unknown(model: type[BaseModel], path: str) -> bool:
    """True if a path leads to or into a list of a record for which null is "unknown" and empty is "none"."""
    head = model.model_fields.get(path.partition(".")[0])
    return head is not None and _list_member(head) is not None and head.default is None


def _with_values(rule: FieldRule, part: type[BaseModel] | None, annotation: Any) -> FieldRule:
    changed: dict[str, Any] = {
        name: {word: _member_value(annotation, meaning) for word, meaning in words.items()}
        for name, words in (("words", rule.words), ("codes", rule.codes))
    }
    for name, value in (("others", rule.others), ("constant", rule.constant)):
        changed[name] = None if value is None else _member_value(annotation, value)
    changed["first"] = tuple(_with_values(inner, part, annotation) for inner in rule.first)
    if part is not None:
        changed["each"] = with_member_values(rule.each, part)
    return rule.model_copy(update=changed)


def _target(model: type[BaseModel], path: str) -> tuple[type[BaseModel] | None, Any]:
    """Return the model of the parts of a field, and the type of its value; a path that leads nowhere has neither."""
    annotation: Any = None
    part: type[BaseModel] | None = model
    for step in path.split("."):
        if step.isdecimal() and annotation is not None:
            annotation = _member_of(annotation) or annotation
        elif part is None or step not in part.model_fields:
            return None, None
        else:
            field_info = part.model_fields[step]
            part, annotation = _part_of(field_info), field_info.annotation
    return part, annotation


def _member_value(annotation: Any, text: object) -> object:
    """Return the value of the member that a text names; the text itself where it names none.

    A whole number for a field of texts is its digits: `constant = 25747` for a code.
    """
    members = _members(annotation)
    if type(text) is int and annotation is not None and members is None:
        return text if _takes(TypeAdapter(annotation), text) else str(text)
    if members is None or not isinstance(text, str) or text in {member.value for member in members}:
        return text
    return next((member.value for member in members if member.name.casefold() == text.casefold()), text)


def _members(annotation: Any) -> list[Enum] | None:
    kinds = (annotation, *get_args(annotation))
    kind = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)), None)
    return None if kind is None else list(kind)


def _problems(
    rules: Mapping[str, FieldRule], model: type[BaseModel], other_fields: frozenset[str], path: str = ""
) -> Iterator[RuleProblem]:
    members: dict[str, dict[str, FieldRule]] = {}
    for name, rule in rules.items():
        head, _, rest = name.partition(".")
        if head in other_fields and not rest:
            continue
        if head not in model.model_fields:
            context = {"value": head, "known": tuple(sorted({*model.model_fields, *other_fields}))}
            yield RuleProblem(f"{path}{head}", "rule_field_unknown", "no such field: {path}", context)
        elif rest:
            members.setdefault(head, {})[rest] = rule
        else:
            yield from _rule_problems(f"{path}{name}", rule, model.model_fields[head])
    for head, part_rules in members.items():
        if head in rules:
            yield RuleProblem(f"{path}{head}", "rule_twice", "{path} has a rule, and rules for its parts", {})
        else:
            yield from _part_problems(f"{path}{head}", part_rules, model.model_fields[head])


def _rule_problems(name: str, rule: FieldRule, field_info: FieldInfo) -> Iterator[RuleProblem]:
    """Yield what is wrong with the rule of a whole field."""
    part, member = _part_of(field_info), _list_member(field_info)
    if rule.first:
        for inner in rule.first:
            yield from _rule_problems(name, inner, field_info)
    elif rule.each and (part is None or member is None):
        yield RuleProblem(name, "rule_no_list", "{path} is no list of parts; leave out `each`", {})
    elif rule.each and part is not None:
        yield from _problems(rule.each, part, frozenset(), f"{name}.each.")
        yield from _missing(f"{name}.each", part, rule.each)
    elif part is not None and _is_made(part, member, rule.codec):
        return
    elif part is not None:
        advice = {"advice": _what_to_write(name, rule, part, is_list=member is not None)}
        if member is None:
            yield RuleProblem(name, "rule_part", "{path} is one part; write {advice}", advice)
        else:
            yield RuleProblem(name, "rule_parts", "{path} is a list of parts; write {advice}", advice)
    elif member is not None:
        first = {"property": _shown_property(rule)}
        text = '{path} is a list; write "{path}.0" = {{ property = "{property}" }} for its first member'
        yield RuleProblem(name, "rule_list", text, first)
    else:
        yield from _value_problems(name, rule, field_info.rebuild_annotation())


def _part_problems(name: str, rules: Mapping[str, FieldRule], field_info: FieldInfo) -> Iterator[RuleProblem]:
    """Yield what is wrong with the rules for the parts of a field."""
    part, member = _part_of(field_info), _list_member(field_info)
    by_part: dict[str, dict[str, FieldRule]] = {}
    for subpath, rule in rules.items():
        position, _, rest = subpath.partition(".")
        if member is not None and not position.isdecimal():
            text = '{path} is a list; write "{path}.0.{member}" for its first part'
            yield RuleProblem(name, "rule_list_part", text, {"member": subpath})
        elif member is not None and part is None and not rest:
            yield from _value_problems(f"{name}.{subpath}", rule, member)
        elif part is None:
            text = "{path}: {field} has no parts"
            yield RuleProblem(f"{name}.{subpath}", "rule_no_parts", text, {"field": name})
        elif member is not None:
            by_part.setdefault(f"{name}.{position}", {})[rest] = rule
        else:
            by_part.setdefault(name, {})[subpath] = rule
    for path, part_rules in by_part.items():
        if part is not None:
            yield from _problems(part_rules, part, frozenset(), f"{path}.")
            yield from _missing(path, part, part_rules)


def _missing(path: str, part: type[BaseModel], rules: Mapping[str, FieldRule]) -> Iterator[RuleProblem]:
    required = [name for name, field_info in part.model_fields.items() if field_info.is_required()]
    heads = {name.partition(".")[0] for name in rules}
    for name in required:
        if name not in heads:
            yield _missing_problem(f"{path}.", name, part.model_fields[name])


def _missing_problem(prefix: str, name: str, field_info: FieldInfo) -> RuleProblem:
    advice = {"advice": _required_rule(f"{prefix}{name}", field_info)}
    return RuleProblem(f"{prefix}{name}", "rule_missing", "no rule for {path}; write {advice}", advice)


def _value_problems(name: str, rule: FieldRule, annotation: Any) -> Iterator[RuleProblem]:
    """Yield what is wrong with the values that a rule gives a field with one value."""
    stated = [*rule.meanings().values(), *([] if rule.others in {None, "*"} else [rule.others]), rule.constant]
    values = [value for value in stated if value not in {None, ""}]
    sample = None if rule.meanings() else _SAMPLES.get(rule.codec)
    if not values and sample is None:
        return
    field_type: TypeAdapter[Any] = TypeAdapter(annotation)  # making one takes longer than all checks
    for value in values:
        if not _takes(field_type, _member_value(annotation, value)):
            wrong = {"value": str(value), "allowed": _allowed(annotation), "known": _known_values(annotation)}
            code = "rule_value" if wrong["known"] else "rule_value_refused"
            yield RuleProblem(name, code, "{path} does not take '{value}'{allowed}", wrong)
    if sample is not None and not _takes(field_type, sample):
        codec = {"codec": rule.codec.value}
        yield RuleProblem(name, "rule_codec", "{path} does not take what the codec {codec} reads", codec)


def _takes(field_type: TypeAdapter[Any], value: object) -> bool:
    try:
        field_type.validate_python(value)
    except ValidationError:
        return False
    return True


def _part_of(field_info: FieldInfo) -> type[BaseModel] | None:
    """Return the model of the parts of a field, of a list or a single one; None if it has none."""
    return next(models_in(field_info.annotation), None)


def _list_member(field_info: FieldInfo) -> Any:
    """Return the type of a list's members; None if the field is no list."""
    return _member_of(field_info.annotation)


def _member_of(annotation: Any) -> Any:
    """Return the type of a list's members, whether the list may be null or not; None of any other type."""
    lists = [kind for kind in (annotation, *get_args(annotation)) if get_origin(kind) is tuple]
    return get_args(lists[0])[0] if lists else None


def _what_to_write(name: str, rule: FieldRule, part: type[BaseModel], *, is_list: bool) -> str:
    """Return rules for the first part: one property for a field that takes text, and the required others."""
    path = f"{name}.0" if is_list else name
    required = [member for member, field_info in part.model_fields.items() if field_info.is_required()]
    takes_text = [member for member in required if not _allowed(part.model_fields[member].annotation)]
    text = (takes_text or [*part.model_fields])[0]
    rules = [f'"{path}.{text}" = {{ property = "{_shown_property(rule)}" }}']
    rules += [_required_rule(f"{path}.{member}", part.model_fields[member]) for member in required if member != text]
    each = f"; or name the members of a list of objects with {name}.each" if is_list else ""
    return " and ".join(rules) + each


def _required_rule(path: str, field_info: FieldInfo) -> str:
    allowed = _allowed(field_info.annotation)
    return f'"{path}" = {{ {"constant" if allowed else "property"} = "..." }}{allowed}'


def _allowed(annotation: Any) -> str:
    """Return the allowed values of a list of values in brackets; "" for any other type."""
    names = _known_values(annotation)
    return f" (one of {listed(names)})" if names else ""


def _known_values(annotation: Any) -> tuple[str, ...]:
    """Return the values of an enumeration as a rule writes them: numeric ones by their names."""
    members = _members(annotation) or []
    return tuple(member.value if isinstance(member.value, str) else member.name.lower() for member in members)


def _is_made(part: type[BaseModel], member: object, codec: Codec) -> bool:
    """True if a codec makes the whole field: a shape or a list of parcels."""
    if codec is Codec.SHAPE:
        return member is None and issubclass(part, Geometry)
    return codec is Codec.PARCEL_LIST and member is not None and issubclass(part, ParcelRef)


def _shown_property(rule: FieldRule) -> str:
    return rule.property if isinstance(rule.property, str) else rule.property[0]
