"""The commands and the code of docs/building_blocks.md run as they stand, in the order of the page."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cchc_connect.clock import SystemClock
from cchc_connect.signing import KeyFile
from tests.signing.parties import Party, jwk, new_p256_key, pem, write_keys
from tests.transport.soap_service import write_wsdl

PAGE = (Path(__file__).parents[1] / "docs" / "building_blocks.md").read_text(encoding="utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL)
CODE = [code for code in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL) if "sys.argv" not in code]
"""The code of the page but for the programs of `examples`, which have tests of their own."""


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the machine has no openssl")
def test_keys_are_made_as_the_page_says() -> None:
    from cchc_connect.signing import SigningKey  # noqa: PLC0415  # what the page imports later

    (commands,) = SHELL
    subprocess.run(["sh", "-ec", commands], check=True, capture_output=True, timeout=30)  # noqa: S607  # any shell will do

    for name, algorithm in (("signing-es256.pem", "ES256"), ("signing-eddsa.pem", "EdDSA")):
        assert Path(name).stat().st_mode & 0o077 == 0
        key = SigningKey.read(Path(name).read_text(encoding="utf-8"), algorithm=algorithm, key_id="2026-07")
        assert key.algorithm == algorithm


def test_signing_a_drop_folder_and_soap_work_as_the_page_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = new_p256_key()
    Path("signing-es256.pem").write_text(pem(key), encoding="utf-8")
    write_keys(Path("one-stop.jwks.json"), jwk(key, Party(tmp_path).kid))
    Path("dropped").mkdir()
    Path("dropped/thửa.csv").write_bytes(b"12")
    write_wsdl(Path())

    for code in CODE:
        exec(compile(code.replace('Path("dropped")', 'Path("dropped"), settle_s=0'), "page", "exec"), {})  # noqa: S102  # our own page

    shown = capsys.readouterr().out
    assert KeyFile(Path("ours.jwks.json"), SystemClock()).find("2026-07") is not None
    assert '"d"' not in Path("ours.jwks.json").read_text(encoding="utf-8")
    assert shown.startswith("2026-07 ")
    assert "thửa.csv thửa.csv 2" in shown
