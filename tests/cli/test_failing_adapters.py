"""Whatever an outsider's adapter raises, wherever: its author reads file and line in each command, nobody a value."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import DATABASE, Call, Ended
from tests.cli.district import District
from tests.cli.harbour import BEFORE_THE_RUN, FILE, PERSON, PLACES, connect_harbour, install_harbour
from tests.quick import few

SECRET = "harbour-secret-of-the-test"
LANGUAGES = ("en", "vi")

KINDS = {
    "missing property": ("ITEM['areaM2']", "KeyError 'areaM2'"),
    "missing value": ("{}[OWNER]", "KeyError,"),
    "type": ("raise TypeError(OWNER)", "TypeError,"),
    "value": ("int(OWNER)", "ValueError,"),
    "attribute": ("None.strip()", "AttributeError 'strip'"),
    "attribute of a value": ("getattr(None, OWNER)", "AttributeError,"),
    "end": ("next(iter(()))", "StopIteration,"),
    "recursion": ("(f := lambda: f())()", "RecursionError,"),
    "import": ("import harbour_that_is_not_there", "ModuleNotFoundError 'harbour_that_is_not_there'"),
    "name": ("unheard_of(OWNER)", "NameError 'unheard_of'"),
    "system": ("open(OWNER)", "FileNotFoundError,"),
    "validation": ("Options(reads=OWNER)", "ValidationError (bool_parsing)"),
}
"""Kind of fault -> statement that raises it with a person's name in its text, and what is shown_text of it."""


@pytest.fixture(name="harbour")
def running_harbour(monkeypatch: pytest.MonkeyPatch) -> Iterator[District]:
    """Give a running system at which the adapter is pointed."""
    monkeypatch.setenv("HARBOUR_PASSWORD", SECRET)
    with District() as running:
        yield running


def shows_no_value(*ended: Ended) -> bool:
    """True if nothing of the person and no secret stands in what the commands wrote."""
    written = "".join(command.out + command.err for command in ended)
    return not any(part in written for part in (*PERSON.split(), SECRET))


