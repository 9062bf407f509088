"""Translates the words of a source to ours, as a field map lists them."""

from collections.abc import Mapping

from cchc_connect.wire.codecs import Unreadable, code_meaning, text_or_none


class WordMap:
    """Translates a source's words to ours; an unlisted word becomes the default, or stays where that is "*"."""

    def __init__(self, words: Mapping[str, str], default: str | None = None) -> None:
        """Prepare; without a `default` an unlisted word is unreadable."""
        self._our_words = words
        self._default = default
        self.is_closed = default is None
        """Whether an unlisted word is unreadable."""
        self._numbers = {
            int(word): our_word for word, our_word in words.items() if word.isdecimal() and str(int(word)) == word
        }

    def lists(self, value: object) -> bool:
        """Return whether the map has our word for a value; no value needs none."""
        if not isinstance(value, str | int):
            return text_or_none(value) in self._our_words
        return value in self._our_words or value in self._numbers or text_or_none(value) in {None, *self._our_words}

    def __call__(self, value: object) -> object:
        """Return our word; a whole number is looked up by its digits."""
        our_word = self._numbers.get(value) if type(value) is int else None
        if our_word is not None:
            return our_word
        word = code_meaning(value, self._our_words, "word_unknown")
        if not isinstance(word, Unreadable) or self._default is None:
            return word
        return text_or_none(value) if self._default == "*" else self._default
