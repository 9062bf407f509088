"""Options and bounds that several commands share."""

from typing import Annotated

import typer

LAST_ENTRY = 2**63 - 1
"""The largest number that a database can give to an entry."""

Database = Annotated[str | None, typer.Option("--db", help="help.db", metavar="PATH")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="help.unmasked")]
