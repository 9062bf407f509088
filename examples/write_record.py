"""Write the parcel of a JSON document into the shared database: `write_record.py cchc.toml CONNECTION PARCEL.json`."""

import sys
from pathlib import Path

from cchc_connect import Config, RecordWriter
from cchc_schemas import LandParcel

config = Config.load(sys.argv[1])
parcel = LandParcel.model_validate_json(Path(sys.argv[3]).read_bytes())
with config.open_database() as database, RecordWriter(config, database, sys.argv[2]) as writer:
    writer.write(parcel)
print(f"{writer.report.outcome}: {writer.report.rows_written} rows written")
