"""Interpret the responses of the national portal: an envelope whose error code is ambiguous.

Observed in VietOpenCPS/opencps-v2 (2020) and a provincial client (2025): `error_code` is 0, "0", "00", "3" or
"-3", failures have HTTP status 200, and the same code has several meanings that only its message distinguishes. A
provincial proxy puts the response, as text, into the `message` of another one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cchc_connect import HttpResponse, Item, Verdict, classify_rest
from cchc_connect.transport import normalised
from cchc_connect.wire import codecs
from cchc_connect.wire.json import read_json

OK_STATUS = 200
_CODE = re.compile(r"[+-]?[0-9]{1,9}")
_SUCCESS = re.compile(r"(?<!không )(?<!chưa )thành công")
_CONTENT_MEMBERS = frozenset({"result", "session"})
"""Members of a response with content; the response to a message has only a text."""


@dataclass(frozen=True)
class EnvelopeReader:
    """Reads the envelopes of one connection."""

    phrases: Sequence[tuple[str, Verdict]]
    """Verdict by a phrase of the message; the first match counts."""
    codes: Mapping[int, Verdict]
    """Verdict by code, for messages without a known phrase."""
    double_encoded: bool
    """Whether the response is a text in the `message` of another one."""

    @classmethod
    def of(cls, table: Mapping[str, Any], *, double_encoded: bool) -> "EnvelopeReader":
        """Return the reader for a table of phrases and codes."""
        phrases = [(normalised(rule["says"]), Verdict(rule["verdict"])) for rule in table["replies"]]
        codes = {int(code): Verdict(verdict) for code, verdict in table["codes"].items()}
        return cls(phrases, codes, double_encoded)

    def envelope(self, response: HttpResponse) -> Item:
        """Return the envelope of a response, unwrapped if `double_encoded`; {} if there is none."""
        outer = codecs.as_object(response.json()) or {}
        message = outer.get("message")
        if not self.double_encoded or not isinstance(message, str):
            return outer
        try:
            return codecs.as_object(read_json(message.encode())) or outer
        except ValueError:  # the proxy reports its own failures as plain text
            return outer

    def classify(self, response: HttpResponse) -> Verdict:
        """Return the verdict by the message, then by the code; unknown if neither is recognised.

        The HTTP status never describes a dossier: a 404 is a wrong address.
        """
        verdict = classify_rest(response)
        if response.status != OK_STATUS:
            return Verdict.UNKNOWN if verdict in {Verdict.NOT_FOUND, Verdict.DUPLICATE, Verdict.OK} else verdict
        if verdict is not Verdict.OK:
            return verdict
        return self._message_verdict(self.envelope(response))

    def _message_verdict(self, envelope: Item) -> Verdict:
        code, message = error_code(envelope), normalised(codecs.plain_text(envelope.get("message")))
        if code is None or message.startswith("{"):
            return Verdict.UNKNOWN
        if code == 0 and not _CONTENT_MEMBERS.isdisjoint(envelope):
            return Verdict.OK
        verdict = next((verdict for phrase, verdict in self.phrases if phrase in message), None)
        if verdict is None and code == 0:
            return Verdict.OK if _SUCCESS.search(message) else Verdict.UNKNOWN
        return verdict or self.codes.get(code, Verdict.UNKNOWN)


def error_code(envelope: Item) -> int | None:
    """Return the envelope's code; None if it is missing or not a number.

    >>> error_code({"error_code": "00"}), error_code({"error_code": "-3"}), error_code({"error_code": ""})
    (0, -3, None)
    """
    code = codecs.plain_text(envelope.get("error_code"))
    return int(code) if _CODE.fullmatch(code) else None
