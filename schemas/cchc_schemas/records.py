"""What every shared record is: frozen, typed, masked when shown, read leniently and written strictly."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cchc_schemas.codes import Irregularities
from cchc_schemas.faults import Note, Reading, RecordInvalid, faults_of
from cchc_schemas.personal import mask, personal_marks


class Part(BaseModel):
    """A part of a record; personal fields are masked wherever it is shown."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        defer_build=True,  # few programs need every type; Pydantic makes one under a lock, whichever thread asks first
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        marks = personal_marks(type(self))
        for name, value in super().__repr_args__():
            mark = marks.get(name or "")
            yield name, value if mark is None or value is None else mask(value, mark.visible)


class Record(Part):
    """One shared record, the same whichever agency's system it came from.

    The constructor is strict: it takes what we would write. `read` is lenient: it takes what agencies hold,
    irregular codes with a note.
    """

    record_type: ClassVar[str]
    """Name of the record type, in tables, routes and documents."""
    record_version: ClassVar[int] = 1
    """Raised with every change of the record that a reader of the old one could not read."""

    @property
    @abstractmethod
    def key(self) -> str:
        """The business key, in its one canonical spelling."""

    @property
    def order_key(self) -> str:
        """Messages with the same order key are delivered in their order."""
        return self.key

    def validity(self) -> tuple[date | None, date | None]:
        """Return the first and the last day on which the record holds in the real world, None where it does not say."""
        return None, None

    @classmethod
    def read(cls, fields: Mapping[str, object]) -> Reading[Self]:
        """Return the record that `fields` make, and what is odd about it.

        Raises:
            RecordInvalid: they make none; it names every fault and no value.
        """
        irregular = Irregularities()
        record = _forgiving(cls, fields, irregular)
        odd = record.irregularities() if irregular else ()
        return Reading(record, (*odd, *record.quality_notes()))

    def irregularities(self) -> tuple[Note, ...]:
        """Return what the strict constructor would refuse; empty for a record that we may write."""
        try:
            type(self).model_validate(self.model_dump())
        except ValidationError as error:
            return tuple(Note(fault.path, fault.rule) for fault in faults_of(error))
        return ()

    def quality_notes(self) -> Iterable[Note]:
        """Return what is odd about the record as a whole and yet no reason to refuse it."""
        return ()


RecordT = TypeVar("RecordT", bound=Record)


def to_document(record: Record) -> dict[str, Any]:
    """Return `record` as JSON-ready fields; `from_document` makes an equal record of them."""
    return record.model_dump(mode="json")


def from_document(record_type: type[RecordT], document: Mapping[str, object]) -> RecordT:
    """Return the record that `to_document` wrote, irregular codes and all.

    Raises:
        RecordInvalid: the document is not one of this record type.
    """
    return _forgiving(record_type, document, Irregularities())


def _forgiving(record_type: type[RecordT], fields: Mapping[str, object], irregular: Irregularities) -> RecordT:
    try:
        return record_type.model_validate(fields, context=irregular)
    except ValidationError as error:
        faults = faults_of(error)
    # Outside the handler: an error raised there would carry pydantic's, with the values in it.
    raise RecordInvalid(record_type.record_type, faults)
