"""Print the mean area of the parcels of each commune: `parquet_into_pandas.py DATABASE FILE.parquet`."""

import sys

import pandas as pd

from cchc_connect import SharedDatabase, export
from cchc_schemas import LandParcel

with SharedDatabase(sys.argv[1]) as database:
    export(database, LandParcel, sys.argv[2], replace=True)
print(pd.read_parquet(sys.argv[2]).astype({"area_m2": float}).groupby("commune_code")["area_m2"].mean())
