"""Write the parcels of a commune for a map: `export_geojson.py DATABASE COMMUNE FILE.geojson`."""

import sys

from cchc_connect import SharedDatabase, export
from cchc_schemas import LandParcel

with SharedDatabase(sys.argv[1]) as database:
    report = export(database, LandParcel, sys.argv[3], where={"commune_code": sys.argv[2]})
    print(report.rows, "parcels in", report.crs)
