"""How the account of a connection in `cchc.toml` becomes its authentication."""

from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError

from cchc_connect import Config, ConfigurationError, Credentials
from cchc_connect.transport import ApiKey, Basic, Bearer, Hmac, Login, OAuth2, TokenLogin
from cchc_connect.transport.auth.ws_security import WsSecurity
from tests.signing.parties import new_p256_key, pem

SECRET = "khoa-canary/+9"  # invented
FROM_ENVIRONMENT = '{ env = "CANARY" }'
ACCOUNT = Credentials(username="tichhop", password=SECRET)
TOKEN_URL = "https://login.example/token"

GOOD = {
    f'kind = "basic", username = "tichhop", password = {FROM_ENVIRONMENT}': Basic(ACCOUNT),
    f'kind = "session", username = "tichhop", password = {FROM_ENVIRONMENT}': Login(ACCOUNT),
    f'kind = "api_key", key = {FROM_ENVIRONMENT}, header = "X-Key"': ApiKey("X-Key", SECRET),
    f'kind = "bearer", token = {FROM_ENVIRONMENT}': Bearer(SECRET),
    f'kind = "oauth2", token_url = "{TOKEN_URL}", client_id = "h09", client_secret = {FROM_ENVIRONMENT}': OAuth2(
        TokenLogin(token_url=TOKEN_URL, client_id="h09", client_secret=SECRET)
    ),
    (
        f'kind = "oauth2", token_url = "{TOKEN_URL}", client_id = "h09", client_secret = {FROM_ENVIRONMENT}, '
        f'client_auth = "form", grant = "password", username = "tichhop", password = {FROM_ENVIRONMENT}, '
        'token_parameters = { scope = "parcels" }, token_envelope = "data"'
    ): OAuth2(
        TokenLogin(
            token_url=TOKEN_URL,
            client_id="h09",
            client_secret=SECRET,
            secret_in_form=True,
            resource_owner=ACCOUNT,
            parameters={"scope": "parcels"},
            token_envelope="data",
        )
    ),
    f'kind = "hmac", key_id = "a", secret = {FROM_ENVIRONMENT}, signed_parts = ["body"], encoding = "hex"': Hmac(
        key_id="a", secret=SECRET, signed_parts=("body",), encoding="hex"
    ),
    f'kind = "ws_security", username = "tichhop", password = {FROM_ENVIRONMENT}, password_digest = true': WsSecurity(
        credentials=ACCOUNT, digest=True
    ),
}

BAD = {
    'kind = "magic"': "kind",
    'username = "tichhop"': "kind",
    f'kind = "basic", password = {FROM_ENVIRONMENT}': "username",
    'kind = "bearer", token = "khoa-canary/+9"': "env",
    'kind = "api_key", key = { env = "CANARY" }, header = "X Key"': "form",
    f'kind = "hmac", key_id = "h09", secret = {FROM_ENVIRONMENT}, signed_parts = ["everything"]': "body_sha256",
    f'kind = "oauth2", token_url = "{TOKEN_URL}", client_id = "h09", grant = "password"': "password grant",
    f'kind = "oauth2", token_url = "{TOKEN_URL}", client_id = "h09", username = "tichhop"': "password grant",
    (
        f'kind = "oauth2", token_url = "{TOKEN_URL}", client_id = "h09", client_secret = {FROM_ENVIRONMENT}, '
        f"private_key = {FROM_ENVIRONMENT}"
    ): "private_key",
    (
        f'kind = "oauth2", token_url = "{TOKEN_URL}", client_id = "h09", '
        'token_parameters = { client_secret = "khoa-canary/+9" }'
    ): "key of its own",
    'kind = "oauth2", token_url = "https://[::1", client_id = "h09"': "address",
    'kind = "oauth2", token_url = "http://login.example/token", client_id = "h09"': "plain_http_because",
}


@pytest.fixture(autouse=True)
def canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", SECRET)


def config(folder: Path, account: str) -> Config:
    """Return the configuration with one connection that has this account."""
    file = folder / "cchc.toml"
    head = '[connections.portal]\nadapter = "opencps"\nagency = "000.00.00.H09"\nbase_url = "https://portal.example"\n'
    file.write_text(f'{head}account = {{ {account} }}\noptions = {{ group_id = "55217" }}\n', encoding="utf-8")
    return Config.load(file)


@pytest.mark.parametrize("account", GOOD)
def test_each_account_kind_becomes_its_authentication_without_showing_the_secret(tmp_path: Path, account: str) -> None:
    table = config(tmp_path, account).connections["portal"].account

    assert table is not None
    assert table.authentication() == GOOD[account]
    assert SECRET not in repr(table) + repr(table.authentication())


def test_an_assertion_is_signed_with_the_clients_own_key(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_text(pem(new_p256_key()), encoding="utf-8")
    file.chmod(0o600)
    account = f'kind = "oauth2", token_url = "{TOKEN_URL}", client_id = "h09", key_id = "k1"'
    table = config(tmp_path, f'{account}, private_key = {{ file = "{file}" }}').connections["portal"].account
    assert table is not None

    login = table.authentication().login

    assert login is not None
    assert login.assertion is not None
    assert login.assertion().count(".") == 2
    assert login.assertion() != login.assertion()


@pytest.mark.parametrize("account", BAD)
def test_an_invalid_account_is_refused_naming_its_key_and_no_secret(tmp_path: Path, account: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        config(tmp_path, account)

    assert "[connections.portal" in str(refused.value)
    assert BAD[account] in str(refused.value)
    assert SECRET not in str(refused.value)


class OneSecretKeyring(KeyringBackend):
    """A keyring with one secret."""

    priority = 1.0  # pyright: ignore[reportAssignmentType]  # as its own back ends write it

    def get_password(self, service: str, username: str) -> str | None:
        return SECRET if (service, username) == ("cchc", "portal") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PasswordSetError(f"{service}/{username} is locked against {len(password)} characters")

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError(f"{service}/{username} is locked")


@pytest.mark.parametrize(("entry", "code"), [("cchc/portal", None), ("cchc/land", "config.secret_keyring_missing")])
def test_a_secret_may_be_read_from_the_system_keyring(tmp_path: Path, entry: str, code: str | None) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(OneSecretKeyring())  # type: ignore[no-untyped-call]  # its base is untyped
    table = config(tmp_path, f'kind = "bearer", token = {{ keyring = "{entry}" }}').connections["portal"].account
    assert table is not None
    try:
        if code is None:
            assert table.authentication() == Bearer(SECRET)
            return
        with pytest.raises(ConfigurationError) as refused:
            table.authentication()
        assert refused.value.code == code
    finally:
        keyring.set_keyring(before)
