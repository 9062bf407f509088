"""Print the dossiers that are being processed and were due before a day: `overdue_dossiers.py DATABASE DAY`."""

import sys
from datetime import date

from cchc_connect import SharedDatabase, less_than, records
from cchc_schemas import Dossier, DossierStatus

with SharedDatabase(sys.argv[1]) as database:
    due_before, status = less_than(date.fromisoformat(sys.argv[2])), [DossierStatus.RECEIVED, DossierStatus.IN_PROCESS]
    for dossier in records(database, Dossier, due_at=due_before, status=status):
        print(dossier.code, dossier.due_at)
