"""Double of a NestJS-CRUD listing: `page`, `limit`, `offset`, `sort=field,ASC`, `filter=field||$gte||value`.

With `page` (or `offset`) and `limit` the response is `{data, count, total, page, pageCount}`, otherwise a bare
array, cut to `limit` if there is one (convention of the library @nestjsx/crud). It opens no socket: the server of the
construction department calls it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar

from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, json_response
from cchc_connect.testing.province.defects import WireItem

Row = TypeVar("Row")

_OPERATORS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {
        "$eq": lambda stored, operand: stored == operand,
        "$ne": lambda stored, operand: stored != operand,
        "$gt": lambda stored, operand: stored > operand,
        "$gte": lambda stored, operand: stored >= operand,
        "$lt": lambda stored, operand: stored < operand,
        "$lte": lambda stored, operand: stored <= operand,
    }
)


class InvalidNestQuery(ValueError):  # becomes a response, no failure of the double
    """The query is invalid."""


class NestCrudListing(Generic[Row]):
    """Responds to the queries on one entity.

    Args:
        columns: columns to filter and sort by; each returns text that sorts like its value.
        write: returns the JSON object of a row.
    """

    def __init__(self, columns: Mapping[str, Callable[[Row], str]], write: Callable[[Row], WireItem]) -> None:
        self._columns = columns
        self._write = write
        self._cached_matches: tuple[object, list[Row]] = (None, [])

    def respond(
        self, request: ReceivedRequest, rows: list[Row], version: int, *, ignore_filters: bool
    ) -> ServerResponse:
        """Respond to a query on `rows`; a new `version` means that they changed since the last query."""
        try:
            filters = () if ignore_filters else tuple(request.query.get("filter", ()))
            matching = self._matching(rows, version, filters, tuple(request.query.get("sort", ())))
            return self._listing_response(request, matching)
        except InvalidNestQuery as error:
            return json_response({"statusCode": 400, "message": str(error), "error": "Bad Request"}, status=400)

    def _listing_response(self, request: ReceivedRequest, matching: Sequence[Row]) -> ServerResponse:
        limit, page, offset = (_number(request, name) for name in ("limit", "page", "offset"))
        if not limit:
            return json_response([self._write(row) for row in matching])
        if page is None and offset is None:
            return json_response([self._write(row) for row in matching[:limit]])
        first = offset if page is None and offset is not None else limit * (max(page or 1, 1) - 1)
        page_items = [self._write(row) for row in matching[first : first + limit]]
        return json_response(
            {
                "data": page_items,
                "count": len(page_items),
                "total": len(matching),
                "page": first // limit + 1,
                "pageCount": -(-len(matching) // limit),
            }
        )

    def _matching(
        self, rows: list[Row], version: int, filters: tuple[str, ...], sorts: tuple[str, ...]
    ) -> Sequence[Row]:
        cache_key = (version, filters, sorts)
        if self._cached_matches[0] != cache_key:
            conditions = [self._condition(text) for text in filters]
            matching = [row for row in rows if all(holds(row) for holds in conditions)]
            for text in reversed(sorts):
                name, _, direction = text.partition(",")
                matching.sort(key=self._column(name), reverse=direction.upper() == "DESC")
            self._cached_matches = (cache_key, matching)
        return self._cached_matches[1]

    def _condition(self, text: str) -> Callable[[Row], bool]:
        name, operator, value = [*text.split("||", 2), "", ""][:3]
        column = self._column(name)
        if operator not in _OPERATORS:
            raise InvalidNestQuery(f"Invalid comparison operator '{operator}'")
        compare = _OPERATORS[operator]
        return lambda row: compare(column(row), value)

    def _column(self, name: str) -> Callable[[Row], str]:
        if name not in self._columns:
            raise InvalidNestQuery(f"Invalid column name '{name}'")
        return self._columns[name]


def _number(request: ReceivedRequest, name: str) -> int | None:
    text = request.first(name)
    if text and not text.isdecimal():
        raise InvalidNestQuery(f"Invalid {name}. Number expected")
    return int(text) if text else None
