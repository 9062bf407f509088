"""dlt 1.31 pulling the register's parcels: `dlt_pull.py FLAVOUR BASE_URL DATABASE FOLDER [--everything]`.

Flavours: `default` (nested lists become tables), `json` (nested parts stay JSON columns), `arrow` (the same as
Arrow tables). None of them validates. It runs in an environment of its own and knows nothing of this project.
"""

import argparse
import json
import os
from urllib.parse import parse_qs, urlsplit

parser = argparse.ArgumentParser()
for name in ("flavour", "base_url", "database", "folder"):
    parser.add_argument(name)
parser.add_argument("--everything", action="store_true")
given = parser.parse_args()

os.environ.update(RUNTIME__DLTHUB_TELEMETRY="false", RUNTIME__LOG_LEVEL="CRITICAL", DLT_DATA_DIR=given.folder)

import dlt
from dlt.sources.helpers import requests

NESTED = ("geometry", "ListMucDichSuDung", "ListGiayChungNhan", "ListChuSuDung", "ListHanChe")


def pages(since):
    place, params = f"{given.base_url}/collections/parcels/items", {"limit": "1000"}
    if since:
        params["datetime"] = f"{since}/.."
    session = requests.Session()
    while place:
        listing = session.get(place, params=params).json()
        yield shaped(
            [{"id": one["id"], "geometry": one["geometry"], **one["properties"]} for one in listing["features"]]
        )
        place = next((link["href"] for link in listing["links"] if link["rel"] == "next"), None)
        params = {}


def shaped(page):
    if given.flavour != "arrow":
        return page
    import pyarrow as pa

    for one in page:
        one.update({name: json.dumps(one[name], ensure_ascii=False) for name in NESTED})
        del one["xaIdCu"]  # always null, for which an Arrow table of one page has no type
    return pa.Table.from_pylist(page)


def everything():
    yield from pages(None)


def changes(changed=dlt.sources.incremental("ModifiedDate")):
    since = changed.last_value
    yield from pages(since if isinstance(since, str | None) else since.strftime("%Y-%m-%dT%H:%M:%SZ"))


def destination():
    if given.database.startswith("sqlite"):
        # Without keys in its tables dlt's merge looks for each row among all rows.
        return dlt.destinations.sqlalchemy(credentials=given.database, create_primary_keys=True), "main"
    address = urlsplit(given.database)
    # The host of the query is a folder of sockets; it goes before the one that dlt wants to be told.
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
    everything if given.everything else changes,
    name="parcels",
    primary_key="id",
    write_disposition="merge",
    columns={name: {"data_type": "json"} for name in NESTED} if given.flavour == "json" else {},
)
where, dataset = destination()
dlt.pipeline("bench", pipelines_dir=given.folder, destination=where, dataset_name=dataset).run(resource)
