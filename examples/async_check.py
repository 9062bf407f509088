"""Look up several parcels of a land registry at the same time, over asyncio: `async_check.py PARCEL_ID...`.

The registry is a test double on this machine; its parcels have the ids from 740001 to 740040.
"""

import asyncio
import sys

from pydantic import AliasPath, BaseModel, Field

from cchc_connect import Conversation, Dialect, HttpRequest, Verdict, classify_rest
from cchc_connect.testing import OgcFeaturesDouble, World
from cchc_connect.transport import AsyncTransport, Endpoint


class Parcel(BaseModel):
    map_sheet: str = Field(validation_alias=AliasPath("properties", "soHieuToBanDo"))
    number: str = Field(validation_alias=AliasPath("properties", "soThuTuThua"))
    area_m2: float = Field(validation_alias=AliasPath("properties", "dienTich"))


def find_parcel(parcel_id: str) -> Conversation[Parcel | None]:
    response = yield HttpRequest(
        method="GET",
        path=f"/collections/thua_dat/items/{parcel_id}",
        headers={"Accept": "application/geo+json"},
        accepted_verdicts=frozenset({Verdict.OK, Verdict.NOT_FOUND}),
    )
    return Parcel.model_validate(response.json()) if response.verdict is Verdict.OK else None


async def main(parcel_ids: list[str]) -> None:
    with OgcFeaturesDouble(World(seed=7, parcels=40, defect_share=0)) as registry:
        dialect = Dialect(classify=classify_rest)
        endpoint = Endpoint(name="land-registry", base_url=registry.base_url, dialect=dialect)
        async with AsyncTransport(endpoint) as transport:
            parcels = await asyncio.gather(*(transport.run(find_parcel(parcel_id)) for parcel_id in parcel_ids))
        for parcel_id, parcel in zip(parcel_ids, parcels, strict=True):
            text = f"sheet {parcel.map_sheet}, parcel {parcel.number}, {parcel.area_m2} m²" if parcel else "not found"
            print(f"{parcel_id}: {text}")
        print(f"{transport.traffic.requests} requests")


asyncio.run(main(sys.argv[1:]))
