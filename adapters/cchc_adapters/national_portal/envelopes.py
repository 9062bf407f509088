"""Interpret the responses of the national portal: an envelope whose error code is ambiguous.

Observed in VietOpenCPS/opencps-v2 (2020) and a provincial client (2025): `error_code` is 0, "0", "00", "3" or
"-3", failures have HTTP status 200, and the same code has several meanings that only its message distinguishes. A
provincial proxy puts the response, as text, into the `message` of another one.

The words are read first, then the code, then the content. What contradicts itself is UNKNOWN.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cchc_adapters.building_blocks.portal_words import EnvelopeMembers, PortalWords
from cchc_connect import HttpResponse, Item, Verdict, classify_rest
from cchc_connect.wire import codecs
from cchc_connect.wire.json import read_json

OK_STATUS = 200
_CODE = re.compile(r"[+-]?[0-9]{1,9}")
_MAX_ENVELOPES = 4
"""Envelopes within each other: the portal's and one for each gateway."""


@dataclass(frozen=True)
class EnvelopeReader:
    """Reads the envelopes of one connection."""

    words: PortalWords
    members: EnvelopeMembers
    codes: Mapping[int, Verdict]
    """Verdict by code, for messages without a known phrase."""
    double_encoded: bool
    """Whether the response is a text in the `message` of another one."""

    @classmethod
    def of(
        cls, table: Mapping[str, Any], *, configured: Sequence[tuple[str, Verdict]], double_encoded: bool
    ) -> "EnvelopeReader":
        """Return the reader for a table of words, codes and members; `configured` phrases come first."""
        codes = {int(code): Verdict(verdict) for code, verdict in table["codes"].items()}
        members = EnvelopeMembers(**table["members"])
        return cls(PortalWords.of(table, configured), members, codes, double_encoded)

    def envelope(self, response: HttpResponse) -> Item:
        """Return the envelope of a response, unwrapped if `double_encoded`; {} if there is none."""
        return self._envelopes(response)[-1]

    def classify(self, response: HttpResponse) -> Verdict:
        """Return the verdict by the words, the code and the content, in this order.

        The HTTP status never describes a dossier: a 404 is a wrong address.
        """
        verdict = classify_rest(response)
        if response.status != OK_STATUS:
            return Verdict.UNKNOWN if verdict in {Verdict.NOT_FOUND, Verdict.DUPLICATE, Verdict.OK} else verdict
        if verdict is not Verdict.OK:
            return verdict
        *outer, envelope = self._envelopes(response)
        verdict = self.verdict_of(envelope)
        is_passed_on = all(self.code_of(wrapper) == 0 for wrapper in outer)
        return verdict if is_passed_on or verdict is not Verdict.OK else Verdict.UNKNOWN

    def verdict_of(self, envelope: Item) -> Verdict:
        """Return the verdict on one envelope."""
        code, meaning = self.code_of(envelope), self._meaning(envelope)
        if code is None:
            return Verdict.UNKNOWN
        if code != 0 and (meaning is None or meaning is Verdict.UNKNOWN):
            return self.codes.get(code, Verdict.UNKNOWN)
        if code != 0 and meaning is not None:
            return Verdict.UNKNOWN if meaning is Verdict.OK else meaning
        if meaning is None:
            meaning = Verdict.OK if self.members.content_of(envelope) else Verdict.UNKNOWN
        return Verdict.UNKNOWN if meaning is Verdict.OK and self._is_contradicted(envelope) else meaning

    def is_confirmed(self, envelope: Item) -> bool:
        """True unless only the content of an envelope speaks for a success: no words, and a member `result`."""
        return self._meaning(envelope) is Verdict.OK or not self.members.content_of(envelope)

    def code_of(self, members: Item) -> int | None:
        """Return the code of an envelope; None if it is missing or no number, or if there are different ones."""
        codes = {error_code(code) for code in self.members.codes_of(members)}
        return codes.pop() if len(codes) == 1 else None

    def _meaning(self, envelope: Item) -> Verdict | None:
        texts = self.members.texts_of(envelope)
        if any(text.lstrip().startswith(("{", "[")) for text in texts):  # an envelope that nobody declared
            return Verdict.UNKNOWN
        return self.words.meaning(texts)

    def _is_contradicted(self, envelope: Item) -> bool:
        """True if a flag says no, or an entry of the content has a code of its own that is not 0."""
        entries = list(self.members.entries_of(envelope))
        codes = [error_code(code) for entry in entries for code in self.members.codes_of(entry)]
        return any(code != 0 for code in codes) or any(map(self.members.says_no, (envelope, *entries)))

    def _envelopes(self, response: HttpResponse) -> list[Item]:
        """Return the envelopes of a response, the outermost first; more than one only if `double_encoded`."""
        envelopes = [codecs.as_object(response.json()) or {}]
        while self.double_encoded and len(envelopes) < _MAX_ENVELOPES:
            inner = _inner(envelopes[-1])
            if inner is None:
                break
            envelopes.append(inner)
        return envelopes


def error_code(code: object) -> int | None:
    """Return a code as a number; None if it is none.

    >>> error_code("00"), error_code(-3), error_code("0.0"), error_code("")
    (0, -3, None, None)
    """
    text = codecs.plain_text(code)
    return int(text) if _CODE.fullmatch(text) else None


def _inner(envelope: Item) -> Item | None:
    """Return the envelope that the `message` of another one contains; None if it is a message."""
    message = envelope.get("message")
    if not isinstance(message, str):
        return None
    try:
        return codecs.as_object(read_json(message.encode()))
    except ValueError:  # the proxy reports its own failures as plain text
        return None
