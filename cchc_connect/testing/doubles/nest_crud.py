"""Double of a NestJS-CRUD listing: `page`, `limit`, `offset`, `sort=field,ASC`, `filter=field||$gte||value`.

With `page` (or `offset`) and `limit` the reply is `{data, count, total, page, pageCount}`, otherwise a bare
array, cut to `limit` where one is given (convention of the library @nestjsx/crud).
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

from cchc_connect.testing.doubles.server import Asked, Reply, json_reply
from cchc_connect.testing.province.defects import WireItem

Row = TypeVar("Row")

_OPERATORS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {
        "$eq": lambda held, asked: held == asked,
        "$ne": lambda held, asked: held != asked,
        "$gt": lambda held, asked: held > asked,
        "$gte": lambda held, asked: held >= asked,
        "$lt": lambda held, asked: held < asked,
        "$lte": lambda held, asked: held <= asked,
    }
)


class BadRequest(ValueError):  # it is an answer, not a failure
    """The query cannot be understood."""


class NestListing(Generic[Row]):
    """Answers the queries on one entity.

    Args:
        columns: the columns that can be filtered and sorted by, as text that sorts like its value.
        write: makes the JSON object of a row.
    """

    def __init__(self, columns: Mapping[str, Callable[[Row], str]], write: Callable[[Row], WireItem]) -> None:
        self._columns = columns
        self._write = write
        self._found: tuple[object, list[Row]] = (None, [])

    def answer(self, asked: Asked, rows: list[Row], version: int, *, ignore_filters: bool) -> Reply:
        """Answer one query on `rows`; `version` tells whether they changed since the query before."""
        try:
            filters = () if ignore_filters else tuple(asked.query.get("filter", ()))
            found = self._matching(rows, version, filters, tuple(asked.query.get("sort", ())))
            return self._reply(asked, found)
        except BadRequest as error:
            return json_reply({"statusCode": 400, "message": str(error), "error": "Bad Request"}, status=400)

    def _reply(self, asked: Asked, found: Sequence[Row]) -> Reply:
        limit, page, offset = (_number(asked, name) for name in ("limit", "page", "offset"))
        if not limit:
            return json_reply([self._write(row) for row in found])
        if page is None and offset is None:
            return json_reply([self._write(row) for row in found[:limit]])
        first = offset if page is None and offset is not None else limit * (max(page or 1, 1) - 1)
        shown = [self._write(row) for row in found[first : first + limit]]
        return json_reply(
            {
                "data": shown,
                "count": len(shown),
                "total": len(found),
                "page": first // limit + 1,
                "pageCount": -(-len(found) // limit),
            }
        )

    def _matching(
        self, rows: list[Row], version: int, filters: tuple[str, ...], sorts: tuple[str, ...]
    ) -> Sequence[Row]:
        question = (version, filters, sorts)
        if self._found[0] != question:
            conditions = [self._condition(text) for text in filters]
            found = [row for row in rows if all(holds(row) for holds in conditions)]
            for text in reversed(sorts):
                name, _, direction = text.partition(",")
                found.sort(key=self._column(name), reverse=direction.upper() == "DESC")
            self._found = (question, found)
        return self._found[1]

    def _condition(self, text: str) -> Callable[[Row], bool]:
        name, operator, value = [*text.split("||", 2), "", ""][:3]
        column = self._column(name)
        if operator not in _OPERATORS:
            raise BadRequest(f"Invalid comparison operator '{operator}'")
        compare = _OPERATORS[operator]
        return lambda row: compare(column(row), value)

    def _column(self, name: str) -> Callable[[Row], str]:
        if name not in self._columns:
            raise BadRequest(f"Invalid column name '{name}'")
        return self._columns[name]


def _number(asked: Asked, name: str) -> int | None:
    text = asked.first(name)
    if text and not text.isdecimal():
        raise BadRequest(f"Invalid {name}. Number expected")
    return int(text) if text else None
