"""Loading `cchc.toml`: all faults are reported at once, by table and key, and no error repeats a secret."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from cchc_connect import Config, ConfigurationError
from cchc_connect.config.accounts import (
    ApiKeyAccount,
    BasicAccount,
    BearerAccount,
    HmacAccount,
    OAuth2Account,
    SessionAccount,
    WsSecurityAccount,
)
from cchc_connect.config.connections import ConnectionTable, RateTable, SignatureTable, SignedByTable, TlsTable
from cchc_connect.config.file import DatabaseTable, RouteTable, RunTable
from cchc_connect.messages import Language, Message, Wording

GOOD = """
[database]
url = "sqlite:///shared.db"

[connections.one-stop]
adapter = "opencps"
agency = "000.00.00.H09"
base_url = "http://127.0.0.1:1/o/rest/v2"
account = { kind = "basic", username = "sync", password = { env = "ONE_STOP_PASSWORD" } }
options = { group_id = "55217" }
"""


ACCOUNTS = (BasicAccount, SessionAccount, ApiKeyAccount, BearerAccount, OAuth2Account, HmacAccount, WsSecurityAccount)
TABLES = (
    *ACCOUNTS,
    ConnectionTable,
    RateTable,
    TlsTable,
    SignatureTable,
    SignedByTable,
    DatabaseTable,
    RouteTable,
    RunTable,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cchc.toml"


def faults(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)
    return str(refused.value)


def test_a_fault_is_placed_as_the_file_is_written(file: Path) -> None:
    """No table stands before a key outside of all tables, and the kind of an account is no table of its own."""
    text = f"surplus = 1\n{GOOD}".replace('{ env = "ONE_STOP_PASSWORD" }', '"s3cret"')
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert "\n  surplus: " in str(refused.value)
    assert "  [connections.one-stop.account] password: " in str(refused.value)


def test_a_relative_database_lies_beside_the_file(file: Path) -> None:
    """The working directory does not matter."""
    file.write_text(GOOD, encoding="utf-8")

    assert Config.load(file).database.url == f"sqlite:///{file.parent / 'shared.db'}"


def test_a_missing_file_says_how_to_write_one(file: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert refused.value.code == "config.file_missing"
    assert "cchc-connect init" in str(refused.value)


def test_a_syntax_error_is_reported_with_its_line(file: Path) -> None:
    assert "line 1" in faults(file, "[connections\nrun = 1")


def test_all_faults_are_named_at_once_with_table_and_key(file: Path) -> None:
    """A person corrects the file once, not fault by fault."""
    message = faults(file, "[run]\nparalel = 3\nlease_s = 1\n[connections.one-stop]\nadapter = 'opencps'\n")

    assert "[run] paralel" in message
    assert "[run] lease_s" in message
    assert "[connections.one-stop] agency" in message
    assert "[connections.one-stop] base_url" in message


def test_an_adapters_option_is_checked_by_its_own_model(file: Path) -> None:
    assert "[connections.one-stop.options] group_ids" in faults(file, GOOD.replace("group_id", "group_ids"))


def test_the_error_for_an_unknown_adapter_lists_the_installed_ones(file: Path) -> None:
    message = faults(file, GOOD.replace('"opencps"', '"opencsp"'))

    assert "opencsp" in message
    assert "national_portal" in message


@pytest.mark.parametrize(
    ("line", "location"),
    [
        ("from = ['dosier']", "[routes.portal] from"),
        ("to = 'nowhere'", "[routes.portal] to"),
        ("withhold = ['dossier.code']", "[routes.portal] withhold"),
        ("withhold = ['dossier_step.action_code']", "[routes.portal] withhold"),
        ("agreement = ''", "[routes.portal] agreement"),
        ("agreement = 'A 1'", "[routes.portal] agreement"),
    ],
)
def test_a_route_with_an_unknown_name_or_without_an_agreement_is_refused(file: Path, line: str, location: str) -> None:
    keys = {"from": "['dossier']", "to": "'one-stop'", "agreement": "'progress-1'"}
    key, _, value = line.partition(" = ")
    table = "\n".join(f"{name} = {text}" for name, text in {**keys, key: value}.items())

    assert location in faults(file, f"{GOOD}\n[routes.portal]\n{table}\n")


def test_a_route_that_names_no_agreement_is_told_how_to_draft_one(file: Path) -> None:
    refusal = faults(file, f"{GOOD}\n[routes.portal]\nfrom = ['dossier']\nto = 'one-stop'\n")

    assert "[routes.portal] agreement: is missing" in refusal
    assert "cchc-connect agreements draft portal" in refusal


@pytest.mark.parametrize("language", Language)
def test_the_reasons_of_an_earlier_version_are_one_fault_that_says_what_to_do(file: Path, language: Language) -> None:
    reasons = "purpose = 'Công khai'\nlegal_basis = 'NĐ 61/2018'"
    file.write_text(f"{GOOD}\n[routes.portal]\nfrom = ['dossier']\nto = 'one-stop'\n{reasons}\n", encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    (sentence,) = Wording(language).sentence(Message(refused.value.code, refused.value.context)).splitlines()[1:]
    assert "[routes.portal] purpose: " in sentence
    for part in ("cchc-connect agreements draft portal", "purpose", "legal_basis", 'agreement = "'):
        assert part in sentence
    assert "Công khai" not in sentence


@pytest.mark.parametrize("key", ["purpose", "legal_basis"])
def test_what_the_agreement_says_is_not_said_again(file: Path, key: str) -> None:
    route = f"from = ['dossier']\nto = 'one-stop'\nagreement = 'progress-1'\n{key} = 'NĐ 61/2018'"

    refusal = faults(file, f"{GOOD}\n[routes.portal]\n{route}\n")

    assert f"[routes.portal] {key}: is said by the agreement progress-1; remove it here" in refusal


def test_a_record_type_the_receiver_does_not_take_is_refused(file: Path) -> None:
    """The adapter of the one-stop system has no target for dossiers."""
    route = "from = ['dossier']\nto = 'one-stop'\nagreement = 'progress-1'"

    refusal = faults(file, f"{GOOD}\n[routes.portal]\n{route}\n")
    assert "[routes.portal] to: the system of 'one-stop' accepts no records" in refusal


def test_ownership_of_an_unknown_record_type_or_connection_is_refused(file: Path) -> None:
    message = faults(file, f"{GOOD}\n[ownership]\nland_parcel = 'nobody'\nland = 'one-stop'\n")

    assert "[ownership] land_parcel" in message
    assert "[ownership] land:" in message


def test_a_secret_in_the_file_is_refused_and_not_repeated(file: Path) -> None:
    message = faults(file, GOOD.replace('{ env = "ONE_STOP_PASSWORD" }', '"hunter2-in-the-file"'))

    assert "[connections.one-stop.account" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://cchc:hunter2@db/shared",
        "postgresql://cchc:hunter2/+%@é@db/shared",
        "postgresql://cchc:hunter2?x@db/shared",
        "postgresql://db/shared?password=hunter2",
        "postgresql://db/shared?sslmode=require&sslpassword=hunter2",
    ],
)
def test_a_password_in_the_databases_address_is_refused_and_not_repeated(file: Path, url: str) -> None:
    """In whatever form: libpq reads passwords from URL parameters too."""
    message = faults(file, f"[database]\nurl = '{url}'\n")

    assert "[database] url" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "address",
    ["http://cchc:hunter2@127.0.0.1:1/o", "http://cchc@127.0.0.1:1/o", "http://127.0.0.1:1/o?apikey=hunter2"],
)
def test_an_address_with_a_user_or_a_secret_is_refused_and_not_repeated(file: Path, address: str) -> None:
    message = faults(file, GOOD.replace("http://127.0.0.1:1/o/rest/v2", address))

    assert "[connections.one-stop] base_url" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://cchc@db:5432/shared",
        "postgresql://db:5432/shared?options=-csearch_path%3Da@b",
        "postgresql://cchc:@/a?host=/run",
    ],
)
def test_an_address_without_a_password_is_accepted(file: Path, url: str) -> None:
    file.write_text(f"[database]\nurl = '{url}'\n", encoding="utf-8")

    assert Config.load(file).database.url == url


def test_a_file_that_is_not_utf_8_is_refused_without_quoting_it(file: Path) -> None:
    """Python's own error holds the content of the file."""
    file.write_bytes("[database]\npassword = 'hunter2é'".encode("latin-1"))

    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert refused.value.code == "config.not_toml"
    assert refused.value.__context__ is None
    assert "hunter2" not in str(refused.value)


