"""Tables on a terminal. No cell is cut: what does not fit is folded, and a table of too many columns becomes blocks.

Only a terminal needs rich, so this module is imported when a table is drawn.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from textwrap import TextWrapper

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

MIN_TEXT_WIDTH = 11
"""Narrowest column of text: a date, or half of an instant, fits in."""

SENTENCE_LENGTH, MIN_SENTENCE_WIDTH = 40, 20
"""A column with a text of more characters is at least so wide: a sentence of one word a line cannot be read."""

SIGNS = "_-.:@/,"
"""Signs within identifiers and keys after which a long one is folded: its parts can then be read and typed."""

COLUMN_GAPS = (2, 1)
"""Columns of the terminal between two columns of a table; the narrow gap keeps names and times on one line."""

INDENT = "  "

WORD_SHARE = 0.75
"""Smallest share of a column's longest word that its first line shows; if less fits, the rows become blocks."""

ITEM = "- "
"""Beginning of an item of a list."""


def draw_table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers_from: int, title_cells: int) -> bool:
    """Draw a table if it fits when its texts are folded at spaces; else write a block for each row.

    True if an empty line follows.
    """
    console = Console(highlight=False)
    columns = [
        [heading, *(line for row in rows for line in row[index].split("\n"))] for index, heading in enumerate(headings)
    ]
    layout = _layout(columns, numbers_from, console.width)
    if layout is None:
        for line in _block_lines(headings, rows, (title_cells, numbers_from), console.width):
            console.print(Text(line), soft_wrap=True)
        return False
    gap, widths = layout
    drawn = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, gap - 1, 0, 0))
    for index, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        is_number = index >= numbers_from
        drawn.add_column(Text(heading), justify="right" if is_number else "left", width=width, overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(_folded(cell, width)) for cell, width in zip(row, widths, strict=True)))
    console.print()
    console.print(drawn)
    console.print()
    return True


def draw_prose(text: str) -> None:
    """Write a text whose lines were broken for a wider page; a paragraph that fits stays as it is."""
    console = Console(highlight=False)
    for line in prose_lines(text, console.width):
        console.print(Text(line), soft_wrap=True)


def prose_lines(text: str, width: int) -> Iterator[str]:
    r"""Yield the lines of `text`; a paragraph or item of a list with a line wider than `width` is broken anew.

    >>> list(prose_lines("Caveats:\n  - one two\n    three", 9))
    ['Caveats:', '  - one', '    two', '    three']
    """
    for paragraph in _paragraphs(text):
        if max(map(cell_len, paragraph)) <= width:
            yield from paragraph
            continue
        words = " ".join(line.strip() for line in paragraph)
        indent = paragraph[0][: len(paragraph[0]) - len(paragraph[0].lstrip())]
        yield from _wrapped(words, width, indent) if words.startswith(ITEM) else _wrapped(words, width, indent, indent)


def _paragraphs(text: str) -> Iterator[list[str]]:
    paragraph = list[str]()
    for line in text.splitlines():
        if paragraph and (not line.strip() or not paragraph[-1].strip() or line.lstrip().startswith(ITEM)):
            yield paragraph
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def _folded(cell: str, width: int) -> str:
    r"""Return a cell in which words longer than `width` are folded after a sign within them, if there is one.

    >>> _folded("construction_permit of land", 15)
    'construction_\npermit of land'
    """
    return "\n".join(" ".join("\n".join(_parts(word, width)) for word in line.split(" ")) for line in cell.split("\n"))


def _parts(word: str, width: int) -> Iterator[str]:
    while cell_len(word) > width > 0:
        end = max(word.rfind(sign, 0, width) for sign in SIGNS) + 1 or width
        yield word[:end]
        word = word[end:]
    yield word


def _layout(columns: Sequence[Sequence[str]], numbers_from: int, available: int) -> tuple[int, list[int]] | None:
    """Return the gap and the widths of the columns in a terminal of `available` columns; None if they do not fit.

    First nothing is folded, then texts at their spaces, then one name within it.
    """
    gaps = COLUMN_GAPS if numbers_from < len(columns) else COLUMN_GAPS[:1]  # texts side by side need the wide one
    ways = ((gap, folding) for folding in range(3) for gap in gaps)
    for gap, folding in ways:
        widths = _fitting_widths(columns, numbers_from, available - gap * (len(columns) - 1), folding)
        if widths is not None:
            return gap, widths
    return None


def _fitting_widths(
    columns: Sequence[Sequence[str]], numbers_from: int, available: int, folding: int
) -> list[int] | None:
    """Return the widths of columns that together fill at most `available`; None if they do not fit.

    With `folding` 1 columns of text become narrower, the widest first, down to their longest word. With 2 the longest
    word of one column may lose its end to a second line; a table of broken names cannot be read, and names in it cannot
    be copied.
    """
    widths = [max(map(cell_len, column)) for column in columns]
    longest_words = [max(cell_len(word) for cell in column for word in cell.split(" ")) for column in columns]
    least = [MIN_SENTENCE_WIDTH if width > SENTENCE_LENGTH else MIN_TEXT_WIDTH for width in widths]
    excess = sum(widths) - available
    minima = list(map(max, longest_words, least))
    while excess > 0 and folding:
        reducible = [index for index, width in enumerate(widths[:numbers_from]) if width > minima[index]]
        if not reducible:
            break
        widths[max(reducible, key=widths.__getitem__)] -= 1
        excess -= 1
    if excess > 0 and numbers_from > 0 and folding > 1:
        widest = max(range(len(widths[:numbers_from])), key=longest_words.__getitem__)
        reduction = min(excess, widths[widest] - max(least[widest], ceil(longest_words[widest] * WORD_SHARE)))
        widths[widest] -= reduction
        excess -= reduction
    return widths if excess <= 0 else None


def _block_lines(
    headings: Sequence[str], rows: Sequence[Sequence[str]], ends: tuple[int, int], width: int
) -> Sequence[str]:
    """Return the rows as blocks: the first texts, then a line for each other text, then all numbers.

    `ends` says where the first texts end, and where the others do.
    """
    lines = [""]
    first_numbers = min(ends[1], len(headings))
    title_cells = min(ends[0], first_numbers)
    for row in rows:
        lines += _wrapped("  ".join(row[:title_cells]).replace("\n", " "), width, "")
        for heading, cell in list(zip(headings, row, strict=True))[title_cells:first_numbers]:
            below = cell.split("\n") if "\n" in cell else []
            lines += _wrapped(f"{heading}:" if below else f"{heading}: {cell}", width, INDENT)
            for line in below:
                lines += _wrapped(line, width, INDENT * 2)
        numbers = zip(headings[first_numbers:], row[first_numbers:], strict=True)
        lines += _wrapped(", ".join(f"{heading} {number}" for heading, number in numbers), width, INDENT)
    return lines


def _wrapped(text: str, width: int, indent: str, next_indent: str | None = None) -> Sequence[str]:
    deeper = indent + INDENT if width > len(indent + INDENT) else indent
    wrapper = TextWrapper(
        width=max(width, len(indent) + 1),
        initial_indent=indent,
        subsequent_indent=deeper if next_indent is None else next_indent,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return wrapper.wrap(text)
