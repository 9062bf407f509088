"""The words of a source: what a map lists is what it translates."""

import unicodedata

import pytest
from hypothesis import given, strategies as st

from cchc_connect.wire.codecs import Unreadable, flag
from cchc_connect.wire.word_maps import WordMap

MAPS = {
    "numbers": WordMap({"1": "valid", "0": "void"}),
    "texts": WordMap({"True": "valid", "Đất ở": "home", "2.5": "half"}),
    "any case": WordMap({"Đất Ở": "home", "true": "valid"}, in_any_case=True),
    "flags": WordMap({"true": "valid", "false": "void"}, read=flag),
}
ODD: list[object] = [
    True,
    False,
    0,
    1,
    1.0,
    2.5,
    "1",
    " 1 ",
    "True",
    "true",
    "",
    " ",
    None,
    "Đất ở",
    10**400,
    1e999,
    [],
    {},
]
VALUES: st.SearchStrategy[object] = st.sampled_from(ODD) | st.text(max_size=3) | st.integers()


@given(VALUES, st.sampled_from(sorted(MAPS)))
def test_a_map_lists_what_it_translates(value: object, name: str) -> None:
    words = MAPS[name]

    assert words.lists(value) is not isinstance(words(value), Unreadable)


@pytest.mark.parametrize("value", [True, False])
def test_a_flag_is_no_number(value: object) -> None:
    assert not MAPS["numbers"].lists(value)


@pytest.mark.parametrize(
    "word", ["rất hài lòng", "Rất Hài Lòng", "RẤT HÀI LÒNG", unicodedata.normalize("NFD", "Rất Hài lòng")]
)
def test_a_word_is_the_same_in_upper_and_lower_case_where_the_map_says_so(word: str) -> None:
    meanings = {"Rất hài lòng": 3}

    assert WordMap(meanings, in_any_case=True)(word) == 3
    assert isinstance(WordMap(meanings)(word), Unreadable)
