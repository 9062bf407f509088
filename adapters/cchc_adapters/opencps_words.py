"""OpenCPS's own words for status, channel and applicant, and what they mean nationally; read from a table."""

from collections.abc import Mapping, Sequence
from functools import partial

from cchc_adapters.building_blocks.options import package_table
from cchc_connect import Item, Unreadable
from cchc_connect.wire import codecs
from cchc_schemas import Channel


class OpenCpsWords:
    """The ready table with a site's own statuses put over it."""

    def __init__(self, statuses: Mapping[str, int]) -> None:
        """Take a site's `statuses`: national status by word, or by "word/sub-status"."""
        table = package_table("opencps")
        own = {word: (status, status) for word, status in statuses.items()}
        self._statuses: Mapping[str, Sequence[int]] = {**table["statuses"], **own}
        self._channels: Mapping[str, int] = table["channels"]
        kinds: Mapping[str, int] = table["applicant_kinds"]
        self.applicant_kind: codecs.Reader = partial(codecs.one_of, words=kinds, rule="applicant_kind_unknown")

    def state(self, item: Item) -> Mapping[str, object]:
        """Return the national status, by receipt where the table asks for it, and the source's word.

        A word that the table lacks is unreadable; a blank one is nothing.
        """
        word, sub = codecs.text_or_none(item.get("dossierStatus")), codecs.text_or_none(item.get("dossierSubStatus"))
        told = f"{word}/{sub}" if f"{word}/{sub}" in self._statuses else word
        by_receipt = codecs.one_of(told, self._statuses, "status_unknown")
        if by_receipt is None or isinstance(by_receipt, Unreadable):
            return {"status": by_receipt, "source_status": told}
        received = codecs.text_or_none(item.get("receiveDate")) is not None
        return {"status": by_receipt[received], "source_status": told}

    def channel(self, item: Item) -> object:
        """Return the channel: online by its flag, else what the dossier's origin tells, if it does."""
        online = codecs.flag(item.get("online"))
        if online is True or isinstance(online, Unreadable):
            return Channel.ONLINE if online is True else online
        return self._channels.get(codecs.plain_text(item.get("originality")))
