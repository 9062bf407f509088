"""A message that was stored as JSON, in a hold or a report, is the same sentence in both languages when it is read."""

import json
import string
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from cchc_connect import SharedDatabase
from cchc_connect.database.outbox.deliveries import hold_route, route_states
from cchc_connect.database.state.cursors import hold, stream_states
from cchc_connect.database.stream import Stream
from cchc_connect.drop_folder import DropFolder
from cchc_connect.drop_folder.names import FileLocation
from cchc_connect.errors import CchcError, Rejected, SourceHeld
from cchc_connect.messages import Language, Message, Messages, render_message, sentences_by_code
from cchc_connect.messages.stored import stored_context
from cchc_connect.sync.report import ReportLine

CODES = sorted(sentences_by_code(Language.ENGLISH))
NOW = datetime(2026, 9, 27, 1, 15, tzinfo=UTC)

scalars = st.one_of(
    st.text(max_size=20),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.integers(-(10**9), 10**10).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.dates(min_value=date(1900, 1, 1)),
    st.just(Path("/srv/shared.db")),
    st.sampled_from(["land_parcel", "2026-09-27T01:15:00.000000Z", "2026-09-27", "Permission denied"]),
)


def placeholders(code: str) -> set[str]:
    sentence = sentences_by_code(Language.ENGLISH)[code]
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@st.composite
def messages(draw: st.DrawFn, depth: int = 2) -> Message:
    """Draw a message of the catalogue with any values, messages and lists among them."""
    code = draw(st.sampled_from(CODES))
    values: st.SearchStrategy[object] = scalars | st.lists(scalars, max_size=3)
    if depth:
        nested = messages(depth - 1)
        values = values | nested | st.lists(nested, max_size=2) | st.builds(Messages, st.lists(nested, max_size=2))
    return Message(code, {name: draw(values) for name in sorted(placeholders(code))})


@given(messages())
def test_whatever_a_message_holds_it_is_the_same_sentence_after_it_was_stored(message: Message) -> None:
    read = json.loads(json.dumps(stored_context(message.context)))

    for language in Language:
        assert render_message(message.code, language, read) == render_message(message.code, language, message.context)


def test_a_number_that_was_stored_keeps_its_thousands_separators() -> None:
    """A code that consists of digits, such as that of a commune, is no number."""
    context = {"found": 1234567, "most": 25747}
    stored = json.loads(json.dumps(stored_context(context)))

    assert render_message("x.y", Language.VIETNAMESE, stored) == "x.y: found 1.234.567, most 25.747"
    assert render_message("x.y", Language.VIETNAMESE, {"commune": "25747"}) == "x.y: commune 25747"
    assert render_message("x.y", Language.ENGLISH, stored) == "x.y: found 1234567, most 25747"


@pytest.mark.parametrize("language", Language)
def test_a_value_that_is_a_message_is_never_shown_as_an_object(language: Language) -> None:
    location = Message("drop_folder_location.file", {"file": "ho-so.csv"})
    context = {"where": location, "limit": "files", "most": 5, "others": [location]}

    for values in (context, json.loads(json.dumps(stored_context(context)))):
        sentence = render_message("drop_folder.limit_exceeded", language, values)
        assert "ho-so.csv" in sentence
        assert "Message(" not in sentence
        assert "{" not in sentence


def missing_file() -> None:
    list(DropFolder(Path("/dev/shm")).members("is-not-there.csv"))  # noqa: S108  # a folder that exists


def refused_cell() -> None:
    raise Rejected("spreadsheet.cell_unreadable", row=3, column="area", problem=Message("spreadsheet_cell.no_number"))


def member_of_archive() -> None:
    raise FileLocation("a.zip").for_member(2).rejection("drop_folder.size_mismatch")


def small_share() -> None:
    raise SourceHeld("network.clock_ok", seconds=0.5)


RAISED: list[Callable[[], None]] = [missing_file, refused_cell, member_of_archive, small_share]


@pytest.mark.parametrize("raising", RAISED)
def test_a_hold_and_a_report_show_the_sentence_of_the_error(raising: Callable[[], None], address: str) -> None:
    with pytest.raises(CchcError) as raised:
        raising()
    error = raised.value
    stream = Stream(connection="folder", record_type="land_parcel", agency="H09")
    reason = Message(error.code, error.context)
    line = ReportLine(kind="pull", name="folder", record_type="land_parcel", reason=reason)

    with SharedDatabase(address) as database:
        with database.writing() as connection:
            hold(connection, stream, error, NOW)
            hold_route(connection, "to-folder", error)
        with database.reading() as connection:
            (state,) = stream_states(connection)
            (route,) = route_states(connection)
    reread = ReportLine.from_document(json.loads(json.dumps(line.as_document()))).reason

    assert reread is not None
    for language in Language:
        sentence = error.in_language(language)
        assert "Message(" not in sentence
        assert render_message(error.code, language, state.held_context) == sentence
        assert render_message(error.code, language, json.loads(str(route["held_context"]))) == sentence
        assert render_message(reread.code, language, reread.context) == sentence


def test_a_hold_of_an_earlier_version_is_read_as_well() -> None:
    """Earlier versions stored every value as text."""
    stored = {"connection": "land", "record_type": "land_parcel", "error": "KeyError, adapter.py:3"}

    assert "KeyError, adapter.py:3" in render_message("source.adapter_failed", Language.VIETNAMESE, stored)
