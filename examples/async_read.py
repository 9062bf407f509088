"""Read the parcels of some communes from asyncio: `async_read.py DATABASE COMMUNE...`."""

import asyncio
import sys

from cchc_connect import SharedDatabase, iterate_in_thread, records
from cchc_schemas import LandParcel


async def main() -> None:
    with SharedDatabase(sys.argv[1]) as database:
        async for parcel in iterate_in_thread(records, database, LandParcel, commune_code=sys.argv[2:]):
            print(parcel.key, parcel.area_m2)


asyncio.run(main())
