"""What a one-stop system's words for the state of a dossier mean nationally, read from a table."""

from collections.abc import Mapping, Sequence

from cchc_connect import Unreadable, codecs


class StatusMap:
    """Words, or "word/sub-status", and for each the national status before and after receipt."""

    def __init__(self, table: Mapping[str, Sequence[int]], overrides: Mapping[str, int]) -> None:
        """Put the `overrides`, which do not ask for receipt, over the ready table."""
        self._statuses = {**table, **{word: (status, status) for word, status in overrides.items()}}

    def word(self, status: object, sub_status: object) -> object:
        """Return the source's word, with its sub-status where the map tells it apart."""
        word, sub = codecs.text_or_none(status), codecs.text_or_none(sub_status)
        return f"{word}/{sub}" if f"{word}/{sub}" in self._statuses else word

    def status(self, word: object, *, received: bool) -> object:
        """Return the national status: nothing for a blank word, unreadable for one that the map lacks."""
        by_receipt = codecs.one_of(word, self._statuses, "status_unknown")
        return by_receipt if by_receipt is None or isinstance(by_receipt, Unreadable) else by_receipt[received]
