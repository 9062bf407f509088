"""Options and limits that several commands share."""

from typing import Annotated

import typer

LAST_ENTRY = 2**63 - 1
"""The largest number that an entry of a database can have."""

Database = Annotated[str | None, typer.Option("--db", help="help.db", metavar="PATH")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="help.unmasked")]
