"""A faulty configuration names table and key, what the value may be, and what is missing where; never the value."""

import sys
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, Field

from cchc_connect import Config, ConfigurationError, Dialect, Source, Target, classify_rest
from cchc_connect.extras import require_extra
from cchc_connect.messages import Language
from tests.cli.conftest import install_adapters, write_config
from tests.privacy.test_tracebacks import CANARY

NUMBERS = tuple(f"layer-{number}" for number in range(40))


class HarbourOptions(BaseModel):
    """Options of all kinds."""

    service: Literal["wfs", "wms", "ogc-api"] = "wfs"
    layer: Literal[NUMBERS] = "layer-0"  # type: ignore[valid-type]  # a list of many values
    page_size: int = Field(default=100, ge=1, le=1000)
    code: str = Field(default="H09", pattern=r"^H[0-9]{2}$")
    begins: date = date(2026, 1, 1)
    names: tuple[str, ...] = ()


class HarbourAdapter:
    """An adapter that has options and nothing else."""

    Options: ClassVar = HarbourOptions

    def __init__(self, options: HarbourOptions) -> None:
        """Take the options."""
        del options
        self.dialect = Dialect(classify=classify_rest)
        self.sources: tuple[Source, ...] = ()
        self.targets: tuple[Target, ...] = ()


@pytest.fixture(autouse=True)
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_adapters(tmp_path, monkeypatch, {"harbour": f"{__name__}:HarbourAdapter"})


def refused(folder: Path, language: Language = Language.ENGLISH, **changed: Any) -> str:
    """Return the sentence for a configuration whose connection has these keys."""
    table = {"adapter": "harbour", "agency": "H09", "base_url": "https://harbour.example", **changed}
    path = folder / "cchc.toml"
    write_config(path, {"connections": {"harbour": table}})
    with pytest.raises(ConfigurationError) as caught:
        Config.load(path)
    return caught.value.in_language(language)


OPTIONS = [
    ("service", "ogcapi", "must be one of: 'wfs', 'wms', 'ogc-api'. Did you mean 'ogc-api'? (default: \"wfs\")"),
    ("layer", CANARY, "must be one of: 'layer-0', "),
    ("page_size", 0, "must be 1 or more (default: 100)"),
    ("page_size", 5000, "must be 1000 or less (default: 100)"),
    ("page_size", 1.5, "must be a whole number (default: 100)"),
    ("code", CANARY, 'does not have the required form: ^H[0-9]{2}$ (default: "H09")'),
    ("begins", CANARY, "must be a date, as in 2026-09-27"),
    ("names", CANARY, 'must be a list, as in ["first", "second"]'),
]


@pytest.mark.parametrize(("key", "value", "expected"), OPTIONS)
def test_an_option_names_its_key_what_it_may_be_and_its_default(
    key: str, value: object, expected: str, tmp_path: Path
) -> None:
    english = refused(tmp_path, options={key: value})
    vietnamese = refused(tmp_path, Language.VIETNAMESE, options={key: value})

    assert f"[connections.harbour.options] {key}: {expected}" in english
    assert f"[connections.harbour.options] {key}: " in vietnamese
    assert ("'layer-19' … (+20). (default:" in english) == (key == "layer")
    assert ("mặc định: " in vietnamese) == ("default: " in english)
    assert not any(part in english + vietnamese for part in CANARY.split())


KEYS: list[tuple[dict[str, Any], str, str]] = [
    ({"base_url": "ftp://harbour.example"}, "base_url", "http:// or https://, a host"),
    ({"other_origins": ["https://harbour.example/path"]}, "other_origins", "without a path"),
    ({"signature": {"header": "a b"}}, "header", "the name of an HTTP header"),
    ({"account": {"kind": "sesion"}}, "must have a kind", "Did you mean 'session'?"),
    ({"signature": {"algorithm": "RS256"}}, "algorithm", "must be one of: 'ES256', 'EdDSA'."),
    ({"adapter": "harbor"}, "adapter", "Did you mean 'harbour'?"),
]


@pytest.mark.parametrize(("changed", "key", "expected"), KEYS)
def test_a_key_says_in_words_which_form_or_name_it_may_have(
    changed: dict[str, Any], key: str, expected: str, tmp_path: Path
) -> None:
    sentence = refused(tmp_path, **changed)

    (line,) = (line for line in sentence.splitlines() if key in line and expected in line)
    assert "[connections.harbour" in line


def test_a_connection_whose_name_has_another_form_is_told_the_form(tmp_path: Path) -> None:
    path = tmp_path / "cchc.toml"
    path.write_text('[connections.Harbour]\nadapter = "harbour"\n', encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        Config.load(path)

    assert "lower case characters a to z, digits and hyphens" in str(caught.value)
    assert "chữ thường không dấu" in caught.value.in_language(Language.VIETNAMESE)


NO_TOML = {
    '[run]\ndeadline_s = "\n': ("line 2, column 15", "dòng 2, cột 15", "in quotes", "dấu nháy"),
    "[run\na = 1": ("line 1, column 5", "dòng 1, cột 5", "no ]", "thiếu ]"),
    "a = [1, 2": ("end of the file", "cuối tệp", "no ]", "thiếu ]"),
    "a = {b = 1": ("end of the file", "cuối tệp", "table", "bảng"),
    "a 1": ("line 1, column 3", "dòng 1, cột 3", "no =", "dấu ="),
    "a = 1 2": ("line 1, column 7", "dòng 1, cột 7", "one setting a line", "mỗi dòng một khóa"),
    "a = yes": ("line 1, column 5", "dòng 1, cột 5", "true or false", "true hoặc false"),
    "a = 2026-02-31": ("line 1, column 5", "dòng 1, cột 5", "no such day", "không tồn tại"),
    "ố = 1": ("line 1, column 1", "dòng 1, cột 1", "quotes", "dấu nháy"),
    'a = "C:\\dữ"': ("line 1, column 10", "dòng 1, cột 10", "backslash", "dấu \\"),
    "a = 1\na = 2\n": ("line 2, column 6", "dòng 2, cột 6", "twice", "hai lần"),
    "a = {b = 1, b = 2}": ("line 1, column 18", "dòng 1, cột 18", "twice", "hai lần"),
    "a = 1 # \x01": ("line 1, column 9", "dòng 1, cột 9", "as TOML", "cú pháp TOML"),
}


@pytest.mark.parametrize("text", NO_TOML)
def test_a_file_that_is_no_toml_names_the_place_and_what_to_write(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cchc.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        Config.load(path)

    assert caught.value.code == "config.not_toml"
    english, vietnamese = (caught.value.in_language(language) for language in Language)
    assert {part: part in english for part in NO_TOML[text][::2]} == dict.fromkeys(NO_TOML[text][::2], True)
    assert {part: part in vietnamese for part in NO_TOML[text][1::2]} == dict.fromkeys(NO_TOML[text][1::2], True)


EXTRAS = {
    "keyring": "keyring",
    "postgres": "psycopg",
    "async": "httpx",
    "sign": "joserfc",
    "files": "openpyxl",
    "soap": "zeep",
    "testing": "trustme",
}


@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize("language", Language)
def test_an_extra_that_is_missing_names_the_line_that_installs_it(
    extra: str, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, EXTRAS[extra], None)

    with pytest.raises(ConfigurationError) as caught, require_extra(extra, EXTRAS[extra]):
        __import__(EXTRAS[extra])

    assert f"pip install 'cchc-connect[{extra}]'" in caught.value.in_language(language)
