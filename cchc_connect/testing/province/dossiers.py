"""Applications that people file with the agencies: construction permits, land registrations, civil status.

The agency codes have the form of QCVN 102:2016/BTTTT. That H09 stands for Bình Dương is inferred from the
alphabetical list and not verified.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from cchc_connect.testing.province.communes import present_communes
from cchc_connect.testing.province.construction import Plot
from cchc_connect.testing.province.facts import VIETNAM, ParcelFact
from cchc_connect.testing.province.one_stop_desk import SATURDAY, Application
from cchc_connect.testing.province.people import People
from cchc_connect.testing.province.procedures import PROCEDURES
from cchc_connect.testing.province.seeded_random import happens, seeded_random, weighted_choice

CONSTRUCTION_DEPARTMENT = ("000.00.05.H09", "Sở Xây dựng")
LAND_DEPARTMENT = ("000.00.07.H09", "Sở Nông nghiệp và Môi trường")

_PRIVATE_HOUSE, _PRIVATE_HOUSE_WEIGHT = 5, 1.5
_LAND_FIELD, _CIVIL_FIELD = "G13-TN02", "G15-TP07"
_FIRST_DAY, _DAYS = datetime(2025, 1, 2, tzinfo=VIETNAM), 540
_GROWTH = 1 / 3
_ONLINE_SHARE = 0.55


class Applications:
    """Draws applications."""

    def __init__(self, seed: int) -> None:
        self._rng = seeded_random("filings", seed)
        self._people = People(self._rng)
        self._permits = {
            procedure: _PRIVATE_HOUSE_WEIGHT if procedure.permit_kind == _PRIVATE_HOUSE else 0.1
            for procedure in PROCEDURES
            if procedure.permit_kind
        }
        self._land = [procedure for procedure in PROCEDURES if procedure.field_code == _LAND_FIELD]
        self._civil = [procedure for procedure in PROCEDURES if procedure.field_code == _CIVIL_FIELD]

    def permit(self, plot: Plot, at: datetime) -> Application:
        """Return an application for a construction permit on `plot`; the applicant is its first holder."""
        parcel = plot.parcels[0]
        return Application(
            procedure=weighted_choice(self._rng, self._permits),
            agency_code=CONSTRUCTION_DEPARTMENT[0],
            agency_name=CONSTRUCTION_DEPARTMENT[1],
            applicant=parcel.holders[0].party,
            summary=f"Xin cấp giấy phép xây dựng tại thửa {parcel.numbering.number} tờ {parcel.numbering.sheet}",
            created_at=at,
            online=happens(self._rng, _ONLINE_SHARE),
        )

    def land(self, parcel: ParcelFact, at: datetime) -> Application:
        """Return an application to register a change of `parcel`; the applicant is its first holder."""
        return Application(
            procedure=self._rng.choice(self._land),
            agency_code=LAND_DEPARTMENT[0],
            agency_name=LAND_DEPARTMENT[1],
            applicant=parcel.holders[0].party,
            summary=f"Đăng ký đất đai, thửa {parcel.numbering.number} tờ {parcel.numbering.sheet}",
            created_at=at,
            online=happens(self._rng, _ONLINE_SHARE),
        )

    def civil(self, at: datetime) -> Application:
        """Return an application to a commune for a civil status document."""
        index = self._rng.randrange(len(present_communes()))
        commune = present_communes()[index]
        procedure = self._rng.choice(self._civil)
        return Application(
            procedure=procedure,
            agency_code=f"000.{index + 1:02d}.30.H09",
            agency_name=f"Ủy ban nhân dân {commune.name[0].lower()}{commune.name[1:]}",
            applicant=self._people.person(commune.name),
            summary=procedure.name,
            created_at=at,
            online=happens(self._rng, _ONLINE_SHARE),
        )


def application_times(rng: Random, count: int) -> Sequence[datetime]:
    """Return `count` instants in office hours from January 2025 to June 2026, sorted, denser towards the end."""
    instants: list[datetime] = []
    while len(instants) < count:
        day = _FIRST_DAY + timedelta(days=int(_DAYS * rng.random() ** _GROWTH))
        if day.isoweekday() < SATURDAY:
            instants.append(day + timedelta(hours=7, minutes=30, seconds=rng.randrange(9 * 3600)))
    return sorted(instants)
