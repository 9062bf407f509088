"""Signing keys fit their algorithm and are never shown; key files of other parties may change while in use."""

import json
import os
import sys
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cchc_connect.errors import ConfigurationError, SourceHeld
from cchc_connect.signing import KeyFile, SigningKey
from tests.signing.parties import AUDIENCE, BODY, Party, SettableClock, jwk, new_p256_key, pem, write_keys

KEY = new_p256_key()
# A modulus of 1024 bits; nobody has its factors.
WEAK = {"kty": "RSA", "kid": "2026-07", "e": "AQAB", "n": urlsafe_b64encode(b"\xc5" * 128).rstrip(b"=").decode()}
ED = ed25519.Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    ("text", "algorithm", "password"),
    [
        (pem(KEY), "ES256", None),
        (pem(KEY, "mat-khau"), "ES256", "mat-khau"),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(), "ES256", None),
        (json.dumps(jwk(KEY, None, private=True)), "ES256", None),
        (json.dumps(jwk(KEY, "2026-07", private=True, alg="ES256", use="sig")), "ES256", None),
        (pem(ED), "EdDSA", None),
        (json.dumps(jwk(ED, None, private=True)), "EdDSA", None),
    ],
)
def test_a_private_key_is_read_from_pem_and_from_a_jwk(text: str, algorithm: str, password: str | None) -> None:
    key = SigningKey.read(text, algorithm=algorithm, key_id="2026-07", password=password)

    assert repr(key) == f"SigningKey(algorithm='{algorithm}', key_id='2026-07')"


@pytest.mark.parametrize(
    ("text", "algorithm", "password"),
    [
        (pem(ec.generate_private_key(ec.SECP384R1())), "ES256", None),
        (pem(ED), "ES256", None),
        (pem(KEY), "EdDSA", None),
        (pem(rsa.generate_private_key(65537, 2048)), "ES256", None),
        (pem(KEY, "mat-khau"), "ES256", None),
        (pem(KEY, "mat-khau"), "ES256", "mat-khau-sai"),
        (pem(KEY), "ES256", "mat-khau"),
        (json.dumps(jwk(KEY, "2026-07")), "ES256", None),
        (json.dumps(jwk(KEY, "2026-07", private=True, alg="ES384")), "ES256", None),
        (json.dumps(jwk(KEY, "2026-07", private=True, use="enc")), "ES256", None),
        (json.dumps(jwk(KEY, "2026-07", private=True) | {"d": "AAAA"}), "ES256", None),
        (json.dumps({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ", "kid": "2026-07"}), "ES256", None),
        ("{", "ES256", None),
        ("[]", "ES256", None),
        ("", "ES256", None),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "ES256", None),
    ],
)
def test_a_key_that_does_not_fit_its_algorithm_is_refused(text: str, algorithm: str, password: str | None) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SigningKey.read(text, algorithm=algorithm, key_id="2026-07", password=password)

    assert raised.value.code == "signature.key_unusable"
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    locals_of_ours = [entry.frame.f_locals for entry in raised.traceback if "cchc_connect" in str(entry.path)]
    assert len(text) < 3 or text not in repr(locals_of_ours)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES384"])
def test_signing_with_another_algorithm_is_refused(algorithm: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SigningKey.read(pem(KEY), algorithm=algorithm, key_id="2026-07")

    assert raised.value.code == "signature.algorithm_unknown"


def test_a_private_key_without_a_key_id_is_refused() -> None:
    with pytest.raises(ConfigurationError) as raised:
        SigningKey.read(pem(KEY), algorithm="ES256")

    assert raised.value.code == "signature.key_id_missing"


def test_the_key_id_of_a_jwk_is_used_and_another_one_is_refused() -> None:
    text = json.dumps(jwk(KEY, "2026-07", private=True))

    assert SigningKey.read(text, algorithm="ES256").key_id == "2026-07"
    with pytest.raises(ConfigurationError) as raised:
        SigningKey.read(text, algorithm="ES256", key_id="2026-08")
    assert raised.value.code == "signature.key_id_mismatch"


def test_without_its_extra_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joserfc", None)
    monkeypatch.delitem(sys.modules, "cchc_connect.signing.jose", raising=False)
    monkeypatch.delattr("cchc_connect.signing.jose", raising=False)

    with pytest.raises(ConfigurationError) as raised:
        SigningKey.read(pem(KEY), algorithm="ES256", key_id="2026-07")

    assert raised.value.code == "extra.sign"
    assert "pip install 'cchc-connect[sign]'" in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        ([jwk(KEY, "2026-07", private=True)], "secret"),
        ([jwk(KEY, "2026-07"), {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}], "secret"),
        ([jwk(KEY, None)], "nameless"),
        ([jwk(KEY, "2026-07") | {"kid": 7}], "nameless"),
        ([jwk(KEY, "2026-07") | {"kid": ["2026-07"]}], "nameless"),
        ([jwk(KEY, "2026-07") | {"x": "AAAA"}], "broken"),
        ([jwk(KEY, "2026-07") | {"crv": "P-999"}], "broken"),
        ([jwk(KEY, "2026-07") | {"y": None}], "broken"),
        ([WEAK], "broken"),
        ([jwk(KEY, "2026-07"), jwk(new_p256_key(), "2026-07")], "twice"),
    ],
)
def test_a_key_file_with_an_unsafe_key_is_refused(tmp_path: Path, keys: list[dict[str, Any]], rule: str) -> None:
    write_keys(tmp_path / "keys.json", *keys)

    with pytest.raises(ConfigurationError) as raised:
        KeyFile(tmp_path / "keys.json", SettableClock())

    assert raised.value.code == "signature.keys_unusable"
    assert getattr(raised.value.context["problem"], "code", "") == f"key_file.{rule}"
    locals_of_ours = [entry.frame.f_locals for entry in raised.traceback if "cchc_connect" in str(entry.path)]
    assert "c2VjcmV0" not in repr(locals_of_ours)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": {}}', '{"keys": []', '{"keys": [], "keys": []}'])
def test_a_file_that_is_no_jwk_set_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError) as raised:
        KeyFile(path, SettableClock())

    assert raised.value.code == "signature.keys_unusable"


