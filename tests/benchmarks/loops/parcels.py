"""What the hand-written loops read and store: one plain Pydantic model of the wire, one table.

The choice of the strongest honest opponent. A loop that somebody writes for one source needs no codes, notes,
faults or schemes, so it does not validate into `LandParcel` (with the strict rules of every code in it) but into
a model of just this wire: every property typed and bounded, a model for the feature and its properties, typed
dictionaries for the small parts, because those are the cheapest that Pydantic v2 offers and go into a JSON column
as they are. It costs 15 to 20 microseconds a record, which is the floor for a model of this size.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

Row: TypeAlias = tuple[Any, ...]
"""One row of the table, in the order of `COLUMNS`."""

Code = Annotated[str, Field(min_length=1, max_length=40)]
Words = Annotated[str, Field(max_length=500)]
Area = Annotated[float, Field(gt=0)]
Position = tuple[float, float]


class Use(TypedDict):
    """One use of a parcel."""

    maMucDichSuDung: Code
    dienTich: Area


class Certificate(TypedDict):
    """One certificate."""

    soPhatHanh: Code
    soVaoSo: Code


class Owner(TypedDict):
    """One owner."""

    loaiDoiTuong: int
    hoTen: Words
    maSoDinhDanh: Annotated[str, Field(pattern="^[0-9]{12}$")]
    namSinh: int


class Polygon(TypedDict):
    """The boundary."""

    type: Literal["Polygon"]
    coordinates: list[list[Position]]


class Properties(BaseModel):
    """The properties of one parcel."""

    model_config = ConfigDict(frozen=True)

    version: int
    is_latest: bool = Field(alias="isLastest")
    commune: int = Field(alias="xaId", ge=1, le=99_999)
    map_sheet: Code = Field(alias="soHieuToBanDo")
    parcel_number: Code = Field(alias="soThuTuThua")
    former_commune: int | None = Field(alias="xaIdCu")
    former_sheet: str = Field(alias="soHieuToBanDoCu")
    former_number: str = Field(alias="soThuTuThuaCu")
    national_id: str = Field(alias="maThuaDat", pattern="^[0-9b-hjkmnp-z]{12}$")
    area_m2: Area = Field(alias="dienTich")
    legal_area_m2: Area = Field(alias="dienTichPhapLy")
    address: Words = Field(alias="diaChi")
    is_encroached: bool = Field(alias="laDoiTuongChiemDat")
    in_dispute: bool = Field(alias="dangTranhChap")
    created: str = Field(alias="CreatedDate", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")
    modified: str = Field(alias="ModifiedDate", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")
    uses: list[Use] = Field(alias="ListMucDichSuDung")
    certificates: list[Certificate] = Field(alias="ListGiayChungNhan")
    owners: list[Owner] = Field(alias="ListChuSuDung")
    restrictions: list[Words] = Field(alias="ListHanChe")


class Feature(BaseModel):
    """One parcel."""

    model_config = ConfigDict(frozen=True)

    id: Code
    geometry: Polygon
    properties: Properties


class Link(TypedDict):
    """One link of a page."""

    rel: str
    href: str


class Listing(BaseModel):
    """One page."""

    features: list[Feature]
    links: list[Link]


def following(links: Iterable[Link]) -> str | None:
    """Return the address of the next page."""
    return next((link["href"] for link in links if link["rel"] == "next"), None)


NESTED = ("uses", "certificates", "owners", "restrictions")
SCALARS = tuple(name for name in Properties.model_fields if name not in NESTED)
COLUMNS = ("id", *SCALARS, *NESTED, "geometry", "item_hash")
"""The table's columns; the last one is filled by the loop that looks at hashes."""

_scalars = attrgetter(*SCALARS)
_nested = attrgetter(*NESTED)
_encode = msgspec.json.encode


def rows(features: Iterable[Feature], hashes: Sequence[bytes] | None = None) -> list[Row]:
    """Return the table's rows of parcels."""
    made: list[Row] = []
    for place, one in enumerate(features):
        parts = [_encode(part).decode() for part in (*_nested(one.properties), one.geometry)]
        made.append((one.id, *_scalars(one.properties), *parts, hashes[place] if hashes else None))
    return made


SQL_TYPES: dict[object, str] = {
    int: "INTEGER",
    bool: "BOOLEAN",
    float: "DOUBLE PRECISION",
    int | None: "INTEGER",
    Area: "DOUBLE PRECISION",
}


def table_columns(binary: str) -> str:
    """Return the columns' definitions; `binary` is the database's word for bytes."""
    kinds = {name: SQL_TYPES.get(field.annotation or str, "TEXT") for name, field in Properties.model_fields.items()}
    scalars = ", ".join(f"{name} {kinds[name]}" for name in SCALARS)
    parts = ", ".join(f"{name} TEXT" for name in (*NESTED, "geometry"))
    return f"id TEXT PRIMARY KEY, {scalars}, {parts}, item_hash {binary}"
