"""From what the scenario did to a record of it, and from two records to their differences.

A record is JSON: `commands` (line, exit code, output), `requests` (by system, in order) and `tables` (columns, rows).
A whole record holds every value, to be read and compared by people; a short one, which is kept, holds hashes instead.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any, TypeAlias, cast

from tests.behaviour.scenario import Observed, Request, TableContent

Record: TypeAlias = dict[str, Any]
Renamed: TypeAlias = Mapping[tuple[str, ...], str]
"""(table,) or (new table, column) as the program calls it today -> its name in the record."""

HEADERS = ("accept", "authorization", "charset", "content-type", "dstcode", "groupid", "idempotency-key")
"""Headers that are recorded; the others name versions, hosts, lengths or random ids."""

IGNORED_KEYS = frozenset(
    {
        "message",  # a sentence for people
        "held_reason",  # the same
        "database",  # its address
        "bytes_received",  # links hold a port, which has four or five digits
        "seconds",
    }
)
"""Keys of JSON output whose values are no part of the record."""

IGNORED_TABLES = frozenset({"cchc_schema_version"})
IGNORED_COLUMNS = frozenset(
    {
        ("lease", "holder"),
        ("lease", "clock"),
        ("discrepancy", "id"),
        ("delivery", "idempotency_key"),  # of an epoch, whose name is random
        ("maintenance", "value"),
    }
)
KEYS = {"discrepancy": ("record_type", "record_key", "field", "connection")}
"""Keys of tables whose numbers follow the order in which a database finds rows: that is each database's own."""
OUR_JSON = frozenset(
    {
        ("run", "report"),
        ("run_counter", "counts"),
        ("cursor", "held_context"),
        ("route", "held_context"),
        ("audit_entry", "body"),
    }
)
"""Columns with JSON of the program's own, whose keys are no part of the record."""
EXACT_JSON = frozenset({"document", "item"})
"""Columns whose JSON is recorded to the letter."""

WORD = re.compile(r"\b[a-z_]+\.[a-z_]+\b")
"""What may be the code of a message."""

UUID = re.compile(r"[0-9a-f]{8}-(?!0000-4000-8000)[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?:\.[0-9]+)?")
"""A random id, or that of a run's request, which is the run's with a number."""
MACHINE = re.compile(r"^database$|\bclock_")
"""What a check says of the machine: its disk, its version of a database, its clock beside the stopped one."""
CODE = re.compile(r"[a-z][a-z_.-]+")
ADDRESS = re.compile(r"127\.0\.0\.1(?::|%3A)(\d+)")

MAX_SHOWN = 12
"""Differences that are shown of each kind; the first ones tell most."""
MAX_SHOWN_LENGTH = 1500


def whole_record(observed: Observed, renamed: Renamed, codes: Mapping[str, str]) -> Record:
    """Return all that was observed, normalised: random ids, ports and folders have names."""
    normaliser = _Normaliser(observed, codes)
    commands = [
        {"line": normaliser.text(command.line), "code": command.code, "output": normaliser.output(command.output)}
        for command in observed.commands
    ]
    requests = {name: list(map(normaliser.request, sent)) for name, sent in observed.requests.items()}
    tables: dict[str, Any] = {}
    for name, content in sorted(observed.tables.items()):
        table = renamed.get((name,), name)
        if table not in IGNORED_TABLES:
            tables[table] = _table(table, content, renamed, normaliser)
    return {"commands": commands, "requests": requests, "tables": dict(sorted(tables.items()))}


def short_record(full_record: Record) -> Record:
    """Return the record that is kept: long values are hashes, equal headers stand once."""
    commands = [{**command, "output": _hash(command["output"])} for command in full_record["commands"]]
    headers: dict[str, str] = {}

    def line(request: Mapping[str, str]) -> str:
        named = headers.setdefault(request["headers"], f"h{len(headers)}")
        return f"{request['line']} {named} {_hash(request['body'])}".rstrip()

    requests = {name: list(map(line, sent)) for name, sent in full_record["requests"].items()}
    tables = {
        name: {
            "key": table["key"],
            "columns": {column: _hash(values) for column, values in table["columns"].items()},
            "rows": {key: _hash(row) for key, row in table["rows"].items()},
        }
        for name, table in full_record["tables"].items()
    }
    named = {name: value for value, name in headers.items()}
    return {"commands": commands, "headers": named, "requests": requests, "tables": tables}


