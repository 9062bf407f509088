"""The signatures of the commands, read once for all command lines that a test session carries out.

Typer reads the signature of every command whenever a command line is carried out, for a program does that once.
"""

from functools import cache

import typer.main
from typer.utils import get_params_from_function


def share_signatures() -> None:
    """Let all command lines that are carried out from now on share the signatures."""
    typer.main.__dict__["get_params_from_function"] = cache(get_params_from_function)
