"""Vocabulary of OpenCPS: its values of status, channel and applicant kind, mapped to the national codes."""

from collections.abc import Mapping, Sequence
from functools import partial

from cchc_adapters.building_blocks.options import package_table
from cchc_connect import Item, Unreadable
from cchc_connect.wire import codecs
from cchc_schemas import Channel


class OpenCpsWords:
    """The built-in table, overridden by the statuses of one site."""

    def __init__(self, statuses: Mapping[str, int]) -> None:
        """Override the table with `statuses`: national status by source status or "status/substatus"."""
        table = package_table("opencps")
        site_statuses = {name: (status, status) for name, status in statuses.items()}
        self._statuses: Mapping[str, Sequence[int]] = {**table["statuses"], **site_statuses}
        self._channels: Mapping[str, int] = table["channels"]
        kinds: Mapping[str, int] = table["applicant_kinds"]
        self.applicant_kind: codecs.Reader = partial(codecs.one_of, words=kinds, rule="applicant_kind_unknown")

    def state(self, item: Item) -> Mapping[str, object]:
        """Return the fields `status` and `source_status`; some statuses depend on whether the dossier was received.

        A source status that the table lacks is `Unreadable`; a blank one is None.
        """
        main, sub = codecs.text_or_none(item.get("dossierStatus")), codecs.text_or_none(item.get("dossierSubStatus"))
        source_status = f"{main}/{sub}" if f"{main}/{sub}" in self._statuses else main
        by_receipt = codecs.one_of(source_status, self._statuses, "status_unknown")
        if by_receipt is None or isinstance(by_receipt, Unreadable):
            return {"status": by_receipt, "source_status": source_status}
        received = codecs.text_or_none(item.get("receiveDate")) is not None
        return {"status": by_receipt[received], "source_status": source_status}

    def channel(self, item: Item) -> object:
        """Return the channel: online by its flag, else by the dossier's origin; None if that is unknown."""
        online = codecs.flag(item.get("online"))
        if online is True or isinstance(online, Unreadable):
            return Channel.ONLINE if online is True else online
        return self._channels.get(codecs.plain_text(item.get("originality")))
