"""The simple loop, as most people would write it first: requests, a model for each record, SQLAlchemy."""

import requests
from sqlalchemy import Boolean, Column, Engine, Float, Integer, MetaData, Table, Text, create_engine, func, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tests.benchmarks.loops.parcels import NESTED, SCALARS, Feature, following

_KINDS = {"version": Integer, "commune": Integer, "former_commune": Integer, "area_m2": Float, "legal_area_m2": Float}
_FLAGS = ("is_latest", "is_encroached", "in_dispute")

METADATA = MetaData()
PARCEL = Table(
    "parcel",
    METADATA,
    Column("id", Text, primary_key=True),
    *(Column(name, Boolean if name in _FLAGS else _KINDS.get(name, Text)) for name in SCALARS),
    *(Column(name, Text) for name in (*NESTED, "geometry")),
)


def simple(base_url: str, database: str, *, everything: bool) -> None:
    """Fetch a page, validate each record, upsert the page, and repeat."""
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    METADATA.create_all(engine)
    params = {"limit": "1000"}
    if not everything and (since := _watermark(engine)):
        params["datetime"] = f"{since}/.."
    with requests.Session() as session:
        url: str | None = f"{base_url}/collections/parcels/items"
        while url:
            response = session.get(url, params=params, timeout=60)
            response.raise_for_status()
            listing = response.json()
            _upsert(engine, [_row(Feature.model_validate(item)) for item in listing["features"]])
            url, params = following(listing["links"]), {}
    engine.dispose()


def _watermark(engine: Engine) -> str | None:
    with engine.connect() as connection:
        latest: str | None = connection.execute(select(func.max(PARCEL.c.modified))).scalar()
    return latest


def _row(parcel: Feature) -> dict[str, object]:
    properties = parcel.properties
    parts = {name: properties.model_dump_json(include={name}) for name in NESTED}
    geometry = parcel.model_dump_json(include={"geometry"})
    return {"id": parcel.id, **properties.model_dump(include=set(SCALARS)), **parts, "geometry": geometry}


def _upsert(engine: Engine, page: list[dict[str, object]]) -> None:
    if not page:
        return
    insert = (sqlite_insert if engine.dialect.name == "sqlite" else postgres_insert)(PARCEL)
    changes = {name: insert.excluded[name] for name in PARCEL.c.keys() if name != "id"}  # noqa: SIM118  # no mapping
    with engine.begin() as connection:
        connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=changes), page)
