"""`docs` names the folder of the documentation on this machine."""

from pathlib import Path

from tests.checkout import ROOT
from tests.cli.conftest import Call


def test_every_page_that_is_named_is_there(call: Call) -> None:
    named = call("docs", "--json").document

    assert Path(named["folder"]) == ROOT
    assert set(named["pages"]) == {"official", "operator", "developer", "integrator", "everybody"}
    assert [page for page in named["pages"].values() if not Path(page).is_file()] == []


def test_the_readers_are_named_in_both_languages(call: Call) -> None:
    assert "operators" in call("docs").out
    assert "người vận hành" in call("docs", "--lang", "vi").out


def test_a_page_with_a_vietnamese_counterpart_is_named_by_that_one(call: Call) -> None:
    english, vietnamese = (call("docs", "--lang", language, "--json").document["pages"] for language in ("en", "vi"))

    assert (Path(english["operator"]).name, Path(vietnamese["operator"]).name) == ("operate.md", "van_hanh.md")
    assert [page for page in vietnamese.values() if not Path(page).is_file()] == []


def test_the_written_configuration_says_how_to_find_the_documentation(call: Call) -> None:
    call("init")

    assert "cchc-connect docs" in Path("cchc.toml").read_text(encoding="utf-8")
