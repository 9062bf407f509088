"""A manifest may stand in a file of its own; its schema is published; its faults are told at once."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from cchc_adapters.rest.manifest import RestOptions
from cchc_adapters.rest.manifest_schema import schema_text
from cchc_connect import Config, ConfigurationError
from cchc_connect.messages import Language
from tests.checkout import ROOT

MANIFEST = """
[sources.dossier]
path = "/ho-so"
items = "data.items"
key = "id"
changed_at = "sua"
leave_out = { property = "so", values = [""] }
deletes = "absence"
paging = { kind = "page", parameter = "page", total = "total" }
since = { parameter = "tu", format = "iso_local" }
success = { property = "code", values = [0, "00"] }

[sources.dossier.fields]
code = "so"
procedure_code = ["ma", "thu_tuc"]
status = [{ property = "tt", codes = { xong = "processed" } }, { constant = "registered" }]
due_at = { property = "han", codec = "dmy_time" }

[targets.dossier]
request = { method = "PUT", path = "/ho-so/{code}", idempotent = true }
body = { trang_thai = { field = "status", codes = { processed = "xong" }, others = "*" }, ghi_chu = "source_status" }
receipt = { duplicate = { property = "message", contains = "đã tồn tại" }, refused = { status = [400, 422] } }
"""
CONNECTION = """
[connections.desk]
adapter = "rest"
agency = "000.00.05.H09"
base_url = "https://desk.example"

[connections.desk.options]
manifest = "shared/desk.toml"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "desk.toml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "cchc.toml").write_text(CONNECTION, encoding="utf-8")
    return tmp_path


def test_a_manifest_is_read_from_a_file_beside_the_configuration(folder: Path) -> None:
    adapter = Config.load(folder / "cchc.toml").adapter("desk")

    assert [source.record_type.record_type for source in adapter.sources] == ["dossier"]
    assert adapter.sources[0].profile.changed_since
    assert [target.record_type.record_type for target in adapter.targets] == ["dossier"]


def test_what_a_connection_writes_goes_before_its_manifest(folder: Path) -> None:
    file = folder / "cchc.toml"
    file.write_text(CONNECTION + '[connections.desk.options.sources.dossier]\nlookback = "3d"\n', encoding="utf-8")

    assert Config.load(file).adapter("desk").sources[0].profile.lookback.days == 3


@pytest.mark.parametrize("language", Language)
def test_every_fault_of_a_file_names_the_file_and_the_place(folder: Path, language: Language) -> None:
    faulty = (
        MANIFEST.replace('code = "so"', 'cod = "so"').replace('"dmy_time"', '"dmy_tim"').replace("items =", "itms =")
    )
    faulty = faulty.replace('ghi_chu = "source_status"', 'ghi_chu = "source_statuss"').replace("{code}", "{cod}")
    (folder / "shared" / "desk.toml").write_text(faulty, encoding="utf-8")

    with pytest.raises(ConfigurationError) as refusal:
        Config.load(folder / "cchc.toml")

    text = refusal.value.in_language(language)
    for path, meant in (
        ("[sources.dossier] itms", "items"),
        ("[sources.dossier.fields] cod", "code"),
        ("[sources.dossier] fields", "code"),
        ("[sources.dossier.fields.due_at] codec", "dmy_time"),
        ("[targets.dossier.body] ghi_chu", "source_status"),
        ("[targets.dossier.request] path", "code"),
    ):
        line = next(line for line in text.splitlines() if f"desk.toml: {path}:" in line)
        assert meant in line
    assert text.count("desk.toml:") == 6


@pytest.mark.parametrize(
    ("table", "line", "fault"),
    [
        ("sources.dossier", 'lookback = "3x"', "sources.dossier] lookback:"),
        ("sources.dossier.fields", "code = 5", "sources.dossier.fields] code:"),
        ("sources.dossier.fields", 'cod = "so"', "sources.dossier.fields] cod:"),
        ("answers", "unauthorised = {}", "answers] unauthorised:"),
    ],
)
def test_a_fault_of_what_the_connection_writes_is_not_told_as_the_manifests(
    folder: Path, table: str, line: str, fault: str
) -> None:
    file = folder / "cchc.toml"
    file.write_text(f"{CONNECTION}[connections.desk.options.{table}]\n{line}\n", encoding="utf-8")

    with pytest.raises(ConfigurationError) as refusal:
        Config.load(file)

    text = refusal.value.in_language(Language.ENGLISH)
    assert f"[connections.desk.options.{fault}" in text
    assert "desk.toml" not in text


def test_a_missing_manifest_is_told(folder: Path) -> None:
    (folder / "shared" / "desk.toml").unlink()

    with pytest.raises(ConfigurationError, match=r"manifest: cannot be read: .*desk\.toml"):
        Config.load(folder / "cchc.toml")


def test_the_published_schema_is_that_of_the_adapter() -> None:
    """`python -m cchc_adapters.rest.manifest_schema schemas/manifest.json` writes it."""
    assert (ROOT / "schemas" / "manifest.json").read_text(encoding="utf-8") == schema_text()


def test_the_published_schema_takes_what_the_adapter_takes_and_names_its_faults() -> None:
    schema = json.loads(schema_text())
    Draft202012Validator.check_schema(schema)
    checked: Any = Draft202012Validator(schema)

    assert checked.is_valid(tomllib.loads(MANIFEST))
    for right, wrong in (("items =", "itms ="), ("code =", "colour ="), ('kind = "page"', 'kind = "pages"')):
        assert not checked.is_valid(tomllib.loads(MANIFEST.replace(right, wrong)))


@pytest.mark.parametrize("file", sorted((ROOT / "examples" / "manifests").iterdir()), ids=lambda file: file.name)
def test_the_published_schema_takes_the_manifests_of_the_examples(file: Path) -> None:
    manifest = tomllib.loads(file.read_text(encoding="utf-8"))

    assert [*_faults(manifest)] == []


PARCELS = """
[sources.land_parcel]
path = "/thua-dat"
items = "data"
key = "id"
paging = { kind = "none" }

[sources.land_parcel.fields]
scheme = { constant = "gso-2025-07" }
commune_code = "xa"
map_sheet = "to"
parcel_number = "so"
"""


@pytest.mark.parametrize("rule", ['"chu"', '{ property = "chu", codec = "text" }', '["chu", "ho_ten"]'])
@pytest.mark.parametrize("part", ["holders.0.{}", '"holders.0.{}"', '"holders.0".{}', '"holders".0."{}"'])
def test_the_published_schema_takes_rules_for_parts_in_every_spelling(part: str, rule: str) -> None:
    kind = f'{part.format("kind")} = {{ constant = "individual" }}'
    manifest = tomllib.loads(f"{PARCELS}{part.format('name')} = {rule}\n{kind}\n")

    RestOptions.model_validate(manifest)
    assert [*_faults(manifest)] == []


@pytest.mark.parametrize(
    "line", ['holders.0.nam = "chu"', 'holder.0.name = "chu"', 'holders.0.name = { propert = "chu" }']
)
def test_the_published_schema_names_faults_of_rules_for_parts(line: str) -> None:
    manifest = tomllib.loads(f"{PARCELS}{line}\n")

    with pytest.raises(ValidationError):
        RestOptions.model_validate(manifest)
    assert [*_faults(manifest)] != []


def _faults(manifest: dict[str, Any]) -> Iterator[str]:
    checked: Any = Draft202012Validator(json.loads(schema_text()))
    yield from (fault.message for fault in checked.iter_errors(manifest))
