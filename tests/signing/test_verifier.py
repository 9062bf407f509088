"""Verification: a signature must be of a known key, over the exact body, for this audience and within its time."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from cchc_connect.errors import ConfigurationError, SourceHeld
from cchc_connect.signing import SignaturePolicy, Signer, Verifier
from tests.signing.parties import AUDIENCE, BODY, ISSUER, NOON, Party, Private, jwk, new_p256_key, pem

SECONDS = int(NOON.timestamp())
HEADER = {"alg": "ES256", "kid": "2026-07", "iss": ISSUER, "aud": AUDIENCE, "jti": "first"} | {
    "iat": SECONDS,
    "exp": SECONDS + 300,
}


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def signed_by_hand(key: ec.EllipticCurvePrivateKey, header: object, body: bytes = BODY) -> str:
    """Sign a header that `Signer` would not write."""
    text = json.dumps(header).encode()
    plain = jws.serialize_compact({"alg": "ES256"}, b"", ECKey.import_key(pem(key)))
    assert plain
    model = jws.JWSRegistry.algorithms["ES256"]
    over = f"{encoded(text)}.{encoded(body)}".encode()
    return f"{encoded(text)}..{encoded(model.sign(over, ECKey.import_key(pem(key))))}"


def refusal(verifier: Verifier, signature: str | None, body: bytes = BODY) -> str:
    with pytest.raises(SourceHeld) as raised:
        verifier.verify(signature, body)
    assert raised.value.context == {"connection": "registry"}
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    return raised.value.code


@pytest.mark.parametrize(
    ("algorithm", "make"), [("ES256", new_p256_key), ("EdDSA", ed25519.Ed25519PrivateKey.generate)]
)
@pytest.mark.parametrize("body", [BODY, b"", b"\x00\xff" * 200_000], ids=["record", "nothing", "large"])
def test_a_signature_of_a_known_key_for_this_audience_is_accepted(
    tmp_path: Path, algorithm: str, make: Callable[[], Private], body: bytes
) -> None:
    party = Party(tmp_path, algorithm=algorithm, key=make())
    signature = party.signer.sign(body, AUDIENCE)

    attested = party.verifier().verify(signature, body)

    assert (attested.issuer, attested.key_id, attested.signature_id) == (ISSUER, "2026-07", "first")
    assert (attested.expires_at - attested.issued_at).total_seconds() == 300
    assert signature.count(".") == 2
    assert ".." in signature


def test_issuer_audience_and_lifetime_are_in_the_signed_header(tmp_path: Path) -> None:
    signature = Party(tmp_path).signer.sign(BODY, AUDIENCE)

    assert jws.extract_compact(signature.encode(), BODY).headers() == HEADER


@pytest.mark.parametrize("part", ["header", "signature", "body"])
@given(drawn=st.data())
def test_a_change_of_any_bit_is_detected(
    tmp_path_factory: pytest.TempPathFactory, part: str, drawn: st.DataObject
) -> None:
    party = Party(tmp_path_factory.getbasetemp(), key=KEY)
    signature = party.signer.sign(BODY, AUDIENCE)
    header, _, signed = signature.split(".")
    texts = {"header": header.encode(), "signature": signed.encode(), "body": BODY}
    offset = drawn.draw(st.integers(0, len(texts[part]) - 1))
    changed = bytearray(texts[part])
    changed[offset] ^= 1 << drawn.draw(st.integers(0, 7))
    texts[part] = bytes(changed)
    shown = f"{texts['header'].decode('latin-1')}..{texts['signature'].decode('latin-1')}"

    code = refusal(party.verifier(), shown, texts["body"])

    assert code.startswith("signature.")


KEY = new_p256_key()


@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (None, "signature.missing"),
        ("", "signature.missing"),
        ("e30", "signature.malformed"),
        ("e30.e30.e30", "signature.malformed"),
        ("..", "signature.malformed"),
        ("e30..", "signature.malformed"),
        (f"{encoded(b'[]')}..AAAA", "signature.malformed"),
        (f"{encoded(b'{')}..AAAA", "signature.malformed"),
        (encoded(b'{"alg":"none","alg":"ES256"}') + "..AAAA", "signature.malformed"),
        ("e31..AAAA", "signature.malformed"),
        ("e30==..AAAA", "signature.malformed"),
        ("e30 ..AAAA", "signature.malformed"),
        ("é..AAAA", "signature.malformed"),
        ("e30.." + "A" * 9000, "signature.malformed"),
        ("e30..AAAA", "signature.algorithm_not_allowed"),
    ],
)
def test_a_malformed_detached_signature_is_refused(tmp_path: Path, signature: str | None, code: str) -> None:
    assert refusal(Party(tmp_path).verifier(), signature) == code


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS256", "HS512", "RS256", "ES384", "es256", "", None, 1, ["ES256"]]
)
def test_a_disallowed_algorithm_is_refused_before_any_key_is_looked_up(tmp_path: Path, algorithm: object) -> None:
    party = Party(tmp_path, key=KEY)

    assert (
        refusal(party.verifier(), signed_by_hand(KEY, HEADER | {"alg": algorithm})) == "signature.algorithm_not_allowed"
    )


@pytest.mark.parametrize("secret", ["pem", "der", "x"])
def test_a_public_key_is_never_used_as_a_shared_secret(tmp_path: Path, secret: str) -> None:
    """Algorithm confusion: an attacker makes an HMAC with the public key."""
    party = Party(tmp_path, key=KEY)
    public = KEY.public_key()
    secrets = {
        "pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "x": jwk(KEY, None)["x"].encode(),
    }
    text = encoded(json.dumps(HEADER | {"alg": "HS256"}).encode())
    mac = hmac.digest(secrets[secret], f"{text}.{encoded(BODY)}".encode(), "sha256")

    assert refusal(party.verifier(), f"{text}..{encoded(mac)}") == "signature.algorithm_not_allowed"


@pytest.mark.parametrize("algorithms", [{"none"}, {"HS256"}, {"ES256", "HS256"}, set[str](), {"ES256K"}])
def test_a_symmetric_or_missing_algorithm_cannot_be_allowed(algorithms: set[str]) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SignaturePolicy(issuer=ISSUER, audience=AUDIENCE, algorithms=frozenset(algorithms))

    assert raised.value.code == "signature.algorithm_unknown"


def test_another_asymmetric_algorithm_is_accepted_if_allowed(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    text = encoded(json.dumps(HEADER | {"alg": "RS256"}).encode())
    made = jws.JWSRegistry.algorithms["RS256"].sign(f"{text}.{encoded(BODY)}".encode(), _rsa(key))
    expected = SignaturePolicy(issuer=ISSUER, audience=AUDIENCE, algorithms=frozenset({"RS256"}))

    attested = Party(tmp_path).verifier(jwk(key, "2026-07"), expected=expected).verify(f"{text}..{encoded(made)}", BODY)

    assert attested.key_id == "2026-07"


def _rsa(key: rsa.RSAPrivateKey) -> Any:
    from joserfc.jwk import RSAKey  # noqa: PLC0415  # used once

    return RSAKey.import_key(pem(key))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jku", "https://127.0.0.2/keys"),
        ("x5u", "https://127.0.0.2/chain"),
        ("x5c", ["MIIB"]),
        ("jwk", jwk(KEY, "2026-07")),
    ],
)
def test_a_header_that_brings_its_own_key_is_refused(tmp_path: Path, name: str, value: object) -> None:
    party = Party(tmp_path, key=KEY)

    assert refusal(party.verifier(), signed_by_hand(KEY, HEADER | {name: value})) == "signature.key_embedded"


@pytest.mark.parametrize("extension", [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": True}])
def test_an_unknown_critical_extension_is_refused(tmp_path: Path, extension: dict[str, object]) -> None:
    party = Party(tmp_path, key=KEY)

    assert refusal(party.verifier(), signed_by_hand(KEY, HEADER | extension)) == "signature.extension_unknown"


@pytest.mark.parametrize("kid", ["2026-06", "", None, 7, ["2026-07"], {}])
def test_a_key_that_is_not_in_the_file_is_refused(tmp_path: Path, kid: object) -> None:
    party = Party(tmp_path, key=KEY)

    assert refusal(party.verifier(), signed_by_hand(KEY, HEADER | {"kid": kid})) == "signature.key_unknown"


@pytest.mark.parametrize(
    "described",
    [
        jwk(ec.generate_private_key(ec.SECP384R1()), "2026-07"),
        jwk(ed25519.Ed25519PrivateKey.generate(), "2026-07"),
        jwk(rsa.generate_private_key(65537, 2048), "2026-07"),
        jwk(KEY, "2026-07", alg="ES384"),
        jwk(KEY, "2026-07", key_ops=["sign"]),
    ],
    ids=["other curve", "other type", "RSA", "other algorithm", "not for checking"],
)
def test_a_key_that_is_not_made_for_the_algorithm_is_refused(tmp_path: Path, described: dict[str, Any]) -> None:
    party = Party(tmp_path, key=KEY)

    assert refusal(party.verifier(described), party.signer.sign(BODY, AUDIENCE)) == "signature.key_mismatch"


def test_a_signature_of_another_key_with_the_same_key_id_is_refused(tmp_path: Path) -> None:
    party = Party(tmp_path, key=KEY)

    assert (
        refusal(party.verifier(jwk(new_p256_key(), "2026-07")), party.signer.sign(BODY, AUDIENCE))
        == "signature.mismatch"
    )


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "000.00.02.H09"}, "signature.issuer_unexpected"),
        ({"iss": None}, "signature.issuer_unexpected"),
        ({"iss": [ISSUER]}, "signature.issuer_unexpected"),
        ({"aud": "000.00.02.H09"}, "signature.audience_unexpected"),
        ({"aud": ["000.00.02.H09"]}, "signature.audience_unexpected"),
        ({"aud": None}, "signature.audience_unexpected"),
        ({"aud": {AUDIENCE: 1}}, "signature.audience_unexpected"),
        ({"iat": SECONDS + 61, "exp": SECONDS + 100}, "signature.not_yet"),
        ({"iat": SECONDS - 400, "exp": SECONDS - 60}, "signature.expired"),
        ({"exp": SECONDS + 3601}, "signature.lifetime_too_long"),
        ({"iat": SECONDS - 10, "exp": SECONDS - 10}, "signature.lifetime_too_long"),
        ({"exp": 1e300}, "signature.lifetime_too_long"),
        ({"exp": 10**400}, "signature.malformed"),
        ({"exp": None}, "signature.incomplete"),
        ({"exp": str(SECONDS + 300)}, "signature.incomplete"),
        ({"iat": True}, "signature.incomplete"),
        ({"jti": None}, "signature.incomplete"),
        ({"jti": ""}, "signature.incomplete"),
        ({"jti": 7}, "signature.incomplete"),
    ],
)
def test_a_signature_for_another_audience_or_time_is_refused(
    tmp_path: Path, claims: dict[str, object], code: str
) -> None:
    party = Party(tmp_path, key=KEY)

    assert refusal(party.verifier(), signed_by_hand(KEY, HEADER | claims)) == code


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["000.00.02.H09", AUDIENCE]},
        {"iat": SECONDS + 60, "exp": SECONDS + 100},
        {"iat": SECONDS - 300, "exp": SECONDS - 59},
        {"iat": SECONDS + 0.5},
    ],
)
def test_a_clock_difference_of_a_minute_and_several_audiences_are_accepted(
    tmp_path: Path, claims: dict[str, object]
) -> None:
    party = Party(tmp_path, key=KEY)

    assert party.verifier().verify(signed_by_hand(KEY, HEADER | claims), BODY).key_id == "2026-07"


def test_a_signature_expires(tmp_path: Path) -> None:
    party = Party(tmp_path, key=KEY)
    verifier, signature = party.verifier(), party.signer.sign(BODY, AUDIENCE)
    party.clock.advance(359)

    verifier.verify(signature, BODY)
    party.clock.advance(1)

    assert refusal(verifier, signature) == "signature.expired"


def test_the_frames_of_a_refusal_hold_neither_body_nor_signature(tmp_path: Path) -> None:
    party = Party(tmp_path, key=KEY)
    verifier, signature = party.verifier(), party.signer.sign(BODY, AUDIENCE)

    with pytest.raises(SourceHeld) as raised:
        verifier.verify(signature, BODY + b"!")

    frames = [entry for entry in raised.traceback if "cchc_connect" in str(entry.path)]
    shown = repr([entry.frame.f_locals for entry in frames])
    assert frames
    assert "074000000012" not in shown
    assert signature not in shown


@pytest.mark.parametrize("lifetime_s", [0, -1, 3601])
def test_a_signature_lifetime_outside_the_limits_is_refused(tmp_path: Path, lifetime_s: int) -> None:
    party = Party(tmp_path, key=KEY)

    with pytest.raises(ConfigurationError) as raised:
        Signer(party.signing_key, ISSUER, party.clock, lifetime_s=lifetime_s)

    assert raised.value.code == "signature.lifetime_out_of_range"
