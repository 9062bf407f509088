"""The province's list of databases (danh mục cơ sở dữ liệu): what must be connected and shared, and until when.

It is the denominator of the share of connected databases (NĐ 278/2025/NĐ-CP, Điều 8), so a database is on it whether it
is connected or not.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import ClassVar

from cchc_schemas.codes import AgencyCode
from cchc_schemas.construction import ends_before
from cchc_schemas.dates import PartialDate
from cchc_schemas.faults import Note
from cchc_schemas.records import Record
from cchc_schemas.text import KeyText, Text


class DatabaseLevel(StrEnum):
    """Level of a database (cấp của cơ sở dữ liệu)."""

    NATIONAL = "national"
    """National database (cơ sở dữ liệu quốc gia)."""
    MINISTRY = "ministry"
    """Database of a ministry or sector (cơ sở dữ liệu chuyên ngành của bộ)."""
    PROVINCE = "province"
    """Database of the province (cơ sở dữ liệu của tỉnh)."""
    AGENCY = "agency"
    """Internal database of one agency (cơ sở dữ liệu dùng riêng của cơ quan)."""


class RegisteredDatabase(Record):
    """Database of the province's list (cơ sở dữ liệu trong danh mục)."""

    record_type: ClassVar[str] = "registered_database"

    code: KeyText
    """Its code in the list (mã cơ sở dữ liệu)."""
    name: Text
    """Name (tên cơ sở dữ liệu)."""
    owner_code: AgencyCode | None = None
    """Agency that is responsible for it (mã cơ quan chủ quản)."""
    owner_name: Text | None = None
    """Its name (tên cơ quan chủ quản)."""
    level: DatabaseLevel | None = None
    """Level (cấp của cơ sở dữ liệu)."""
    registered_on: PartialDate | None = None
    """Day on which it came onto the list (ngày đưa vào danh mục)."""
    registered_by: Text | None = None
    """Act that put it there (văn bản ban hành danh mục)."""
    connections: tuple[Text, ...] | None = None
    """Connections of this configuration that read it (các kết nối đọc dữ liệu); empty: none does."""
    due_on: PartialDate | None = None
    """Day until which it must be connected (thời hạn kết nối)."""
    exempt_until: PartialDate | None = None
    """Last day on which it need not be connected (miễn kết nối đến ngày)."""
    exempt_basis: Text | None = None
    """Why it need not (căn cứ miễn kết nối)."""

    @property
    def key(self) -> str:
        """The code in the list."""
        return self.code

    def validity(self) -> tuple[date | None, date | None]:
        """Return the day on which it came onto the list."""
        return None if self.registered_on is None else self.registered_on.earliest(), None

    def quality_notes(self) -> Iterable[Note]:
        """Yield `dates_out_of_order` if it had to be connected before it was on the list."""
        if ends_before(self.registered_on, self.due_on):
            yield Note("due_on", "dates_out_of_order")
