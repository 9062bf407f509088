"""What a configuration is read from, and what is said of a key that it does not have."""

from pathlib import Path

import pytest

from cchc_connect import Config, ConfigurationError
from cchc_connect.config.known_keys import FORMER_KEYS
from cchc_connect.messages import Language

TEXT = '[database]\nurl = "sqlite:///shared.db"\n[run]\nsession_folder = "sessions"\n'

CONNECTION = """
[connections.one-stop]
adapter = "opencps"
agency = "000.00.05.H09"
base_url = "https://one-stop.example"
"""


def faults(text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        Config.load(text)
    return refused.value


def test_a_path_is_read_as_text_or_as_an_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its relative paths are below its folder, also where its name contains an equals sign."""
    folder = tmp_path / "a=b"
    folder.mkdir()
    file = folder / "cchc.toml"
    file.write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    for source in (file, str(file), "a=b/cchc.toml", Path("a=b/cchc.toml")):
        config = Config.load(source)

        assert config.database.url == f"sqlite:///{folder / 'shared.db'}"
        assert config.run.session_folder == folder / "sessions"


@pytest.mark.parametrize("text", [TEXT, "run = { session_folder = 'sessions' }"])
def test_a_text_is_read_below_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)

    config = Config.load(text)

    assert config.database.url == f"sqlite:///{tmp_path / 'shared.db'}"
    assert config.run.session_folder == tmp_path / "sessions"


def test_the_faults_of_a_text_say_that_it_is_one() -> None:
    assert "The text of the configuration has faults" in str(faults("[run]\nprocesse = 3\n"))
    assert "Nội dung cấu hình" in faults("run = \n").in_language(Language.VIETNAMESE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[run]\nworker_proceses = 1\n", "[run] worker_proceses: is an unknown key; did you mean worker_processes?"),
        ("[runn]\n\n", "  runn: is an unknown key; did you mean run?"),
        ("[run]\nxyz = 1\n", "[run] xyz: is an unknown key; remove or correct it"),
        (f'{CONNECTION}base-url = "x"', "did you mean base_url?"),
        (f"{CONNECTION}tls = {{ certificat = 'x' }}", "[connections.one-stop.tls] certificat: is an unknown key; did"),
        (
            f"{CONNECTION}account = {{ kind = 'basic', username = 'a', pasword = {{ env = 'X' }} }}",
            "pasword: is an unknown key; did you mean password?",
        ),
        (f"{CONNECTION}options = {{ group_idd = '1' }}", "group_idd: is an unknown key; did you mean group_id?"),
        (f"{CONNECTION}quality = {{ strikt = true }}", "[connections.one-stop.quality] strikt: is an unknown key; did"),
        (
            f"{CONNECTION}quality = {{ rules = {{ area_not_positiv = 'reject' }} }}\noptions = {{ group_id = '1' }}",
            "area_not_positiv: 'area_not_positiv' is not the rule of a note. Did you mean 'area_not_positive'?",
        ),
        (f"{CONNECTION}quality = {{ rules = {{ area_not_positive = 'rejct' }} }}", "Did you mean 'reject'?"),
        ("[routes.r]\nfrom = ['dossier']\nto = 'a'\nagreemnt = 'abc'\n", "did you mean agreement?"),
        (f'{CONNECTION}options = {{ group_id = "1" }}\n[ownership]\ndosier = "one-stop"', "Did you mean 'dossier'?"),
        (
            f'{CONNECTION}options = {{ group_id = "1" }}\n[agreements]\nagencies_from = "one-stp"',
            "Did you mean 'one-stop'?",
        ),
    ],
)
def test_an_unknown_key_is_reported_with_the_one_that_was_meant(text: str, expected: str) -> None:
    assert expected in str(faults(text if "\n" in text else f"{text}\n"))


def test_a_name_of_a_wrong_form_is_the_key_at_fault() -> None:
    refused = faults(CONNECTION.replace("one-stop]", "OneStop]"))

    assert "[connections] OneStop: does not have the required form" in str(refused)


TABLES = {
    "[run]": ("parallel", "processes", "sessions", "most_quarantined"),
    CONNECTION: ("hours", "origins", "signed_by"),
    f"{CONNECTION}[connections.one-stop.account]\nkind = 'oauth2'": ("parameters", "envelope"),
    f"{CONNECTION}[connections.one-stop.account]\nkind = 'ws_security'": ("digest",),
    f"{CONNECTION}[connections.one-stop.account]\nkind = 'hmac'": ("signed", "time_header", "timestamp"),
}
"""Tables -> former names of their keys."""


def test_every_former_name_is_tried() -> None:
    assert sorted(key for keys in TABLES.values() for key in keys) == sorted(FORMER_KEYS)


@pytest.mark.parametrize(("table", "key"), [(table, key) for table, keys in TABLES.items() for key in keys])
def test_a_former_key_is_reported_with_its_name_now(table: str, key: str) -> None:
    assert f"{key}: is now named {FORMER_KEYS[key]}; rename it" in str(faults(f"{table}\n{key} = 1\n"))


@pytest.mark.parametrize(
    ("ownership", "is_refused"),
    [
        ("", True),
        ('agency = "desk"\n', True),
        ('agency = "list"\n"agency.valid_to" = "desk"\n', True),
        ('agency = "list"\ndossier = "desk"\n', False),
    ],
)
def test_the_connection_that_says_who_is_who_owns_the_agencies(ownership: str, *, is_refused: bool) -> None:
    connections = "".join(
        f'[connections.{name}]\nadapter = "program"\nagency = "000.00.05.H09"\n' for name in ("list", "desk")
    )
    text = f'{connections}[agreements]\nagencies_from = "list"\n[ownership]\n{ownership}'

    if not is_refused:
        assert Config.load(text).agreements.agencies_from == "list"
        return
    assert "[agreements] agencies_from: 'list' must own the records of agencies alone" in str(faults(text))
