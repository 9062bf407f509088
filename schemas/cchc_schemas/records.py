"""Base classes of the shared records: frozen, typed, masked in `repr`, read leniently and written strictly."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from pydantic import ConfigDict, ValidationError

from cchc_schemas.codes import Irregularities
from cchc_schemas.described_models import DescribedModel
from cchc_schemas.faults import Note, Reading, RecordInvalid, faults_of, without_notes
from cchc_schemas.personal import mask, personal_marks
from cchc_schemas.refusals import with_field_paths
from cchc_schemas.spelling import RESPELLED, Respellings


class Part(DescribedModel):
    """A part of a record; personal fields are masked in its `repr`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    if not TYPE_CHECKING:  # type checkers know the fields as parameters of the constructor

        def __init__(self, /, **fields: Any) -> None:
            """Make it of its fields; the paths of a refusal name only fields."""
            try:
                super().__init__(**fields)
            except ValidationError as error:
                refusal = with_field_paths(error)
            else:
                return
            raise refusal

        __init__.__pydantic_base_init__ = True  # pydantic need not call it for the parts of a record

        @classmethod
        def model_validate(cls, *document: Any, **settings: Any) -> Self:
            """Return the model of a mapping; the paths of a refusal name only fields."""
            try:
                return super().model_validate(*document, **settings)
            except ValidationError as error:
                refusal = with_field_paths(error)
            raise refusal

        @classmethod
        def model_validate_json(cls, *document: Any, **settings: Any) -> Self:
            """Return the model of a JSON document; the paths of a refusal name only fields."""
            try:
                return super().model_validate_json(*document, **settings)
            except ValidationError as error:
                refusal = with_field_paths(error)
            raise refusal

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
    def read(cls, fields: Mapping[str, object]) -> Reading[Self]:
        """Return the record that `fields` make, with notes on irregularities.

        Raises:
            RecordInvalid: the fields do not make a record; the error contains every fault and no value.
        """
        irregular, notes = Irregularities(), tuple[Note, ...]()
        try:
            record = _read_leniently(cls, fields, irregular)
        except RecordInvalid:
            fields, notes = without_notes(fields)
            if not notes:
                raise
            irregular.clear()
            record = _read_leniently(cls, fields, irregular)
        irregularities = (*_respelled(cls, fields), *record.irregularities()) if irregular else ()
        return Reading(record, (*notes, *irregularities, *record.quality_notes()))

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
    """Return a note for every value that `fields` have in another spelling than the record."""
    try:
        record_type.model_validate(fields, context=Respellings())
    except ValidationError as error:
        return tuple(Note(fault.path, fault.rule) for fault in faults_of(error) if fault.rule == RESPELLED)
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
    return _read_leniently(record_type, document, Irregularities())


def _read_leniently(record_type: type[RecordT], fields: Mapping[str, object], irregular: Irregularities) -> RecordT:
    try:
        return record_type.model_validate(fields, context=irregular)
    except ValidationError as error:
        faults = faults_of(error)
    # Raised outside the handler: an error raised inside would reference pydantic's error, which contains values.
    raise RecordInvalid(record_type.record_type, faults)
