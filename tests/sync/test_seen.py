"""A set of keys in eight bytes each is a set of keys."""

from hypothesis import given, strategies as st

from cchc_connect.sync.seen import SeenKeys

KEYS = st.text(max_size=6)


@given(pages=st.lists(st.lists(KEYS, max_size=10), max_size=6), others=st.lists(KEYS, max_size=10))
def test_it_knows_what_was_added_and_nothing_else(pages: list[list[str]], others: list[str]) -> None:
    """Whatever comes in whatever pages, also twice."""
    seen, expected = SeenKeys(), set[str]()
    for page in pages:
        seen.add(page)
        expected |= set(page)
        assert len(seen) == len(expected)

    assert bool(seen) is bool(expected)
    assert all((key in seen) is (key in expected) for key in [*expected, *others])
