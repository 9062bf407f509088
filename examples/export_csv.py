"""Write the dossiers as a table for officials, in Vietnamese: `export_csv.py DATABASE FILE.csv`."""

import sys

from cchc_connect import SharedDatabase, export
from cchc_schemas import Dossier

with SharedDatabase(sys.argv[1]) as database:
    report = export(database, Dossier, sys.argv[2], language="vi")
    print(report.rows, "dossiers; masked:", *report.masked_fields)
