"""Catalogues of land use codes (danh mục loại đất): which codes each of them has.

Codes came, went and changed their meaning with each catalogue, so a code means something only with its catalogue.
The data are in `data/land_use_codes.csv` with their source; what is not verified there is not judged here.

>>> is_in_catalogue("LUN", "TT 27/2018/TT-BTNMT"), is_in_catalogue("LUN", "Thông tư số 08/2024/TT-BTNMT")
(True, False)
>>> is_in_catalogue("LUN", "danh mục của tỉnh") is None
True
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from cchc_schemas.code_lists import code_list

_NUMBER = re.compile(r"(?<![0-9])0*([0-9]{1,3})\s*/\s*(20[0-9]{2})(?![0-9])")


@lru_cache(maxsize=1024)
def is_in_catalogue(code: str, catalogue: str) -> bool | None:
    """Return whether a catalogue has a code; None where catalogue or code are not known.

    Args:
        code: a land use code.
        catalogue: the catalogue as a record names it; its number and year count.
    """
    codes = _codes_by_catalogue().get(_number(catalogue))
    if codes is None or code not in code_list("land_use_codes"):
        return None
    return code in codes


def _number(catalogue: str) -> str:
    """Return number and year of the circular that a text names; the text itself where it names none or an earlier one.

    >>> _number("TT 08/2024/TT-BTNMT"), _number("trước TT 27/2018/TT-BTNMT")
    ('8/2024', 'trước TT 27/2018/TT-BTNMT')
    """
    numbers = _NUMBER.findall(catalogue)
    folded = catalogue.casefold()
    is_earlier = "trước" in folded or "cũ" in folded
    return catalogue if len(numbers) != 1 or is_earlier else "/".join(numbers[0])


@cache
def _codes_by_catalogue() -> Mapping[str, frozenset[str]]:
    """Return the codes of each catalogue of which all codes are known, by number and year."""
    codes: dict[str, set[str]] = {}
    for entries in code_list("land_use_codes").entries.values():
        for entry in entries:
            number = _number(entry.columns["catalogue"])
            if number != entry.columns["catalogue"]:
                codes.setdefault(number, set()).add(entry.code)
    return {number: frozenset(members) for number, members in codes.items()}
