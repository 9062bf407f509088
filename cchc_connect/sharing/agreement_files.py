"""Agreements in a folder of TOML files, which are reviewed like code; every fault of the folder is told at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cchc_connect.config.known_keys import unknown_key_problem
from cchc_connect.config.toml_text import parse_toml, read_toml_text
from cchc_connect.config.value_problems import value_problem
from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Message
from cchc_connect.messages.suggestions import suggestion
from cchc_connect.sharing.agreement_checks import agreement_findings
from cchc_connect.sharing.agreements import Agreement, Grant
from cchc_connect.sharing.findings import AgreementFinding, FindingLevel, fault
from cchc_connect.sharing.grant_checks import grant_findings
from cchc_connect.sharing.terms import SharingTerms

TABLE = "agreement"
"""Table of a file below which its agreements stand: `[agreement.ID]`."""

SHOWN_LENGTH = 60
"""Characters of a wrong value that a fault shows."""


@dataclass(frozen=True, kw_only=True)
class AgreementFile:
    """One agreement of a folder with the file that it stands in."""

    file: Path
    agreement: Agreement


@dataclass(frozen=True, kw_only=True)
class AgreementFolder:
    """What a folder contains: its agreements, and every finding."""

    agreements: Sequence[AgreementFile]
    """Agreements whose form is right; whether they may be applied, the findings say."""
    findings: Sequence[AgreementFinding]

    @property
    def faults(self) -> Sequence[AgreementFinding]:
        """Return the findings that keep the folder from being applied."""
        return [finding for finding in self.findings if finding.level is FindingLevel.FAULT]


def read_folder(folder: Path, terms: SharingTerms, day: date) -> AgreementFolder:
    """Read all `*.toml` of a folder, in the order of their names, and check them for a Vietnamese day.

    A folder that does not exist has no agreements.
    """
    agreements, findings = list[AgreementFile](), list[AgreementFinding]()
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else ():
        for finding in _read_file(path, terms, agreements):
            findings.append(replace(finding, file=path))
    for entry in agreements:
        found_here = agreement_findings(entry.agreement, terms, day)
        findings.extend(replace(finding, file=entry.file, agreement=entry.agreement.id) for finding in found_here)
    findings.extend(_same_versions(agreements))
    return AgreementFolder(agreements=agreements, findings=findings)


def _read_file(path: Path, terms: SharingTerms, agreements: list[AgreementFile]) -> Iterator[AgreementFinding]:
    """Add the agreements of a file whose form is right, and yield the faults of the others."""
    text = read_toml_text(path)
    tables = text if isinstance(text, ConfigurationError) else parse_toml(text, path)
    if isinstance(tables, ConfigurationError):
        yield _form_fault("unreadable", Message(tables.code, tables.context))
        return
    for key in tables.keys() - {TABLE}:
        yield fault("table_unknown", "", value=key, suggestion=suggestion(key, [TABLE]))
    named = cast("Mapping[str, Any]", tables.get(TABLE) or {})
    if not named or not isinstance(named, dict) or not all(isinstance(table, dict) for table in named.values()):
        yield fault("table_missing", "")
        return
    for name, table in named.items():
        findings = list(_read_agreement(path, name, table, terms, agreements))
        yield from (replace(finding, agreement=name) for finding in findings)


def _read_agreement(
    path: Path, name: str, table: Mapping[str, Any], terms: SharingTerms, agreements: list[AgreementFile]
) -> Iterator[AgreementFinding]:
    if "id" in table:
        yield fault("id_written", "id")
        return
    try:
        agreement = Agreement.model_validate({**table, "id": name})
    except ValidationError as error:
        yield from _form_faults(error, table)
        yield from _faults_of_sound_grants(table, terms)
    else:
        agreements.append(AgreementFile(file=path, agreement=agreement))


def _form_faults(error: ValidationError, table: Mapping[str, Any]) -> Iterator[AgreementFinding]:
    """Yield the faults that Pydantic found: what is there, and what is expected."""
    faults = error.errors(include_url=False)
    for found_fault in faults:
        if found_fault["type"] == "too_short" and any(_is_inside(inner["loc"], found_fault["loc"]) for inner in faults):
            continue  # of a list that counts only its sound entries
        path = tuple(map(str, found_fault["loc"]))
        is_unknown = found_fault["type"] == "extra_forbidden"
        problem = unknown_key_problem(Agreement, path) if is_unknown else value_problem(found_fault, Agreement, path)
        at = ".".join(str(step + 1) if isinstance(step, int) else step for step in _written(found_fault["loc"], table))
        yield _form_fault(found_fault["type"], _with_value(problem, found_fault), at)


def _is_inside(location: Sequence[str | int], around: Sequence[str | int]) -> bool:
    return len(location) > len(around) and location[: len(around)] == around


def _with_value(problem: Message, found_fault: ErrorDetails) -> Message:
    """Add the value that is there, unless it is a table or missing."""
    value = found_fault["input"]
    if found_fault["type"] in {"missing", "extra_forbidden"} or not isinstance(value, str | int | float | date):
        return problem
    return Message("agreement_place.value", {"value": str(value)[:SHOWN_LENGTH], "problem": problem})


def _written(location: Sequence[str | int], table: Mapping[str, Any]) -> Iterator[str | int]:
    """Yield the steps of a location that stand in the file, and a last one that is missing there."""
    value: object = table
    for step in location:
        if step == "[key]":  # Pydantic's name for the key itself
            continue
        yield step
        if isinstance(value, list) and isinstance(step, int):
            value = cast("list[object]", value)[step]
        elif isinstance(value, Mapping):
            value = cast("Mapping[str | int, object]", value).get(step)


def _faults_of_sound_grants(table: Mapping[str, Any], terms: SharingTerms) -> Iterator[AgreementFinding]:
    """Yield the faults of those grants whose own form is right, though the agreement's is not."""
    grants = table.get("grant")
    if not isinstance(grants, list):
        return
    for number, grant in enumerate(cast("list[object]", grants), start=1):
        if isinstance(grant, dict):
            try:
                sound = Grant.model_validate({"name": str(number), **cast("dict[str, object]", grant)})
            except ValidationError:
                continue  # its faults are among those of the agreement
            yield from grant_findings(sound, f"grant.{number}", terms)


def _same_versions(agreements: Sequence[AgreementFile]) -> Iterator[AgreementFinding]:
    """Yield a fault for each agreement that stands in the folder twice in one version."""
    first = dict[str, AgreementFile]()
    for entry in agreements:
        earlier = first.setdefault(entry.agreement.reference, entry)
        if earlier is not entry:
            finding = fault("agreement_twice", "version", value=entry.agreement.version, file=earlier.file.name)
            yield replace(finding, file=entry.file, agreement=entry.agreement.id)


def _form_fault(code: str, problem: Message, at: str = "") -> AgreementFinding:
    return AgreementFinding(level=FindingLevel.FAULT, code=code, at=at, problem=problem)
