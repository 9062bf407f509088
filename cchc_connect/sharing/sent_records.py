"""What leaves of a record on a route: the granted fields, each treated; every other field is unknown in it.

It is what `treated` returns of the record's document, as far as a record can hold that: its fields keep their types, so
a treatment that makes something else of them cannot be sent.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel

from cchc_connect.sharing.agreements import Treatment
from cchc_connect.sharing.treatments import granted_tree, masked_text, pseudonym
from cchc_schemas import PartialDate, Record
from cchc_schemas.personal import models_in
from cchc_schemas.record_paths import Leaf, key_fields, leaves

Model = TypeVar("Model", bound=BaseModel)

Treat = Callable[[Any], object]
"""Returns what leaves of a value."""


@dataclass(frozen=True, kw_only=True)
class UnsendableField:
    """A field that a message to a receiver cannot have as it is granted."""

    field: str
    """Path of the field."""
    rule: str
    """`exists`, `year`, `masked` or `required`: the treatment that its values cannot have, or that it is missing."""


class SentRecords:
    """Makes of the records of one type what leaves of them."""

    def __init__(
        self, record_class: type[Record], fields: Mapping[str, Treatment], *, pseudonym_key: bytes | None = None
    ) -> None:
        """Prepare for records of a type, by paths of leaves and their treatments."""
        self._record_class = record_class
        self.fields = fields
        """Path of each leaf that leaves -> its treatment."""
        self._tree = granted_tree(record_class, fields)
        self._leaves = leaves(record_class)
        self._pseudonym_key = pseudonym_key
        self._forms = dict[tuple[type[BaseModel], int], _Form]()

    def sent(self, record: Record) -> Record:
        """Return what leaves of a record; of this type nothing may be `unsendable`."""
        return self._part(record, self._tree)

    def unsendable(self) -> Iterator[UnsendableField]:
        """Yield the fields because of which no record can be sent: with these treatments, or without those missing."""
        for path, treatment in self.fields.items():
            if treatment is Treatment.EXISTS:
                yield UnsendableField(field=path, rule="exists")
            elif path in self._leaves and not _is_holdable(self._record_class, self._leaves[path], treatment):
                yield UnsendableField(field=path, rule=treatment.value)
        yield from self._missing(self._record_class, self._tree, "")

    def _missing(self, model: type[BaseModel], tree: Mapping[str, object], prefix: str) -> Iterator[UnsendableField]:
        """Yield the fields that a model must have and that are not granted, or of which a treatment says nothing."""
        for name, field in model.model_fields.items():
            branch, path = tree.get(name), f"{prefix}{name}"
            if isinstance(branch, dict):
                for part in dict.fromkeys(models_in(field.annotation)):
                    yield from self._missing(part, cast("Mapping[str, object]", branch), f"{path}.")
            elif field.is_required() and not self._leaves_something(branch):
                yield UnsendableField(field=path, rule="required")

    def _leaves_something(self, branch: object) -> bool:
        path, treatment = cast("tuple[str, Treatment | None]", branch or ("", None))
        if treatment in {None, Treatment.PLAIN, Treatment.EXISTS}:
            return treatment is not None
        return self._method(cast("Treatment", treatment), self._leaves[path]) is not None

    def _part(self, part: Model, tree: Mapping[str, object]) -> Model:
        form = self._form_of(type(part), tree)
        if not form.treats:
            return part.model_copy(update=form.withheld) if form.withheld else part
        update = dict(form.withheld)
        for name, treat in form.treats.items():
            value: object = getattr(part, name)
            update[name] = None if value is None else treat(value)
        return part.model_copy(update=update)

    def _form_of(self, model: type[BaseModel], tree: Mapping[str, object]) -> "_Form":
        form = self._forms.get((model, id(tree)))
        if form is None:
            form = self._forms[model, id(tree)] = self._form(model, tree)
        return form

    def _form(self, model: type[BaseModel], tree: Mapping[str, object]) -> "_Form":
        withheld, treats = dict[str, object](), dict[str, Treat]()
        for name, field in model.model_fields.items():
            branch = tree.get(name)
            if isinstance(branch, dict):
                inner = cast("Mapping[str, object]", branch)
                if any(self._form_of(part, inner).changes for part in models_in(field.annotation)):
                    treats[name] = partial(_each, treat=partial(self._part, tree=inner))
                continue
            path, treatment = cast("tuple[str, Treatment | None]", branch or ("", None))
            if treatment is Treatment.PLAIN:
                continue
            treat = None if treatment is None else self._method(treatment, self._leaves[path])
            if treat is None:
                withheld[name] = field.get_default(call_default_factory=True, validated_data={})
            else:
                treats[name] = partial(_each, treat=treat)
        return _Form(withheld, treats)

    def _method(self, treatment: Treatment, leaf: Leaf) -> Treat | None:
        """Return how a value of a leaf is treated; None where the treatment says nothing, so that it is withheld."""
        match treatment:
            case Treatment.MASKED if leaf.mark is not None:
                return partial(masked_text, visible=leaf.mark.visible)
            case Treatment.YEAR if leaf.has_year:
                return _year
            case Treatment.PSEUDONYM if leaf.is_number and self._pseudonym_key is not None:
                return partial(pseudonym, self._pseudonym_key)
            case _:
                return None


@dataclass(frozen=True, slots=True)
class _Form:
    """What is done with the fields of one part."""

    withheld: Mapping[str, object]
    """Field -> its default, which says that it is unknown."""
    treats: Mapping[str, Treat]
    """Field -> what makes of its value what leaves; no value stays none."""

    @property
    def changes(self) -> bool:
        """Whether something of the part is withheld or treated."""
        return bool(self.withheld or self.treats)


def without(record_class: type[Record], withheld: frozenset[str]) -> Mapping[str, Treatment]:
    """Return all leaves of a record but those of the named fields, each as it is."""
    return {path: Treatment.PLAIN for path in leaves(record_class) if path.partition(".")[0] not in withheld}


def key_alone(record_class: type[Record]) -> Mapping[str, Treatment]:
    """Return what a withdrawal names: the leaves of the fields that make the key, and of those no record is without."""
    required = {name for name, field in record_class.model_fields.items() if field.is_required()}
    named = required | set(key_fields(record_class))
    return without(record_class, frozenset(record_class.model_fields) - named)


def _is_holdable(record_class: type[Record], leaf: Leaf, treatment: Treatment) -> bool:
    """True if a leaf has the type of what a treatment makes of it, or the treatment says nothing of it."""
    match treatment:
        case Treatment.YEAR if leaf.has_year:
            return leaf.types <= {PartialDate, type(None)}
        case Treatment.MASKED if leaf.mark is not None:
            return _is_text(leaf) and not _is_listed(record_class, leaf.path)
        case Treatment.PSEUDONYM if leaf.is_number:
            return _is_text(leaf)
        case _:
            return True


def _is_text(leaf: Leaf) -> bool:
    return all(issubclass(kind, str | type(None)) and not issubclass(kind, Enum) for kind in leaf.types)


def _is_listed(record_class: type[Record], path: str) -> bool:
    """True if a leaf is itself a list; one in a list of parts is not."""
    *above, name = path.split(".")
    models: list[type[BaseModel]] = [record_class]
    for step in above:
        models = [inner for model in models for inner in models_in(model.model_fields[step].annotation)]
    return any(name in model.model_fields and _has_list(model.model_fields[name].annotation) for model in models)


def _has_list(annotation: object) -> bool:
    return get_origin(annotation) in {tuple, list} or any(map(_has_list, get_args(annotation)))


def _each(value: Any, treat: Treat) -> object:
    """Return what leaves of a value, or of each element of a list."""
    if isinstance(value, tuple | list):
        return tuple(_each(element, treat) for element in cast("Sequence[object]", value))
    return treat(value)


def _year(value: PartialDate) -> PartialDate:
    return PartialDate(value.year)
