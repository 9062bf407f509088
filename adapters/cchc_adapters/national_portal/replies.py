"""What the national portal's answers mean: an envelope whose code is not enough.

Observed in VietOpenCPS/opencps-v2 (2020) and a provincial client (2025): `error_code` comes as 0, "0", "00",
"3" or "-3", failures come with HTTP 200, and the same code is told apart by its message alone. A provincial
proxy puts the whole answer, as text, into the `message` of another one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cchc_connect import HttpResponse, Item, Verdict, classify_rest
from cchc_connect.transport import normalised
from cchc_connect.wire import codecs
from cchc_connect.wire.json import strict_json

OK_STATUS = 200
_CODE = re.compile(r"[+-]?[0-9]{1,9}")
_SUCCESS = re.compile(r"(?<!không )(?<!chưa )thành công")
_HAS_CONTENT = frozenset({"result", "session"})
"""Members that an answer has which brings something; one to a message brings words alone."""


@dataclass(frozen=True)
class PortalReplies:
    """Reads the envelopes of one connection."""

    says: Sequence[tuple[str, Verdict]]
    """Words of a message and what they mean; the first that fit count."""
    codes: Mapping[int, Verdict]
    """What a code means where the words told nothing."""
    double_encoded: bool

    @classmethod
    def of(cls, table: Mapping[str, Any], *, double_encoded: bool) -> "PortalReplies":
        """Return the reader that a table describes."""
        says = [(normalised(reply["says"]), Verdict(reply["verdict"])) for reply in table["replies"]]
        codes = {int(code): Verdict(verdict) for code, verdict in table["codes"].items()}
        return cls(says, codes, double_encoded)

    def envelope(self, response: HttpResponse) -> Item:
        """Return the answer's envelope, unwrapped where the connection says that it is wrapped; {} for none."""
        outer = codecs.as_object(response.json()) or {}
        message = outer.get("message")
        if not self.double_encoded or not isinstance(message, str):
            return outer
        try:
            return codecs.as_object(strict_json(message.encode())) or outer
        except ValueError:  # a failure of the proxy itself is told in plain words
            return outer

    def classify(self, response: HttpResponse) -> Verdict:
        """Judge an answer by its words, then by its code; what neither explains is unknown.

        The portal means nothing by its HTTP status: a 404 speaks of an address, never of a dossier.
        """
        verdict = classify_rest(response)
        if response.status != OK_STATUS:
            return Verdict.UNKNOWN if verdict in {Verdict.NOT_FOUND, Verdict.DUPLICATE, Verdict.OK} else verdict
        if verdict is not Verdict.OK:
            return verdict
        return self._meaning(self.envelope(response))

    def _meaning(self, envelope: Item) -> Verdict:
        code, words = error_code(envelope), normalised(codecs.plain_text(envelope.get("message")))
        if code is None or words.startswith("{"):
            return Verdict.UNKNOWN
        if code == 0 and not _HAS_CONTENT.isdisjoint(envelope):
            return Verdict.OK
        told = next((meaning for said, meaning in self.says if said in words), None)
        if told is None and code == 0:
            return Verdict.OK if _SUCCESS.search(words) else Verdict.UNKNOWN
        return told or self.codes.get(code, Verdict.UNKNOWN)


def error_code(envelope: Item) -> int | None:
    """Return the envelope's code, None where it has none that is a number.

    >>> error_code({"error_code": "00"}), error_code({"error_code": "-3"}), error_code({"error_code": ""})
    (0, -3, None)
    """
    code = codecs.plain_text(envelope.get("error_code"))
    return int(code) if _CODE.fullmatch(code) else None
