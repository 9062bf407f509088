"""`kpi cases`, `kpi explain`, `kpi targets`, `kpi rebuild`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_number
from cchc_connect.cli.kpi_report import PeriodOptions
from cchc_connect.errors import NotFound
from cchc_connect.kpi.cases import cases
from cchc_connect.kpi.following import rebuild
from cchc_connect.kpi.indicator_sets import Indicator, indicator_set, phrases
from cchc_connect.kpi.predicates import Predicate
from cchc_connect.kpi.targets import KpiTarget, load_targets, read_targets, targets

LISTS = ("numerator", "complement", "unknown")


def list_cases(command: CommandContext, database: str | None, indicator: str, options: PeriodOptions) -> ExitCode:
    """List the codes of the cases of a figure: in the numerator, not in it, unknown.

    Raises:
        UsageMistake: there is no such set, indicator or agency, or a day cannot be read.
        NotFound: versions that held at the sequence were purged.
    """
    start, end = options.days()
    with existing_database(command, database) as opened:
        listed = cases(
            opened, options.set_id, indicator, start=start, end=end, agency=options.agency, as_of=options.as_of
        )
    console = command.console
    codes: Mapping[str, Sequence[str]] = {name: getattr(listed, name) for name in LISTS}
    about = {"indicator": indicator, "agency": listed.agency, "as_of": listed.as_of}
    console.document({**about, **{name: list(codes[name]) for name in LISTS}})
    for name in LISTS:
        console.heading(f"kpi_list.{name}", number=len(codes[name]))
        for code in codes[name]:
            console.verbatim(code)
    return ExitCode.DONE


def explain(command: CommandContext, set_id: str, indicator: str) -> ExitCode:
    """Say how an indicator is computed: definition, readings, act and fields, in both languages as JSON.

    Raises:
        UsageMistake: there is no such set or indicator.
    """
    chosen, console = indicator_set(set_id), command.console
    one_indicator = chosen.indicator(indicator)
    console.document({"set": chosen.id, "act": chosen.act, "number": chosen.number, **_document(one_indicator)})
    language = console.language.value
    console.heading("kpi_view.explained", indicator=indicator, name=one_indicator.name.text(language))
    console.message("kpi_view.act", number=chosen.number, version=chosen.version)
    parts = {"population": one_indicator.population, "numerator": one_indicator.numerator}
    parts |= {"used_by": one_indicator.used_by, "second": one_indicator.second}
    for name, predicates in parts.items():
        if predicates:
            console.message(f"kpi_part.{name}")
            for predicate in predicates:
                console.line(f"  - {phrases('predicates')[predicate.name].text(language)}", hanging=4)
    if one_indicator.maximum is not None:
        target = NO_TARGET if one_indicator.target is None else local_number(one_indicator.target, console.language)
        console.message("kpi_view.scoring", maximum=one_indicator.maximum, target=target)
    fields = ", ".join(one_indicator.missing or one_indicator.needs)
    console.message("kpi_view.missing_of" if one_indicator.missing else "kpi_view.needs", fields=fields)
    if one_indicator.limits is not None:
        console.line(one_indicator.limits.text(language), hanging=2)
    if one_indicator.rulings:
        console.message("kpi_view.readings")
    for ruling in one_indicator.rulings:
        console.line(f"  - {phrases('rulings')[ruling].text(language)}", hanging=4)
    return ExitCode.DONE


NO_TARGET = "-"


def _document(indicator: Indicator) -> Mapping[str, object]:
    """Return the definition with its sentences in both languages."""

    def sentences(predicates: Sequence[Predicate]) -> list[Mapping[str, str]]:
        texts = phrases("predicates")
        return [{"name": each.name, "vi": texts[each.name].vi, "en": texts[each.name].en} for each in predicates]

    rulings = phrases("rulings")
    limits = indicator.limits
    return {
        "indicator": indicator.id,
        "name": {"vi": indicator.name.vi, "en": indicator.name.en},
        "formula": indicator.formula.value,
        "counted": indicator.grain.value,
        "population": sentences(indicator.population),
        "numerator": sentences(indicator.numerator),
        "second": sentences(indicator.second),
        "used_by": sentences(indicator.used_by),
        "pauses": list(indicator.pauses),
        "maximum": indicator.maximum,
        "target": None if indicator.target is None else str(indicator.target),
        "needs": list(indicator.needs),
        "missing_fields": list(indicator.missing),
        "beside": list(indicator.beside),
        "limits": None if limits is None else {"vi": limits.vi, "en": limits.en},
        "rulings": [{"id": key, "vi": rulings[key].vi, "en": rulings[key].en} for key in indicator.rulings],
    }


def show_targets(command: CommandContext, database: str | None, load: Path | None) -> ExitCode:
    """List the targets; with a file store those in it first.

    Raises:
        NotFound: the file cannot be read.
        UsageMistake: its columns are others, or a row has faults.
    """
    console = command.console
    with existing_database(command, database) as opened:
        if load is not None:
            number = load_targets(opened, read_targets(_text(load)))
            console.message("kpi_view.loaded", targets=number, path=load)
        everything = targets(opened)
    console.document({"targets": [_target_document(target) for target in everything]})
    names = ("id", "agency", "year", "target", "target_source")
    rows = [_target_cells(target, console) for target in everything]
    console.table(OutputTable(headings=tuple(f"kpi_view.{name}" for name in names), rows=rows))
    return ExitCode.DONE


def rebuild_rows(command: CommandContext, database: str | None) -> ExitCode:
    """Make the rows of indicators anew from the change feed."""
    with existing_database(command, database) as opened:
        sequence = rebuild(opened)
    command.console.document({"sequence": sequence})
    command.console.message("kpi_view.rebuilt", sequence=sequence)
    return ExitCode.DONE


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise NotFound("kpi.targets_unreadable", path=path, reason="UTF-8") from None
    except OSError as error:
        raise NotFound("kpi.targets_unreadable", path=path, reason=error.strerror) from None


def _target_cells(target: KpiTarget, console: Console) -> Sequence[object]:
    value = console.text("kpi_view.no_target") if target.value is None else local_number(target.value, console.language)
    return target.indicator, target.agency, str(target.year), value, target.source


def _target_document(target: KpiTarget) -> Mapping[str, object]:
    value = None if target.value is None else str(target.value)
    return {**{name: getattr(target, name) for name in ("indicator", "agency", "year", "source")}, "value": value}
