"""Parcels as files name them: a sheet and a list of numbers, or a sentence.

Observed in public client code of land and construction systems: "12, 13; 14", "604 (tờ bản đồ số 3)",
"23 (ứng đại diện)". What is no list of numbers is kept in the source's own words and read no further.
"""

import re
import unicodedata
from collections.abc import Mapping

from cchc_connect import codecs

_NUMBER = re.compile(r"[0-9]+[0-9A-Za-z/.-]*")
_WITH_SHEET = re.compile(r"(?P<numbers>[^()]+)\(\s*tờ (?:bản đồ )?số (?P<sheet>[^()\s]+)\s*\)", re.IGNORECASE)


def parcel_refs(place: Mapping[str, object], sheet: object, numbers: object) -> list[Mapping[str, object]]:
    """Return the fields of a `ParcelRef` for each parcel that a file names.

    Args:
        place: scheme and commune code, as the record has them.
        sheet: what the file has for the map sheet (tờ bản đồ).
        numbers: what it has for the parcels (thửa).
    """
    on_sheet, words = _written(sheet), _written(numbers)
    if not (on_sheet or words):
        return []
    sentence = _WITH_SHEET.fullmatch(words) if not on_sheet else None
    if sentence:
        on_sheet, listed = sentence["sheet"], sentence["numbers"]
    else:
        listed = words
    parcels = [number.strip() for number in re.split(r"[,;]", listed)]
    raw = words if not on_sheet or sentence else f"thửa {words}, tờ {on_sheet}" if words else f"tờ {on_sheet}"
    if not all(_NUMBER.fullmatch(number) for number in (on_sheet, *parcels)):
        return [{"raw": raw}]
    if not isinstance(place.get("commune_code"), str):
        return [{"raw": raw}]
    own_words = raw if sentence or len(parcels) > 1 else None
    return [{**place, "map_sheet": on_sheet, "parcel_number": number, "raw": own_words} for number in parcels]


def _written(value: object) -> str:
    return unicodedata.normalize("NFC", codecs.plain_text(value))
