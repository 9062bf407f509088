"""The five statements beside every figure: source, check, coverage, limits, and what was done about them."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from cchc_connect.kpi.as_of import RowsAt
from cchc_connect.kpi.coverage import TimeCoverage
from cchc_connect.kpi.indicator_sets import Grain, Indicator, phrases
from cchc_connect.kpi.report import KpiFigure, KpiStatement


def statements_of(
    indicator: Indicator, figure: KpiFigure, at: RowsAt, coverage: TimeCoverage
) -> tuple[KpiStatement, ...]:
    """Return the five statements of a figure in their order."""
    population = figure.denominator + figure.unknown
    unknown_share = Decimal(100 * figure.unknown) / population if population else Decimal(0)
    values: Mapping[str, object] = {
        "records": indicator.grain.value,
        "sequence": at.sequence,
        "at": at.stored_at or "-",
        "run": at.run_id or "-",
        "counted": figure.denominator,
        "unknown": figure.unknown,
        "share": unknown_share.quantize(Decimal("0.01"), ROUND_HALF_UP),
        "contradictory": coverage.contradictory,
        "dossiers": coverage.dossiers,
        "due": _listed(coverage.due_kinds),
        "pauses": _listed(coverage.pause_sources),
        "fields": ", ".join(figure.missing_fields),
    }
    coverage_text = "coverage_dossiers" if indicator.grain is Grain.DOSSIER else "coverage"
    limits = "limits_missing" if figure.missing_fields else "limits"
    codes = {"source": "source", "check": "check", "coverage": coverage_text, "limits": limits, "actions": "actions"}
    return tuple(_statement(indicator, kind, code, values) for kind, code in codes.items())


def _statement(indicator: Indicator, kind: str, code: str, values: Mapping[str, object]) -> KpiStatement:
    phrase = phrases("statements")[code]
    vi, en = phrase.vi.format(**values), phrase.en.format(**values)
    if kind == "limits" and indicator.limits is not None:
        vi, en = f"{indicator.limits.vi} {vi}", f"{indicator.limits.en} {en}"
    return KpiStatement(kind=kind, vi=vi, en=en)


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items()) or "-"