def test_a_missing_secret_is_refused_naming_its_environment_variable(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    monkeypatch.delenv("ONE_STOP_PASSWORD", raising=False)
    file.write_text(GOOD, encoding="utf-8")
    account = Config.load(file).connections["one-stop"].account

    with pytest.raises(ConfigurationError) as refused:
        assert account is not None
        account.authentication()

    assert refused.value.code == "config.secret_env_missing"


def test_a_secret_file_that_others_may_read_is_refused(file: Path) -> None:
    secret = file.with_name("password")
    secret.write_text("s3cret\n", encoding="utf-8")
    text = GOOD.replace('{ env = "ONE_STOP_PASSWORD" }', f'{{ file = "{secret}" }}')
    file.write_text(text, encoding="utf-8")
    account = Config.load(file).connections["one-stop"].account
    assert account is not None
    secret.chmod(0o644)

    with pytest.raises(ConfigurationError) as refused:
        account.authentication()

    assert refused.value.code == "config.secret_file_open"
    assert str(refused.value).endswith(f"chmod 600 {secret}")
    secret.chmod(0o600)
    shown = account.authentication()
    assert shown.account is not None
    assert shown.account.password == "s3cret"
    assert "s3cret" not in repr(shown)


def test_faults_are_reported_in_vietnamese_too(file: Path) -> None:
    file.write_text("[run]\nparalel = 3\n", encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert "có lỗi" in refused.value.in_language(Language.VIETNAMESE)


WRONG_SHAPES = (
    'hours = "19:00-06:00"',
    'rate = "20/s"',
    "tls = { ca = 5 }",
    'response_signature = { keys = "k", issuer = "a", audience = "b", algorithms = "ES256" }',
    "options = 7",
    'account = { kind = "ws_security", username = "a", password = { env = "X" }, password_digest = "sometimes" }',
)


@pytest.mark.parametrize("line", WRONG_SHAPES)
def test_the_error_for_a_value_of_the_wrong_type_is_translated(file: Path, line: str) -> None:
    key = line.partition(" ")[0]
    lines = [entry for entry in GOOD.splitlines() if not entry.startswith(key)]
    file.write_text("\n".join([*lines, line]), encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert "Input should" not in refused.value.in_language(Language.VIETNAMESE)
    assert "[connections.one-stop" in str(refused.value)


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_documented(table: type[BaseModel]) -> None:
    """docs/configuration.md names every key that the program reads."""
    documentation = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = [field.alias or name for name, field in table.model_fields.items()]

    assert [key for key in keys if f"`{key}`" not in documentation] == []


PROGRAM = '[connections.survey-office]\nadapter = "program"\nagency = "000.00.07.H09"\n'


def test_the_connection_of_a_program_has_an_agency_and_no_address(file: Path) -> None:
    file.write_text(f'{PROGRAM}\n[ownership]\nland_parcel = "survey-office"\n', encoding="utf-8")

    config = Config.load(file)

    assert config.connections["survey-office"].is_program
    assert config.ownership == {"land_parcel": "survey-office"}
    adapter = config.adapter("survey-office")
    assert (adapter.sources, adapter.targets) == ((), ())


def test_the_connection_of_a_system_needs_its_address(file: Path) -> None:
    text = faults(file, PROGRAM.replace("program", "opencps"))

    assert "[connections.survey-office] base_url: is missing" in text


def test_each_key_that_only_a_system_has_is_refused_for_a_program(file: Path) -> None:
    text = faults(file, f'{PROGRAM}base_url = "https://a.example"\nopening_hours = ["19:00-06:00"]\n')

    for key in ("base_url", "opening_hours"):
        assert f"[connections.survey-office] {key}: is not for a connection of a program" in text


def test_a_program_needs_an_agency(file: Path) -> None:
    assert "agency: is missing" in faults(file, '[connections.survey-office]\nadapter = "program"\n')


def test_no_route_leads_to_a_program(file: Path) -> None:
    route = '[routes.back]\nfrom = ["land_parcel"]\nto = "survey-office"\nagreement = "back-1"\n'

    assert "[routes.back] to: 'survey-office' is a connection of a program" in faults(file, f"{PROGRAM}\n{route}")


def test_of_an_unknown_adapter_only_its_name_is_told() -> None:
    """Whether it needs an address nobody knows."""
    with pytest.raises(ConfigurationError) as refused:
        Config.from_tables({"connections": {"desk": {"adapter": "sqll", "agency": "H09"}}}, Path("cchc.toml"))

    assert "Did you mean 'sql'?" in str(refused.value)
    assert "base_url" not in str(refused.value)
