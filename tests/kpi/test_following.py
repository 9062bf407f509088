"""Rows follow the change feed, and are the same when they are made anew."""

from datetime import date

from cchc_connect import SharedDatabase
from cchc_connect.kpi import KpiReport, compute
from tests.kpi.written import dossier, procedure, write


def year(database: SharedDatabase, *, as_of: int | None = None) -> KpiReport:
    return compute(database, "qd-766-2022", start=date(2026, 1, 1), end=date(2027, 1, 1), each=True, as_of=as_of)


def test_a_report_has_what_was_stored_before_it_and_an_older_sequence_gives_the_same_bytes(address: str) -> None:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        write(database, [procedure(), dossier("D-1", received_at="01-05 08:00", channel=2)])
        first = year(database)
        write(database, [dossier("D-2", received_at="01-06 08:00", channel=1)])
        second = year(database)
        again = year(database, as_of=first.as_of)

    assert (first.row("3.3").figure.numerator, first.row("3.3").figure.denominator) == (1, 1)
    assert (second.row("3.3").figure.numerator, second.row("3.3").figure.denominator) == (1, 2)
    assert again.to_json() == first.to_json()
