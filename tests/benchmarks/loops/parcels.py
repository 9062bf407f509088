"""Model and table of the hand-written loops: one plain Pydantic model of the wire, one table.

This is the strongest fair competitor. A loop for one source needs no codes, notes, faults or schemes, so it does not
validate into `LandParcel` (with the strict rules of every code in it) but into a model of this wire only: every
property typed and bounded, a model for the feature and its properties, typed dictionaries for the small parts, because
those are the cheapest that Pydantic v2 offers and are stored in a JSON column unchanged. It costs 15 to 20
microseconds per record, which is the minimum for a model of this size.
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
ShortText = Annotated[str, Field(max_length=500)]
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
    hoTen: ShortText
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
    address: ShortText = Field(alias="diaChi")
    is_encroached: bool = Field(alias="laDoiTuongChiemDat")
    in_dispute: bool = Field(alias="dangTranhChap")
    created: str = Field(alias="CreatedDate", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")
    modified: str = Field(alias="ModifiedDate", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")
    uses: list[Use] = Field(alias="ListMucDichSuDung")
    certificates: list[Certificate] = Field(alias="ListGiayChungNhan")
    owners: list[Owner] = Field(alias="ListChuSuDung")
    restrictions: list[ShortText] = Field(alias="ListHanChe")


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
    """Return the URL of the next page, None on the last one."""
    return next((link["href"] for link in links if link["rel"] == "next"), None)


NESTED = ("uses", "certificates", "owners", "restrictions")
SCALARS = tuple(name for name in Properties.model_fields if name not in NESTED)
COLUMNS = ("id", *SCALARS, *NESTED, "geometry", "item_hash")
"""The columns of the table; only the loop `hashed` fills the last one."""

_scalars = attrgetter(*SCALARS)
_nested = attrgetter(*NESTED)
_encode = msgspec.json.encode


def rows(features: Iterable[Feature], hashes: Sequence[bytes] | None = None) -> list[Row]:
    """Return the rows of parcels for the table."""
    made: list[Row] = []
    for index, feature in enumerate(features):
        parts = [_encode(part).decode() for part in (*_nested(feature.properties), feature.geometry)]
        made.append((feature.id, *_scalars(feature.properties), *parts, hashes[index] if hashes else None))
    return made


SQL_TYPES: dict[object, str] = {
    int: "INTEGER",
    bool: "BOOLEAN",
    float: "DOUBLE PRECISION",
    int | None: "INTEGER",
    Area: "DOUBLE PRECISION",
}


def table_columns(binary: str) -> str:
    """Return the definitions of the columns; `binary` is the database's type for bytes."""
    kinds = {name: SQL_TYPES.get(field.annotation or str, "TEXT") for name, field in Properties.model_fields.items()}
    scalars = ", ".join(f"{name} {kinds[name]}" for name in SCALARS)
    parts = ", ".join(f"{name} TEXT" for name in (*NESTED, "geometry"))
    return f"id TEXT PRIMARY KEY, {scalars}, {parts}, item_hash {binary}"
