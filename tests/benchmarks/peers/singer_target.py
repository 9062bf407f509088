"""An SQLite target built with the Singer SDK's own SQL classes: `singer_target.py --config FILE`.

For PostgreSQL there is a published one, `target-postgres`. It runs in its own environment, without this project.
"""

import json
from decimal import Decimal

from singer_sdk import typing as th
from singer_sdk.sql import SQLConnector, SQLSink, SQLTarget
from sqlalchemy import text


class Connector(SQLConnector):
    allow_temp_tables = False
    allow_column_alter = False
    allow_merge_upsert = True

    def get_sqlalchemy_url(self, config):
        return config["url"]

    def prepare_schema(self, schema_name):
        """SQLite has one schema."""


class Sink(SQLSink):
    connector_class = Connector
    schema_name = None
    max_size = 10_000

    def bulk_insert_records(self, full_table_name, schema, records):
        """Upsert by key: `INSERT OR REPLACE` is SQLite's cheapest."""
        columns = list(self.conform_schema(schema)["properties"])
        names, placeholders = ", ".join(f'"{name}"' for name in columns), ", ".join(f":{name}" for name in columns)
        rows = [{name: record.get(name) for name in columns} for record in map(self.conform_record, records)]
        if rows:
            with self.connector._connect() as connection, connection.begin():
                connection.execute(
                    text(f"INSERT OR REPLACE INTO {full_table_name} ({names}) VALUES ({placeholders})"), rows
                )
        return len(rows)

    def conform_record(self, record):
        return {name: as_stored(value) for name, value in super().conform_record(record).items()}


def as_stored(value):
    """Return a value that SQLite's driver accepts."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=float)
    return float(value) if isinstance(value, Decimal) else value


class TargetRegister(SQLTarget):
    name = "target-register"
    default_sink_class = Sink
    config_jsonschema = th.PropertiesList(th.Property("url", th.StringType, required=True)).to_dict()


if __name__ == "__main__":
    TargetRegister.cli()
