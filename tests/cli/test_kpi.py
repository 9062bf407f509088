"""`kpi`: a report, the cases behind it, its explanation, targets, in both languages."""

from pathlib import Path

import pytest

from cchc_connect import SharedDatabase
from tests.cli.conftest import Call
from tests.kpi.written import dossier, write

PERIOD = ("--from", "2026-01-01", "--to", "2026-02-01")
DECREE = ("--set", "qd-766-2022")
PROGRAMME = ("--set", "cchc-2021-2030")


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Return the option of a database with one dossier in time and one that is late."""
    monkeypatch.chdir(tmp_path)
    with SharedDatabase("shared.db", create_or_upgrade=True) as database:
        fields = {"status": 9, "received_at": "01-05 08:00", "due_at": "01-20 17:00"}
        late = dossier("H09-260105-0002", processed_at="01-21 10:00", **fields)
        write(database, [dossier("H09-260105-0001", processed_at="01-19 10:00", **fields), late])
    return "--db", "shared.db"


def test_a_report_tells_figures_points_and_what_is_missing(call: Call, at: tuple[str, str]) -> None:
    shown = call("kpi", "report", *DECREE, *PERIOD, *at)
    vietnamese = call("--lang", "vi", "kpi", "report", *DECREE, *PERIOD, *at)

    assert "50.00" in shown.out
    assert "10.00 / 20" in shown.out
    assert "2 received - 2 ended = 0 open" in shown.out
    assert "đến hết 31/01/2026" in vietnamese.out
    assert "50,00" in vietnamese.out
    assert "1.3: chưa tính được" in vietnamese.out


def test_a_report_as_of_a_sequence_is_the_same_document(call: Call, at: tuple[str, str]) -> None:
    document = call("kpi", "report", *PROGRAMME, *PERIOD, *at, "--each", "--json").document
    again = call("kpi", "report", *PROGRAMME, *PERIOD, *at, "--each", "--as-of", str(document["as_of"]), "--json")

    assert again.document == document
    assert {figure["agency"] for figure in document["figures"]} == {None, "000.00.05.H09"}


def test_the_cases_of_a_figure_are_listed(call: Call, at: tuple[str, str]) -> None:
    document = call("kpi", "cases", "2.1", *DECREE, *PERIOD, *at, "--json").document

    assert (document["numerator"], document["complement"], document["unknown"]) == (
        ["H09-260105-0001"],
        ["H09-260105-0002"],
        [],
    )


def test_a_year_without_a_target_says_so_and_a_loaded_one_counts(call: Call, at: tuple[str, str]) -> None:
    before = call("--lang", "vi", "kpi", "report", *PROGRAMME, *PERIOD, *at).out
    Path("kh.csv").write_text("indicator,agency,year,value,source\non_time,*,2026,75,KH 1\n", encoding="utf-8")
    loaded = call("kpi", "targets", "--load", "kh.csv", *at)
    rows = {row["indicator"]: row for row in call("kpi", "report", *PROGRAMME, *PERIOD, *at, "--json").document["rows"]}

    assert "chưa giao chỉ tiêu" in before
    assert loaded.code == 0
    assert (rows["on_time"]["target"], rows["on_time"]["distance"], rows["on_time"]["lacking"]) == ("75", "-25.00", 1)


def test_figures_are_written_into_a_file_that_does_not_exist_yet(call: Call, at: tuple[str, str]) -> None:
    written = call("kpi", "report", *DECREE, *PERIOD, *at, "--csv", "figures.csv", "--html", "report.html")

    assert written.code == 0
    assert "2.1" in Path("report.html").read_text(encoding="utf-8")
    assert "qd-766-2022,1,,2026-01-01,2026-02-01" in Path("figures.csv").read_text(encoding="utf-8")
    assert call("kpi", "report", *DECREE, *PERIOD, *at, "--csv", "figures.csv").code == 73


def test_an_explanation_has_definition_readings_and_act_in_both_languages(call: Call, at: tuple[str, str]) -> None:
    document = call("kpi", "explain", "2.1", *DECREE, "--json").document
    shown = call("--lang", "vi", "kpi", "explain", "1.4", *DECREE)

    assert document["number"] == "766/QĐ-TTg"
    assert {"vi", "en"} <= set(document["rulings"][0])
    assert "bcqg.received" in shown.out
    assert call("kpi", "rebuild", *at).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("kpi", "report", "--set", "qd-766", *PERIOD),
        ("kpi", "report", *DECREE, "--from", "2026-02-01", "--to", "2026-02-01"),
        ("kpi", "report", *DECREE, "--from", "01/02/2026", "--to", "2026-03-01"),
        ("kpi", "report", *DECREE, *PERIOD, "--agency", "H99.1"),
        ("kpi", "report", *DECREE, *PERIOD, "--as-of", "9999"),
        ("kpi", "cases", "1.3", *DECREE, *PERIOD),
    ],
)
def test_what_is_asked_wrongly_is_refused(call: Call, at: tuple[str, str], words: tuple[str, ...]) -> None:
    assert call(*words, *at).code == 64
