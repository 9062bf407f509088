"""Say everything that is wrong with a parcel in a JSON file, or print its key: `validate_document.py FILE.json`."""

import json
import sys
from pathlib import Path

from cchc_schemas import LandParcel, RecordInvalid, from_document

try:
    print(from_document(LandParcel, json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).key)
except RecordInvalid as refusal:
    print(*(f"{fault.path}: {fault.rule}" for fault in refusal.faults), sep="\n")
