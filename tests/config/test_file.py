"""What `cchc.toml` promises: every fault at once, by table and key, and never a secret in it."""

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
from cchc_connect.messages import Language

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


def test_a_relative_database_lies_beside_the_file(file: Path) -> None:
    """Where the command is called from does not matter."""
    file.write_text(GOOD, encoding="utf-8")

    assert Config.load(file).database.url == f"sqlite:///{file.parent / 'shared.db'}"


def test_a_missing_file_says_how_to_write_one(file: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert refused.value.code == "config.file_missing"
    assert "cchc-connect init" in str(refused.value)


def test_what_is_not_toml_is_named_with_its_line(file: Path) -> None:
    assert "line 1" in faults(file, "[connections\nrun = 1")


def test_all_faults_are_named_at_once_with_table_and_key(file: Path) -> None:
    """A person corrects the file once, not fault by fault."""
    told = faults(file, "[run]\nparalel = 3\nlease_s = 1\n[connections.one-stop]\nadapter = 'opencps'\n")

    assert "[run] paralel" in told
    assert "[run] lease_s" in told
    assert "[connections.one-stop] agency" in told
    assert "[connections.one-stop] base_url" in told


def test_an_adapters_option_is_checked_by_its_own_model(file: Path) -> None:
    assert "[connections.one-stop.options] group_ids" in faults(file, GOOD.replace("group_id", "group_ids"))


def test_an_unknown_adapter_is_answered_with_the_known_ones(file: Path) -> None:
    told = faults(file, GOOD.replace('"opencps"', '"opencsp"'))

    assert "opencsp" in told
    assert "national_portal" in told


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("from = ['dosier']", "[routes.portal] from"),
        ("to = 'nowhere'", "[routes.portal] to"),
        ("withhold = ['dossier.code']", "[routes.portal] withhold"),
        ("purpose = ''", "[routes.portal] purpose"),
        ("legal_basis = ''", "[routes.portal] legal_basis"),
    ],
)
def test_a_route_that_leads_nowhere_or_has_no_reason_is_refused(file: Path, line: str, place: str) -> None:
    """Nothing leaves without a reason: purpose and legal basis are no options."""
    keys = {"from": "['dossier']", "to": "'one-stop'", "purpose": "'Công khai'", "legal_basis": "'NĐ 61/2018'"}
    key, _, value = line.partition(" = ")
    table = "\n".join(f"{name} = {text}" for name, text in {**keys, key: value}.items())

    assert place in faults(file, f"{GOOD}\n[routes.portal]\n{table}\n")


def test_a_record_type_the_receiver_does_not_take_is_refused(file: Path) -> None:
    """A one-stop system takes no dossiers from us."""
    route = "from = ['dossier']\nto = 'one-stop'\npurpose = 'Công khai'\nlegal_basis = 'NĐ 61/2018'"

    assert "[routes.portal] from" in faults(file, f"{GOOD}\n[routes.portal]\n{route}\n")


def test_ownership_names_what_exists(file: Path) -> None:
    told = faults(file, f"{GOOD}\n[ownership]\nland_parcel = 'nobody'\nland = 'one-stop'\n")

    assert "[ownership] land_parcel" in told
    assert "[ownership] land:" in told


def test_a_secret_in_the_file_is_refused_and_not_repeated(file: Path) -> None:
    told = faults(file, GOOD.replace('{ env = "ONE_STOP_PASSWORD" }', '"hunter2-in-the-file"'))

    assert "[connections.one-stop.account" in told
    assert "hunter2" not in told


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
    """However it is written: libpq reads it from parameters too."""
    told = faults(file, f"[database]\nurl = '{url}'\n")

    assert "[database] url" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "address",
    ["http://cchc:hunter2@127.0.0.1:1/o", "http://cchc@127.0.0.1:1/o", "http://127.0.0.1:1/o?apikey=hunter2"],
)
def test_an_address_with_a_user_or_a_secret_is_refused_and_not_repeated(file: Path, address: str) -> None:
    told = faults(file, GOOD.replace("http://127.0.0.1:1/o/rest/v2", address))

    assert "[connections.one-stop] base_url" in told
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://cchc@db:5432/shared",
        "postgresql://db:5432/shared?options=-csearch_path%3Da@b",
        "postgresql://cchc:@/a?host=/run",
    ],
)
def test_an_address_without_a_password_is_taken(file: Path, url: str) -> None:
    file.write_text(f"[database]\nurl = '{url}'\n", encoding="utf-8")

    assert Config.load(file).database.url == url


def test_a_file_in_another_encoding_is_named_and_not_quoted(file: Path) -> None:
    """Python's error holds the whole file."""
    file.write_bytes("[database]\npassword = 'hunter2é'".encode("latin-1"))

    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert refused.value.code == "config.not_toml"
    assert refused.value.__context__ is None
    assert "hunter2" not in str(refused.value)


def test_a_secret_that_is_not_there_is_named_by_its_place(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
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
    secret.chmod(0o600)
    shown = account.authentication()
    assert shown.account is not None
    assert shown.account.password == "s3cret"
    assert "s3cret" not in repr(shown)


def test_faults_are_told_in_vietnamese_too(file: Path) -> None:
    file.write_text("[run]\nparalel = 3\n", encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert "có lỗi" in refused.value.in_language(Language.VIETNAMESE)


WRONG_SHAPES = (
    'hours = "19:00-06:00"',
    'rate = "20/s"',
    "tls = { ca = 5 }",
    'signed_by = { keys = "k", issuer = "a", audience = "b", algorithms = "ES256" }',
    "options = 7",
    'account = { kind = "ws_security", username = "a", password = { env = "X" }, digest = "sometimes" }',
)


@pytest.mark.parametrize("line", WRONG_SHAPES)
def test_a_value_of_the_wrong_shape_is_told_in_our_own_words(file: Path, line: str) -> None:
    key = line.partition(" ")[0]
    kept = [one for one in GOOD.splitlines() if not one.startswith(key)]
    file.write_text("\n".join([*kept, line]), encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        Config.load(file)

    assert "Input should" not in refused.value.in_language(Language.VIETNAMESE)
    assert "[connections.one-stop" in str(refused.value)


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_documented(table: type[BaseModel]) -> None:
    """docs/configuration.md names every key that the program reads."""
    told = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = [field.alias or name for name, field in table.model_fields.items()]

    assert [key for key in keys if f"`{key}`" not in told] == []
