"""A revealed secret is masked in every form in which libraries write it, and its own text object never shows it."""

import copy
import html
import json
import pickle
import re
import traceback
from base64 import b64encode, urlsafe_b64encode
from dataclasses import asdict
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies as st
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL

from cchc_connect import Credentials
from cchc_connect.privacy.secrets import MAX_SECRETS, SecretRegistry, SecretText, mask_secrets, register_secret

SECRET = "mật-khẩu/+%@é'\"\\ 7"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=4, max_size=30)


def written_forms(secret: str, user: str = "dong-bo.h09") -> dict[str, str]:
    """Return the forms in which libraries write a secret, by name."""
    octets = secret.encode()
    pair = f"{user}:{secret}".encode()
    return {
        "as it is": secret,
        "repr": repr(secret),
        "repr of bytes": repr(octets),
        "path": quote(secret),
        "URL": quote(secret, safe=""),
        "URL, small": re.sub("%..", lambda match: match[0].lower(), quote(secret, safe="")),
        "form": quote_plus(secret),
        "SQLAlchemy's address": str(URL.create("x", "u", secret, "h").render_as_string(hide_password=False)),
        "libpq": make_conninfo(password=secret),
        "JSON": json.dumps({"password": secret}),
        "JSON, unescaped": json.dumps({"password": secret}, ensure_ascii=False),
        "XML": html.escape(secret),
        "base64": b64encode(octets).decode(),
        "base64, for addresses": urlsafe_b64encode(octets).decode(),
        "Basic": f"Basic {b64encode(pair).decode()}",
        "OAuth 2": f"Basic {b64encode(f'{quote_plus(user)}:{quote_plus(secret)}'.encode()).decode()}",
        "base64 in the middle": b64encode(b"x" + pair + b"y").decode(),
    }


@pytest.mark.parametrize("form", written_forms(SECRET))
def test_a_secret_is_masked_in_every_form(form: str) -> None:
    secrets = SecretRegistry()
    secrets.register(SECRET)

    shown = secrets.mask(f"before {written_forms(SECRET)[form]} behind")

    assert shown.startswith("before ")
    assert shown.endswith(" behind")
    assert "***" in shown
    assert not any(part in shown for part in (SECRET[:8], quote(SECRET)[:12], b64encode(SECRET.encode()).decode()[:8]))


@given(TEXTS, st.sampled_from(sorted(written_forms(SECRET))))
def test_any_secret_is_masked_in_any_form(secret: str, form: str) -> None:
    secrets = SecretRegistry()
    secrets.register(secret)
    written = written_forms(secret)[form]

    shown = secrets.mask(written)

    assert shown != written
    assert secret not in shown


def test_text_without_a_secret_is_unchanged() -> None:
    secrets = SecretRegistry()
    secrets.register(SECRET)

    assert secrets.mask("dossier 000.00.00.H09-260701-0001") == "dossier 000.00.00.H09-260701-0001"


def test_a_secret_of_three_characters_is_not_masked() -> None:
    """It occurs in ordinary text, which would be masked."""
    secrets = SecretRegistry()
    secrets.register("abc")

    assert secrets.mask("abc") == "abc"


def test_a_line_of_a_key_is_masked_alone() -> None:
    """A log of a key file line by line shows no line of a private key."""
    secrets = SecretRegistry()
    secrets.register(
        "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w\n-----END PRIVATE KEY-----\n"
    )

    assert secrets.mask("read AgEGCCqGSM49AwEHBG0w") == "read ***"
    assert secrets.mask("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_the_latest_secrets_are_remembered() -> None:
    """Sessions replace each other in a process that runs for weeks; a password that is read again stays registered."""
    secrets = SecretRegistry()
    secrets.register("the-password")
    for number in range(MAX_SECRETS + 10):
        secrets.register(f"session-{number:05}")
        secrets.register("the-password")

    assert secrets.mask("the-password session-00000") == "*** session-00000"
    assert secrets.mask(f"session-{MAX_SECRETS:05}") == "***"


def test_a_revealed_secret_is_masked_in_the_whole_process() -> None:
    register_secret("revealed-in-this-test")

    assert mask_secrets("Bearer revealed-in-this-test") == "Bearer ***"


def test_a_secret_text_shows_in_no_repr_copy_or_pickle() -> None:
    """It can be used as a string, but a repr, a copy of an object's fields and a pickle do not show it."""
    secret = register_secret("shown-nowhere/9")
    credentials = Credentials(username="dong-bo", password=secret)
    shown = [repr(credentials), repr(vars(credentials)), repr(asdict(credentials)), repr([secret]), f"{secret!r}"]

    assert f"{secret}" == secret == "shown-nowhere/9"
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    assert not [text for text in shown if "shown-nowhere" in text]
    for holder in (secret, credentials):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(holder)


def test_a_secret_is_not_shown_by_a_traceback_with_locals() -> None:
    def fails(password: str) -> None:
        raise ValueError(len(password))

    with pytest.raises(ValueError, match="15") as raised:
        fails(SecretText("local-secret/15"))

    formatted = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
    assert [frame.locals for frame in formatted.stack][-1] == {"password": "<secret>"}
