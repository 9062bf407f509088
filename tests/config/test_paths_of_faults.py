"""A fault of `cchc.toml` stands at a key of the file: no path has a name that Pydantic gives to a form of a value."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from cchc_connect import Config, ConfigurationError
from cchc_connect.config.checks import pydantic_faults
from cchc_connect.messages import Language

CONNECTION = """
[connections.one-stop]
adapter = "opencps"
agency = "000.00.00.H09"
base_url = "http://127.0.0.1:1/o/rest/v2"
options = { group_id = "55217" }
"""


def faults(text: str, language: Language = Language.ENGLISH) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        Config.load(text)
    return [line.strip() for line in refused.value.in_language(language).splitlines()[1:]]


def account(password: str) -> str:
    return f'{CONNECTION}account = {{ kind = "basic", username = "sync", password = {password} }}\n'


def test_a_reference_to_a_secret_with_a_misspelt_key_is_one_fault_that_names_the_keys() -> None:
    (fault,) = faults(account('{ fyle = "/etc/cchc/one-stop" }'))
    assert fault == (
        '[connections.one-stop.account] password: must say in one key where the secret is stored: { env = "NAME" }, '
        '{ file = "/path" }, { credential = "NAME" } or { keyring = "SERVICE/NAME" }. Did you mean \'file\'?'
    )


@pytest.mark.parametrize("reference", ["{}", '{ env = "A", file = "/b" }'])
def test_a_reference_to_a_secret_says_one_place(reference: str) -> None:
    (fault,) = faults(account(reference))
    assert fault.startswith("[connections.one-stop.account] password: must say in one key")


def test_a_wrong_value_of_a_reference_is_one_fault_at_its_key() -> None:
    assert faults(account("{ file = 5 }")) == ["[connections.one-stop.account.password] file: must be a path in quotes"]


def test_the_entries_of_a_list_are_counted_from_one() -> None:
    written = f'{CONNECTION}opening_hours = ["19:00-06:00", "25:00-26:00"]\n'
    (fault,) = faults(written)
    assert fault.startswith("[connections.one-stop] opening_hours, entry 2: must be written as HH:MM-HH:MM")
    (vietnamese,) = faults(written, Language.VIETNAMESE)
    assert vietnamese.startswith("[connections.one-stop] opening_hours, mục thứ 2: ")


def test_an_option_of_several_forms_has_only_keys_in_the_paths_of_its_faults() -> None:
    class Mapped(BaseModel):
        name: str

    class Options(BaseModel):
        fields: list[Mapped | int]

    tables = {"fields": [{"name": 5}, "x"]}
    with pytest.raises(ValidationError) as refused:
        Options.model_validate(tables)
    lines = [str(fault).strip() for fault in pydantic_faults(refused.value, Options, tables, ("options",))]
    assert [line.partition(":")[0] for line in lines] == [
        "[options.fields.1] name",
        "[options] fields, entry 1",
        "[options] fields, entry 2",
        "[options] fields, entry 2",
    ]


ROUTE = """
[connections.land-registry]
adapter = "ogc_features"
agency = "000.00.07.H09"
base_url = "http://127.0.0.1:1"
options = { collection = "thua_dat", scheme = "gso-2025-07" }

[routes.to-nobody]
from = ["dossier", "dossier_step"]
to = "land-registry"
agreement = "progress-1"
"""


def test_a_route_to_a_system_that_accepts_nothing_says_so_once() -> None:
    (fault,) = faults(ROUTE)
    assert fault.startswith("[routes.to-nobody] to: the system of 'land-registry' accepts no records")


def test_the_credential_of_a_service_is_read_from_the_folder_of_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = tmp_path / "one-stop"
    credential.write_text("mat-khau-1\n", encoding="utf-8")
    credential.chmod(0o440)  # systemd's access list for the account of the service shows as the group's
    config = Config.load(account('{ credential = "one-stop" }'))
    password = getattr(config.connections["one-stop"].account, "password")  # noqa: B009  # of one kind of account
    with pytest.raises(ConfigurationError, match="systemd gives this command no credential one-stop"):
        password.reveal()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert str(password.reveal()) == "mat-khau-1"
    credential.chmod(0o444)
    with pytest.raises(ConfigurationError, match="can be read by other users"):
        password.reveal()


def test_a_file_elsewhere_that_its_group_may_read_stays_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "one-stop"
    secret.write_text("mat-khau-1\n", encoding="utf-8")
    secret.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    config = Config.load(account(f'{{ file = "{secret}" }}'))
    with pytest.raises(ConfigurationError, match="can be read by other users"):
        getattr(config.connections["one-stop"].account, "password").reveal()  # noqa: B009  # of one kind of account
