"""Read the location of a permit file or works: commune, map sheet and a list of parcels, or a sentence.

Observed in public client code of land and construction systems: "12, 13; 14", "604 (tờ bản đồ số 3)",
"23 (ứng đại diện)". A text that is not a list of numbers is kept as the source wrote it.
"""

import re
import unicodedata
from collections.abc import Mapping

from cchc_connect.wire import codecs
from cchc_connect.wire.json import Item
from cchc_schemas import AdminScheme

_NUMBER = re.compile(r"[0-9][0-9A-Za-z/.-]*")
_WITH_SHEET = re.compile(r"(?P<numbers>[^()]+)\(\s*tờ (?:bản đồ )?số (?P<sheet>[^()\s]+)\s*\)", re.IGNORECASE)


def location_fields(
    address_object: Item, parcel_object: Item, schemes: Mapping[str, AdminScheme]
) -> Mapping[str, object]:
    """Return the scheme, commune and parcel references of a file.

    Args:
        address_object: the object with the codes of province and commune (maTinhTP, maPhuongXa).
        parcel_object: the object with map sheet and parcel numbers (soTo, soThua).
        schemes: the scheme of the commune codes, by province code.
    """
    scheme = codecs.code_meaning(address_object.get("maTinhTP"), schemes, "province_without_scheme")
    commune = {
        "scheme": scheme,
        "commune_code": codecs.padded_code(address_object.get("maPhuongXa"), codecs.COMMUNE_DIGITS),
    }
    return {**commune, "parcel_refs": parcel_refs(commune, parcel_object.get("soTo"), parcel_object.get("soThua"))}


def parcel_refs(commune: Mapping[str, object], sheet: object, numbers: object) -> list[Mapping[str, object]]:
    """Return the fields of a `ParcelRef` for each parcel that a file names.

    If the text is no list of numbers, or the commune code is missing or unreadable, the only reference has the source's
    text in `raw`.

    Args:
        commune: scheme and commune code, as the record has them.
        sheet: the file's value for the map sheet (tờ bản đồ).
        numbers: the file's value for the parcels (thửa).
    """
    map_sheet, text = _nfc_text(sheet), _nfc_text(numbers)
    if not (map_sheet or text):
        return []
    sentence = _WITH_SHEET.fullmatch(text) if not map_sheet else None
    if sentence:
        map_sheet, listed = sentence["sheet"], sentence["numbers"]
    else:
        listed = text
    parcels = [number.strip() for number in re.split(r"[,;]", listed)]
    if sentence or not map_sheet:
        raw = text
    elif text:
        raw = f"thửa {text}, tờ {map_sheet}"
    else:
        raw = f"tờ {map_sheet}"
    if not all(_NUMBER.fullmatch(number) for number in (map_sheet, *parcels)):
        return [{"raw": raw}]
    if not isinstance(commune.get("commune_code"), str):
        return [{"raw": raw}]
    source_text = raw if sentence or len(parcels) > 1 else None
    return [{**commune, "map_sheet": map_sheet, "parcel_number": number, "raw": source_text} for number in parcels]


def _nfc_text(value: object) -> str:
    return unicodedata.normalize("NFC", codecs.plain_text(value))