@pytest.mark.parametrize("spot", PLACES)
def test_file_and_line_of_a_failing_adapter_are_told_in_sync_and_check_alike(
    spot: str, call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = install_harbour(tmp_path, monkeypatch, spot, "ITEM['areaM2'], OWNER")
    connect_harbour(harbour.base_url, logs_in=spot in {"login_request", "token_from", "with_token"})
    language = LANGUAGES[PLACES.index(spot) % 2]

    ran = call("sync", "--lang", language)
    if spot == "deliver":  # a check sends nothing, and what failed once is not due at once
        DATABASE.unlink()
        connect_harbour(harbour.base_url)
    debugged = call(*(["sync"] if spot == "deliver" else ["check"]), "--debug", "--lang", LANGUAGES[language == "en"])

    shown_text = f"KeyError 'areaM2', {FILE}:{line}"
    assert shown_text in ran.out + ran.err
    assert shown_text in debugged.out + debugged.err
    assert ran.code == (78 if spot in BEFORE_THE_RUN else 3 if spot == "deliver" else 69)
    assert debugged.code == (78 if spot in BEFORE_THE_RUN else 3)
    assert "Traceback" not in ran.out + ran.err
    assert "Traceback (most recent call last):" in debugged.err
    assert f'{FILE}", line {line}' in debugged.err
    assert shows_no_value(ran, debugged)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spot", few(["import", "fetch", "translate"], 1))
def test_each_kind_of_exception_is_told_by_its_type_and_by_names_of_the_program_text_only(
    kind: str, spot: str, call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement, shown_text = KINDS[kind]
    statement = "class Options: check = [0][9]" if (spot, kind) == ("import", "validation") else statement
    shown_text = "IndexError," if (spot, kind) == ("import", "validation") else shown_text
    line = install_harbour(tmp_path, monkeypatch, spot, statement)
    connect_harbour(harbour.base_url)

    ran = call("sync", "--debug", "--only", "harbour")

    assert f"{shown_text}" in ran.out + ran.err
    assert f"{FILE}:{line}" in ran.out + ran.err
    assert ran.code == (78 if spot == "import" else 69)
    assert shows_no_value(ran)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_module_that_is_no_python_is_told_with_its_line(
    language: str, call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = install_harbour(tmp_path, monkeypatch, "import", "def broken(:")
    connect_harbour(harbour.base_url)

    for ended in (call("sync", "--lang", language), call("check", "--lang", language)):
        assert f"SyntaxError, {FILE}:{line}" in ended.err
        assert ended.code == 78


def test_the_list_of_adapters_names_the_place_at_which_one_cannot_be_imported(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = install_harbour(tmp_path, monkeypatch, "import", "unheard_of(OWNER)")

    listed = call("adapter", "list", "--json")

    (harbour,) = (adapter for adapter in listed.document["adapters"] if adapter["name"] == "harbour")
    assert f"NameError 'unheard_of', {FILE}:{line}" in harbour["purpose"]
    assert listed.code == 78
    assert shows_no_value(listed)


CONTRACTS = {
    "fetch": ("return [OWNER]; yield", "list instead of Page"),
    "key": ("return 7", "int instead of str"),
    "changed_at": ("return datetime(2026, 9, 27)", "datetime instead of datetime with a UTC offset"),
    "translate": ("return [OWNER]", "list instead of Mapping"),
    "deliver": ("return [OWNER]; yield", "str instead of Receipt"),
    "sources": ("return 5", "int instead of Sequence in sources"),
    "profile": ("return {}", "dict instead of SourceProfile in profile"),
}
"""Place -> statement with which the adapter breaks its contract, and what is shown_text of it."""


@pytest.mark.parametrize("spot", CONTRACTS)
def test_what_an_adapter_returns_against_its_contract_is_its_fault_and_the_function_is_named(
    spot: str, call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement, shown_text = CONTRACTS[spot]
    install_harbour(tmp_path, monkeypatch, spot, statement)
    connect_harbour(harbour.base_url)

    ran = call("sync")

    assert f"{shown_text}, {FILE}:" in ran.out + ran.err
    assert shows_no_value(ran)


@pytest.mark.parametrize("member", ["translate", "profile", "fetch"])
def test_a_member_that_a_source_lacks_is_named(
    member: str, call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by somebody who misspelt it; the class is named where it is defined."""
    install_harbour(tmp_path, monkeypatch, "fetch", "pass")
    module = tmp_path / "site" / FILE
    text = module.read_text(encoding="utf-8")
    module.write_text(text.replace(f"    def {member}(self", f"    def misspelt_{member}(self"), encoding="utf-8")
    connect_harbour(harbour.base_url)

    ran = call("check")

    assert ran.code == 78
    assert f"AttributeError '{member}', {FILE}:" in ran.err
    assert "Parcels" in ran.err


def test_a_request_that_is_none_is_told_at_its_yield(
    call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = install_harbour(tmp_path, monkeypatch, "fetch", "yield OWNER")
    connect_harbour(harbour.base_url)

    ran = call("sync")

    assert f"str instead of HttpRequest, {FILE}:{line}, Parcels.fetch" in ran.out
    assert shows_no_value(ran)


def test_the_report_and_the_hold_have_the_place_too(
    call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = install_harbour(tmp_path, monkeypatch, "fetch", "ITEM['areaM2']")
    connect_harbour(harbour.base_url)

    ran = call("sync", "--json")
    shown, status = call("status", "--lang", "vi"), call("status", "--json")

    (pulled,) = (line for line in ran.document["lines"] if line["kind"] == "pull")
    assert pulled["reason"]["code"] == "source.adapter_failed"
    assert pulled["reason"]["context"]["location"] == f"{FILE}:{line}"
    assert pulled["reason"]["context"]["function"] == "Parcels.fetch"
    assert f"{FILE}:{line}" in shown.out
    assert f"{FILE}:{line}" in status.out


def test_one_item_on_which_the_adapter_fails_says_where_in_quarantine_and_on_replay(
    call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = install_harbour(tmp_path, monkeypatch, "translate", "item['number'] != '3' or item['areaM2']")
    connect_harbour(harbour.base_url)
    shown_text = f"KeyError 'areaM2', {FILE}:{line}, Parcels.translate"

    ran, listed, as_json = call("sync"), call("quarantine", "list"), call("quarantine", "list", "--json")
    replayed = call("quarantine", "replay", "--all", "--debug")

    assert ran.code == 0
    assert shown_text in listed.out
    (fault,) = as_json.document["entries"][0]["faults"]
    assert fault["rule"] == "translation_failed"
    assert fault["detail"] == shown_text
    assert f"item 3: translation failed: {shown_text}" in replayed.err
    assert shows_no_value(ran, listed, as_json, replayed)


@pytest.mark.parametrize("command", [("pull", "harbour"), ("reconcile", "harbour")])
def test_other_commands_that_read_a_source_name_the_place_as_well(
    command: tuple[str, ...], call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = install_harbour(tmp_path, monkeypatch, "fetch", "ITEM['areaM2']")
    connect_harbour(harbour.base_url)
    call("sync")

    ended = call(*command)

    assert f"KeyError 'areaM2', {FILE}:{line}, Parcels.fetch" in ended.out
    assert shows_no_value(ended)


def test_a_header_that_is_missing_is_named_and_one_that_is_there_is_found_in_any_case(
    call: Call, harbour: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = "response.headers['CONTENT-TYPE'], response.headers['X-Total-Count']"
    line = install_harbour(tmp_path, monkeypatch, "after_response", read)
    connect_harbour(harbour.base_url)

    ran = call("sync")

    assert f"KeyError 'X-Total-Count', {FILE}:{line}, Parcels.fetch" in ran.out
