"""Base classes of the shared records: frozen, typed, masked in `repr`, read leniently and written strictly."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar

from pydantic import ConfigDict, ValidationError

from cchc_schemas.faults import Note, Reading, RecordInvalid, Refusal, faults_of, refusals_of, without_notes
from cchc_schemas.leniency import LeftOut
from cchc_schemas.personal import mask, personal_marks
from cchc_schemas.refusals import FieldPathModel
from cchc_schemas.spelling import Irregularities, Respellings, SourceReading


class Part(FieldPathModel):
    """A part of a record; personal fields are masked in its `repr`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    added_in: ClassVar[Mapping[int, frozenset[str]]] = MappingProxyType({})
    """Optional fields by the version of the record since which there are any; fields of version 1 are not named."""

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        marks = personal_marks(type(self))
        for name, value in super().__repr_args__():
            mark = marks.get(name or "")
            yield name, value if mark is None or value is None else mask(value, mark.visible)


class Record(Part):
    """A shared record, the same for all source systems.

    The constructor is strict: it accepts what may be written. `read` is lenient: it also accepts the irregular codes
    that agencies hold, with notes.
    """

    record_type: ClassVar[str]
    """Name of the record type, in tables, routes and documents."""
    record_version: ClassVar[int] = 1
    """Increased with every change that breaks readers or writers of the old version."""

    optional_key_fields: ClassVar[frozenset[str]] = frozenset()
    """Optional fields that are part of the key: they are never left out, as the key would be another."""
    quality_inputs: ClassVar[Mapping[str, frozenset[str]]] = MappingProxyType({})
    """Of a rule of `quality_notes` the members ("uses", "uses.area_m2") without which it would judge wrongly; if one of
    them was left out, it is silent. For a rule that is not named here that is the path of its note.
    """

    @property
    @abstractmethod
    def key(self) -> str:
        """The business key in canonical form."""

    @property
    def order_key(self) -> str:
        """Messages with the same order key are delivered in order."""
        return self.key

    def validity(self) -> tuple[date | None, date | None]:
        """Return the first and last day on which the record is valid in the real world; None if unknown."""
        return None, None

    @classmethod
    def read(cls, fields: Mapping[str, object], *, strict: bool = False) -> Reading[Self]:
        """Return the record that `fields` make, with notes on irregularities.

        An optional member that cannot be read is left out, with a note of its path and rule: a field, or the part of a
        list that lacks what it requires. An index in the path of a note is that of the list in `fields`.

        Args:
            fields: values of the fields, by name.
            strict: whether a member that cannot be read refuses the record, though it is optional.

        Raises:
            RecordInvalid: a required value, or a part of the key, cannot be read, or a rule that is never forgiven is
                broken; the error contains every fault and no value.
        """
        irregular, notes = SourceReading(), tuple[Note, ...]()
        record = _attempt(cls, fields, irregular)
        if isinstance(record, list) and any(refusal.is_noted for refusal in record):
            fields, notes = without_notes(fields)
            record = _attempt(cls, fields, irregular)
        left_out = LeftOut(cls, fields)
        while isinstance(record, list):
            if strict or not left_out.add(record):
                faults = [*left_out.faults, *(refusal.fault for refusal in record if strict)]
                raise RecordInvalid(cls.record_type, tuple(dict.fromkeys(faults)))
            fields = left_out.remaining()
            record = _attempt(cls, fields, irregular)
        irregularities = (*_respelled(cls, fields), *record.irregularities()) if irregular else ()
        on_the_rest = left_out.valid(dict.fromkeys((*irregularities, *record.quality_notes())))
        return Reading(record, (*notes, *left_out.notes(), *on_the_rest), left_out.faults)

    def irregularities(self) -> tuple[Note, ...]:
        """Return a note for everything the strict constructor would refuse; empty if the record may be written."""
        try:
            type(self).model_validate(self.model_dump())
        except ValidationError as error:
            return tuple(Note(fault.path, fault.rule) for fault in faults_of(error))
        return ()

    def quality_notes(self) -> Iterable[Note]:
        """Return notes on the record as a whole, for example on dates out of order."""
        return ()


def _respelled(record_type: type[Record], fields: Mapping[str, object]) -> tuple[Note, ...]:
    """Return a note for every value that the record has otherwise than `fields`, or with a note of its own."""
    noted = Respellings()
    try:
        record_type.model_validate(fields, context=noted)
    except ValidationError as error:
        return tuple(Note(fault.path, fault.rule) for fault in faults_of(error) if fault.rule in noted)
    return ()


RecordT = TypeVar("RecordT", bound=Record)


def to_document(record: Record) -> dict[str, Any]:
    """Return `record` as JSON-ready fields; `from_document` turns them back into an equal record."""
    return record.model_dump(mode="json")


def from_document(record_type: type[RecordT], document: Mapping[str, object]) -> RecordT:
    """Return the record of a document that `to_document` wrote; irregular codes are accepted.

    Raises:
        RecordInvalid: the document is not of this record type.
    """
    record = _attempt(record_type, document, Irregularities())
    if isinstance(record, list):
        faults = tuple(dict.fromkeys(refusal.fault for refusal in record))
        raise RecordInvalid(record_type.record_type, faults)
    return record


def _attempt(
    record_type: type[RecordT], fields: Mapping[str, object], irregular: Irregularities
) -> RecordT | list[Refusal]:
    """Return the record, or why the fields make none."""
    irregular.clear()
    try:
        return record_type.model_validate(fields, context=irregular)
    except ValidationError as error:
        return list(refusals_of(error))
