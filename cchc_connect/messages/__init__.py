"""Messages and help texts in Vietnamese and English."""

from cchc_connect.messages.catalogue import Language, Phrase, Phrases, codes, message

__all__ = ["Language", "Phrase", "Phrases", "codes", "message"]
