"""A system over a real socket whose listing is paged, counted and ended as a test says."""

import json
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cchc_connect import Config, SharedDatabase, Synchronizer, records
from cchc_connect.sync.report import ReportLine
from cchc_connect.testing import AgencyDouble, World
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, json_response
from cchc_schemas import Dossier

FIELDS = """
[connections.desk.options.sources.dossier.fields]
code = "so"
procedure_code = "thu_tuc"
status = { property = "trang_thai", codes = { "dang xu ly" = "in_process", "1" = "returned" } }
"""


def dossiers(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [
        {"id": n, "so": f"000.00.05.H09-260402-{n:04}", "thu_tuc": "1.013225", "trang_thai": "dang xu ly"}
        for n in range(first, first + count)
    ]


@dataclass
class Habits:
    """How the system lists."""

    kind: str = "page"
    """`page`, `offset`, `cursor`, `link`, `keyset`, `windows`, `none`."""
    cap: int = 1000
    """Most items that it puts on a page."""
    first: int = 1
    """Number that its first page has."""
    total: int | None = -1
    """Total that it announces; -1: the true one, None: none."""
    beyond: str = "empty"
    """What is beyond the last page: `empty`, `repeat` (the last page again), `404`, `stuck` (always the first page)."""
    links: str = "header"
    """Where a link or cursor stands: `header`, `body`, `relative`, `never`."""
    last_cursor: str = "missing"
    """What the last page has for a cursor or link: `missing` or `null`."""
    windows_of: str = "sua"
    """Property with the time by which it has windows."""
    end_is_included: bool = False
    """Whether a window has its end too."""
    limit: int | None = None
    """Most items that it lists at all."""
    shape: Callable[[Sequence[Mapping[str, Any]], Mapping[str, Any]], object] = field(
        default=lambda listed, counts: {**counts, "data": {"items": listed}}
    )
    """The body of a page of these items, with what it counts and links."""


class PagedSystem(AgencyDouble):
    """A system with one listing, `/ho-so`."""

    record_types = ("dossier",)

    def __init__(self) -> None:
        super().__init__(World(seed=1, dossiers=0, parcels=1, works=1))
        self.habits = Habits()
        self.items: list[dict[str, Any]] = []
        self.questions: list[Mapping[str, Any]] = []
        """Parameters of each request, of query and body."""
        self.requests: list[ReceivedRequest] = []
        self.fixed_response: ServerResponse | None = None
        """What it answers whatever is asked; None: the listing."""
        self.responses_by_method: dict[str, ServerResponse] = {}
        """What it answers to a method, before all else."""

    def error_in_200(self) -> ServerResponse:
        """Return its error envelope."""
        return json_response({"code": 99, "message": "Có lỗi xảy ra"})

    def handle(self, request: ReceivedRequest, /) -> ServerResponse:
        """Respond with a page."""
        body: dict[str, Any] = json.loads(request.body) if request.body.startswith(b"{") else {}
        parameters: dict[str, Any] = {**{name: values[0] for name, values in request.query.items()}, **body}
        self.questions.append(parameters)
        self.requests.append(request)
        if request.method in self.responses_by_method:
            return self.responses_by_method[request.method]
        if self.fixed_response is not None:
            return self.fixed_response
        if request.path != "/ho-so":
            key = request.path.rpartition("/")[2]
            single = next((item for item in self.items if str(item["id"]) == key), None)
            return json_response({"data": {"items": single}}, status=404 if single is None else 200)
        listed = [item for item in self.items if not parameters.get("since") or item["sua"] >= parameters["since"]]
        limit = None if self.habits.kind == "windows" else self.habits.limit
        return self._page(listed[:limit], len(listed), parameters)

    def _page(self, listed: list[dict[str, Any]], count: int, parameters: Mapping[str, Any]) -> ServerResponse:
        habits = self.habits
        if habits.kind == "windows":
            begins, ends = parameters["tu"], parameters["den"] + ("~" if habits.end_is_included else "")
            listed = [item for item in listed if begins <= item[habits.windows_of] < ends]
            count, listed = len(listed), listed[: habits.limit]
        size = min(int(parameters.get("size", habits.cap)), habits.cap)
        start = self._start(listed, size, parameters)
        if start >= len(listed) and start and habits.beyond == "404":
            return json_response({"message": "not found"}, status=404)
        if start >= len(listed) and start and habits.beyond == "repeat":
            start = (len(listed) - 1) // size * size
        page = listed if habits.kind == "none" else listed[start : start + size]
        follows = start + len(page) < len(listed)
        announced = count if habits.total == -1 else habits.total
        counts: dict[str, Any] = {} if announced is None else {"total": announced}
        return self._linked(page, counts, str(start + len(page)) if follows else None)

    def _start(self, listed: Sequence[Mapping[str, Any]], size: int, parameters: Mapping[str, Any]) -> int:
        habits = self.habits
        if habits.beyond == "stuck":
            return 0
        match habits.kind:
            case "page" | "windows":
                return (max(int(parameters.get("page", habits.first)), habits.first) - habits.first) * size
            case "offset":
                return int(parameters.get("offset", 0))
            case "keyset":
                return sum(item["id"] <= int(parameters.get("after", 0)) for item in listed)
            case _:
                return int(parameters.get("cursor", 0))

    def _linked(
        self, page: Sequence[Mapping[str, Any]], counts: Mapping[str, Any], following: str | None
    ) -> ServerResponse:
        habits, headers, members = self.habits, dict[str, str](), dict[str, Any](counts)
        if habits.links != "never" and habits.kind in {"link", "cursor"}:
            target = f"/ho-so?cursor={following}&size={habits.cap}"
            value = following if habits.kind == "cursor" else target.removeprefix("/ho-so")
            if following is None and habits.last_cursor == "null" and habits.links != "header":
                members["next"] = None
            elif following is not None and habits.links == "header":
                headers = {"X-Next": following} if habits.kind == "cursor" else {"Link": f'<{target}>; rel="next"'}
            elif following is not None:
                members["next"] = value
        response = json_response(habits.shape(page, members))
        return ServerResponse(body=response.body, media_type=response.media_type, headers=headers)


@dataclass
class Pulled:
    """What a run brought."""

    line: ReportLine
    codes: list[str]

    @property
    def code(self) -> str:
        """Why the run is not done, "" if it is."""
        return "" if self.line.reason is None else self.line.reason.code


class Desk:
    """A shared database with one connection to a paged system."""

    def __init__(self, system: PagedSystem, folder: Path) -> None:
        self.system = system
        self.folder = folder

    def configuration(self, paging: str, more: str = "", fields: str = FIELDS) -> str:
        return f"""
[database]
url = "sqlite:///{self.folder / "shared.db"}"

[connections.desk]
adapter = "rest"
agency = "000.00.05.H09"
base_url = "{self.system.base_url}"

[connections.desk.options.sources.dossier]
path = "/ho-so"
items = "data.items"
key = "id"
paging = {paging}
{more}
{fields}
"""

    def pull(self, paging: str, more: str = "", fields: str = FIELDS) -> Pulled:
        """Run a pull; return its line and the codes of all dossiers stored."""
        return self.pull_text(self.configuration(paging, more, fields))

    def pull_text(self, text: str) -> Pulled:
        """Do the same with a whole configuration."""
        self.system.questions.clear()
        self.system.requests.clear()
        config = Config.load(text)
        with config.open_database() as database:
            report = Synchronizer(config, database).synchronise()
            return Pulled(report.lines[0], [*_codes(database)])


def _codes(database: SharedDatabase) -> Iterator[str]:
    return (dossier.code for dossier in records(database, Dossier))


@contextmanager
def running_desk(folder: Path) -> Generator[Desk]:
    with PagedSystem() as system:
        yield Desk(system, folder)
