"""Synchronise once and print what was done: `one_run.py cchc.toml`."""

import sys

from cchc_connect import Config, Synchronizer

config = Config.load(sys.argv[1])
with config.open_database() as database:
    report = Synchronizer(config, database).synchronise()
print(f"{report.outcome}: {report.rows_written} rows written in {report.seconds:.1f} s")
for line in report.lines:
    print(line.name, line.record_type, line.outcome, line.reason or "")
