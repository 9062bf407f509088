"""The loops of somebody who knows where the time goes: page bytes to Pydantic, whole pages to the driver.

`tuned` does one thing after the other; `threads` fetches, validates and writes at the same time; `hashed` splits
a page into raw items, hashes them and looks only at those it does not know; `processes` is `hashed` twice, each
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

WAITING = 2
"""Pages that wait between two stages."""

_MODIFIED = COLUMNS.index("modified")


class _RawListing(msgspec.Struct):
    features: list[msgspec.Raw]
    links: list[Link]


_raw_listing = msgspec.json.Decoder(_RawListing)


def tuned(base_url: str, database: str, *, everything: bool) -> None:
    """Fetch a page, validate it, write it, go on."""
    gc.disable()
    store = opened(database)
    for body in _bodies(base_url, "parcels", _since(store, everything=everything)):
        _write(store, rows(Listing.model_validate_json(body).features))
    store.close()


def threads(base_url: str, database: str, *, everything: bool) -> None:
    """Fetch the next page and write the last one while this one is validated."""
    gc.disable()
    store = opened(database)
    fetched, validated = Queue[bytes | None](WAITING), Queue[list[Row] | None](WAITING)
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
    """Validate and write only items whose hash is not known."""
    gc.disable()
    _hashed(base_url, "parcels", database, everything=everything)


def processes(base_url: str, database: str, *, everything: bool) -> None:
    """Let two processes take a half each."""
    gc.disable()
    opened(database).close()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _hashed(base_url, "parcels-2", database, everything=everything)
            status = 0
        finally:
            os._exit(status)
    _hashed(base_url, "parcels-1", database, everything=everything)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise SystemExit("the second process failed")


def _hashed(base_url: str, collection: str, database: str, *, everything: bool) -> None:
    store = opened(database)
    since = _since(store, everything=everything)
    # Of a listing of changes nearly nothing is known, and reading what is would cost more than it saves.
    known = store.hashes() if since is None else set[bytes]()
    features = TypeAdapter(list[Feature])
    for body in _bodies(base_url, collection, since):
        raw = [bytes(one) for one in _raw_listing.decode(body).features]
        digests = [blake2b(one, digest_size=16).digest() for one in raw]
        new = [(one, digest) for one, digest in zip(raw, digests, strict=True) if digest not in known]
        if new:
            items = features.validate_json(b"[" + b",".join(one for one, _ in new) + b"]")
            _write(store, rows(items, [digest for _, digest in new]))
    store.close()


def _since(store: Store, *, everything: bool) -> str | None:
    return None if everything else store.watermark()


def _write(store: Store, page: list[Row]) -> None:
    if page:
        store.write(page, max(row[_MODIFIED] for row in page))


def _bodies(base_url: str, collection: str, since: str | None) -> Iterator[bytes]:
    """Yield the bytes of each page; the next link stands at a page's end and is read without the rest."""
    address = urlsplit(base_url)
    connection = HTTPConnection(address.netloc)
    place: str | None = f"/collections/{collection}/items?limit=1000" + (f"&datetime={since}/.." if since else "")
    while place:
        connection.request("GET", place)
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"status {answer.status}")
        body = answer.read()
        place = _next(body)
        yield body
    connection.close()


def _next(body: bytes) -> str | None:
    tail = body[body.rindex(b'"links":') + len(b'"links":') : body.rindex(b',"timeStamp"')]
    link = following(msgspec.json.decode(tail, type=list[Link]))
    return link and link.removeprefix("{0.scheme}://{0.netloc}".format(urlsplit(link)))
