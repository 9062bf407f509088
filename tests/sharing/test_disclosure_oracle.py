"""10,000 random sets of agreements, records and requests: what leaves in any way is what an oracle written apart says.

Some of them are tried each time, all with `pytest -m "long or not long" -s`, which prints the figure.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.sharing.agreements import Action
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.random_rows import CaseDatabase, RandomRows
from tests.sharing.ways_out import WaysOut

CASES, BATCHES, FIRST_CASES = 10_000, 20, 60


def compare(database: CaseDatabase, folder: Path, seeds: Iterable[int]) -> Counter[str]:
    """Compare what leaves in every way with what the oracle says, and count it."""
    counts = Counter[str]()
    for seed in seeds:
        case = RandomRows(seed)
        if case.request.action not in {Action.READ, Action.MATCH}:
            case.request = replace(case.request, action=case.random.choice((Action.READ, Action.READ, Action.EXPORT)))
        point = database.fill(case)
        try:
            counts += WaysOut(case, database.database, point, folder).compare()
        except AssertionError as difference:
            difference.add_note(f"seed {seed}")
            raise
    return counts


@pytest.mark.parametrize("kind", DATABASE_KINDS)
def test_what_leaves_in_any_way_is_what_the_oracle_says(kind: str, tmp_path: Path) -> None:
    with prepared_address(kind, tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        counts = compare(CaseDatabase(database), tmp_path, range(FIRST_CASES))

    assert counts["records"] > 5


@pytest.mark.long
@pytest.mark.parametrize("kind", DATABASE_KINDS)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_ten_thousand_requests_are_what_the_oracle_says(kind: str, batch: int, tmp_path: Path) -> None:
    with prepared_address(kind, tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        seeds = range(batch * CASES // BATCHES, (batch + 1) * CASES // BATCHES)
        counts = compare(CaseDatabase(database), tmp_path, seeds)
    print(f"\n{kind} batch {batch}: {dict(sorted(counts.items()))}, 0 differences")

    assert min(counts[name] for name in ("disclose", "matches", "file", "reveal", "version", "case")) > 5
    assert counts["records"] > CASES / BATCHES / 10
