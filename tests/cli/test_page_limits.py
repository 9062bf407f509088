"""A source whose page exceeds a limit is held; the sentence says what, where and what to do."""

import pytest

from tests.cli.conftest import Call, Connect
from tests.cli.district import District
from tests.sync.memory_systems import parcel_item


@pytest.mark.parametrize(("limit", "sentence"), [(2, "more than 6 objects"), (5, "more than 5 items")])
def test_a_page_beyond_a_limit_holds_its_source_until_the_limit_is_raised(
    call: Call, connect: Connect, district: District, limit: int, sentence: str
) -> None:
    district.page_size = 10
    district.parcels.extend(parcel_item(number) for number in range(1, 9))
    connect(keys={"max_page_items": limit})

    held, checked = call("sync"), call("check")

    assert (held.code, checked.code) == (69, 69)
    for output in (held.out, checked.out):
        assert sentence in output
        assert "max_page_items" in output
    connect()
    assert call("sync").code == 0
