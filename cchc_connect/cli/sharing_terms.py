"""The terms of sharing that a command shows in words: those of the configuration, or of the package alone."""

from collections.abc import Mapping

from cchc_connect.cli.console import Console
from cchc_connect.cli.context import CommandContext
from cchc_connect.config.file import Config
from cchc_connect.sharing.terms import SharingTerms, sharing_terms
from cchc_schemas.legal_acts import Purpose


def configured_terms(command: CommandContext) -> SharingTerms:
    """Return the terms of the configuration; where there is none, those of the package.

    Raises:
        ConfigurationError: the configuration, or a table of acts or purposes, cannot be read or has faults.
    """
    return sharing_terms(Config.load(command.config)) if command.config.exists() else SharingTerms()


def purpose_text(purpose: str | None, purposes: Mapping[str, Purpose], console: Console) -> str:
    """Return the words of a purpose's code; of one that is not listed, such as a route's own text, itself."""
    listed = purposes.get(purpose or "")
    if listed is None:
        return purpose or ""
    words: str = getattr(listed, console.language.value)
    return words
