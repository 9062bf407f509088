"""Land register of the invented province: parcels, their numbers, uses, certificates and holders.

About half of the map sheets were surveyed again after the communes were merged in July 2025. Their parcels have new
sheet and parcel numbers; older files refer to them by the former numbers.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from cchc_connect.testing.province.communes import Commune, FormerCommune, present_communes
from cchc_connect.testing.province.facts import (
    VIETNAM,
    CertificateFact,
    HolderFact,
    ParcelFact,
    ParcelNumbering,
    RestrictionFact,
    UseFact,
)
from cchc_connect.testing.province.geometry import centre, geohash, rectangle
from cchc_connect.testing.province.people import People
from cchc_connect.testing.province.seeded_random import happens, seeded_random, weighted_choice

_FIRST_ID = 740_001
_PROVINCE = "Thành phố Hồ Chí Minh"
_RESURVEYED_SHARE = 0.5
_TENTH = Decimal("0.1")
_FIRST_ENTRY = datetime(2025, 1, 2, 8, tzinfo=VIETNAM)
_ENTRY_DAYS = 500
_HOLDER_KINDS = {0: 65, 1: 15, 2: 10, 3: 10}
_RESTRICTION_KINDS = {1: 1, 2: 4, 3: 2, 4: 1, 5: 1}
_FARM_USES = {"CLN": 5, "HNK": 3, "LUC": 2, "NTS": 1}
_BUSINESS_USES = {"TMD": 2, "SKC": 3}
_LEASED_UNTIL = date(2063, 12, 31)


class LandRegister:
    """Draws parcels by map sheet; parcels of a sheet are neighbours, numbered upwards with gaps."""

    def __init__(self, seed: int) -> None:
        self._rng = seeded_random("land", seed)
        self._people = People(self._rng)
        self._sheets: Counter[str] = Counter()
        self._serial = 0

    def draw_parcels(self, count: int) -> list[ParcelFact]:
        """Return `count` parcels in the order of their source ids."""
        drawn: list[ParcelFact] = []
        while len(drawn) < count:
            drawn.extend(self._sheet(_FIRST_ID + len(drawn)))
        return drawn[:count]

    def _sheet(self, first_id: int) -> Iterator[ParcelFact]:
        rng = self._rng
        commune = rng.choice(present_communes())
        sheet = self._next_sheet(commune.code)
        former = rng.choice(commune.former) if happens(rng, _RESURVEYED_SHARE) else None
        former_sheet = self._next_sheet(f"former {former.code}") if former else ""
        number, former_number = rng.randint(1, 150), rng.randint(1, 900)
        west = commune.west + rng.random() * commune.width * 0.8
        south = commune.south + rng.random() * commune.width * 0.9
        for offset in range(rng.randint(6, 12)):
            number, former_number = number + rng.randint(1, 3), former_number + rng.randint(1, 4)
            current = ParcelNumbering(commune=commune.code, district="", sheet=sheet, number=str(number))
            previous = _former_numbering(former, former_sheet, former_number) if former else None
            yield self._parcel(first_id + offset, commune, (current, previous), (west + offset * 0.0008, south))

    def _next_sheet(self, commune: str) -> str:
        self._sheets[commune] += 1
        return str(self._sheets[commune])

    def _parcel(
        self,
        source_id: int,
        commune: Commune,
        numbering: tuple[ParcelNumbering, ParcelNumbering | None],
        corner: tuple[float, float],
    ) -> ParcelFact:
        rng, (current, previous) = self._rng, numbering
        area = Decimal(rng.randint(450, 28_000)) * _TENTH
        ring = rectangle(*corner, area)
        created = _FIRST_ENTRY + timedelta(days=rng.randrange(_ENTRY_DAYS), minutes=rng.randrange(540))
        holders = self._holders(commune)
        return ParcelFact(
            source_id=str(source_id),
            changed_at=created + timedelta(minutes=rng.randrange(20_000)),
            created_at=created,
            version=rng.randint(1, 3),
            numbering=current,
            previous=previous,
            national_id=geohash(*centre(ring)),
            area=area,
            legal_area=area + (Decimal(rng.randint(-15, 15)) * _TENTH if happens(rng, 0.2) else 0),
            address=f"Thửa đất số {current.number}, tờ bản đồ số {current.sheet}, {commune.name}, {_PROVINCE}",
            uses=_uses(rng, commune, area, is_company=holders[0].party.is_company),
            certificates=(self._certificate(created.date()),) if happens(rng, 0.9) else (),
            holders=holders,
            restrictions=(_restriction(rng, area),) if happens(rng, 0.05) else (),
            is_encroached=happens(rng, 0.01),
            in_dispute=happens(rng, 0.02),
            ring=ring,
        )

    def _holders(self, commune: Commune) -> tuple[HolderFact, ...]:
        kind = weighted_choice(self._rng, _HOLDER_KINDS)
        people = self._people
        match kind:
            case 1:
                husband, wife = people.person(commune.name, male=True), people.person(commune.name, male=False)
                wife = replace(wife, address=husband.address)
                return HolderFact(kind=1, role="Chồng", party=husband), HolderFact(kind=1, role="Vợ", party=wife)
            case 2:
                return (HolderFact(kind=2, role="Chủ hộ", party=people.person(commune.name)),)
            case 3:
                return (HolderFact(kind=3, role="", party=people.company(commune.name)),)
            case _:
                return (HolderFact(kind=0, role="Cá nhân", party=people.person(commune.name)),)

    def _certificate(self, registered_on: date) -> CertificateFact:
        self._serial += 1
        issued = registered_on - timedelta(days=self._rng.randint(0, 7000))
        return CertificateFact(
            certificate_id=880_000 + self._serial,
            serial=f"MS {self._serial:06d}",
            book_number=f"CS{self._serial:05d}",
            issued_on=issued,
            dossier_code=None,
        )


def _former_numbering(former: FormerCommune, sheet: str, number: int) -> ParcelNumbering:
    return ParcelNumbering(commune=former.code, district=former.district, sheet=sheet, number=str(number))


def _uses(rng: Random, commune: Commune, area: Decimal, *, is_company: bool) -> tuple[UseFact, ...]:
    if is_company:
        code = weighted_choice(rng, _BUSINESS_USES)
        return (UseFact(code=code, area=area, expires_on=_LEASED_UNTIL, origin=11),)
    residential = UseFact(code="ODT" if commune.is_urban else "ONT", area=area, expires_on=None, origin=1)
    if happens(rng, 0.55):
        return (residential,)
    farmland = UseFact(code=weighted_choice(rng, _FARM_USES), area=area, expires_on=_LEASED_UNTIL, origin=3)
    if happens(rng, 0.3):
        return (farmland,)
    residential_area = (area * Decimal(rng.randint(2, 6)) / 10).quantize(_TENTH)
    return replace(residential, area=residential_area), replace(farmland, area=area - residential_area)


def _restriction(rng: Random, area: Decimal) -> RestrictionFact:
    return RestrictionFact(
        kind=weighted_choice(rng, _RESTRICTION_KINDS),
        document_number=f"{rng.randint(1, 999)}/QĐ-UBND",
        issued_on=date(rng.randint(2015, 2025), rng.randint(1, 12), rng.randint(1, 28)),
        area=(area / 10).quantize(_TENTH),
    )
