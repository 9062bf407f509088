"""Each predicate says the same in SQL and in Python, of every row that its table can hold."""

from random import Random
from typing import Any

import pytest
from sqlalchemy import Table, select

from cchc_connect import SharedDatabase
from cchc_connect.database.kpi_tables import kpi_feedback, kpi_procedure, kpi_rating
from cchc_connect.kpi.predicates import PREDICATES
from cchc_connect.kpi.windows import KpiWindow

WINDOW = KpiWindow(start=1_000, end=2_000)
SECONDS = (500, 1_000, 1_500, 1_999, 2_000, 2_500)
ROWS = 300

INSTANTS = frozenset({"decided", "effective", "published", "publish_due", "received", "due", "done", "at"})
"""Columns that are seconds; the others are small numbers."""


def rows_of(table: Table, dice: Random) -> list[dict[str, Any]]:
    """Return random rows in which what may be unknown often is."""

    def value(column: Any, number: int) -> Any:
        if column.primary_key:
            return f"{table.name}-{number}"
        if column.nullable and dice.random() < 0.3:
            return None
        if column.type.python_type is str:
            return "[]"
        return dice.choice(SECONDS) if column.name in INSTANTS else dice.randint(0, 4)

    return [{column.name: value(column, number) for column in table.columns} for number in range(ROWS)]


@pytest.mark.parametrize("table", [kpi_procedure, kpi_feedback, kpi_rating], ids=lambda table: table.name)
def test_a_predicate_says_the_same_in_sql_and_in_python(address: str, table: Table) -> None:
    predicates = [each for each in PREDICATES.values() if each.table is table]
    columns = [each.sql(WINDOW).label(each.name) for each in predicates]
    with SharedDatabase(address, create_or_upgrade=True) as database:
        with database.writing() as connection:
            connection.execute(table.insert(), rows_of(table, Random(1)))
        with database.reading() as connection:
            rows = connection.execute(select(*table.columns)).mappings().all()
            answers = connection.execute(select(table.c.code, *columns)).mappings().all()

    in_sql = {row["code"]: row for row in answers}
    assert predicates
    for each in predicates:
        for row in rows:
            by_sql = in_sql[row["code"]][each.name]
            assert each.python(dict(row), WINDOW) == (None if by_sql is None else bool(by_sql)), (each.name, dict(row))
