"""Parts of the report's page: style, tables, lists of definitions, and bars as SVG."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from cchc_connect.messages import Language

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: #1a1a1a; background: #ffffff;
  font: 1rem/1.5 "Times New Roman", Tinos, "Noto Serif", serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 .5rem; border-bottom: 2px solid #00539b; }
h3 { font-size: 1.05rem; margin: 0 0 .25rem; }
header p, footer p { margin: 0; color: #404040; }
article { padding: .75rem 0; border-bottom: 1px solid #767676; }
.value, .total { font-size: 1.35rem; font-weight: bold; margin: 0; }
.warning { margin: .25rem 0; padding: .25rem .5rem; border-left: .3rem solid #8a4b00; background: #fff4e0; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .25rem 1rem; margin: .5rem 0; }
dl div { margin: 0; }
dt { color: #404040; font-size: .85rem; }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .9rem; overflow-wrap: normal; }
caption { text-align: left; font-weight: bold; padding: .25rem 0; }
th, td { border: 1px solid #767676; padding: .25rem .3rem; text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
svg { display: block; width: 100%; height: 1.1rem; }
.statements { margin: .25rem 0 0; padding-left: 1.1rem; color: #404040; font-size: .85rem; }
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; }
  article, table, tr { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .warning { background: none; }
  svg rect { print-color-adjust: exact; }
}
@page { size: A4; margin: 2cm 1.5cm 2cm 3cm; }
"""
"""Style of the page; margins on paper as in administrative documents (Nghị định 30/2020/NĐ-CP, phụ lục I)."""

_WIDTH = 100
_FULL = Decimal(100)


def element(tag: str, markup: str, css_class: str | None = None) -> str:
    """Return an element around markup that is escaped already."""
    attribute = "" if css_class is None else f' class="{css_class}"'
    return f"<{tag}{attribute}>{markup}</{tag}>"


def definitions(entries: Iterable[tuple[str, str]]) -> str:
    """Return a list of labels and texts."""
    groups = (f"<div><dt>{escape(label)}</dt><dd>{escape(text)}</dd></div>" for label, text in entries)
    return f"<dl>{''.join(groups)}</dl>"


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of texts; the first column names its rows."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    lines = [
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    ]
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f"<table><caption>{escape(caption)}</caption>{body}</table>"


def bar(percent: Decimal, target: Decimal | None, text: str) -> str:
    """Return a bar from 0 to 100 %, with a mark at the target; `text` says the same for those who do not see it."""
    length = min(max(percent, Decimal(0)), _FULL)
    mark = "" if target is None else f'<rect x="{_at(target)}" y="0" width="0.6" height="10" fill="#8a1c1c"/>'
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH} 10" preserveAspectRatio="none" aria-label="{escape(text)}">'
        f'<rect x="0" y="2" width="{_WIDTH}" height="6" fill="#e3e8ee"/>'
        f'<rect x="0" y="2" width="{length:f}" height="6" fill="#00539b"/>{mark}</svg>'
    )


def number_text(number: Decimal, language: Language) -> str:
    """Return a number as people write it: with a decimal comma in Vietnamese."""
    text = f"{number:f}"
    return text.replace(".", ",") if language is Language.VIETNAMESE else text


def _at(target: Decimal) -> str:
    return f"{min(max(target, Decimal(0)), _FULL) - Decimal('0.3'):f}"
