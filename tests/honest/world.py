"""One honest world: offices are edited and read, day by day, and nothing is wrong.

All randomness comes from the seed. Nothing sleeps: the world advances its own clock.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from cchc_connect import (
    Adapter,
    CchcError,
    Config,
    Conversation,
    DeleteDetection,
    HttpRequest,
    HttpResponse,
    RunEnvironment,
    RunReport,
    SharedDatabase,
    Synchronizer,
    Verdict,
)
from cchc_connect.config.connections import ConnectionTable
from cchc_connect.sync.concurrency import Job
from cchc_connect.testing.kit.agreement import put_routes_in_force
from cchc_connect.transport import Traffic
from tests.honest.drawing import draw_layout
from tests.honest.editor import HonestEditor
from tests.honest.office import HonestSource
from tests.honest.peculiarities import Peculiarity
from tests.honest.receiver import HonestReceiver

Result = TypeVar("Result")

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
QUIET_RUNS = 3
"""Runs at the end, with no edit any more: what is absent is absent twice, and the last run changes nothing."""


class HonestWorld:
    """Offices, engine and database of one seed."""

    def __init__(self, seed: int, database: SharedDatabase, folder: Path) -> None:
        self.seed = seed
        self.database = database
        self._dice = Random(f"honest {seed}")
        self.layout = draw_layout(self._dice)
        self.time = START
        self.sources = {traits.name: HonestSource(traits) for _, traits in self.layout.sources}
        self.editors = {
            name: HonestEditor(source, district, self.layout.peculiarities, self._dice)
            for district, (name, source) in enumerate(self.sources.items(), start=1)
        }
        self.receivers = {traits.name: HonestReceiver(traits) for traits in self.layout.receivers}
        self.config = Config.from_tables(
            {**self.layout.tables, "database": {"url": "sqlite:///unused.db"}, "run": {"session_folder": str(folder)}},
            folder / "cchc.toml",
        )
        put_routes_in_force(self.config, database, at=START)
        self.reports: list[RunReport] = []
        self.exceptions: list[str] = []
        self._pages = 0
        self._stops_at: int | None = None
        self._moves_left = 0

    def live(self) -> None:
        """Live all days: edits and a run, again and again, then quiet runs."""
        for name, editor in self.editors.items():
            for _ in range(self.layout.first_items[name]):
                editor.enter(self.time)
                self.time += timedelta(seconds=self._dice.uniform(0.1, 60))
        for number in range(self.layout.runs):
            self._pass_time()
            self._moves_left = Peculiarity.EDITED_WHILE_PAGING in self.layout.peculiarities
            self._run(stops_at=self._dice.randint(1, 3) if number == self.layout.interrupted_run else None)
            if number == self.layout.interrupted_run and self._dice.random() < 0.5:
                self._run()
            self._edit()
        self._moves_left = 0
        shows_absence = any(traits.deletes is DeleteDetection.ABSENCE for _, traits in self.layout.sources)
        for _ in range(QUIET_RUNS if shows_absence else QUIET_RUNS - 1):
            self.time += timedelta(hours=self._dice.randint(1, 30))
            self._run()

    def now(self) -> datetime:
        """Return the true time (UTC), which is that of the engine's clock too."""
        return self.time

    def monotonic(self) -> float:
        """Return the seconds since the world began."""
        return (self.time - START).total_seconds()

    def run(self, jobs: Sequence[Job]) -> None:
        """Run all jobs one by one."""
        for job in jobs:
            job()

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer a request to an office."""
        self.time += timedelta(seconds=2)
        headers: dict[str, str] = {}
        if request.method == "GET":
            source = self.sources[request.path]
            if request.params["position"]:
                self._move(request.path)
            document: object = source.page(request.params, self.time)
            server_time = self.time + timedelta(seconds=source.traits.skew_s)
            headers = {"date": format_datetime(server_time, usegmt=True)}
            self._pages += 1
        else:
            document = self.receivers[request.path].receive(cast("list[dict[str, Any]]", request.json))
        return HttpResponse(status=200, headers=headers, body=json.dumps(document).encode(), verdict=Verdict.OK)

    def _move(self, name: str) -> None:
        """Make one edit between two pages of a run, sometimes."""
        editor = self.editors[name]
        if self._moves_left and editor.may_move_while_paged and self._dice.random() < 0.4:
            self._moves_left = 0
            editor.edit(self.time)

    def _edit(self) -> None:
        for _ in range(self._dice.randint(0, 5)):
            editor = self.editors[self._dice.choice(list(self.editors))]
            editor.edit(self.time)
            self.time += timedelta(seconds=self._dice.uniform(0.001, 90))

    def _pass_time(self) -> None:
        if not self.layout.days_between:
            self.time += timedelta(minutes=self._dice.randint(1, 150))
            return
        self.time += timedelta(hours=self._dice.randint(25, 60))
        for editor in self.editors.values():
            editor.shrink(self.time)

    def _run(self, stops_at: int | None = None) -> None:
        self._pages, self._stops_at = 0, stops_at
        environment = RunEnvironment(
            clock=self,
            open_transport=self._connect,
            executor=self,
            sleep=lambda _: None,
            prefetch=0,
            is_stopping=lambda: self._stops_at is not None and self._pages >= self._stops_at,
        )
        try:
            self.reports.append(Synchronizer(self.config, self.database, environment).synchronise())
        except CchcError as error:
            self.exceptions.append(error.code)

    def _connect(self, name: str, table: ConnectionTable, adapter: Adapter, deadline_s: float) -> "HonestTransport":
        del name, table, adapter, deadline_s
        return HonestTransport(self)


class HonestTransport:
    """Passes requests to a world's offices."""

    def __init__(self, world: HonestWorld) -> None:
        self._world = world
        self._requests = 0

    @property
    def traffic(self) -> Traffic:
        """The number of requests so far."""
        return Traffic(requests=self._requests)

    def run(self, conversation: Conversation[Result], /) -> Result:
        """Run an adapter's conversation to its end and return its result."""
        try:
            request = next(conversation)
            while True:
                request = conversation.send(self.send(request))
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            conversation.close()

    def send(self, request: HttpRequest, /) -> HttpResponse:
        """Return the office's response."""
        self._requests += 1
        return self._world.answer(request)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing: nothing is open."""
