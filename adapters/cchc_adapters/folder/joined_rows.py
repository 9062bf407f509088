"""Joins successive rows of one key: a form that lists a parcel once for each of its holders."""

from collections.abc import Iterator, Sequence

from cchc_connect.foreign_tables import TableRow
from cchc_connect.foreign_tables.json_tables import FileItem


def joined_rows(
    chunks: Iterator[Sequence[TableRow | FileItem]], keys: Sequence[str], name: str
) -> Iterator[Sequence[TableRow | FileItem]]:
    """Yield one item for successive rows with the same key: the cells of the first, and all rows under `name`.

    A row without a key is joined with none, and an item of a JSON file stays as it is.
    """
    waiting: TableRow | None = None
    complete = list[TableRow | FileItem]()
    for chunk in chunks:
        if complete:
            yield complete
        complete = list[TableRow | FileItem]()
        for row in chunk:
            if waiting is not None and isinstance(row, TableRow) and _is_same(waiting, row, keys):
                waiting[name].append(dict(row))
                continue
            if waiting is not None:
                complete.append(waiting)
            waiting = None
            if isinstance(row, TableRow):
                waiting = TableRow({**row, name: [dict(row)]}).at(row.line)
            else:
                complete.append(row)
    last = complete if waiting is None else [*complete, waiting]
    if last:
        yield last


def _is_same(first: TableRow, second: TableRow, keys: Sequence[str]) -> bool:
    values = [first.get(key) for key in keys]
    return any(value not in {None, ""} for value in values) and values == [second.get(key) for key in keys]
