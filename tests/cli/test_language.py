"""In which language the command line speaks."""

import pytest

from cchc_connect.cli.localization import choose_language
from cchc_connect.messages import Language
from tests.cli.conftest import Call


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Language.ENGLISH),
        ({"LANG": "vi_VN.UTF-8"}, Language.VIETNAMESE),
        ({"LANG": "en_US.UTF-8"}, Language.ENGLISH),
        ({"LC_MESSAGES": "vi_VN", "LANG": "en_US.UTF-8"}, Language.VIETNAMESE),
        ({"LC_ALL": "C", "LC_MESSAGES": "vi_VN", "LANG": "vi_VN"}, Language.ENGLISH),
        ({"LC_ALL": "", "LANG": "vi"}, Language.VIETNAMESE),
    ],
)
def test_the_first_locale_variable_that_is_set_decides(environment: dict[str, str], expected: Language) -> None:
    """POSIX: LC_ALL before LC_MESSAGES before LANG; an empty one counts as not set."""
    assert choose_language(None, environment) is expected


def test_what_was_asked_for_comes_before_the_locale() -> None:
    assert choose_language("en", {"LANG": "vi_VN.UTF-8"}) is Language.ENGLISH


def test_the_locale_reaches_the_commands(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who works in Vietnamese need not say so in each command."""
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")

    refused = call("status")

    assert "Không có tệp cấu hình cchc.toml" in refused.err


@pytest.mark.parametrize("spelling", [["--lang", "vi"], ["--lang=vi"]])
def test_a_refusal_and_help_speak_the_language_asked_for_wherever_the_option_stands(
    call: Call, spelling: list[str]
) -> None:
    refused, explained = call("status", "--nope", *spelling), call(*spelling, "status", "--help")

    assert "Không có tùy chọn --nope" in refused.err
    assert "Cho biết từng nguồn đã đọc đến đâu" in explained.out


def test_a_language_that_is_not_spoken_is_a_misuse(call: Call) -> None:
    refused = call("status", "--lang", "fr")

    assert refused.code == 64
    assert "--lang" in refused.err
