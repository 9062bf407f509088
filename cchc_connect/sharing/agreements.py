"""The language of agreements (thỏa thuận chia sẻ): closed, without expressions, and what is not named is not shared.

An agreement says what one agency lets another have, for one purpose, by named acts, until a day. Its grants say of one
record type which rows and which fields, and how each field is treated. A grant is never joined with another.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any, Self, cast

from pydantic import BeforeValidator, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from cchc_connect.config.tables import ConfigTable
from cchc_schemas.written_tables import IDENTIFIER

MAX_YEARS = 3
"""Longest term of an agreement."""

MAX_VALUES = 1000
"""Most values of one condition: a database takes so many in one statement."""


class Treatment(StrEnum):
    """How a shared field is treated (cách xử lý trường)."""

    PLAIN = "plain"
    """As it is (nguyên giá trị)."""
    MASKED = "masked"
    """Masked as the field's mark says (che một phần)."""
    PSEUDONYM = "pseudonym"
    """Replaced by a name that is the same within the agreement and says nothing (mã thay thế)."""
    YEAR = "year"
    """The year alone (chỉ năm)."""
    EXISTS = "exists"
    """Whether there is a value (có hay không)."""


class Action(StrEnum):
    """What the consumer may do (hình thức khai thác)."""

    READ = "read"
    MATCH = "match"
    PUSH = "push"
    EXPORT = "export"
    EVENTS = "events"
    AGGREGATE = "aggregate"


class AgreementState(StrEnum):
    """State of a version of an agreement (trạng thái thỏa thuận)."""

    DRAFT = "draft"
    """Not approved by both agencies (dự thảo)."""
    SIGNED = "signed"
    """Approved by both (đã phê duyệt)."""
    IN_FORCE = "in_force"
    """Approved by both, and its first day has come (có hiệu lực)."""
    SUSPENDED = "suspended"
    """Stopped by one of them for the time being (tạm dừng)."""
    ENDED = "ended"
    """Ended for good, by its last day or by one of them (chấm dứt)."""


class Requirement(StrEnum):
    """What every request under an agreement names (điều kiện khai thác)."""

    OFFICIAL = "official"
    DOSSIER = "dossier"


class GrantScope(StrEnum):
    """Which records a grant reaches (phạm vi bản ghi)."""

    CASE = "case"
    """Those linked to the request's dossier (theo hồ sơ)."""
    ALL = "all"
    """All that its rows describe (toàn bộ)."""


class DisclosureTime(StrEnum):
    """When the person concerned sees that something was shared (thời điểm cho chủ thể biết)."""

    SHOWN = "shown"
    DELAYED = "delayed"


Identifier = Annotated[str, Field(pattern=f"^{IDENTIFIER}$")]
"""Name of an agreement, grant, purpose or act."""

FieldPath = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$")]
"""Path of a field: "area_m2", "holders.name"."""

Title = Annotated[str, Field(min_length=3, max_length=500)]


def _stored(value: object) -> object:
    if isinstance(value, float) and not isfinite(value):
        raise PydanticCustomError("finite_number", "not a finite number")
    return value.isoformat() if isinstance(value, date) else value


AtomValue = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr, BeforeValidator(_stored)]
"""A value in a condition: a truth value, a finite number or a text; a day is text in ISO form."""

OPERATORS = ("eq", "in", "prefix", "present", "under", "since")


class RowAtom(ConfigTable):
    """A condition on a field; all conditions of a grant hold. On a list, any element may satisfy it."""

    field: FieldPath
    eq: AtomValue | None = None
    """The value itself; decimals compare as numbers."""
    any_of: Annotated[tuple[AtomValue, ...], Field(min_length=1, max_length=MAX_VALUES)] | None = Field(
        default=None, alias="in"
    )
    """One of these values, at most `MAX_VALUES`."""
    prefix: Annotated[str, Field(min_length=1)] | None = None
    """How the text begins, by code points."""
    present: bool | None = None
    """Whether there is a value."""
    under: Annotated[str, Field(min_length=1)] | None = None
    """The code of an agency: itself, an agency below it, or a successor of these."""
    since: date | None = None
    """The first Vietnamese day; a partial date counts by its first day."""

    def __eq__(self, condition: object) -> bool:
        """Compare as what is written: the truth value `true` is not the number 1."""
        if not isinstance(condition, RowAtom):
            return NotImplemented
        return super().__eq__(condition) and self._truth_values() == condition._truth_values()

    def __hash__(self) -> int:
        return hash((self.field, self.operator, self._operand(self.operator)))

    @property
    def operator(self) -> str:
        """Return which of `OPERATORS` it has."""
        return next(name for name in OPERATORS if self._operand(name) is not None)

    @model_validator(mode="after")
    def _has_one_operator(self) -> Self:
        if sum(self._operand(name) is not None for name in OPERATORS) != 1:
            raise PydanticCustomError("row_operator", "not one condition")
        return self

    def _truth_values(self) -> Sequence[bool]:
        """Return of each value whether it is a truth value."""
        return [isinstance(value, bool) for value in (self.eq, *(self.any_of or ()))]

    def _operand(self, name: str) -> object:
        return self.any_of if name == "in" else getattr(self, name)


