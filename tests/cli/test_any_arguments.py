"""Whatever is typed, a command ends with a documented exit code other than that of a fault of the program."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from typer.core import TyperGroup
from typer.main import get_command

from cchc_connect.cli import main
from cchc_connect.cli.app import app
from cchc_connect.cli.exit_codes import ExitCode
from tests.cli.conftest import Call, Connect

ENDLESS = frozenset({"--follow", "--every", "--serve"})
"""Options of commands that run until they are stopped."""

LEFT_OUT = frozenset({"demo"})
"""The demonstration takes seconds; the types of its options are those of the others."""

FILE_NAMES = frozenset({"file", "to", "folder"})
"""Parameters that name a file to be written: their values stay in the test's folder."""

HUGE = "9" * 10_000

NUMBERS = st.sampled_from(
    ["0", "-1", "1", "20", str(2**31), str(2**63 - 1), str(2**63), str(2**70), f"-{2**70}", HUGE, "1e400", "1_0", "٣"]
) | st.integers().map(str)

MOMENTS = st.sampled_from(
    [
        *("0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0999-01-01"),
        *("9999-12-31T23:59:59.999999+23:59", "0001-01-01T00:00:00-23:59", "2026-02-30", "2026-W01-1", "1970-01-01"),
        *("0000-01-01", "10000-01-01", "2026-07-01T24:00", "2026-07-01T08:15+99:99", HUGE),
    ]
)

HOSTS = st.sampled_from(
    [
        *("[::1", "::1]", "[::1]", "..", "h..h", "%zz", "a" * 80, "xn--", "-", "\u200b", "đ" * 70, "h h", "[b", "h,h"),
        *("127.0.0.1", "/nowhere", "\n", "", "[::1%25lo]", "0", "h%00h"),
    ]
)
PORTS = st.sampled_from(
    ["", ":", ":1", ":abc", ":99999999999", ":-1", ":0", ":65536", ":٣", f":{HUGE}", ":1:2", ":1,2"]
)
TAILS = st.sampled_from(
    [
        *(
            "",
            "/",
            "/x",
            "/x?sslmode=no",
            "/x?host=h..h",
            "/x?port=1e9",
            "/x?a",
            "/x?%00=%00",
            "/%00",
            "/x?=",
            "/x?hostaddr=x",
        ),
        *(
            "/x?connect_timeout=abc",
            "/x?dbname=postgresql://[",
            "/x?options=%FF",
            "/x?service=none",
            "/x?user=",
            "/x#y",
        ),
    ]
)
USERS = st.sampled_from(["", "u@", "u:p@", "@", ":@", "u:p@q@", "%00@", "đ@", "u%FF@"])
ADDRESSES = st.builds("postgresql://{}{}{}{}".format, USERS, HOSTS, PORTS, TAILS)

TEXTS = st.text(st.characters(exclude_characters="\0"), max_size=20) | st.sampled_from(
    [
        *("", "-", "--", "district", "dossier", "land_parcel", "reported", "xlsx", "jsonl", "EPSG:9999999", "WGS 84"),
        *("EPSG:4326", "\ud800", "\u2028", "a\nb", HUGE, "code=", "due_at>=9999-12-31", "due_at<0001-01-01"),
        *(
            "status=1",
            f"status={HUGE}",
            "due_at>=9999-12-31T23:59-14:00",
            "is_online=có",
            "area_m2>=NaN",
            "area_m2<1e999999999",
        ),
        *("area_m2>=-sNaN123", "area_m2=Infinity", f"area_m2={HUGE}", "code>=\ud800", "key=x", ".=1", "geometry=1"),
    ]
)
VALUES = TEXTS | NUMBERS | MOMENTS | ADDRESSES
FILES = st.sampled_from(["a.xlsx", "b.csv", "c.parquet", "d.jsonl", "e.geojson", "x" * 300, "g\n.csv", "", ".", "h/i"])


def every_command(group: TyperGroup, path: Sequence[str] = ()) -> Iterator[tuple[Sequence[str], Any]]:
    """Yield the words and the command of every command that does something."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from every_command(command, (*path, name))
        elif name not in LEFT_OUT:
            yield (*path, name), command


ROOT = get_command(app)
assert isinstance(ROOT, TyperGroup)
COMMANDS = list(every_command(ROOT))
GLOBAL_OPTIONS = st.lists(
    st.sampled_from(
        [
            "--json",
            f"--config={'c' * 300}",
            "--config=.",
            "--lang=vi",
            "--lang=xx",
            "--debug",
            "--version",
            "--show-completion=bash",
        ]
    ),
    max_size=2,
)


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """Draw a command with any values of its arguments and options."""
    words, command = draw(st.sampled_from(COMMANDS))
    arguments = [*draw(GLOBAL_OPTIONS), *words]
    for parameter in command.params:
        value = FILES if parameter.name in FILE_NAMES else VALUES
        if parameter.param_type_name == "argument":
            arguments += draw(
                st.lists(value, max_size=2) if parameter.nargs < 0 else st.lists(value, min_size=1, max_size=1)
            )
        elif parameter.opts[0] not in ENDLESS and draw(st.booleans()):
            arguments += parameter.opts if parameter.is_flag else [f"{parameter.opts[0]}={draw(value)}"]
    return arguments


@pytest.mark.repeats
@pytest.mark.usefixtures("pulled_district")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(arguments=command_lines())
def test_no_command_line_makes_the_program_fail(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code = main(arguments)

    capsys.readouterr()
    assert code in set(ExitCode) - {ExitCode.SOFTWARE}


@pytest.fixture
def pulled_district(connect: Connect, call: Call) -> None:
    """Connect a district and pull it, into ./shared.db."""
    connect(keys={}, run={"deadline_s": 5})
    assert call("sync").code == 0
