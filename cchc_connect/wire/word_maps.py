"""Translates the words of a source to ours, as a field map lists them."""

from collections.abc import Collection, Mapping
from typing import Final

from cchc_connect.wire.codecs import Reader, Unreadable, text_or_none
from cchc_connect.wire.property_names import nfc
from cchc_schemas.faults import Noted
from cchc_schemas.text import listed

NO_WORDS: Collection[str] = frozenset()

_UNLISTED: Final = object()


class WordMap:
    """Translates a source's words to ours; an unlisted word becomes the default, or stays where that is "*".

    Our word "" is no value.
    """

    def __init__(
        self,
        words: Mapping[str, object],
        default: object = None,
        *,
        read: Reader | None = None,
        noted: Collection[str] = NO_WORDS,
        noted_rule: str = "",
        in_any_case: bool = False,
    ) -> None:
        """Prepare; without a `default` an unlisted word is unreadable.

        Args:
            words: our word, or our code, by the source's word.
            default: what an unlisted word becomes.
            read: codec of flags, whose values are the words `true` and `false`; None: words are texts and numbers.
            noted: words of the source whose meaning gets the note `noted_rule`.
            noted_rule: rule of that note.
            in_any_case: whether words are the same in upper and lower case.
        """
        self._our_words = {nfc(word): our_word for word, our_word in words.items()}
        self._default = default
        self._read = read
        self.is_closed = default is None
        """Whether an unlisted word is unreadable."""
        retained = frozenset(map(nfc, noted))
        self._results: dict[str, object] = {
            word: Noted(our_word, noted_rule) if word in retained else None if our_word == "" else our_word
            for word, our_word in self._our_words.items()
        }
        self._folded = {word.casefold(): result for word, result in self._results.items()} if in_any_case else {}
        self._numbers = {
            int(word): result for word, result in self._results.items() if word.isdecimal() and str(int(word)) == word
        }

    def lists(self, value: object) -> bool:
        """Return whether the map has our word for a value; no value needs none."""
        if self._read is not None:
            value = _flag_word(self._read(value))
        if value in self._our_words if isinstance(value, str) else type(value) is int and value in self._numbers:
            return True
        word = text_or_none(value)
        if not isinstance(word, str):
            return word is None
        return nfc(word) in self._our_words or nfc(word).casefold() in self._folded

    def __call__(self, value: object) -> object:
        """Return our word; a whole number is looked up by its digits."""
        if self._read is not None:
            value = _flag_word(self._read(value))
        result = _UNLISTED
        if type(value) is str:
            result = self._results.get(value, _UNLISTED)
        elif type(value) is int:
            result = self._numbers.get(value, _UNLISTED)
        if result is not _UNLISTED:
            return result
        word = text_or_none(value)
        if not isinstance(word, str):
            return value if isinstance(value, Unreadable) else word
        result = self._results.get(word, _UNLISTED)
        if result is _UNLISTED:
            result = self._results.get(nfc(word), _UNLISTED)
        if result is _UNLISTED:
            result = self._folded.get(nfc(word).casefold(), _UNLISTED)
        return self._unlisted(word) if result is _UNLISTED else result

    def _unlisted(self, word: str) -> object:
        if self._default is None:
            return Unreadable("word_unknown", listed(self._our_words))
        return word if self._default == "*" else None if self._default == "" else self._default


def _flag_word(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
