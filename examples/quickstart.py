"""Synchronise what a cchc.toml describes, then read parcels and a dossier's case: `quickstart.py cchc.toml DOSSIER`."""

import sys
from pathlib import Path

from cchc_connect import Config, SharedDatabase, Synchronizer, find_case

config = Config.load(Path(sys.argv[1]))
with SharedDatabase(config.database.url) as database:
    report = Synchronizer(config, database).synchronise()
    print(f"{report.outcome}: {report.rows_written} rows written")

    with database.reading() as connection:
        query = "SELECT map_sheet, parcel_number, area_m2 FROM land_parcel WHERE deleted_at IS NULL LIMIT 3"
        for sheet, number, area in connection.exec_driver_sql(query):
            print(f"sheet {sheet}, parcel {number}: {area} m²")

    case = find_case(database, sys.argv[2])
    print(f"{case.dossier.procedure_name}: {case.dossier.status.name}, {len(case.steps)} steps")
    print("The parcels:", *(parcel.key for parcel in case.parcels))
