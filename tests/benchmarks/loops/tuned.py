"""The tuned loops: the bytes of a page go to Pydantic, and complete pages to the database driver.

`tuned` works sequentially; `threads` fetches, validates and writes at the same time; `hashed` splits a page into raw
items, hashes them and validates only those whose hash differs from the stored one; `processes` is `hashed` twice, each
over its half of the register. The garbage collector never runs: the records hold no cycles.
"""

import gc
import os
from collections.abc import Iterator
from hashlib import blake2b
from http.client import HTTPConnection
from queue import Queue
from threading import Thread
from urllib.parse import urlsplit

import msgspec
from pydantic import TypeAdapter

from tests.benchmarks.loops.parcels import COLUMNS, Feature, Link, Listing, Row, following, rows
from tests.benchmarks.loops.stores import Store, opened

QUEUE_SIZE = 2
"""Maximum number of pages waiting between two stages."""

_MODIFIED = COLUMNS.index("modified")


class _RawProperties(msgspec.Struct):
    ModifiedDate: str


class _RawItem(msgspec.Struct):
    """The two values of an item that are read before its hash is compared."""

    id: str
    properties: _RawProperties


class _RawListing(msgspec.Struct):
    features: list[msgspec.Raw]
    links: list[Link]


_raw_item = msgspec.json.Decoder(_RawItem)
_raw_listing = msgspec.json.Decoder(_RawListing)


def tuned(base_url: str, database: str, *, everything: bool) -> None:
    """Fetch a page, validate it, write it, and repeat."""
    gc.disable()
    store = opened(database)
    for body in _bodies(base_url, "parcels", _since(store, everything=everything)):
        _write(store, rows(Listing.model_validate_json(body).features))
    store.close()


def threads(base_url: str, database: str, *, everything: bool) -> None:
    """Fetch the next page and write the previous one while this one is validated."""
    gc.disable()
    store = opened(database)
    fetched, validated = Queue[bytes | None](QUEUE_SIZE), Queue[list[Row] | None](QUEUE_SIZE)
    since = _since(store, everything=everything)

    def fetch() -> None:
        for body in _bodies(base_url, "parcels", since):
            fetched.put(body)
        fetched.put(None)

    def write() -> None:
        while (page := validated.get()) is not None:
            _write(store, page)

    stages = [Thread(target=fetch), Thread(target=write)]
    for stage in stages:
        stage.start()
    while (body := fetched.get()) is not None:
        validated.put(rows(Listing.model_validate_json(body).features))
    validated.put(None)
    for stage in stages:
        stage.join()
    store.close()


def hashed(base_url: str, database: str, *, everything: bool) -> None:
    """Validate and write only items whose hash differs from the one stored under their key.

    For each page: split it into raw items, hash each and read its key and its date of change, look up the stored
    hashes of these keys in the database, validate and upsert the items that differ with their new hash, and commit
    with the watermark. It keeps nothing from page to page, so its memory does not grow with the register, and it
    compares with rows that another program stored meanwhile. An unchanged page writes no row.
    """
    gc.disable()
    store = opened(database)
    _hashed(base_url, "parcels", store, _since(store, everything=everything))


def processes(base_url: str, database: str, *, everything: bool) -> None:
    """Run `hashed` in two processes, each with one half of the register."""
    gc.disable()
    store = opened(database)
    since = _since(store, everything=everything)  # before either has stored a page
    store.close()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _hashed(base_url, "parcels-2", opened(database), since)
            status = 0
        finally:
            os._exit(status)
    _hashed(base_url, "parcels-1", opened(database), since)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise SystemExit("the second process failed")


def _hashed(base_url: str, collection: str, store: Store, since: str | None) -> None:
    features = TypeAdapter(list[Feature])
    for body in _bodies(base_url, collection, since):
        raw = [bytes(raw_bytes) for raw_bytes in _raw_listing.decode(body).features]
        items = [_raw_item.decode(raw_bytes) for raw_bytes in raw]
        digests = [blake2b(raw_bytes, digest_size=16).digest() for raw_bytes in raw]
        stored = store.hashes([item.id for item in items])
        new = [index for index, item in enumerate(items) if stored.get(item.id) != digests[index]]
        valid = features.validate_json(b"[" + b",".join(raw[index] for index in new) + b"]")
        if items:
            changed = rows(valid, [digests[index] for index in new])
            store.write(changed, max(item.properties.ModifiedDate for item in items))
    store.close()


def _since(store: Store, *, everything: bool) -> str | None:
    return None if everything else store.watermark()


def _write(store: Store, page: list[Row]) -> None:
    if page:
        store.write(page, max(row[_MODIFIED] for row in page))


def _bodies(base_url: str, collection: str, since: str | None) -> Iterator[bytes]:
    """Yield the bytes of each page; the next link is at the end of a page and is read without parsing the items."""
    address = urlsplit(base_url)
    connection = HTTPConnection(address.netloc)
    path: str | None = f"/collections/{collection}/items?limit=1000" + (f"&datetime={since}/.." if since else "")
    while path:
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status != 200:
            raise SystemExit(f"status {response.status}")
        body = response.read()
        path = _next(body)
        yield body
    connection.close()


def _next(body: bytes) -> str | None:
    tail = body[body.rindex(b'"links":') + len(b'"links":') : body.rindex(b',"timeStamp"')]
    link = following(msgspec.json.decode(tail, type=list[Link]))
    return link and link.removeprefix("{0.scheme}://{0.netloc}".format(urlsplit(link)))
