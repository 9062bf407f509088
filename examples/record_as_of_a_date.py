"""Print the area of a parcel as it was known at the end of a day: `record_as_of_a_date.py DATABASE KEY DAY`."""

import sys
from datetime import date

from cchc_connect import SharedDatabase, record_at
from cchc_schemas import LandParcel

with SharedDatabase(sys.argv[1]) as database:
    parcel = record_at(database, LandParcel, sys.argv[2], date.fromisoformat(sys.argv[3]))
    print(parcel.area_m2 if parcel else "unknown on that day")
