"""Encodings of text files: UTF-8 is recognised, every other one is declared, or the file is refused with a hint.

A text file is copied as UTF-8 in NFC before anything reads it, so that one reader is enough.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, get_args

from cchc_connect.messages import Message
from cchc_schemas.legacy_text import LegacyEncoding, decode_tcvn3, decode_vni, legacy_encoding

_BLOCK_BYTES = 128 * 1024
_UTF8_BOM = codecs.BOM_UTF8
_UTF16_BOMS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_COMBINING_LEADS = (b"\xcc", b"\xcd")
"""First bytes of the combining marks (U+0300 to U+036F) in UTF-8; a text without them is in NFC."""
_MOST_ZEROS = 0.2
"""Share of NUL bytes above which bytes are UTF-16."""
_SAMPLE_BYTES = 64 * 1024
_VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
_ODD_IN_1258 = re.compile("[\x80-\x9f¤¥¦§¨©«¬®¯±¶¸»¼½¾¿×÷ƒ†‡ˆ‰‹›™]")


class TextEncoding(StrEnum):
    """An encoding that a connection may declare."""

    UTF_8 = "utf-8"
    UTF_16 = "utf-16"
    """With its mark, or without one in the order of Intel's processors."""
    UTF_16_BE = "utf-16-be"
    WINDOWS_1258 = "windows-1258"
    TCVN3 = "tcvn3"
    """TCVN3 (ABC): fonts whose names begin with ".Vn"."""
    VNI = "vni"
    """Fonts whose names begin with "VNI-"."""


_CODECS = {
    TextEncoding.UTF_8: "utf-8",
    TextEncoding.UTF_16: "utf-16-le",
    TextEncoding.UTF_16_BE: "utf-16-be",
    TextEncoding.WINDOWS_1258: "cp1258",
    TextEncoding.TCVN3: "latin-1",
    TextEncoding.VNI: "latin-1",
}
_DECODERS: dict[TextEncoding, Callable[[str], str]] = {
    TextEncoding.TCVN3: decode_tcvn3,
    TextEncoding.VNI: decode_vni,
}
ONE_BYTE = frozenset({TextEncoding.WINDOWS_1258, TextEncoding.TCVN3, TextEncoding.VNI})


@dataclass(frozen=True)
class EncodingFault:
    """Why a file cannot be read as text."""

    code: str
    """What is wrong, as `FaultList.add` takes it."""
    line: int = 0
    """The first line that cannot be read, from 1 on."""
    hint: Message | str = ""


def utf8_file(source: BinaryIO, copy: BinaryIO, declared: TextEncoding | None) -> BinaryIO | EncodingFault:
    """Return a text file as UTF-8 in NFC without a mark: itself, or a copy; or why it cannot be read.

    Args:
        source: the file, seekable.
        copy: an empty file for the copy.
        declared: the encoding that the connection declares; None: none is.
    """
    source.seek(0)
    head = source.read(_SAMPLE_BYTES)
    codec, skipped = _codec_by_mark(head)
    if codec is None:
        fault = _contradiction(source, head, declared)
        if fault is not None:
            return fault
        codec = _CODECS[declared or TextEncoding.UTF_8]
    is_as_wanted = codec == "utf-8" and not skipped
    source.seek(skipped)
    for block in _blocks(source, codec):
        if _decoded(block, codec) is None:
            return _undecodable(block, codec, _lines_before(source, block), declared or skipped)
        is_as_wanted = is_as_wanted and not any(lead in block for lead in _COMBINING_LEADS)
    if is_as_wanted:
        return source
    to_unicode = None if skipped else _DECODERS.get(declared or TextEncoding.UTF_8)
    source.seek(skipped)
    for block in _blocks(source, codec):
        copy.write(_normal(block, codec, to_unicode))
    return copy


def _codec_by_mark(head: bytes) -> tuple[str | None, int]:
    """Return the codec that the byte order mark names, and the length of the mark."""
    if head.startswith(_UTF8_BOM):
        return "utf-8", len(_UTF8_BOM)
    return next(((codec, len(mark)) for mark, codec in _UTF16_BOMS.items() if head.startswith(mark)), (None, 0))


