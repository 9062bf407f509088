"""`docs`: where the documentation is on this machine, and which page is for whom."""

from pathlib import Path

from cchc_connect.cli.console import OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.messages import Language

PAGES_BY_READER = {
    "official": "docs/vi/huong_dan_nhanh.md",
    "operator": "docs/operate.md",
    "developer": "docs/library.md",
    "integrator": "docs/adapters.md",
    "everybody": "docs/README.md",
}
"""The page to begin with, by reader."""

VIETNAMESE_PAGES = {"operator": "docs/vi/van_hanh.md"}
"""Where a page has a Vietnamese counterpart: the page for whoever reads Vietnamese."""


def show_documentation(command: CommandContext) -> ExitCode:
    """Name the folder of the documentation and the page to begin with for each reader."""
    console, folder = command.console, documentation_folder()
    page_names = PAGES_BY_READER | (VIETNAMESE_PAGES if console.language is Language.VIETNAMESE else {})
    pages = {reader: str(folder / page) for reader, page in page_names.items()}
    console.document({"folder": str(folder), "pages": pages})
    console.message("docs.folder", path=folder)
    rows = [(console.term("reader", reader), page) for reader, page in page_names.items()]
    console.table(OutputTable(headings=("docs.reader", "docs.page"), rows=rows))
    return ExitCode.DONE


def documentation_folder() -> Path:
    """Return the folder with README, docs, examples and schemas: in the installed package, or the checkout itself."""
    package = Path(__file__).parents[1]
    installed = package / "documentation"
    return installed if installed.is_dir() else package.parent
