"""Read text of sources that still write TCVN3 (ABC) or VNI; short because the tables are with the records' rules.

>>> tcvn3_text("®Êt ë"), vni_text("Ñaát ôû"), tcvn3_text("đất ở")
('đất ở', 'Đất ở', 'đất ở')
"""

from cchc_connect.wire.codecs import Unreadable, text_or_none
from cchc_schemas.legacy_text import decode_tcvn3, decode_vni


def tcvn3_text(value: object) -> str | Unreadable | None:
    """Return text in TCVN3 as Unicode; text that has letters of Unicode already is returned unchanged."""
    text = text_or_none(value)
    return decode_tcvn3(text) if isinstance(text, str) else text


def vni_text(value: object) -> str | Unreadable | None:
    """Return text in VNI as Unicode; text that has letters of Unicode already is returned unchanged."""
    text = text_or_none(value)
    return decode_vni(text) if isinstance(text, str) else text
