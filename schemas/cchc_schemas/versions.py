"""Documents of older versions of a record: they are read on, and written for receivers that need them.

A new version only adds optional fields, so every document of an older version is one of the newer version too in which
nothing is known of the new fields (`from_document` reads it), and a document of the newer version becomes one of an
older version without them. Any other change of a record would need a converter of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel

from cchc_schemas.personal import models_in
from cchc_schemas.records import Part, Record, from_document, to_document


class VersionUnknown(LookupError):
    """A record has no such version."""

    def __init__(self, record_type: str, version: int, newest: int) -> None:
        super().__init__(record_type, version, newest)
        self.record_type = record_type
        self.version = version
        self.newest = newest

    def __str__(self) -> str:
        return f"{self.record_type} has no version {self.version}; there are 1 to {self.newest}"


def to_version(record_type: type[Record], document: Mapping[str, object], version: int) -> dict[str, Any]:
    """Return a document of any version as one of `version`.

    Converting to an older version and back loses only what the older one cannot say. The document is not changed.

    Args:
        record_type: the record.
        document: what `to_document` of this or an earlier program wrote, or this function.
        version: from 1 to `record_type.record_version`.

    Raises:
        VersionUnknown: the record has no such version.
        RecordInvalid: the document is not of this record type.
    """
    require_version(record_type, version)
    newest = to_document(from_document(record_type, document))
    return newest if version == record_type.record_version else _without_newer(record_type, newest, version)


def newest_document(record_type: type[Record], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a stored document with every field of the newest version, null where its version did not have the field.

    So far only records have fields that were added later; fields that are added to their parts would be completed here.
    """
    if len(document) == len(record_type.model_fields):
        return document
    return {name: document.get(name) for name in record_type.model_fields}


def require_version(record_type: type[Record], version: int) -> None:
    """Accept a version that a record has or had.

    Raises:
        VersionUnknown: it has no such version.
    """
    if not 1 <= version <= record_type.record_version:
        raise VersionUnknown(record_type.record_type, version, record_type.record_version)


def added_after(model: type[BaseModel], version: int) -> frozenset[str]:
    """Return the fields that a record or part has only since a version after `version`."""
    if not issubclass(model, Part):
        return frozenset()
    return frozenset(name for since, names in model.added_in.items() if since > version for name in names)


def _without_newer(model: type[BaseModel], document: Mapping[str, Any], version: int) -> dict[str, Any]:
    newer = added_after(model, version)
    return {
        name: _older(list(models_in(model.model_fields[name].annotation)), value, version)
        for name, value in document.items()
        if name not in newer
    }


def _older(models: Sequence[type[BaseModel]], value: Any, version: int) -> Any:
    """Return the value of a field without what its parts have only since a later version."""
    if not models:
        return value
    if isinstance(value, list):
        return [_older(models, part, version) for part in cast("Sequence[Any]", value)]
    return _without_newer(models[0], cast("Mapping[str, Any]", value), version) if isinstance(value, Mapping) else value


def models_of(record_type: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a record and all its parts, each once.

    >>> from cchc_schemas.procedures import Procedure
    >>> [model.__name__ for model in models_of(Procedure)][:4]
    ['Procedure', 'ProcedureChannel', 'ProcessingTerm', 'Fee']
    """
    seen: dict[type[BaseModel], None] = {}
    waiting = [record_type]
    while waiting:
        model = waiting.pop(0)
        if model not in seen:
            seen[model] = None
            parts = [part for field in model.model_fields.values() for part in models_in(field.annotation)]
            waiting = [*parts, *waiting]
    yield from seen
