"""Messages and help texts in Vietnamese and English."""

from cchc_connect.messages.catalogue import Language, Message, Messages, codes, message

__all__ = ["Language", "Message", "Messages", "codes", "message"]
