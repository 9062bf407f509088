"""Errors of databases in our words: what a run does about each, and never a statement, a value or a password."""

import traceback
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from cchc_adapters.sql.adapter import SqlDatabase
from cchc_adapters.sql.options import SqlOptions
from cchc_connect import AuthenticationFailed, DeadlineExceeded, PageRequest, SourceHeld, Unreachable
from cchc_connect.errors import CchcError
from tests.databases import postgres_server
from tests.sql.agencies import Agency
from tests.sql.conftest import FIELDS, Open, items

FIRST = PageRequest(since=None, page_token=None)


@pytest.fixture
def dossiers(agency: Agency) -> Agency:
    """Give a database with a table of one dossier."""
    agency.run("CREATE TABLE ho_so (id integer, ma varchar(40), ten varchar(80))")
    agency.add("ho_so", (1, "H1", "Người Mẫu"))
    return agency


@pytest.mark.usefixtures("dossiers")
@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"table": "ho_xo"}, "sql.relation_missing"),
        ({"key": "di"}, "sql.columns_missing"),
        ({"query": "SELEC * FROM ho_so"}, "sql.refused"),
        ({"query": "SELECT x FROM ho_so"}, "sql.object_missing"),
    ],
)
def test_what_is_not_there_puts_the_source_on_hold(open_source: Open, keys: dict[str, object], code: str) -> None:
    with pytest.raises(SourceHeld) as refused:
        open_source(keys).fetch(FIRST)

    assert refused.value.code == code


@pytest.mark.usefixtures("dossiers")
def test_the_nearest_name_is_told(open_source: Open) -> None:
    with pytest.raises(SourceHeld, match="Did you mean 'ho_so'"):
        open_source({"table": "ho_xo"}).fetch(FIRST)
    with pytest.raises(SourceHeld, match="Did you mean 'ma'"):
        open_source({"key": "mma"}).fetch(FIRST)


def test_a_database_that_does_not_answer_is_tried_again(tmp_path: Path) -> None:
    for url in ("postgresql://reader@127.0.0.1:1/land", "mariadb://reader@127.0.0.1:1/land"):
        with pytest.raises(Unreachable) as refused:
            source_at(url, tmp_path).sources[0].fetch(FIRST)

        assert "127.0.0.1:1/land" in str(refused.value)


def source_at(url: str, folder: Path) -> SqlDatabase:
    secret = folder / "secret"
    secret.write_text("mat-khau-bi-mat", encoding="utf-8")
    secret.chmod(0o600)
    table = {"table": "ho_so", "key": "id", "fields": FIELDS}
    options = {"url": url, "password": {"file": str(secret)}, "sources": {"dossier": table}}
    return SqlDatabase(SqlOptions.model_validate(options))


@pytest.mark.parametrize("agency", [pytest.param("mariadb", marks=pytest.mark.thirdparty)], indirect=True)
def test_a_refused_account_is_told_without_the_password(agency: Agency, tmp_path: Path) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        source_at(agency.url, tmp_path).sources[0].fetch(FIRST)

    assert_nothing_shows(refused.value)


def assert_nothing_shows(error: CchcError) -> None:
    chain = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    for secret in ("mat-khau-bi-mat", "079190000123"):
        assert secret not in chain + repr(error.context)
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("agency", ["postgres"], indirect=True)
def test_a_table_on_the_search_path_is_read_though_no_list_names_it(open_source: Open, dossiers: Agency) -> None:
    dossiers.run("CREATE TEMPORARY TABLE other (id integer)")
    (schema,) = dossiers.connection.execute("SELECT current_schema()").fetchone()
    url = dossiers.url.replace(schema, f"public%2C{schema}")

    assert len(items(open_source(url=url))) == 1
    assert len(items(open_source({"table": f"{schema}.ho_so"}, url=url))) == 1


@pytest.mark.parametrize("agency", ["sqlite", "postgres"], indirect=True)
def test_a_key_that_cannot_be_proven_in_time_is_told(adapters: list[SqlDatabase], dossiers: Agency) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000000)"
    query = f"{numbers} SELECT i AS id, 'H' AS ma, 'x' AS ten FROM n"  # noqa: S608  # of the test
    table = {"query": query, "key": "id", "fields": FIELDS}
    options = {"url": dossiers.url, "statement_timeout_s": 1, "sources": {"dossier": table}}
    adapter = SqlDatabase(SqlOptions.model_validate(options))
    adapters.append(adapter)

    levels = {observation.message.code: observation.level for observation in adapter.examine()}

    assert levels["sql.key_unproven"] == "warning"


@pytest.mark.parametrize("agency", ["postgres"], indirect=True)
def test_an_error_shows_no_value_of_a_row(open_source: Open, dossiers: Agency) -> None:
    dossiers.run("UPDATE ho_so SET ten = '079190000123 Nguyễn Văn Mẫu'")

    with pytest.raises(SourceHeld) as refused:
        open_source({"query": "SELECT id, ma, CAST(ten AS integer) AS ten FROM ho_so"}).fetch(FIRST)

    assert refused.value.code == "sql.refused"
    assert_nothing_shows(refused.value)


@pytest.mark.usefixtures("dossiers")
@pytest.mark.parametrize("agency", ["sqlite", "postgres"], indirect=True)
def test_an_answer_that_takes_too_long_is_given_up(open_source: Open) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000000)"
    query = f"SELECT ({numbers} SELECT count(*) FROM n) AS id, ma, ten FROM ho_so"  # noqa: S608  # of the test

    with pytest.raises(DeadlineExceeded):
        open_source({"query": query}, statement_timeout_s=1).fetch(FIRST)


@pytest.mark.usefixtures("dossiers")
@pytest.mark.parametrize("agency", ["postgres", pytest.param("mariadb", marks=pytest.mark.thirdparty)], indirect=True)
def test_two_columns_of_one_name_are_refused(open_source: Open, agency: Agency) -> None:
    """MariaDB refuses such a query itself."""
    with pytest.raises(SourceHeld) as refused:
        open_source({"query": "SELECT id, id, ma FROM ho_so"}).fetch(FIRST)

    assert refused.value.code == {"postgres": "sql.columns_twice", "mariadb": "sql.refused"}[agency.kind]


@pytest.mark.parametrize("agency", ["postgres"], indirect=True)
def test_a_server_that_breaks_off_between_two_pages_is_continued_by_the_next_run(
    open_source: Open, dossiers: Agency
) -> None:
    dossiers.add("ho_so", (2, "H2", "x"), (3, "H3", "x"))
    source = open_source({"page_size": 1})
    token = source.fetch(FIRST).next_page_token
    with psycopg.connect(postgres_server(), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE '%cchc_reading%' AND pid <> pg_backend_pid()"
        )

    with pytest.raises(Unreachable):
        source.fetch(PageRequest(since=None, page_token=token))
    source.close()

    assert [item["id"] for item in items(source, PageRequest(since=None, page_token=token))] == [2, 3]


@pytest.mark.usefixtures("dossiers")
def test_a_source_may_be_closed_by_another_thread(open_source: Open) -> None:
    source = open_source({"page_size": 1})
    source.fetch(FIRST)

    closing = Thread(target=source.close)
    closing.start()
    closing.join()

    assert len(items(source)) == 1