class Basis(ConfigTable):
    """A place in a legal act (căn cứ pháp lý)."""

    act: Identifier
    """Name of the act in the table of legal acts."""
    article: Annotated[str, Field(alias="place", max_length=200)] = ""
    """Where in it: "Điều 7.3, 56.2"."""

    def __str__(self) -> str:
        return f"{self.act} {self.article}".strip()


class SignedDocument(ConfigTable):
    """The paper that both agencies signed (văn bản thỏa thuận)."""

    number: Annotated[str, Field(min_length=1, max_length=100)]
    signed_on: date
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class Quota(ConfigTable):
    """How many records may leave (hạn mức); a match counts as one."""

    records_per_dossier: Annotated[int, Field(ge=1)] | None = None
    """Over all days."""
    records_per_day: Annotated[int, Field(ge=1)] | None = None
    """On a Vietnamese day."""


class Delay(Basis):
    """Why and how long the person concerned does not see it (hoãn cho chủ thể biết)."""

    days: Annotated[int, Field(ge=1, le=3660)]
    """Days after the disclosure from which it is shown."""


class Grant(ConfigTable):
    """What of one record type is shared (phạm vi chia sẻ)."""

    name: Identifier
    """Name within the agreement; its position in the agreement if none is written."""
    record: Annotated[str, Field(min_length=1)]
    """Record type."""
    scope: GrantScope
    rows: tuple[RowAtom, ...] = ()
    """Conditions on the records; all hold."""
    fields: Mapping[FieldPath, Treatment] = {}
    """Path of a field -> how it is treated; a field that is not named is withheld."""
    match: tuple[FieldPath, ...] = ()
    """Personal numbers that the consumer may send; the response is yes or no."""
    legal_basis: tuple[Basis, ...] = ()
    """Acts of this grant alone, which a sensitive field needs."""


class Agreement(ConfigTable):
    """An agreement in one version (thỏa thuận chia sẻ dữ liệu)."""

    id: Identifier
    version: Annotated[int, Field(ge=1)] = 1
    """Raised with every change of what was signed."""
    title: Title
    provider: Annotated[str, Field(min_length=1)]
    """Code of the agency that shares (cơ quan cung cấp)."""
    consumer: Annotated[str, Field(min_length=1)]
    """Code of the agency that gets it (cơ quan khai thác)."""
    purpose: Identifier
    """Code of the purpose (mục đích)."""
    procedures: tuple[str, ...] = ()
    """Codes of the procedures for which it holds; none: for all."""
    legal_basis: Annotated[tuple[Basis, ...], Field(min_length=1)]
    """Acts that allow it; at least one of them is in force on each day of use."""
    document: SignedDocument | None = None
    starts: date
    ends: date
    """Last day, which still counts."""
    actions: Annotated[tuple[Action, ...], Field(min_length=1)]
    requires: tuple[Requirement, ...] = ()
    quota: Quota = Quota()
    disclosure: DisclosureTime = DisclosureTime.SHOWN
    delay: Delay | None = None
    """Of `disclosure = "delayed"`."""
    note: Annotated[str, Field(max_length=2000)] = ""
    grants: Annotated[tuple[Grant, ...], Field(alias="grant", min_length=1)]

    def disclosed_from(self, day: date) -> date | None:
        """Return from when the person concerned sees what was shared on a Vietnamese day; None: at once."""
        return None if self.delay is None else day + timedelta(days=self.delay.days)

    @property
    def reference(self) -> str:
        """Return id and version, as audit entries name an agreement: "sxd-tnmt-2026-01@1"."""
        return f"{self.id}@{self.version}"

    @model_validator(mode="before")
    @classmethod
    def _name_grants(cls, table: object) -> object:
        """Give a grant without a name its position, counted from 1."""
        if not isinstance(table, Mapping):
            return table
        tables = cast("Mapping[str, Any]", table)
        grants = tables.get("grant")
        if not isinstance(grants, list | tuple):
            return tables
        named = [
            {"name": str(number), **cast("dict[str, object]", grant)} if isinstance(grant, dict) else grant
            for number, grant in enumerate(cast("list[object]", grants), start=1)
        ]
        return {**tables, "grant": named}

    @model_validator(mode="after")
    def _delays_with_an_act(self) -> Self:
        if (self.disclosure is DisclosureTime.DELAYED) != (self.delay is not None):
            raise PydanticCustomError("delay_without_act", "delay and its act belong together")
        return self

    def document_body(self) -> dict[str, Any]:
        """Return the agreement as JSON-ready fields; `Agreement.model_validate` reads them."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
