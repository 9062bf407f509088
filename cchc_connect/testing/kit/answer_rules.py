"""Rules about answers that are no page: the classifier takes none of them for one, and no error tells a secret."""

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from cchc_connect.adapter import Page, PageRequest, Source
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.http import Credentials
from cchc_connect.messages import Language
from cchc_connect.privacy.redaction import RedactingFormatter
from cchc_connect.sync.report import RunReport, RunStatus
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse
from cchc_connect.testing.kit.bench import LONG_PAUSE, Bench, Holdings
from cchc_connect.testing.kit.relay import Relay
from cchc_connect.testing.kit.rule import Rule, RuleBroken
from cchc_connect.testing.kit.run_rules import holdings_after_run, run_done
from cchc_connect.testing.kit.spoilt import with_values
from cchc_connect.testing.kit.wrong_answers import (
    CAPTIVE_PORTAL,
    EMPTY,
    HTML,
    LOGIN_PAGE,
    PERSON,
    PERSONAL_NUMBER,
    TELLING,
    errors_in_200,
)


def _no_page(responses: Sequence[ServerResponse], bench: Bench, source: Source) -> None:
    """Check that none of the responses is taken for a page, and that all is well after them."""
    record_type, bench.pause = source.record_type.record_type, LONG_PAUSE
    with bench.database() as database:
        for is_first in (True, False):
            before: Holdings = {} if is_first else holdings_after_run(bench, database, source)
            for response in responses:
                with answering(bench, response):
                    _require_not_done(bench.run(database, record_type, everything=True), response)
                if bench.holdings(database, source) != before:
                    raise RuleBroken("kit.answer_changed_records", status=response.status)
        run_done(bench, database, source)


def error_in_200_is_no_page(bench: Bench, source: Source) -> None:
    """An error with status 200 is not taken for an empty page."""
    _no_page(errors_in_200(bench.system), bench, source)


def errors_tell_no_secret(bench: Bench, source: Source) -> None:
    """No log line, reason or fault repeats a secret of the account, or what a response says of a person."""
    record_type, bench.pause = source.record_type.record_type, LONG_PAUSE
    with bench.database() as database, log_lines() as lines:
        reports = list[RunReport]()
        for response in TELLING:
            with answering(bench, response):
                reports.append(bench.run(database, record_type))
        reports.append(bench.run(database, record_type, watch=_telling_items))
        require_untold(bench, lines, reports, database)


def require_untold(bench: Bench, lines: Sequence[str], reports: Sequence[RunReport], database: SharedDatabase) -> None:
    """Check that no log line, no reason and no fault repeats a secret, or a person's name or number.

    Raises:
        RuleBroken: one does.
    """
    for text in (*lines, *_reasons(reports), *_faults(database)):
        if any(secret in text for secret in (*bench.secrets, PERSON, PERSONAL_NUMBER)):
            raise RuleBroken("kit.secret_told", text=_masked(text, bench))


@contextmanager
def answering(bench: Bench, response: ServerResponse) -> Generator[None, None, None]:
    """Give `response` in place of the system's to every request but logins, while the block runs."""
    relay, end = _relay(bench), login_end(bench)

    def instead(request: ReceivedRequest) -> ServerResponse | None:
        return None if is_login(request, end) else response

    before, relay.instead = relay.instead, instead
    try:
        yield
    finally:
        relay.instead = before


def login_end(bench: Bench) -> str | None:
    """Return how the path of the adapter's login ends; None if it has no login."""
    login = bench.adapter().dialect.login
    if login is None:
        return None
    return login.login_request(Credentials(username="user", password="password")).path  # noqa: S106  # only its path is read


def is_login(request: ReceivedRequest, end: str | None) -> bool:
    """Return whether a request is a login, by the end of its path."""
    return end is not None and request.path.endswith(end)


@contextmanager
def log_lines() -> Generator[list[str], None, None]:
    """Collect every log line of every package, as a log file would have it, while the block runs."""
    lines, formatter, root = list[str](), RedactingFormatter(), logging.getLogger()

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(formatter.format(record))

    collector, level = Collector(), root.level
    root.addHandler(collector)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(collector)
        root.setLevel(level)


def _relay(bench: Bench) -> Relay:
    if bench.relay is None:
        raise RuleBroken("kit.no_relay")
    return bench.relay


def _require_not_done(report: RunReport, response: ServerResponse) -> None:
    if report.rows_written or all(line.outcome is RunStatus.DONE for line in report.lines):
        raise RuleBroken(
            "kit.answer_taken_for_page",
            status=response.status,
            media_type=response.media_type,
            written=report.rows_written,
        )


def _telling_items(source: Source, _: PageRequest, page: Page) -> Page:
    """Write a person's name and number into the values of the first item."""
    items = list(page.items)
    for number, marked in enumerate(
        ({"name": PERSON, "number": PERSONAL_NUMBER}, PERSON, PERSONAL_NUMBER)[: len(items)]
    ):
        items[number] = with_values(marked)(source, items[number])
    return replace(page, items=items)


def _reasons(reports: Sequence[RunReport]) -> list[str]:
    messages = [message for report in reports for line in report.lines for message in (line.reason, *line.notes)]
    return [message.in_language(language) for message in messages if message is not None for language in Language]


def _faults(database: SharedDatabase) -> list[str]:
    with database.reading() as connection:
        return [str(fault) for entry in entries(connection) for fault in entry.faults]


def _masked(text: str, bench: Bench) -> str:
    for secret in (*bench.secrets, PERSON, PERSONAL_NUMBER):
        text = text.replace(secret, "***")
    return text[:300]


ANSWER_RULES = (
    *(
        Rule(name=name, check=partial(_no_page, responses), needs_http=True)
        for name, responses in (
            ("empty_answer_is_no_page", EMPTY),
            ("html_is_no_page", HTML),
            ("login_page_is_no_page", LOGIN_PAGE),
            ("captive_portal_is_no_page", CAPTIVE_PORTAL),
        )
    ),
    Rule(name="error_in_200_is_no_page", check=error_in_200_is_no_page, needs_http=True),
    Rule(name="errors_tell_no_secret", check=errors_tell_no_secret, needs_http=True),
)
