"""Tax code (mã số thuế, MST), for an enterprise also its registration number (mã số doanh nghiệp).

    0 1   0 0 0 0 0 0 0   3   - 0 0 1
    │     │               │     └ branch (đơn vị phụ thuộc), where there is one
    │     │               └ check digit: 10 less the weighted sum modulo 11; a result of 10 is never issued
    │     └ serial
    └ province of registration

A person's tax code is the citizen identity number (NĐ 252/2026/NĐ-CP): twelve digits, no check digit.

>>> TAX_CODE.fits("0100000003"), TAX_CODE.fits("0100000003-001"), TAX_CODE.fits("074000000001")
(True, True, True)
>>> TAX_CODE.fits("0100000008"), TAX_CODE.fits("010000000")
(False, False)
"""

import re
from dataclasses import dataclass
from operator import mul

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

from cchc_schemas.citizen_ids import CITIZEN_ID
from cchc_schemas.codes import Code

_ORGANIZATION = re.compile(r"([0-9]{9})([0-9])(?:-[0-9]{3})?")
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_MODULUS = 11


@dataclass(frozen=True, kw_only=True)
class TaxCodeRule(Code):
    """Validates a tax code: its pattern and, for an organization, its check digit."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.exactly()

    def fits(self, code: str) -> bool:
        """True if `code` matches the pattern and, for an organization, has the right check digit."""
        organization = _ORGANIZATION.fullmatch(code)
        if organization is None:
            return CITIZEN_ID.fits(code)
        return check_digit(organization[1]) == int(organization[2])


def check_digit(nine_digits: str) -> int:
    """Return the check digit of an organization's tax code; 10 means that no such code is issued."""
    weighted: int = sum(map(mul, _WEIGHTS, map(int, nine_digits)))
    return 10 - weighted % _MODULUS


TAX_CODE = TaxCodeRule(rule="tax_code_irregular", pattern=f"{_ORGANIZATION.pattern}|{CITIZEN_ID.pattern}")
