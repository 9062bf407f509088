"""The date in a file's name, which orders deliveries: never the file's own time, which copying changes.

>>> [str(delivery_time(name, "")) for name in ("thua_20260402.csv", "thua_2026-04-02_0830 (2).xlsx", "02-04-2026.csv")]
['2026-04-02 00:00:00+07:00', '2026-04-02 08:30:02+07:00', '2026-04-02 00:00:00+07:00']
>>> delivery_time("thua_dat.csv", "") is None
True
"""

import re
from datetime import datetime, timedelta
from functools import lru_cache

from cchc_schemas import VIETNAM

_PARTS = {"yyyy": "(?P<year>[12][0-9]{3})", "MM": "(?P<month>[0-9]{2})", "dd": "(?P<day>[0-9]{2})"} | {
    "HH": "(?P<hour>[0-9]{2})",
    "mm": "(?P<minute>[0-9]{2})",
    "ss": "(?P<second>[0-9]{2})",
}
_SPLIT = re.compile("yyyy|MM|dd|HH|mm|ss|.", re.DOTALL)
_FORMS = ("yyyyMMdd", "yyyy-MM-dd", "ddMMyyyy", "dd-MM-yyyy")
_CLOCK = r"(?:[T _-]?(?P<hour>[01][0-9]|2[0-3])[-:h]?(?P<minute>[0-5][0-9])(?:[-:m]?(?P<second>[0-5][0-9]))?)?"
_MARK = "[-._ ]"
_NUMBER = re.compile(r"(?:[-_ ](?:v|lan|l)?|\()\s{0,3}([0-9]{1,3})\)?\Z", re.IGNORECASE)
_ENDING = re.compile(r"(?:\.tar)?\.[A-Za-z]{1,8}\Z")


def is_date_form(form: str) -> bool:
    """Whether a form has a year, each part at most once, and beside parts neither letters nor digits of ASCII.

    >>> [is_date_form(form) for form in ("dd-MM-yyyy", "ddMM", "yyyyMMMM", "yyyyMMdd_v2")]
    [True, False, False, False]
    """
    written = _SPLIT.findall(form)
    parts = [part for part in written if part in _PARTS]
    between = "".join(part for part in written if part not in _PARTS)
    return "yyyy" in parts and len(set(parts)) == len(parts) and re.search("[A-Za-z0-9]", between) is None


def delivery_time(name: str, form: str) -> datetime | None:
    """Return when a file was delivered, by its name, in Vietnamese time; None where it has no date, or two readings.

    A number at the end of the name ("_2", "(2)") counts as seconds: it orders the files of one day.

    Args:
        name: the name, with its folders.
        form: the form of the date ("yyyyMMdd"); "": one of the usual forms.
    """
    stem = _ENDING.sub("", name.rpartition("/")[2])
    readings = dict[datetime, int]()
    for written in (form,) if form else _FORMS:
        for match in _pattern(written, is_declared=bool(form)).finditer(stem):
            moment = _moment(match)
            if moment is not None:
                readings[moment] = match.end()
    if len(readings) != 1:
        return None
    ((moment, end),) = readings.items()
    number = _NUMBER.search(stem[end:])
    return moment + timedelta(seconds=int(number[1]) if number else 0)


@lru_cache(maxsize=256)
def _pattern(form: str, *, is_declared: bool) -> re.Pattern[str]:
    written = "".join(
        _PARTS.get(part, re.escape(part) if is_declared else _MARK if part == "-" else re.escape(part))
        for part in _SPLIT.findall(form)
    )
    return re.compile(rf"(?<![0-9]){written}{'' if is_declared else _CLOCK}(?![0-9])")


def _moment(match: re.Match[str]) -> datetime | None:
    parts = {name: int(digits) for name, digits in match.groupdict().items() if digits}
    try:
        moment = datetime(
            parts["year"],
            parts.get("month", 1),
            parts.get("day", 1),
            parts.get("hour", 0),
            parts.get("minute", 0),
            parts.get("second", 0),
            tzinfo=VIETNAM,
        )
    except (ValueError, KeyError):
        return None
    return moment if moment.year >= _FIRST_YEAR else None


_FIRST_YEAR = 1990
