"""Tells by its content what a file is, whatever its name says: a table that is read, or one that must be saved anew.

Sources: ECMA-376 part 2 (packages), [MS-CFB] (compound files), [MS-OFFCRYPTO] (encrypted packages).
"""

from enum import StrEnum
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_HEAD_BYTES = 64 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_HTML_STARTS = (b"<html", b"<!doctype html", b"<table", b"<meta", b"<head", b"<style", b"<div", b"<body")
_JSON_ENDINGS = (".json", ".geojson", ".ndjson", ".jsonl")


class FileKind(StrEnum):
    """What a file is."""

    TEXT = "text"
    """CSV, or text separated by tabs."""
    JSON = "json"
    """JSON, NDJSON or GeoJSON."""
    WORKBOOK = "workbook"
    """XLSX."""
    MACROS = "macros"
    """XLSM: a workbook with a program in it."""
    BINARY_WORKBOOK = "binary_workbook"
    """XLSB."""
    OLD_WORKBOOK = "old_workbook"
    """XLS (BIFF)."""
    ENCRYPTED = "encrypted"
    """A workbook with a password."""
    OPEN_DOCUMENT = "open_document"
    """ODS."""
    HTML = "html"
    """A web page under the name of a workbook, as many systems export it."""
    XML_2003 = "xml_2003"
    """A workbook of Excel 2003 in XML."""
    PDF = "pdf"
    OTHER_DOCUMENT = "other_document"
    EMPTY = "empty"


def kind_of(file: BinaryIO, name: str) -> FileKind:
    """Return what a file is; it is read from its beginning and left there.

    Args:
        file: the file, seekable.
        name: its name; only its ending counts, and only to tell JSON from CSV.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    kind = _kind_by_head(file, head, name)
    file.seek(0)
    return kind


def _kind_by_head(file: BinaryIO, head: bytes, name: str) -> FileKind:
    if not head.strip(b"\x00\r\n\t "):
        return FileKind.EMPTY
    if head.startswith(_COMPOUND):
        return _compound_kind(file)
    if head.startswith(_ZIP_STARTS):
        return _package_kind(file)
    if head.startswith(b"%PDF"):
        return FileKind.PDF
    return _text_kind(head, name)


def _text_kind(head: bytes, name: str) -> FileKind:
    plain = head
    for bom in _BOMS:
        plain = plain.removeprefix(bom)
    start = plain.replace(b"\x00", b"").lstrip().lower()  # of UTF-16 the letters of ASCII remain
    if start.startswith(_HTML_STARTS):
        return FileKind.HTML
    if start.startswith((b"<?xml", b"<workbook", b"<ss:workbook")):
        if b"urn:schemas-microsoft-com:office:spreadsheet" in start:
            return FileKind.XML_2003
        return FileKind.HTML if b"<html" in start else FileKind.OTHER_DOCUMENT
    if start.startswith((b"{", b"[")) and (name.casefold().endswith(_JSON_ENDINGS) or start.startswith((b'{"', b"[{"))):
        return FileKind.JSON
    return FileKind.TEXT


def _compound_kind(file: BinaryIO) -> FileKind:
    """Tell an encrypted package from an old workbook by the names in the directory of a compound file."""
    file.seek(0)
    names = file.read(8 * 1024 * 1024)
    if "EncryptedPackage".encode("utf-16-le") in names:
        return FileKind.ENCRYPTED
    is_workbook = any(name.encode("utf-16-le") in names for name in ("Workbook", "Book"))
    return FileKind.OLD_WORKBOOK if is_workbook else FileKind.OTHER_DOCUMENT


def _package_kind(file: BinaryIO) -> FileKind:
    try:
        with ZipFile(file) as package:
            names = frozenset(package.namelist()[:10_000])
    except (BadZipFile, OSError, ValueError, RuntimeError):
        return FileKind.WORKBOOK  # reading it says that it is damaged
    if "xl/vbaProject.bin" in names:
        return FileKind.MACROS
    if "xl/workbook.bin" in names:
        return FileKind.BINARY_WORKBOOK
    if "[Content_Types].xml" in names:
        is_document = any(name.startswith(("word/", "ppt/")) for name in names)
        return FileKind.OTHER_DOCUMENT if is_document else FileKind.WORKBOOK
    is_open_document = "mimetype" in names and "content.xml" in names
    return FileKind.OPEN_DOCUMENT if is_open_document else FileKind.OTHER_DOCUMENT