def _contradiction(source: BinaryIO, head: bytes, declared: TextEncoding | None) -> EncodingFault | None:
    """Return why the declared encoding cannot be that of a file without a mark."""
    has_zeros = head.count(0) > len(head) * _MOST_ZEROS
    if has_zeros and declared not in {TextEncoding.UTF_16, TextEncoding.UTF_16_BE}:
        order = TextEncoding.UTF_16_BE if head[:1] == b"\x00" else TextEncoding.UTF_16
        return EncodingFault("encoding_undeclared", 1, _hint(order))
    if b"\x00" in head and not has_zeros:
        return EncodingFault("binary", head[: head.index(0)].count(b"\n") + 1)
    if declared in ONE_BYTE and not head.isascii() and _is_utf8(source):
        return EncodingFault("encoding_contradicted", 1, declared or "")
    return None


def _is_utf8(source: BinaryIO) -> bool:
    source.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := source.read(_BLOCK_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _blocks(source: BinaryIO, codec: str) -> Iterator[bytes]:
    """Yield a file in blocks that end at a line."""
    end = "\n".encode(codec)
    rest = b""
    while block := source.read(_BLOCK_BYTES):
        block = rest + block
        cut = _line_end(block, end)
        rest = block[cut:]
        if cut:
            yield block[:cut]
    if rest:
        yield rest


def _line_end(block: bytes, end: bytes) -> int:
    """Return where the last complete line of a block ends; 0 if it has none."""
    at = block.rfind(end)
    while at >= 0 and at % len(end):  # two halves of two characters of UTF-16
        at = block.rfind(end, 0, at + len(end) - 1)
    return at + len(end) if at >= 0 else 0


def _decoded(block: bytes, codec: str) -> str | None:
    try:
        return block.decode(codec)
    except UnicodeDecodeError:
        return None


def _normal(block: bytes, codec: str, to_unicode: Callable[[str], str] | None) -> bytes:
    """Return a block as UTF-8 in NFC; one that is so already is returned as it is."""
    if codec == "utf-8" and not any(lead in block for lead in _COMBINING_LEADS):
        return block
    text = block.decode(codec)
    if to_unicode is not None:
        text = "\n".join(to_unicode(line) for line in text.split("\n"))
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")


def _lines_before(source: BinaryIO, block: bytes) -> int:
    """Return the number of the first line of a block, from 1 on."""
    source.seek(0)
    content = source.read()
    return content[: content.index(block)].count(b"\n") + 1


def _undecodable(block: bytes, codec: str, line: int, declared: object) -> EncodingFault:
    faulty_line = line
    for number, octets in enumerate(block.split(b"\n"), start=line):
        if codec == "utf-8" and _decoded(octets, codec) is None:
            faulty_line = number
            break
    if declared:
        return EncodingFault("undecodable", faulty_line)
    return EncodingFault("encoding_undeclared", faulty_line, _probable(block[:_SAMPLE_BYTES]))


def _probable(sample: bytes) -> Message | str:
    """Return a hint on the encoding of bytes that are not UTF-8; "" where nothing speaks for one."""
    latin = sample.decode("latin-1")
    cells = [cell for cell in re.split(r"[;,\t|\r\n]+", latin) if not cell.isascii()][:200]
    legacies = [legacy_encoding(cell) for cell in cells]
    for legacy in get_args(LegacyEncoding):
        if legacies.count(legacy) * 2 > len(cells):
            return _hint(TextEncoding(legacy))
    text = unicodedata.normalize("NFC", sample.decode("cp1258", "replace"))
    if _VIETNAMESE.search(text) and not _ODD_IN_1258.search(text):
        return _hint(TextEncoding.WINDOWS_1258)
    return _hint(TextEncoding.TCVN3) if legacies.count("tcvn3") else ""


def _hint(encoding: TextEncoding) -> Message:
    return Message("foreign_table_fault.probably", {"encoding": encoding.value})
