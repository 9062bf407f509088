"""Which headings a declared source reads."""

from cchc_adapters.declared.reads import Alternatives, reads
from cchc_adapters.declared.tables import SourceTable


def headings_read(table: SourceTable, rows: str = "") -> list[Alternatives]:
    """Return the headings that are read, of each tuple one at least; `rows` is the name of the joined rows."""
    return list(dict.fromkeys(tuple(map(_heading, names)) for names in reads(table, rows)))


def key_names(table: SourceTable) -> list[str]:
    """Return the headings of the key."""
    return [_heading(key) for key in table.key]


def _heading(path: str) -> str:
    """Return the heading that a path names: the whole path, with its dots."""
    return path.replace("\\.", ".")