def test_a_key_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    path = write_keys(tmp_path / "keys.json", jwk(KEY, "2026-07"))
    path.chmod(0o664)

    with pytest.raises(ConfigurationError) as raised:
        KeyFile(path, SettableClock())

    assert raised.value.code == "signature.keys_writable"


def test_a_missing_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        KeyFile(tmp_path / "keys.json", SettableClock())

    assert raised.value.code == "signature.keys_missing"


def test_keys_of_an_unknown_type_or_use_are_ignored(tmp_path: Path) -> None:
    """RFC 7517 section 5: a post-quantum key in the file must not make it unusable."""
    odd: list[dict[str, Any]] = [{"kty": "AKP", "kid": "next"}, {"kty": ["EC"]}, {}, jwk(KEY, "wrap", use="enc")]
    keys = KeyFile(write_keys(tmp_path / "keys.json", *odd, jwk(KEY, "2026-07")), SettableClock())

    assert keys.find("2026-07") is not None
    assert (keys.find("next"), keys.find("wrap")) == (None, None)


def test_during_a_key_rotation_both_keys_are_accepted_and_afterwards_only_the_new_one(tmp_path: Path) -> None:
    old, new = Party(tmp_path, key=KEY, kid="2026-06"), Party(tmp_path, kid="2026-07")
    before, after = (party.signer.sign(BODY, AUDIENCE) for party in (old, new))
    verifier = old.verifier()
    _refused(lambda: verifier.verify(after, BODY), "signature.key_unknown")

    write_keys(old.key_file, jwk(old.key, "2026-06"), jwk(new.key, "2026-07"))
    during_change = [verifier.verify(signature, BODY).key_id for signature in (before, after)]
    write_keys(old.key_file, jwk(new.key, "2026-07"))

    assert during_change == ["2026-06", "2026-07"]
    assert verifier.verify(after, BODY).key_id == "2026-07"
    _refused(lambda: verifier.verify(before, BODY), "signature.key_unknown")


def test_an_unknown_key_id_causes_the_file_to_be_read_again_at_most_once_per_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system may report a change late, but invented key ids must not cause endless reading."""
    watch = SettableClock()
    path = write_keys(tmp_path / "keys.json", jwk(KEY, "2026-06"))
    keys = KeyFile(path, watch, min_reload_interval_s=5)
    opened = list[Path]()
    really_open = os.open

    def open_counted(file: Path, flags: int) -> int:
        opened.append(file)
        return really_open(file, flags)

    monkeypatch.setattr(os, "open", open_counted)

    counts = list[int]()
    for seconds in (4.9, 0.1, 4.9, 0.1):
        keys.find("2026-06")
        keys.find("invented")
        counts.append(len(opened))
        watch.advance(seconds)

    assert counts == [0, 0, 1, 1]


def test_a_key_file_that_became_unusable_stops_verification(tmp_path: Path) -> None:
    party = Party(tmp_path, key=KEY)
    verifier, signature = party.verifier(), party.signer.sign(BODY, AUDIENCE)
    party.key_file.write_text("{", encoding="utf-8")

    for _ in range(2):
        with pytest.raises(ConfigurationError) as raised:
            verifier.verify(signature, BODY)
        assert raised.value.code == "signature.keys_unusable"


def _refused(step: Any, code: str) -> None:
    with pytest.raises(SourceHeld) as raised:
        step()
    assert raised.value.code == code