def differences(recorded: Record, full_record: Record) -> list[str]:
    """Return what of a whole record is not as in a short one: a line each, with the value of now."""
    now = short_record(full_record)
    return [
        *_few(_command_differences(recorded, now, full_record)),
        *_few(_request_differences(recorded, now, full_record)),
        *_few(_table_differences(recorded, now, full_record)),
    ]


class _Normaliser:
    """Names what differs from run to run: random ids in the order in which they are met, ports and the folder."""

    def __init__(self, observed: Observed, codes: Mapping[str, str]) -> None:
        self._folder = str(observed.folder)
        self._codes = codes
        self._ports = observed.ports
        self._ids: dict[str, str] = {}

    def text(self, text: str, *, is_output: bool = False) -> str:
        """Return a text with names in it; only ids that some output has shown are told from each other."""
        if is_output:
            for identifier in UUID.findall(text):
                self._ids.setdefault(identifier, f"id-{len(self._ids) + 1}")
        text = UUID.sub(lambda match: self._ids.get(match[0], "an-id"), text.replace(self._folder, "FOLDER"))
        text = WORD.sub(lambda match: self._codes.get(match[0], match[0]), text)
        return ADDRESS.sub(lambda match: self._ports.get(int(match[1]), match[0]), text)

    def output(self, output: str) -> str:
        """Return the values of a command's JSON documents, without their keys."""
        lines = self.text(output, is_output=True).splitlines()
        return "\n".join(_canonical(_values(_shown(json.loads(line)))) for line in lines)

    def request(self, request: Request) -> Mapping[str, str]:
        """Return a request as text: line, chosen headers, body."""
        headers = {name: self.text(request.headers[name]) for name in HEADERS if name in request.headers}
        return {
            "line": f"{request.command} {request.method} {self.text(request.target)}",
            "headers": _canonical(headers),
            "body": ADDRESS.sub(lambda match: self._ports.get(int(match[1]), match[0]), request.body.decode()),
        }


def _shown(document: Any) -> Any:
    """Return what is recorded of a document: of a refusal its code, of a check what it says of systems, in codes."""
    if "error" in document and isinstance(document["error"], dict):
        return document["error"]["code"]
    if isinstance(document.get("findings"), list):
        findings = [
            [text for text in finding.values() if CODE.fullmatch(str(text))] for finding in document["findings"]
        ]
        return [codes for codes in findings if not any(MACHINE.search(code) for code in codes)]
    if isinstance(document.get("discrepancies"), list):
        return sorted((_values({**row, "number": None}) for row in document["discrepancies"]), key=_canonical)
    return {key: value for key, value in document.items() if key != "number"}  # of a discrepancy


def _values(value: object) -> object:
    """Return JSON without its keys: an object becomes the sorted list of its values."""
    if isinstance(value, dict):
        document = cast("Mapping[str, object]", value)
        return sorted((_values(member) for key, member in document.items() if key not in IGNORED_KEYS), key=_canonical)
    return [_values(member) for member in cast("list[object]", value)] if isinstance(value, list) else value


def _table(name: str, content: TableContent, renamed: Renamed, normaliser: _Normaliser) -> Record:
    rows = _with_checked_chain(content.rows) if name == "audit_entry" else content.rows
    key = KEYS.get(name) or tuple(renamed.get((name, column), column) for column in content.key)
    normalised: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        values = {
            new: _value((name, new), row[column], normaliser)
            for column in content.columns
            if (name, new := renamed.get((name, column), column)) not in IGNORED_COLUMNS
        }
        normalised[" | ".join(str(values[column]) for column in key)] = values
    ordered = dict(sorted(normalised.items()))
    columns = sorted(renamed.get((name, column), column) for column in content.columns)
    return {
        "key": list(key),
        "columns": {
            column: _canonical([row[column] for row in ordered.values()])
            for column in columns
            if (name, column) not in IGNORED_COLUMNS
        },
        "rows": {key: _canonical(row) for key, row in ordered.items()},
    }


