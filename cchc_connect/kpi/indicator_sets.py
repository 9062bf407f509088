"""Definitions of indicators: read from the files of this package, which combine predicates and say nothing else."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cchc_connect.database.kpi_tables import kpi_fact, kpi_feedback, kpi_procedure, kpi_rating
from cchc_connect.database.names import require_known
from cchc_connect.kpi.predicates import PREDICATES, Predicate

SET_FILES = ("cchc_2021_2030", "qd_766_2022")


class Formula(StrEnum):
    """How a figure is made of its counts."""

    RATE = "rate"
    """Numerator by denominator, in percent."""
    COUNT = "count"
    """The population alone; there is no denominator."""
    MEAN = "mean"
    """Mean handling time in `unit`: the numerator is in seconds."""
    MINUS_BOTH = "minus_both"
    """100 % less what the numerator lacks and less what `second` has, not below 0."""
    CONNECTED = "connected"
    """Databases that are connected; counted by the quality of connections."""
    SHARED = "shared"
    """Databases that are shared."""


class Grain(StrEnum):
    """What is counted."""

    DOSSIER = "dossier"
    PROCEDURE = "procedure"
    FEEDBACK = "feedback"
    RATING = "satisfaction_rating"
    DATABASE = "registered_database"


_GRAINS: Mapping[str, Grain] = {
    kpi_fact.name: Grain.DOSSIER,
    kpi_procedure.name: Grain.PROCEDURE,
    kpi_feedback.name: Grain.FEEDBACK,
    kpi_rating.name: Grain.RATING,
}


@dataclass(frozen=True, slots=True)
class TwoLanguages:
    """One text in both languages."""

    vi: str
    en: str

    def text(self, language: str) -> str:
        """Return it in a language, `vi` or `en`."""
        return self.vi if language == "vi" else self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator (chỉ tiêu): what is counted, of what, and for how many points."""

    id: str
    name: TwoLanguages
    group: str | None
    maximum: int | None
    """Points at most; None: it is watched without points."""
    target: Decimal | None
    """Percent from which all points are given; None: points are in proportion to the rate."""
    formula: Formula
    population: tuple[Predicate, ...]
    numerator: tuple[Predicate, ...]
    second: tuple[Predicate, ...]
    used_by: tuple[Predicate, ...]
    """Of dossiers: the procedure counts if one of its dossiers has all of these."""
    pauses: tuple[int, ...]
    unit: str | None
    needs: tuple[str, ...]
    """Fields without which nothing is known."""
    missing: tuple[str, ...]
    """Fields that no record has, so that it is not computed."""
    beside: tuple[str, ...]
    rulings: tuple[str, ...]
    limits: TwoLanguages | None
    least: int
    """Fewest cases for which it is compared with others."""

    @property
    def grain(self) -> Grain:
        """What is counted."""
        if self.formula in {Formula.CONNECTED, Formula.SHARED} or not self.population:
            return Grain.DATABASE
        return _GRAINS[self.population[0].table.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSet:
    """A set of indicators (bộ chỉ tiêu) by one act."""

    id: str
    version: int
    act: str
    number: str
    name: TwoLanguages
    groups: Mapping[str, tuple[int, TwoLanguages]]
    """Group -> points at most, and its name."""
    indicators: Mapping[str, Indicator]

    def indicator(self, name: str) -> Indicator:
        """Return an indicator.

        Raises:
            UsageMistake: there is none of that id.
        """
        require_known("kpi.indicator_unknown", name, list(self.indicators))
        return self.indicators[name]


@cache
def indicator_sets() -> Mapping[str, IndicatorSet]:
    """Return the sets of this package by id."""
    read = [_read_set(name) for name in SET_FILES]
    return MappingProxyType({each.id: each for each in read})


def indicator_set(set_id: str) -> IndicatorSet:
    """Return a set of indicators.

    Raises:
        UsageMistake: there is none of that id.
    """
    require_known("kpi.set_unknown", set_id, sorted(indicator_sets()))
    return indicator_sets()[set_id]


@cache
def phrases(name: str) -> Mapping[str, TwoLanguages]:
    """Return the texts of a file of this package: of `rulings`, of `predicates`."""
    return MappingProxyType({key: _phrase(table) for key, table in _toml(name).items()})


def _toml(name: str) -> Mapping[str, Any]:
    text = files("cchc_connect.kpi").joinpath("definitions", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _read_set(name: str) -> IndicatorSet:
    written = _toml(name)
    head = written["set"]
    return IndicatorSet(
        id=head["id"],
        version=head["version"],
        act=head["act"],
        number=head["number"],
        name=_phrase(head),
        groups={key: (group["max"], _phrase(group)) for key, group in written.get("group", {}).items()},
        indicators={key: _indicator(key, table) for key, table in written["indicator"].items()},
    )


def _indicator(key: str, table: Mapping[str, Any]) -> Indicator:
    target = table.get("target")
    return Indicator(
        id=key,
        name=_phrase(table),
        group=table.get("group"),
        maximum=table.get("max"),
        target=None if target is None else Decimal(target),
        formula=Formula(table.get("formula", "rate")),
        population=_predicates(table, "population"),
        numerator=_predicates(table, "numerator"),
        second=_predicates(table, "second"),
        used_by=_predicates(table, "used_by"),
        pauses=tuple(table.get("pauses", (5,))),
        unit=table.get("unit"),
        needs=_texts(table, "needs"),
        missing=_texts(table, "missing"),
        beside=_texts(table, "beside"),
        rulings=_texts(table, "rulings"),
        limits=TwoLanguages(table["vi_limits"], table["en_limits"]) if "vi_limits" in table else None,
        least=table.get("least", 0),
    )


def _predicates(table: Mapping[str, Any], key: str) -> tuple[Predicate, ...]:
    return tuple(PREDICATES[name] for name in _texts(table, key))


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    names: Sequence[str] = table.get(key, ())
    return tuple(names)


def _phrase(table: Mapping[str, Any]) -> TwoLanguages:
    return TwoLanguages(table["vi"], table["en"])
