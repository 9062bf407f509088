"""Reads JSON, NDJSON and GeoJSON files: the items stay unread, and a file with a faulty line is refused as a whole."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO

from cchc_connect.foreign_tables.forms import FaultList, PassedOver, TableForm, refused
from cchc_connect.foreign_tables.headings import Headings
from cchc_connect.messages import Message
from cchc_connect.wire.json import RawItem, is_json, split_listing, split_members
from cchc_connect.wire.page_limits import PageLimits

_LIMITS = PageLimits(max_items=5_000_000, max_item_bytes=32 * 1024 * 1024)
_LINE_ENDINGS = (".ndjson", ".jsonl")
_LIST_NAMES = frozenset(
    {"items", "features", "data", "results", "records", "rows", "value", "values", "content", "list"}
)
"""Names of lists that are around the items, and not in one of them."""
_NO_HEADINGS = Headings(-1, 0, (), frozenset(), ())


class FileItem(RawItem):
    """One item of a JSON file, unread."""

    __slots__ = ("delivered_at", "line")

    delivered_at: datetime
    """As of `TableRow`."""

    def __init__(self, raw: bytes, line: int) -> None:
        """Take the bytes; `line` is the line in an NDJSON file, else the number of the item, from 1 on."""
        super().__init__(raw)
        self.line = line


class JsonTable:
    """One file of JSON texts, checked."""

    headings = _NO_HEADINGS

    def __init__(self, file: BinaryIO, name: str, form: TableForm, where: Message) -> None:
        """Check the file.

        Args:
            file: the file as UTF-8, seekable.
            name: its name; an ending of NDJSON says that each line is an item.
            form: what is declared of it; only `list_name` counts.
            where: the file, for messages.

        Raises:
            Rejected: it is no list of objects; the error names the lines, or the lists that there are.
        """
        self.passed_over = PassedOver()
        file.seek(0)
        body = file.read()
        has_lines = not form.list_name and name.casefold().endswith(_LINE_ENDINGS)
        is_whole = not has_lines and is_json(body)
        self._items = _whole_document(body, form.list_name, where) if is_whole else _lines(body, where)

    def chunks(self, size: int) -> Iterator[list[FileItem]]:
        """Yield the items, `size` at a time."""
        for start in range(0, len(self._items), size):
            yield [FileItem(raw, line) for raw, line in self._items[start : start + size]]


def _lines(body: bytes, where: Message) -> list[tuple[bytes, int]]:
    """Return the items of NDJSON, each with its line.

    Raises:
        Rejected: a line is no JSON object.
    """
    faults, items = FaultList(), list[tuple[bytes, int]]()
    for line, raw in enumerate(body.split(b"\n"), start=1):
        text = raw.strip()
        if not text:
            continue
        if not text.startswith(b"{") or not is_json(text):
            faults.add("no_object", line=line)
        items.append((text, line))
    faults.check(where)
    return items


def _whole_document(body: bytes, list_name: str, where: Message) -> Sequence[tuple[bytes, int]]:
    """Return the items of one JSON text: of the list under `list_name`, of its only list, or of itself.

    A document whose only list has no usual name may be one item with a list in it; nothing is guessed.

    Raises:
        Rejected: there is no such list, several, or one without a usual name that is not declared.
    """
    steps = [step for step in list_name.split(".") if step]
    for step in steps[:-1]:
        members = split_members(body) or {}
        if step not in members:
            raise refused(where, "no_list", name=list_name, names=list(members))
        body = bytes(members[step])
    text = body.lstrip()
    if text.startswith(b"["):
        body, name = b'{"items":' + text + b"}", "items"
    else:
        members = split_members(body) or {}
        lists = [member for member, raw in members.items() if bytes(raw)[:1] == b"["]
        usual = [member for member in lists if member.casefold() in _LIST_NAMES]
        name = steps[-1] if steps else "features" if "features" in lists else usual[0] if lists == usual[:1] else ""
        if name not in members:
            if not steps and not lists and len(members):
                return [(text, 1)]  # NDJSON of one line
            raise refused(where, "no_list", name=list_name or "-", names=lists or list(members))
    try:
        listing = split_listing(body, name, limits=_LIMITS)
    except ValueError:
        listing = None
    if listing is None or listing.items is None:
        raise refused(where, "no_objects", name=name)
    return [(item.raw, number) for number, item in enumerate(listing.items, start=1)]
