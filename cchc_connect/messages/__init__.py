"""Messages and help texts in Vietnamese and English."""

from cchc_connect.messages.catalogue import Language, Message, Messages, Wording, render_message, sentences_by_code

__all__ = ["Language", "Message", "Messages", "Wording", "render_message", "sentences_by_code"]
