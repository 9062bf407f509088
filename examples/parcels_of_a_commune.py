"""Print the parcels of some communes: `parcels_of_a_commune.py DATABASE COMMUNE...`."""

import sys

from cchc_connect import SharedDatabase, records
from cchc_schemas import LandParcel

with SharedDatabase(sys.argv[1]) as database:
    for parcel in records(database, LandParcel, commune_code=sys.argv[2:]):
        print(parcel.key, parcel.area_m2)
