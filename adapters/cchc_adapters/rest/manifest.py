"""The options of the adapter `rest`: a manifest in `cchc.toml`, in a file of its own, or both.

A manifest in a file is shared by connections; what a connection writes itself goes before it, table by table.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, cast

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_adapters.declared.answers import SuccessRule
from cchc_adapters.declared.checks import Sources, custom_error, line_errors
from cchc_adapters.rest.classifier import AnswerTable
from cchc_adapters.rest.source import RestTable
from cchc_adapters.rest.target_checks import Targets
from cchc_adapters.rest.target_tables import RestTargetTable
from cchc_connect import ConfigurationError
from cchc_connect.config.checks import pydantic_faults
from cchc_connect.config.tables import FOLDER
from cchc_connect.config.toml_text import parse_toml, read_toml_text
from cchc_connect.messages import Message

SAMPLE_SOURCES = {
    "dossier": {
        "path": "/ho-so",
        "items": "data.items",
        "paging": {"kind": "page", "parameter": "page", "size_parameter": "pageSize", "total": "data.total"},
        "since": {"parameter": "updated_since", "format": "iso_local"},
        "changed_at": "updated_at",
        "key": "id",
        "fields": {
            "code": "so_ho_so",
            "procedure_code": "ma_tthc",
            "status": {"property": "trang_thai", "codes": {"Đang xử lý": "in_process", "Đã trả": "returned"}},
        },
    }
}


class RestManifest(AdapterOptions):
    """A system described in TOML."""

    sources: Sources[RestTable] = Field(default_factory=dict[str, RestTable], examples=[SAMPLE_SOURCES])
    """Listings by the type of record that their items become, in the order in which they are pulled."""
    targets: Targets = Field(default_factory=dict[str, RestTargetTable])
    """Services that take records, by their type."""
    success: SuccessRule | None = None
    """What makes status 200 a success, for listings and services without an own rule."""
    answers: AnswerTable = AnswerTable()
    """Responses that mean something else than their status."""
    headers: Mapping[str, str] = {}
    """Headers of every request to the system; secrets belong in the account of the connection."""


class RestOptions(RestManifest):
    """Options of a connection to a REST system: the tables of a manifest, and the file that has the others."""

    manifest: str | None = None
    """Path of a file with the same tables, relative to the folder of `cchc.toml`; what stands beside goes before it."""

    @model_validator(mode="wrap")
    @classmethod
    def _with_manifest(cls, written: Any, check: ModelWrapValidatorHandler[Self], validation: ValidationInfo) -> Self:
        """Check the tables together with those of the manifest; a fault of the file names the file."""
        own = cast("dict[str, Any]", written if isinstance(written, dict) else {})
        name: object = own.get("manifest")
        if not isinstance(name, str):
            return check(written)
        context: Mapping[str, Path] = validation.context or {}
        shared = _tables_of(context.get(FOLDER, Path()) / name)
        merged = merged_tables(shared, own)
        try:
            return check(merged)
        except ValidationError as refusal:
            faults = [*line_errors(refusal)]
        errors = [fault for fault in faults if _is_own(fault, own, shared)]
        of_file = [fault for fault in faults if fault not in errors]
        refused = ValidationError.from_exception_data("manifest", of_file, hide_input=True)
        errors += [_fault(Path(name).name, fault) for fault in pydantic_faults(refused, cls, merged)]
        raise ValidationError.from_exception_data("manifest", errors, hide_input=True)


def merged_tables(shared: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return shared tables with a connection's own in them, which go before.

    >>> merged_tables({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}})
    {'a': {'b': 1, 'c': 3}}
    """
    merged = dict(shared)
    for name, value in own.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = merged_tables(cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", value))  # noqa: PLW2901  # both
        merged[name] = value
    return merged


def _tables_of(path: Path) -> Mapping[str, Any]:
    text = read_toml_text(path)
    tables = text if isinstance(text, ConfigurationError) else parse_toml(text, path)
    if isinstance(tables, ConfigurationError):
        is_missing = tables.code == "config.file_missing"
        context = {"reason": Message("config_rule.no_file" if is_missing else tables.code, tables.context)}
        error = custom_error(("manifest",), "manifest_unread", "the manifest cannot be read", context)
        raise ValidationError.from_exception_data("manifest", [error], hide_input=True)
    return tables


def _is_own(fault: InitErrorDetails, own: Mapping[str, Any], shared: Mapping[str, Any]) -> bool:
    """Return whether a fault is of what the connection wrote; of a table that both wrote it is the manifest's."""
    for step in fault.get("loc", ()):
        if step in own:
            inner, inner_shared = own[str(step)], shared.get(str(step))
            if not isinstance(inner, Mapping) or not isinstance(inner_shared, Mapping):
                return True
            own, shared = cast("Mapping[str, Any]", inner), cast("Mapping[str, Any]", inner_shared)
        elif step in shared:
            return False
    return False


def _fault(file: str, fault: Message) -> Any:
    codes = {"config_rule.at": "config_rule.in_manifest", "config_rule.at_top": "config_rule.in_manifest_at_top"}
    code = codes[fault.code]
    context = {"fault": Message(code, {**fault.context, "file": file})}
    return custom_error(("manifest",), "manifest_fault", "a fault of the manifest", context)
