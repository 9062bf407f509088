"""Where a file says that something is built: commune, sheet and a list of parcels, or a sentence.

Observed in public client code of land and construction systems: "12, 13; 14", "604 (tờ bản đồ số 3)",
"23 (ứng đại diện)". What is no list of numbers is kept in the source's own words and read no further.
"""

import re
import unicodedata
from collections.abc import Mapping

from cchc_connect import Item
from cchc_connect.wire import codecs
from cchc_schemas import AdminScheme

_NUMBER = re.compile(r"[0-9]+[0-9A-Za-z/.-]*")
_WITH_SHEET = re.compile(r"(?P<numbers>[^()]+)\(\s*tờ (?:bản đồ )?số (?P<sheet>[^()\s]+)\s*\)", re.IGNORECASE)


def site(codes: Item, parcels: Item, schemes: Mapping[str, AdminScheme]) -> Mapping[str, object]:
    """Return scheme and commune of a file, and the parcels it names.

    Args:
        codes: what holds the codes of province and commune (maTinhTP, maPhuongXa).
        parcels: what holds sheet and numbers (soTo, soThua).
        schemes: the scheme that commune codes are of, by the province code beside them.
    """
    scheme = codecs.one_of(codes.get("maTinhTP"), schemes, "province_without_scheme")
    place = {"scheme": scheme, "commune_code": codecs.padded_code(codes.get("maPhuongXa"), codecs.COMMUNE_DIGITS)}
    return {**place, "parcel_refs": parcel_refs(place, parcels.get("soTo"), parcels.get("soThua"))}


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
