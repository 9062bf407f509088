"""The schemas load in Ajv's strict mode, and its verdicts are those of the tests' own validator."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cchc_schemas import RECORD_TYPES
from tests.checkout import ROOT
from tests.schemas.test_json_schema_rules import LEAVES, PARCEL_REFS, samples, validator
from tests.thirdparty.installation import ENVIRONMENTS, install_or_skip, program_or_skip

pytestmark = pytest.mark.thirdparty

AREAS = LEAVES["area"][1] + ("-1", "0", "1E+15", "1000000000000000", "228.4\n")

VERDICTS = """
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
const { folder, documents } = JSON.parse(readFileSync(0, "utf8"));
const read = (file) => JSON.parse(readFileSync(`${folder}/${file}`, "utf8"));
const ajv = new Ajv({ strict: true });
ajv.addVocabulary(read("vocabulary.json"));
ajv.addFormat("date-time", true);
const validators = {};
for (const type of new Set(documents.map(([type]) => type))) validators[type] = ajv.compile(read(`json/${type}.json`));
console.log(JSON.stringify(documents.map(([type, document]) => validators[type](document))));
"""


@pytest.fixture(scope="module")
def node() -> str:
    """Give the program that runs JavaScript, with Ajv installed beside the scripts of these tests."""
    program, npm = program_or_skip("node"), program_or_skip("npm")
    folder = ENVIRONMENTS / "ajv"
    folder.mkdir(parents=True, exist_ok=True)
    install_or_skip("ajv", [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), "ajv@8"])
    return program


def run(node: str, script: str, standard_input: str = "") -> str:
    """Run a script in the folder where Ajv is, with the schemas beside it; return what it prints."""
    folder = ENVIRONMENTS / "ajv"
    (folder / "script.mjs").write_text(script, encoding="utf-8")
    link = folder / "schemas"
    if not link.exists():
        link.symlink_to(ROOT / "schemas")
    done = subprocess.run(
        [node, "script.mjs"], cwd=folder, input=standard_input, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_readme_s_script_finds_the_fault(node: str) -> None:
    readme = (ROOT / "schemas" / "README.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```js\n(.*?)```", readme, re.DOTALL)

    assert "/area_m2 pattern" in run(node, script).splitlines()


def test_ajv_and_the_tests_validator_agree(node: str) -> None:
    parcel = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "45", "parcel_number": "123"}
    change = {"change_id": "1", "kind": "CN", "happened_at": "2026-03-02T01:15:00Z"}
    documents: list[tuple[str, Any]] = [(name, d) for name, record in RECORD_TYPES.items() for d in samples(record)]
    documents += [("land_parcel", {**parcel, "area_m2": area}) for area in AREAS]
    documents += [("land_change", {**change, "from_parcels": [reference]}) for reference in PARCEL_REFS]

    documents_of_types = json.dumps({"folder": str(Path(ROOT, "schemas")), "documents": documents})
    verdicts = json.loads(run(node, VERDICTS, documents_of_types))

    assert verdicts == [validator(RECORD_TYPES[name]).is_valid(document) for name, document in documents]
    assert {True, False} == set(verdicts)
