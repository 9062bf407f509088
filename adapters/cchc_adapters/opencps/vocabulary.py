"""The words of OpenCPS: what its statuses, kinds of applicant, channels and `viaPostal` mean, by table and option."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from functools import partial

from cchc_adapters.building_blocks.options import package_table
from cchc_connect import Item, Unreadable
from cchc_connect.wire import codecs
from cchc_connect.wire.named_codecs import READERS, Codec
from cchc_schemas import Channel, DossierStatus
from cchc_schemas.dossiers import STATUS_KEPT
from cchc_schemas.faults import Noted
from cchc_schemas.text import listed

POST_VALUES = frozenset({"0", "1", "2"})
"""Values of `viaPostal`: not offered, offered and not chosen, chosen. Source: DossierLocalServiceImpl."""

local_instant = READERS[Codec.LOCAL_INSTANT]


class OpenCpsVocabulary:
    """The built-in table, overridden by the statuses of one site."""

    def __init__(self, statuses: Mapping[str, int]) -> None:
        """Override the table with `statuses`: national status by source status or "status/substatus"."""
        table = package_table("opencps")
        site_statuses = {name: (status, status) for name, status in statuses.items()}
        self._statuses: Mapping[str, Sequence[int]] = {**table["statuses"], **site_statuses}
        self._pending = frozenset[str](table["keeps_status"]) - statuses.keys()
        self._without_number = frozenset[str](table["before_processing"])
        self._channels: Mapping[str, int] = table["channels"]
        self._places: Mapping[str, str] = table["submission_places"]
        kinds: Mapping[str, int] = table["applicant_kinds"]
        self.applicant_kind: codecs.Reader = partial(codecs.code_meaning, meanings=kinds, rule="applicant_kind_unknown")

    def status_fields(self, item: Item) -> Mapping[str, object]:
        """Return the fields `status` and `source_status`; some statuses depend on whether the dossier was received.

        In a status that keeps the last national one, the national status is that of a dossier without a last one.
        A source status that the table lacks is `Unreadable`; a blank one is None.
        """
        main, sub = codecs.text_or_none(item.get("dossierStatus")), codecs.text_or_none(item.get("dossierSubStatus"))
        source_status = f"{main}/{sub}" if f"{main}/{sub}" in self._statuses else main
        statuses = codecs.code_meaning(source_status, self._statuses, "status_unknown")
        if statuses is None or isinstance(statuses, Unreadable):
            return {"status": statuses, "source_status": source_status}
        before_receipt, after_receipt = statuses
        is_received = codecs.text_or_none(item.get("receiveDate")) is not None
        status: object = after_receipt if is_received else before_receipt
        if source_status in self._pending:
            status = Noted(status, STATUS_KEPT)
        return {"status": status, "source_status": source_status}

    def is_before_processing(self, item: Item) -> bool:
        """Return whether the dossier is in a status in which it may have no number yet."""
        return codecs.plain_text(item.get("dossierStatus")) in self._without_number

    def channel(self, item: Item) -> object:
        """Return the channel: online by its flag, else by the dossier's origin; None if that is unknown."""
        online = codecs.flag(item.get("online"))
        if online is True or isinstance(online, Unreadable):
            return Channel.ONLINE if online is True else online
        return self._channels.get(codecs.plain_text(item.get("originality")))

    def submitted_via(self, item: Item) -> str | None:
        """Return the portal on which a dossier was submitted; None if its system does not tell."""
        return self._places.get(codecs.plain_text(item.get("systemId")))


def withdrawn_at(item: Item, status: object) -> object:
    """Return when the applicant withdrew a dossier: the day of the request, once the dossier is withdrawn.

    Before, the request is pending and may be refused.
    """
    return local_instant(item.get("cancellingDate")) if status == DossierStatus.WITHDRAWN else None


def posted(value: object, values: AbstractSet[str]) -> bool | Unreadable | None:
    """Return whether a value of `viaPostal` means delivery by post; a value that is not known is unreadable."""
    text = codecs.item_key(value) or codecs.text_or_none(value)
    if not isinstance(text, str):
        return text
    is_known = text in POST_VALUES or not values <= POST_VALUES
    return text in values if is_known else Unreadable("word_unknown", listed(sorted(POST_VALUES)))
