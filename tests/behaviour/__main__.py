"""Play the scenario and write its record: `python -m tests.behaviour --record`, or `--whole FILE` with every value."""

import json
import sys
import tempfile
from pathlib import Path

from tests.behaviour.recording import short_record
from tests.behaviour.test_recorded_behaviour import RECORDED, observed_record

with tempfile.TemporaryDirectory() as name:
    full_record = observed_record(Path(name), f"sqlite:///{name}/shared.db")
match sys.argv[1:]:
    case ["--record"]:
        RECORDED.write_text(
            json.dumps(short_record(full_record), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
    case ["--whole", file]:
        Path(file).write_text(json.dumps(full_record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    case _:
        sys.exit(__doc__)
