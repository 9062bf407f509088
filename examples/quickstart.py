"""Synchronise what a cchc.toml describes, then read parcels and a dossier's case: `quickstart.py cchc.toml DOSSIER`."""

import sys
from itertools import islice

from cchc_connect import Config, Synchronizer, find_case, records
from cchc_schemas import LandParcel

config = Config.load(sys.argv[1])
with config.open_database() as database:
    report = Synchronizer(config, database).synchronise()
    print(f"{report.outcome}: {report.rows_written} rows written")

    for parcel in islice(records(database, LandParcel), 3):
        print(f"sheet {parcel.map_sheet}, parcel {parcel.parcel_number}: {parcel.area_m2} m²")

    case = find_case(database, sys.argv[2])
    print(f"{case.dossier.procedure_name}: {case.dossier.status.name}, {len(case.steps)} steps")
    print("The parcels:", *(parcel.key for parcel in case.parcels))
