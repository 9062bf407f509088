"""What the words of the national portal mean, wherever an envelope has them.

Words are data (`data/national_portal_words.toml`): phrases with a verdict, phrases that say that something was done or
was not, and phrases that say nothing. Two meanings that contradict each other are UNKNOWN, never a success.
"""

from collections.abc import Iterator, Mapping, Sequence, Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cchc_adapters.building_blocks.phrases import MessageWords, Phrase, Word, in_words
from cchc_connect import Item, Verdict
from cchc_connect.wire import codecs

MAX_TEXT_LENGTH = 10_000
"""Longest text that is read, in characters; a longer one is no message."""
_MAX_DEPTH = 4


@dataclass(frozen=True)
class PortalWords:
    """The words of one connection."""

    configured: Sequence[tuple[Phrase, Verdict]]
    """Verdict by a phrase, from the options of the connection; the first match counts, whatever else is said."""
    phrases: Sequence[tuple[Phrase, Verdict]]
    """Verdict by a phrase, for all connections."""
    done: Sequence[Phrase]
    not_done: Sequence[Phrase]
    neutral: Sequence[Phrase]
    negations: Sequence[Word]
    """Words that negate what follows: a phrase of `done` anywhere after them, another one right after them."""

    @classmethod
    def of(cls, table: Mapping[str, Any], configured: Sequence[tuple[str, Verdict]]) -> "PortalWords":
        """Return the words of a table and of the options."""
        return cls(
            configured=[(Phrase.of(says), verdict) for says, verdict in configured],
            phrases=[(Phrase.of(rule["says"]), Verdict(rule["verdict"])) for rule in table["replies"]],
            done=[Phrase.of(text) for text in table["done"]],
            not_done=[Phrase.of(text) for text in table["not_done"]],
            neutral=[Phrase.of(text) for text in table["neutral"]],
            negations=[word for text in table["negations"] for word in in_words(text).words],
        )

    def meaning(self, texts: Sequence[str]) -> Verdict | None:
        """Return what texts mean together: OK for "it was done", UNKNOWN for "it was not" or a contradiction.

        None: they say nothing that is known.
        """
        meanings = {meaning for text in texts if (meaning := self._meaning_of(text)) is not None}
        if Verdict.AUTH in meanings and Verdict.OK not in meanings:
            return Verdict.AUTH
        if meanings == {Verdict.DUPLICATE, Verdict.OK}:  # one of several entries was there already
            return Verdict.DUPLICATE
        return next(iter(meanings), None) if len(meanings) <= 1 else Verdict.UNKNOWN

    def _meaning_of(self, text: str) -> Verdict | None:
        if len(text) > MAX_TEXT_LENGTH:
            return Verdict.UNKNOWN
        message = in_words(text)
        for phrase, verdict in self.configured:
            if message.position_of(phrase) is not None:
                return verdict
        message = message.without(self.neutral)
        verdicts = {verdict for phrase, verdict in self.phrases if self._is_said(message, phrase)}
        is_done = any(self._is_done(message, phrase) for phrase in self.done)
        is_not_done = any(message.position_of(phrase) is not None for phrase in self.not_done) or (
            not is_done and any(message.position_of(phrase) is not None for phrase in self.done)
        )
        return _combined(verdicts, is_done=is_done, is_not_done=is_not_done)

    def _is_said(self, message: MessageWords, phrase: Phrase) -> bool:
        """True if a phrase is said and not negated by the word before it."""
        start = message.position_of(phrase)
        return start is not None and not message.has_before(start, self.negations, anywhere=False)

    def _is_done(self, message: MessageWords, phrase: Phrase) -> bool:
        """True if a phrase says that something was done, and no negation stands anywhere before it."""
        start = message.position_of(phrase)
        return start is not None and not message.has_before(start, self.negations, anywhere=True)


def _combined(verdicts: AbstractSet[Verdict], *, is_done: bool, is_not_done: bool) -> Verdict | None:
    """Return what one text means."""
    match sorted(verdicts):
        case []:
            return Verdict.UNKNOWN if is_not_done else Verdict.OK if is_done else None
        case [Verdict.AUTH] if is_done and not is_not_done:  # a session was opened
            return Verdict.OK
        case [Verdict.AUTH, *_]:
            return Verdict.UNKNOWN if is_done else Verdict.AUTH
        case [Verdict.DUPLICATE]:
            return Verdict.DUPLICATE
        case [verdict]:
            return Verdict.UNKNOWN if is_done else verdict
        case _:
            return Verdict.UNKNOWN


@dataclass(frozen=True)
class EnvelopeMembers:
    """The members of an envelope by what they hold, however their names are written."""

    code: Sequence[str]
    words: Sequence[str]
    words_of_entries: Sequence[str]
    content: Sequence[str]
    flags: Sequence[str]

    def codes_of(self, members: Item) -> list[object]:
        """Return every code of an envelope or of an entry of its content."""
        return [value for name, value in members.items() if folded(name) in self.code]

    def texts_of(self, envelope: Item) -> list[str]:
        """Return every text of an envelope that says what happened, also in lists and in the entries of its content."""
        texts = [text for name, value in envelope.items() if folded(name) in self.words for text in _texts(value)]
        for name, value in envelope.items():
            if folded(name) in self.content and folded(name) != "session":
                texts += [entry for entry in codecs.as_list(value) if isinstance(entry, str)]
        for entry in self.entries_of(envelope):
            texts += [
                text for name, value in entry.items() if folded(name) in self.words_of_entries for text in _texts(value)
            ]
        return texts

    def entries_of(self, envelope: Item) -> Iterator[Item]:
        """Yield the objects of an envelope's content."""
        for name, value in envelope.items():
            if folded(name) in self.content:
                for entry in codecs.as_list(value):
                    members = codecs.as_object(entry)
                    if members is not None:
                        yield members

    def says_no(self, members: Item) -> bool:
        """True if a flag of success is false."""
        return any(folded(name) in self.flags and codecs.flag(value) is False for name, value in members.items())

    def content_of(self, envelope: Item) -> list[object]:
        """Return the content that an envelope has: a session, or a result that may be an empty list."""
        contents = [value for name, value in envelope.items() if folded(name) in self.content]
        return [value for value in contents if value is not None and value != ""]


@lru_cache(maxsize=1024)
def folded(name: str) -> str:
    """Return the name of a member in lower case, without _ and -."""
    return name.casefold().replace("_", "").replace("-", "")


def _texts(value: object, depth: int = _MAX_DEPTH) -> Iterator[str]:
    """Yield the texts of a value, of its list or of its object."""
    if isinstance(value, str):
        yield value
    elif depth:
        parts = codecs.as_object(value)
        for part in codecs.as_list(value) if parts is None else parts.values():
            if part is not value:
                yield from _texts(part, depth - 1)
