"""The shipped adapters suspect nothing of honest agencies: their doubles answer over real sockets."""

from pathlib import Path

import pytest

from tests.honest.shipped_worlds import live_shipped
from tests.quick import few


@pytest.mark.parametrize("seed", few(range(1, 41)))
def test_nothing_is_suspected_of_agencies_with_honest_habits(seed: int, tmp_path: Path) -> None:
    """Without counts, with full last pages, small caps and ended sessions: no alarm, every record, and then rest."""
    tmp_path.chmod(0o700)

    result = live_shipped(seed, tmp_path)

    assert result.alarms == ()
    assert result.stored == result.expected
    assert result.rewritten == 0
