"""`adapter show`: what an adapter reads and accepts, its options, its caveats, and its table for cchc.toml."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python

from cchc_connect.adapter import AdapterFactory, Source
from cchc_connect.cli.adapter_texts import adapter_texts, left_out_in_words
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.field_types import AllowedValue, allowed_values, field_type_text
from cchc_connect.cli.schema_show import show_values
from cchc_connect.cli.setup_commands import adapter_summary
from cchc_connect.config.adapter_sample import sample_lines, sample_options, toml_value
from cchc_connect.config.durations import duration_text
from cchc_connect.database.names import require_known
from cchc_connect.extras import installed_adapters
from cchc_connect.local_sources.contract import uses_http
from cchc_connect.registry import adapter_factory, left_out_rules

COLUMNS = ("option", "type", "default", "meaning")


@dataclass(frozen=True, kw_only=True)
class OptionRow:
    """One option of an adapter."""

    name: str
    type: str
    required: bool
    default: object
    """JSON-ready; None also if there is none."""
    description: str
    values: list[AllowedValue]


def show_adapter(command: CommandContext, name: str) -> ExitCode:
    """Show an installed adapter.

    Raises:
        UsageMistake: no such adapter is installed.
        ConfigurationError: it cannot be loaded.
    """
    console, installed = command.console, installed_adapters()
    require_known("names.adapter_unknown", name, installed)
    factory = adapter_factory(name)
    texts = adapter_texts(name, factory, console.language)
    options = [
        _option_row(key, field, texts.options.get(key, field.description or ""), console)
        for key, field in factory.Options.model_fields.items()
    ]
    sources, accepts = _parts(factory)
    reads = [source.record_type.record_type for source in sources]
    summary = {**adapter_summary(installed[name], command), "uses_http": uses_http(factory)}
    left_out = left_out_rules(factory)
    sample = "\n".join(sample_lines(name, factory, console.text("adapter_view.sample_agency")))
    console.document(
        {
            **summary,
            "reads": reads,
            "accepts": accepts,
            "times": [_times(source) for source in sources],
            "left_out_rules": dict(left_out),
            "options": [_document(option) for option in options],
            "notes": texts.notes,
            "sample": sample,
        }
    )
    console.message("adapter_view.head", name=name, package=summary["package"], version=summary["version"])
    console.prose(texts.notes)
    console.line()
    _show_parts(factory, sources, accepts, console)
    _show_options(options, console)
    _show_left_out(left_out_in_words(name, factory, console.language), console)
    _show_sample(sample, console)
    return ExitCode.DONE


def _show_parts(factory: AdapterFactory, sources: list[Source], accepts: list[str], console: Console) -> None:
    """Write how the adapter works, what it reads and accepts, and what its sources say of their times."""
    if not uses_http(factory):
        console.message("adapter_view.local")
    reads = [source.record_type.record_type for source in sources]
    for code, record_types in (("adapter_view.reads", reads), ("adapter_view.accepts", accepts)):
        console.message(code, record_types=", ".join(record_types) or "-")
    for source in sources:
        if source.profile.changed_since:
            console.message("adapter_view.times", **_times(source))


def _show_options(options: list[OptionRow], console: Console) -> None:
    console.heading("adapter_view.options")
    rows = [(option.name, option.type, _default_text(option, console), option.description) for option in options]
    console.table(OutputTable(headings=[f"adapter_view.{column}" for column in COLUMNS], rows=rows))
    for option in options:
        if option.values:
            show_values(option.name, option.values, console)


def _show_sample(sample: str, console: Console) -> None:
    console.heading("adapter_view.sample")
    for line in sample.splitlines():
        console.verbatim(line)


def _show_left_out(left_out: Mapping[str, str], console: Console) -> None:
    """Write which rules of the conformance kit are left out for the adapter, and why."""
    if not left_out:
        return
    console.heading("adapter_view.left_out")
    for entry, reason in left_out.items():
        rule, _, record_type = entry.partition(":")
        statement = console.text(f"kit_rule.{rule}")
        console.line(f"  {statement} {f'({record_type}) ' if record_type else ''}- {reason}")


def _option_row(name: str, field: FieldInfo, meaning: str, console: Console) -> OptionRow:
    default = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
    return OptionRow(
        name=name,
        type=field_type_text(name, field, console),
        required=field.is_required(),
        default=to_jsonable_python(default, fallback=str),
        description=" ".join(meaning.split()),
        values=allowed_values(field, console),
    )


def _default_text(option: OptionRow, console: Console) -> str:
    if option.required:
        return console.text("help_view.required")
    return "-" if option.default is None else toml_value(option.default)


def _times(source: Source) -> dict[str, str]:
    """Return what a source says of its times; `cchc.toml` may say otherwise."""
    profile = source.profile
    spans = {"lookback": profile.lookback, "timestamp_resolution": profile.timestamp_resolution}
    texts = {name: duration_text(span) for name, span in spans.items()}
    return {"record_type": source.record_type.record_type, **texts}


def _parts(factory: AdapterFactory) -> tuple[list[Source], list[str]]:
    """Return the sources of the adapter and the record types that it accepts, with the options of the sample."""
    try:
        adapter = factory(factory.Options.model_validate(sample_options(factory)))
    except Exception:  # noqa: BLE001  # code of another package that the sample does not suit: nothing is known then
        return [], []
    return list(adapter.sources), [target.record_type.record_type for target in adapter.targets]


def _document(option: OptionRow) -> Mapping[str, Any]:
    names = ("name", "type", "required", "default", "description")
    values = [{"value": value.value, "name": value.name or None} for value in option.values]
    return {**{name: getattr(option, name) for name in names}, "values": values}
