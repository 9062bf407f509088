"""Translates the words of a source to ours, as a field map lists them."""

from collections.abc import Collection, Mapping

from cchc_connect.wire.codecs import Reader, Unreadable, code_meaning, text_or_none
from cchc_connect.wire.property_names import nfc
from cchc_schemas.faults import Noted

NO_WORDS: Collection[str] = frozenset()


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
    ) -> None:
        """Prepare; without a `default` an unlisted word is unreadable.

        Args:
            words: our word, or our code, by the source's word.
            default: what an unlisted word becomes.
            read: codec of flags, whose values are the words `true` and `false`; None: words are texts and numbers.
            noted: words of the source whose meaning gets the note `noted_rule`.
            noted_rule: rule of that note.
        """
        self._our_words = {nfc(word): our_word for word, our_word in words.items()}
        self._default = default
        self._read, self._noted, self._noted_rule = read, frozenset(map(nfc, noted)), noted_rule
        self.is_closed = default is None
        """Whether an unlisted word is unreadable."""
        self._numbers = {
            int(word): our_word for word, our_word in words.items() if word.isdecimal() and str(int(word)) == word
        }

    def lists(self, value: object) -> bool:
        """Return whether the map has our word for a value; no value needs none."""
        if self._read is not None:
            value = _flag_word(self._read(value))
        if value in self._our_words if isinstance(value, str) else type(value) is int and value in self._numbers:
            return True
        word = text_or_none(value)
        return word is None or (isinstance(word, str) and nfc(word) in self._our_words)

    def __call__(self, value: object) -> object:
        """Return our word; a whole number is looked up by its digits."""
        if self._read is not None:
            value = _flag_word(self._read(value))
            if isinstance(value, Unreadable):
                return value
        our_word = self._numbers.get(value) if type(value) is int else None
        if our_word is None:
            our_word = self._meaning(value)
        elif self._noted and str(value) in self._noted:
            return Noted(our_word, self._noted_rule)
        return None if our_word == "" else our_word

    def _meaning(self, value: object) -> object:
        word = code_meaning(value, self._our_words, "word_unknown")
        if isinstance(word, Unreadable) and isinstance(value, str):
            word = code_meaning(nfc(value), self._our_words, "word_unknown")
        if self._noted and not isinstance(word, Unreadable) and nfc(str(text_or_none(value))) in self._noted:
            return Noted(word, self._noted_rule)
        if not isinstance(word, Unreadable) or self._default is None:
            return word
        return text_or_none(value) if self._default == "*" else self._default


def _flag_word(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
