"""Days as layers of ArcGIS Server write them, in a module of their own because field maps read them too.

A field of type `esriFieldTypeDate` holds milliseconds since 1970, negative before then, and as text where a table was
copied from elsewhere. Since 11.2 there are also `esriFieldTypeDateOnly` ("2024-05-01") and
fields with an offset ("2024-05-01T08:00:00+07:00").
"""

from cchc_connect.wire import times
from cchc_connect.wire.field_map import epoch_day


def esri_day(value: object) -> object:
    """Return the Vietnamese day of a field of any of these types; a number is milliseconds, however small.

    >>> str(esri_day(1714521600000)), str(esri_day(-86400000)), str(esri_day("2024-05-01"))
    ('2024-05-01', '1969-12-31', '2024-05-01')
    """
    return epoch_day(value) if isinstance(value, int | float) and not isinstance(value, bool) else times.day(value)
