"""The table of hand-made dossiers: each is in the figures as it must be, in SQL on both databases and in Python."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from cchc_connect import SharedDatabase
from cchc_connect.database.kpi_tables import kpi_fact
from cchc_connect.kpi import cases, compute, indicator_set, rebuild
from cchc_connect.kpi.instants import seconds_of_day
from cchc_connect.kpi.windows import KpiWindow
from cchc_schemas import Record
from tests.kpi.hand_made import HAND_MADE
from tests.kpi.written import dossier, procedure, steps, term, write

START, END = date(2026, 1, 1), date(2026, 2, 1)
JANUARY = KpiWindow(start=seconds_of_day(START), end=seconds_of_day(END))
COLUMNS = {"2.1": "on_time", "2.1p": "handled", "3.3": "online"}


def code(number: int) -> str:
    return f"000.00.05.H09-260105-{number:04}"


def written_records() -> Sequence[Record]:
    """Return the procedures, and the dossiers with their steps."""
    procedures = [
        procedure(),
        procedure("1.000005", channels=[term("3", "Ngày làm việc", 2), term("5", "Ngày làm việc")]),
        procedure("1.000003", channels=[term("2", "Ngày"), term("3", "ngày"), term("6", "Ngày", 2)]),
        procedure("1.000001", channels=[term("1", "Tháng")]),
        procedure("1.000008", channels=[term(None, "Ngày làm việc")]),
        procedure("1.000009"),
    ]
    records = list[Record](procedures)
    for number, each in enumerate(HAND_MADE):
        records.append(dossier(code(number), **each.fields))
        records += steps(code(number), *each.course)
    return records


def expected(column: str) -> dict[str, str]:
    answers = {f"{number} {each.rule}": getattr(each, column) for number, each in enumerate(HAND_MADE)}
    return {rule: state for rule, state in answers.items() if state != "-"}


def test_each_dossier_is_in_the_figures_as_derived_by_hand(address: str) -> None:
    assert len(HAND_MADE) >= 60
    names = {code(number): f"{number} {each.rule}" for number, each in enumerate(HAND_MADE)}
    with SharedDatabase(address, create_or_upgrade=True) as database:
        write(database, written_records())
        for indicator, column in COLUMNS.items():
            listed = cases(database, "qd-766-2022", indicator, start=START, end=END)
            states = {
                **{names[each]: "yes" for each in listed.numerator},
                **{names[each]: "no" for each in listed.complement},
                **{names[each]: "unknown" for each in listed.unknown},
            }
            assert states == expected(column), indicator
        report = compute(database, "qd-766-2022", start=START, end=END)
        rebuild(database)
        again = compute(database, "qd-766-2022", start=START, end=END)

    assert again.to_json() == report.to_json()
    for indicator, column in COLUMNS.items():
        figure, answers = report.row(indicator).figure, list(expected(column).values())
        assert figure.numerator == answers.count("yes")
        assert figure.denominator == len(answers) - answers.count("unknown")
        assert figure.unknown == answers.count("unknown")


def test_python_and_sql_say_the_same_of_each_dossier(address: str) -> None:
    with SharedDatabase(address, create_or_upgrade=True) as database:
        write(database, written_records())
        compute(database, "qd-766-2022", start=START, end=END)
        for set_id in ("qd-766-2022", "cchc-2021-2030"):
            for indicator in indicator_set(set_id).indicators.values():
                for predicate in (*indicator.population, *indicator.numerator, *indicator.second):
                    if predicate.table is not kpi_fact:
                        continue
                    query = select(predicate.sql(JANUARY).label("holds"), *kpi_fact.c)
                    with database.reading() as connection:
                        rows = connection.execute(query).mappings().all()
                    in_sql = {row["code"]: None if row["holds"] is None else bool(row["holds"]) for row in rows}
                    in_python = {row["code"]: predicate.python(dict(row), JANUARY) for row in rows}
                    assert in_python == in_sql, predicate.name
