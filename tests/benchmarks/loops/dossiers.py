"""The hand-written push: changed statuses are sent in batches, as many in parallel as the target accepts.

`pull_dossiers` fills the table and marks changed dossiers; `push_dossiers` sends the marked ones in waves of
messages and unmarks them, with an idempotency key that stays the same over all attempts.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import blake2b
from http.client import HTTPConnection
from threading import local
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec
from pydantic import BaseModel, ConfigDict

from tests.benchmarks.register import BATCH_LIMIT, PARALLEL

Changed: TypeAlias = Sequence[tuple[str, int]]
"""Codes and statuses of one message."""


class Dossier(BaseModel):
    """One dossier as the register writes it."""

    model_config = ConfigDict(frozen=True)

    code: str
    procedure_code: str
    procedure_name: str
    status: int
    applicant_name: str
    summary: str
    received_at: str


class Page(BaseModel):
    """One page of dossiers."""

    dossiers: list[Dossier]
    next: str | None


def pull_dossiers(base_url: str, database: str, *, everything: bool) -> None:
    """Store all dossiers; mark those whose status changed for sending."""
    del everything
    with closing(_opened(database)) as store, closing(HTTPConnection(urlsplit(base_url).netloc)) as connection:
        position: str | None = "0"
        while position is not None:
            page = Page.model_validate_json(_fetch(connection, "GET", f"/dossiers?after={position}"))
            with store:
                store.executemany(
                    "INSERT INTO dossier VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (code) DO UPDATE SET "
                    "status = excluded.status, waits = 1 WHERE status <> excluded.status",
                    [tuple(dossier.model_dump().values()) for dossier in page.dossiers],
                )
            position = page.next


def push_dossiers(base_url: str, database: str, *, everything: bool) -> None:
    """Send every marked status."""
    del everything
    per_thread = local()

    def send(batch: Changed) -> None:
        if not hasattr(per_thread, "connection"):
            per_thread.connection = HTTPConnection(urlsplit(base_url).netloc)
        reply = msgspec.json.decode(_fetch(per_thread.connection, "POST", "/statuses", _message(batch)))
        if len(reply["outcomes"]) != len(batch):
            raise SystemExit("an outcome for each status is due")

    with closing(_opened(database)) as store, ThreadPoolExecutor(PARALLEL) as pool:
        for wave in _waves(store.execute("SELECT code, status FROM dossier WHERE waits ORDER BY rowid").fetchall()):
            list(pool.map(send, wave))
            with store:
                store.executemany(
                    "UPDATE dossier SET waits = 0 WHERE code = ? AND status = ?",
                    [sent for batch in wave for sent in batch],
                )


def _waves(waiting: Changed) -> Iterator[list[Changed]]:
    batches = [waiting[start : start + BATCH_LIMIT] for start in range(0, len(waiting), BATCH_LIMIT)]
    yield from (batches[start : start + PARALLEL] for start in range(0, len(batches), PARALLEL))


def _message(batch: Changed) -> bytes:
    statuses = [
        {"code": code, "status": status, "key": blake2b(f"{code}/{status}".encode(), digest_size=16).hexdigest()}
        for code, status in batch
    ]
    return msgspec.json.encode({"statuses": statuses})


def _fetch(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> bytes:
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    response = connection.getresponse()
    if response.status != 200:
        raise SystemExit(f"status {response.status}")
    return response.read()


def _opened(database: str) -> sqlite3.Connection:
    store: Any = sqlite3.connect(database.removeprefix("sqlite:///"))
    store.execute("PRAGMA journal_mode = WAL")
    store.execute(
        "CREATE TABLE IF NOT EXISTS dossier (code TEXT PRIMARY KEY, procedure_code TEXT, procedure_name TEXT, "
        "status INTEGER, applicant_name TEXT, summary TEXT, received_at TEXT, waits INTEGER)"
    )
    connection: sqlite3.Connection = store
    return connection
