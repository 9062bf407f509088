"""Citizen identity number (số định danh cá nhân, số CCCD): twelve digits without a check digit.

    0 7 4   0   0 0   0 0 0 0 0 1
    │       │   │     └ serial
    │       │   └ last two digits of the birth year
    │       └ century and sex: 0, 1 for 19xx; 2, 3 for 20xx; 4, 5 for 21xx ...; even is male, odd is female
    └ province of registration, 001 to 096; a code system of its own time, not a scheme of administrative units

Source: NĐ 137/2015/NĐ-CP and TT 07/2016/TT-BCA as cited in public client code. Without a check digit, a
well-formed number may still be invented.

>>> CITIZEN_ID.fits("074000000001"), CITIZEN_ID.fits("097000000001"), CITIZEN_ID.fits("07400000001")
(True, False, False)
"""

from enum import StrEnum

from cchc_schemas.codes import Code

CITIZEN_ID = Code(rule="citizen_id_irregular", pattern="0(?:0[1-9]|[1-8][0-9]|9[0-6])[0-9]{9}")


class Sex(StrEnum):
    """Sex (giới tính), as encoded in the number."""

    MALE = "male"
    """Male (nam)."""
    FEMALE = "female"
    """Female (nữ)."""


def sex_of(citizen_id: str) -> Sex:
    """Return the sex encoded in a well-formed number.

    >>> sex_of("074000000001").value, sex_of("074301000001").value
    ('male', 'female')
    """
    return Sex.FEMALE if int(citizen_id[3]) % 2 else Sex.MALE


def birth_year(citizen_id: str) -> int:
    """Return the birth year encoded in a well-formed number.

    >>> birth_year("074087000001"), birth_year("074301000001")
    (1987, 2001)
    """
    return 1900 + 100 * (int(citizen_id[3]) // 2) + int(citizen_id[4:6])
