"""`adapter record` writes what a system answers without a personal value, and the conformance kit replays it."""

import json
import tomllib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from cchc_connect.config.file import Config
from cchc_connect.errors import UsageMistake
from cchc_connect.testing import OpenCpsDouble, RecordedSystem
from cchc_connect.testing.kit.bench import configured_bench
from cchc_connect.testing.kit.cases import cases_of_setup
from cchc_connect.testing.kit.recording import record_all
from cchc_connect.testing.kit.setup import Setup
from cchc_connect.testing.kit.watched import WatchedConfig
from tests.adapters.rest.paged_system import Habits, dossiers, running_desk
from tests.cli.conftest import CONFIG, Call, write_config
from tests.conformance.shipped import one_stop_account, one_stop_options, world

DOSSIERS = 9


@pytest.fixture
def desk(tmp_path: Path) -> Generator[OpenCpsDouble, None, None]:
    """Give a running one-stop desk that cchc.toml connects."""
    with OpenCpsDouble(world(dossiers=DOSSIERS)) as running:
        password = tmp_path / "password"
        password.touch(mode=0o600)
        password.write_text(running.password, encoding="utf-8")
        account = {**one_stop_account(running)["account"], "password": {"file": "password"}}
        connection = {
            "adapter": "opencps",
            "agency": "000.00.00.H09",
            **one_stop_account(running),
            "account": account,
            "options": one_stop_options(running),
        }
        write_config(CONFIG, {"connections": {"one-stop": connection}})
        yield running


def personal_values(desk: OpenCpsDouble) -> set[str]:
    people = [dossier.applicant for dossier in desk.world.dossiers]
    return {value for person in people for value in (person.name, person.address, person.id_number) if value}


def test_no_personal_value_and_no_secret_is_in_a_recording(call: Call, desk: OpenCpsDouble, tmp_path: Path) -> None:
    recorded = call("adapter", "record", "one-stop", "--to", "recorded")

    assert recorded.code == 0, recorded.err
    text = tmp_path.joinpath("recorded", "dossier.json").read_text(encoding="utf-8")
    assert {value for value in personal_values(desk) if value in text} == set()
    assert desk.password not in text
    assert desk.base_url not in text


def test_invented_values_are_as_long_as_those_that_they_replace(
    call: Call, desk: OpenCpsDouble, tmp_path: Path
) -> None:
    call("adapter", "record", "one-stop", "--to", "recorded")

    document = json.loads(tmp_path.joinpath("recorded", "dossier.json").read_text(encoding="utf-8"))
    rows = [row for exchange in document["exchanges"] for row in exchange["response"]["json"]["data"]]
    names = [row["applicantName"] for row in rows]
    assert sorted(map(len, names)) == sorted(len(dossier.applicant.name) for dossier in desk.world.dossiers)
    assert {row["dossierNo"] for row in rows} == {dossier.code for dossier in desk.world.dossiers}


def test_the_kit_replays_a_recording(call: Call, desk: OpenCpsDouble, tmp_path: Path) -> None:
    call("adapter", "record", "one-stop", "--to", "recorded")
    options = one_stop_options(desk)
    desk.stop()
    setup = Setup(adapter="opencps", system=lambda: RecordedSystem(tmp_path / "recorded"), options=options)

    chosen = cases_of_setup(setup, {}, is_thorough=False)
    for case in chosen:
        with setup.opened() as bench:
            case.check(bench)

    assert {case.rule.name for case in chosen} >= {"keys_are_there", "pages_add_up", "everything_is_shared"}


def test_a_recording_that_is_cut_is_told_and_not_replayed(call: Call, desk: OpenCpsDouble, tmp_path: Path) -> None:
    recorded = call("adapter", "record", "one-stop", "--to", "recorded", "--pages", "1")

    assert "the listing is longer" in recorded.out
    assert desk.request_counts
    with pytest.raises(UsageMistake) as refused:
        RecordedSystem(tmp_path / "recorded")
    assert refused.value.code == "adapter_record.not_whole"


@contextmanager
def reserved_slots() -> Generator[list[str], None, None]:
    """Collect the statements by which a request reserves its slot of the rate limit."""
    statements = list[str]()

    def see(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO rate_limit"):
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", see)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", see)


def test_every_request_of_a_recording_waits_for_the_rate_limit_of_the_connection(
    call: Call, desk: OpenCpsDouble
) -> None:
    tables = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    tables["connections"]["one-stop"]["rate"] = {"requests": 100, "per_s": 1}
    write_config(CONFIG, tables)

    with reserved_slots() as slots:
        recorded = call("adapter", "record", "one-stop", "--to", "recorded")

    assert recorded.code == 0, recorded.err
    assert len(slots) == sum(desk.request_counts.values()) > 1


def test_a_question_beyond_the_end_that_shows_the_last_page_again_ends_a_recording(tmp_path: Path) -> None:
    with running_desk(tmp_path) as paged:
        paged.system.items, paged.system.habits = dossiers(5), Habits(cap=3, total=None, beyond="repeat")
        paging = '{ kind = "page", parameter = "page", first = 1 }'
        config = WatchedConfig.load(paged.configuration(paging))
        with configured_bench(config, "desk") as bench:
            (recording,) = record_all(bench, paged.system.base_url, max_pages=20)

    assert recording.is_whole
    assert [dict(exchange["request"]["query"])["page"] for exchange in recording.exchanges] == ["1", "2", "3"]


def test_an_unknown_connection_is_refused(call: Call, desk: OpenCpsDouble) -> None:
    refused = call("adapter", "record", "one-stopp", "--to", "recorded")

    assert refused.code == 64
    assert "one-stop" in refused.err
    assert list(Config.load(CONFIG).connections) == ["one-stop"]
    assert desk.request_counts == {}


def test_a_file_without_an_answer_of_its_own_is_told_as_such(call: Call, desk: OpenCpsDouble) -> None:
    recorded = call("adapter", "record", "one-stop", "--to", "recorded", "--lang", "en")

    assert "dossier_step.json: no answer of its own" in recorded.out.replace("\\", "/")
    assert desk.request_counts
