"""`SeenKeys`, a set that stores eight bytes per key, behaves like a set."""

from hypothesis import given, strategies as st

from cchc_connect.sync.seen_keys import SeenKeys

KEYS = st.text(max_size=6)


@given(pages=st.lists(st.lists(KEYS, max_size=10), max_size=6), further=st.lists(KEYS, max_size=10))
def test_it_contains_exactly_the_keys_that_were_added(pages: list[list[str]], further: list[str]) -> None:
    """In any pages, with repeated keys."""
    seen, expected = SeenKeys(), set[str]()
    for page in pages:
        seen.add(page)
        expected |= set(page)
        assert len(seen) == len(expected)

    assert bool(seen) is bool(expected)
    assert all((key in seen) is (key in expected) for key in [*expected, *further])