def _value(where: tuple[str, str], value: Any, normaliser: _Normaliser) -> Any:
    """Return a stored value as every database gives it: SQLite has no dates, booleans or decimals; its JSON is text."""
    match value:
        case str():
            text = normaliser.text(value)
            if where in OUR_JSON:
                return _values(json.loads(text))
            return json.loads(text) if text.startswith(("[", "{")) and where[1] not in EXACT_JSON else text
        case bytes():
            return value.hex()
        case date():
            return value.isoformat()
        case int() | float() | Decimal():
            return f"{Decimal(str(int(value) if isinstance(value, bool) else value)).normalize():f}"
        case _:
            return value


def _with_checked_chain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries of the audit log; in the place of each hash stands whether it is that of the chain."""
    before, checked = dict[str, str](), list[dict[str, Any]]()
    for row in sorted(rows, key=lambda row: (row["chain"], int(row["entry"]))):
        expected = hashlib.sha256(f"{before.get(row['chain'], '0' * 64)}\n{row['body']}".encode()).hexdigest()
        checked.append({**row, "hash": row["hash"] == expected})
        before[row["chain"]] = row["hash"]
    return checked


def _command_differences(recorded: Record, now: Record, full_record: Record) -> Iterator[str]:
    pairs = zip_longest(recorded["commands"], now["commands"], full_record["commands"])
    for number, (before, after, shown) in enumerate(pairs, start=1):
        if before is None or after is None or before["line"] != after["line"]:
            yield f"command {number}: recorded {before and before['line']}, now {after and after['line']}"
            return
        if before["code"] != after["code"]:
            yield f"command {number} `{after['line']}`: exit code recorded {before['code']}, now {after['code']}"
        if before["output"] != after["output"]:
            yield f"command {number} `{after['line']}`: other values in its output, now {_cut(shown['output'])}"


def _request_differences(recorded: Record, now: Record, full_record: Record) -> Iterator[str]:
    for name in sorted({*recorded["requests"], *now["requests"]}):
        before, after = _request_lines(recorded, name), _request_lines(now, name)
        if len(before) != len(after):
            yield f"{name}: recorded {len(before)} requests, now {len(after)}"
        for number, (old, new) in enumerate(zip_longest(before, after), start=1):
            if old != new:
                sent = full_record["requests"].get(name, [])
                body = sent[number - 1]["body"] if number <= len(sent) else ""
                yield f"{name}: request {number} recorded {old}, now {new}, body {_cut(body)}"
                break  # all after it may only be shifted


def _request_lines(record: Record, name: str) -> list[str]:
    """Return a system's requests with their headers, in the place of which the record has names."""
    return [
        re.sub(r" (h\d+)(?= [0-9a-f]{12}$|$)", lambda match: f" {record['headers'][match[1]]}", line)
        for line in record["requests"].get(name, [])
    ]


def _table_differences(recorded: Record, now: Record, full_record: Record) -> Iterator[str]:
    for name in sorted({*recorded["tables"], *now["tables"]}):
        before, after = recorded["tables"].get(name), now["tables"].get(name)
        if before is None or after is None:
            yield f"table {name}: {'not in the record' if before is None else 'gone'}"
        elif before != after:
            yield from _row_differences(name, before, after, full_record["tables"][name])


def _row_differences(name: str, before: Record, after: Record, full_record: Record) -> Iterator[str]:
    columns = sorted({*before["columns"], *after["columns"]})
    changed = [column for column in columns if before["columns"].get(column) != after["columns"].get(column)]
    gone, new = ([column for column in changed if column not in side["columns"]] for side in (after, before))
    yield f"table {name}: key {after['key']}, other values in {changed}; columns gone {gone}, not in the record {new}"
    for key in sorted({*before["rows"], *after["rows"]}):
        if key not in after["rows"]:
            yield f"table {name}: row {key} is gone"
        elif before["rows"].get(key) != after["rows"][key]:
            state = "differs" if key in before["rows"] else "is not in the record"
            yield f"table {name}: row {key} {state}, now {_cut(full_record['rows'][key])}"


def _few(lines: Iterator[str]) -> list[str]:
    everything = list(lines)
    more = len(everything) - MAX_SHOWN
    return [*everything[:MAX_SHOWN], *([f"... and {more} more"] if more > 0 else [])]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_LENGTH else f"{text[:MAX_SHOWN_LENGTH]}..."


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest() if text else ""
