"""dlt 1.31 pulls the register's parcels: `dlt_pull.py FLAVOUR BASE_URL DATABASE FOLDER [--everything]`.

Flavours: `default` (nested lists become tables), `json` (nested parts stay JSON columns), `arrow` (the same as
Arrow tables). None of them validates. It runs in its own environment, without this project.
"""

import argparse
import json
import os
from urllib.parse import parse_qs, urlsplit

parser = argparse.ArgumentParser()
for name in ("flavour", "base_url", "database", "folder"):
    parser.add_argument(name)
parser.add_argument("--everything", action="store_true")
options = parser.parse_args()

os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="CRITICAL", DLT_DATA_DIR=options.folder)

import dlt
from dlt.sources.helpers import requests

NESTED = ("geometry", "ListMucDichSuDung", "ListGiayChungNhan", "ListChuSuDung", "ListHanChe")


def pages(since):
    url, params = f"{options.base_url}/collections/parcels/items", {"limit": "1000"}
    if since:
        params["datetime"] = f"{since}/.."
    session = requests.Session()
    while url:
        listing = session.get(url, params=params).json()
        yield shaped(
            [
                {"id": feature["id"], "geometry": feature["geometry"], **feature["properties"]}
                for feature in listing["features"]
            ]
        )
        url = next((link["href"] for link in listing["links"] if link["rel"] == "next"), None)
        params = {}


def shaped(page):
    if options.flavour != "arrow":
        return page
    import pyarrow as pa

    for feature in page:
        feature.update({name: json.dumps(feature[name], ensure_ascii=False) for name in NESTED})
        del feature["xaIdCu"]  # always null, for which an Arrow table of one page has no type
    return pa.Table.from_pylist(page)


def everything():
    yield from pages(None)


def changes(changed=dlt.sources.incremental("ModifiedDate")):
    since = changed.last_value
    yield from pages(since if isinstance(since, str | None) else since.strftime("%Y-%m-%dT%H:%M:%SZ"))


def destination():
    if options.database.startswith("sqlite"):
        # Without primary keys in its tables dlt's merge scans all rows for each row.
        return dlt.destinations.sqlalchemy(credentials=options.database, create_primary_keys=True), "main"
    address = urlsplit(options.database)
    # The host in the query is a folder of sockets; it overrides the host that dlt requires.
    query = {"host": parse_qs(address.query)["host"][0]}
    credentials = {
        "database": address.path[1:],
        "username": "postgres",
        "password": "none",
        "host": "localhost",
        "query": query,
    }
    return dlt.destinations.postgres(credentials=credentials), "public"


resource = dlt.resource(
    everything if options.everything else changes,
    name="parcels",
    primary_key="id",
    write_disposition="merge",
    columns={name: {"data_type": "json"} for name in NESTED} if options.flavour == "json" else {},
)
target, dataset = destination()
dlt.pipeline("bench", pipelines_dir=options.folder, destination=target, dataset_name=dataset).run(resource)
