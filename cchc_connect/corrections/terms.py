"""By what the last day of a request is told: periods by act, and working days, each with rows of an installation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cchc_connect.config.file import Config
from cchc_connect.database.names import require_known
from cchc_connect.errors import ConfigurationError, UsageMistake
from cchc_connect.messages import Message, Messages
from cchc_connect.sharing.terms import added_table
from cchc_schemas.correction_periods import CorrectionPeriod, correction_periods, read_periods
from cchc_schemas.working_days import WorkingCalendar, holidays, read_holidays

DEFAULT_KIND = "correction"
"""Kind of a request that names none."""


@dataclass(frozen=True, kw_only=True)
class CorrectionTerms:
    """Periods by the kind of request, and which days are working days."""

    periods: Mapping[str, CorrectionPeriod]
    calendar: WorkingCalendar

    def period(self, kind: str) -> CorrectionPeriod:
        """Return the period of a kind of request.

        Raises:
            UsageMistake: there is no such kind.
        """
        require_known("corrections.kind_unknown", kind, sorted(self.periods))
        return self.periods[kind]

    def due_on(self, kind: str, begun: date, chosen: date | None = None) -> date:
        """Return the last Vietnamese day of a request that begins on a day: the chosen one, else by its period.

        Raises:
            UsageMistake: there is no such kind, its act names no number of days and none is chosen, or the chosen day
                is over.
        """
        period = self.period(kind)
        if chosen is not None:
            return not_over(chosen, begun)
        by_period = period.due_on(begun, self.calendar)
        if by_period is None:
            raise UsageMistake("corrections.no_period", kind=kind, act=period.act or "-")
        return by_period


def not_over(day: date, today: date) -> date:
    """Return a last day that is to come.

    Raises:
        UsageMistake: it is over.
    """
    if day < today:
        raise UsageMistake("corrections.due_over", day=day, today=today)
    return day


def correction_terms(config: Config) -> CorrectionTerms:
    """Return the terms of a configuration.

    Raises:
        ConfigurationError: a table of periods or holidays cannot be read or has faults; all of them are named.
    """
    tables, faults = config.corrections, list[Message]()
    periods = {**correction_periods(), **(added_table(tables.periods, read_periods, faults) or {})}
    days = {**holidays(), **(added_table(tables.holidays, read_holidays, faults) or {})}
    if faults:
        raise ConfigurationError("sharing.table_faults", faults=Messages(faults))
    return CorrectionTerms(periods=periods, calendar=WorkingCalendar(days))
