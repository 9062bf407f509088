"""Phrases in messages of Vietnamese systems, found however they are spelled.

A message may be in upper case, in composed or decomposed Unicode, with the tone on the other vowel (hủy, huỷ), with
`Ð` for `Đ`, with HTML entities, with signs between its words, or without some or all of its accents.

>>> in_words("HO SO DA TON TAI").position_of(Phrase.of("đã tồn tại")) is not None
True
>>> in_words("Trả lời").position_of(Phrase.of("lỗi")) is None
True
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Self

_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
"""Grave, acute, tilde, hook and dot below: a tone may stand on one of several vowels of a word."""
_LETTERS = str.maketrans({"ð": "đ", "Ð": "đ", "Đ": "đ"})
_BARE = str.maketrans({"đ": "d"})


@dataclass(frozen=True)
class Word:
    """One word of a message."""

    letters: str
    """Its letters in lower case, without any mark; đ is d."""
    marks: frozenset[tuple[int, str]]
    """Its marks: those of a letter with the letter's position, tones without one."""

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the word that `text` spells."""
        letters, marks = list[str](), set[tuple[int, str]]()
        for character in unicodedata.normalize("NFD", text.casefold().translate(_LETTERS)):
            if character in _TONES:
                marks.add((0, character))
            elif unicodedata.combining(character):
                marks.add((len(letters), character))
            else:
                letters.append(character.translate(_BARE))
                if character == "đ":
                    marks.add((len(letters), character))
        return cls("".join(letters), frozenset(marks))

    def may_be(self, word: "Word") -> bool:
        """True if this word is `word` with all, some or none of its marks."""
        return self.letters == word.letters and self.marks <= word.marks


@dataclass(frozen=True)
class Phrase:
    """Words that stand one after the other in a message."""

    words: tuple[Word, ...]

    @classmethod
    @lru_cache(maxsize=1024)  # adapters are made anew for each use, with the same phrases
    def of(cls, text: str) -> Self:
        """Return the phrase that `text` spells."""
        return cls(in_words(text).words)


@dataclass(frozen=True)
class MessageWords:
    """A message in words."""

    words: tuple[Word, ...]

    def position_of(self, phrase: Phrase) -> int | None:
        """Return where a phrase begins; None if the message lacks it.

        A phrase of one word must have all its marks where the message has tones: "lôi" and "loi" are no "lỗi" there.
        """
        count = len(phrase.words)
        is_exact = count == 1 and self._has_tones
        for start in range(len(self.words) - count + 1 if count else 0):
            pairs = zip(self.words[start : start + count], phrase.words, strict=True)
            if all(word == sought if is_exact else word.may_be(sought) for word, sought in pairs):
                return start
        return None

    def has_before(self, position: int, words: Sequence[Word], *, anywhere: bool) -> bool:
        """True if one of `words` stands right before a position; anywhere before it if `anywhere`."""
        before = self.words[0 if anywhere else max(0, position - 1) : position]
        return any(word == sought if self._has_tones else word.may_be(sought) for word in before for sought in words)

    @cached_property
    def _has_tones(self) -> bool:
        """Whether any word has a tone: then the accents were not lost."""
        return any(mark in _TONES for word in self.words for _, mark in word.marks)

    def without(self, phrases: Sequence[Phrase]) -> "MessageWords":
        """Return the message without these phrases."""
        words = self.words
        for phrase in phrases:
            while (start := MessageWords(words).position_of(phrase)) is not None:
                words = words[:start] + words[start + len(phrase.words) :]
        return MessageWords(words)


def in_words(text: str) -> MessageWords:
    """Return a message in words."""
    plain = unicodedata.normalize("NFC", html.unescape(text))
    visible = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
    return MessageWords(tuple(Word.of(word) for word in _WORD.findall(visible)))
