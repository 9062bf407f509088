"""What the pages show works as it is typed: commands, code, configuration, units, commands of other machines."""

import configparser
import contextlib
import io
import json
import re
import shutil
import subprocess
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from cchc_connect import SharedDatabase, records
from cchc_connect.cli import main
from cchc_connect.cli.app import app
from cchc_connect.cli.hints import TypedOptions
from cchc_connect.cli.localization import localized_command
from cchc_connect.config.file import Config
from cchc_connect.messages import Language
from cchc_schemas import LandParcel
from tests.checkout import ROOT, relative_path
from tests.documentation.pages import DOCS, Reader, blocks, pages, shown_commands
from tests.quick import few

OPERATE = DOCS / "operate.md"
OF_OPERATORS = pytest.mark.parametrize("page", [OPERATE, DOCS / "vi" / "van_hanh.md"], ids=relative_path)
"""A test of what the page of operators shows, in English and in Vietnamese."""
TYPED = ("quickstart.md", "connect_a_system.md", "operate.md", "disclosure.md")
TYPED_IN_VIETNAMESE = (
    "vi/huong_dan_nhanh.md",
    "vi/ket_noi_he_thong.md",
    "vi/van_hanh.md",
    "vi/chia_se_theo_thoa_thuan.md",
)
"""The pages that are typed from top to bottom in one folder, with the demonstration's database in it."""
EVERYWHERE = [*pages(), ROOT / "README.md", *(ROOT / "examples").rglob("README.md")]


PORTAL = """
[connections.national-portal]
adapter = "national_portal"
agency = "000.00.00.G22"
base_url = "https://portal.example"
account = {{ kind = "session", username = "h09", password = {{ file = "{secret}" }} }}

[connections.national-portal.options]
agency = "000.00.00.H09"
destination = "000.00.00.G22"
login_path = "/login"
share_path = "/share"
integration_path = "/integration"
"""
"""The receiver of the page's route, which another page describes."""


@pytest.mark.parametrize("name", TYPED)
def test_a_page_works_as_typed_from_top_to_bottom(name: str, reader: Reader, demo_database: Path) -> None:
    shutil.copy(demo_database, "demo.db")

    reader.follow(DOCS / name)

    assert reader.output


@pytest.mark.parametrize("name", few(TYPED_IN_VIETNAMESE, 1))
def test_a_vietnamese_page_works_as_typed_and_is_answered_in_vietnamese(name: str, reader: Reader) -> None:
    reader.follow(DOCS / name)

    answers = [shown for shown in reader.output if shown]  # commands of the shell say nothing
    assert answers
    assert all(re.search("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệọỏốồổỗộớờởỡợụủứừửữự]", shown) for shown in answers)


@pytest.mark.parametrize("name", TYPED_IN_VIETNAMESE)
def test_every_command_of_a_vietnamese_page_asks_for_vietnamese(name: str) -> None:
    lines = [line for block in blocks(DOCS / name, "sh", "console", "text") for line in block.commands()]
    calls = [line for line in lines if "cchc-connect " in line]

    assert calls
    assert [line for line in calls if "--lang vi" not in line] == []


def test_the_second_run_of_the_quick_start_writes_nothing(reader: Reader) -> None:
    reader.type("cchc-connect demo --small --serve")
    reader.type("cchc-connect sync --json")
    reader.type("cchc-connect sync --json")

    first, second = (json.loads(shown) for shown in reader.output)
    assert first["rows_written"] > 0
    assert second["rows_written"] == 0


@pytest.mark.parametrize("page", EVERYWHERE, ids=relative_path)
def test_every_command_that_a_page_shows_exists_with_its_options(page: Path) -> None:
    wrong = [problem for line in shown_commands(page) if (problem := unknown_part(line))]

    assert wrong == []


@pytest.mark.parametrize("page", pages(), ids=relative_path)
def test_every_table_of_configuration_is_toml(page: Path) -> None:
    for block in blocks(page, "toml"):
        assert tomllib.loads(block.text)


@pytest.mark.parametrize(
    ("name", "connections"),
    [
        ("connect_a_system.md", {"land-registry", "one-stop"}),
        (
            "vi/ket_noi_he_thong.md",
            {"land-registry", "one-stop", "cadastre", "planning-office", "district-desk"},
        ),
    ],
)
def test_the_tables_of_connect_a_system_make_a_valid_configuration(
    tmp_path: Path, name: str, connections: set[str]
) -> None:
    secret = tmp_path / "one-stop.password"
    secret.write_text("invented", encoding="utf-8")
    secret.chmod(0o600)
    texts = [block.text for block in blocks(DOCS / name, "toml")]
    texts.append(PORTAL.format(secret=secret))
    file = tmp_path / "cchc.toml"
    file.write_text("\n".join(texts).replace("/etc/cchc/one-stop.password", str(secret)), encoding="utf-8")

    config = Config.load(file)

    assert set(config.connections) == {*connections, "national-portal"}
    assert set(config.routes) == {"to-portal"}


def test_the_file_of_the_vietnamese_page_is_read_by_its_table(reader: Reader) -> None:
    page = DOCS / "vi" / "ket_noi_he_thong.md"
    (file,) = blocks(page, "text")
    (table,) = (block.text for block in blocks(page, "toml") if "[connections.cadastre]" in block.text)
    Path("thua-dat").mkdir()
    Path("thua-dat/thua_dat_20260401.csv").write_text(file.text, encoding="utf-8")
    Path("cchc.toml").write_text(
        table.replace('path = "thua-dat"', 'path = "thua-dat"\nsettle_s = 0'), encoding="utf-8"
    )

    for block in blocks(page, "console"):
        for line in block.commands():
            reader.type(line)

    checked, _, synced, *_ = reader.output
    assert "đọc được 2 mục của trang đầu, 1 mục sẽ bị cách ly" in checked
    assert "Kết quả: hoàn thành; đã ghi 2 dòng" in synced
    with SharedDatabase("shared.db") as database:
        areas = {parcel.area_m2 for parcel in records(database, LandParcel)}
    assert areas == {Decimal("228.4"), Decimal("1071.7")}


@OF_OPERATORS
def test_the_tables_of_operate_are_keys_of_the_configuration(page: Path, tmp_path: Path) -> None:
    file = tmp_path / "cchc.toml"
    file.write_text("\n".join(block.text for block in blocks(page, "toml")), encoding="utf-8")

    assert Config.load(file).run.on_failure


@OF_OPERATORS
def test_the_units_are_read_by_systemd(page: Path, tmp_path: Path) -> None:
    """The program's place is replaced by one that exists, which the check requires."""
    service, timer, credential = (block.text for block in blocks(page, "ini"))
    service = service.replace("[Service]\n", f"[Service]\n{credential}")
    for text in (service, timer):
        parser = configparser.ConfigParser(delimiters="=", strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case, as systemd reads them
        parser.read_string(text)
        assert parser.sections()[0] == "Unit"
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed")
    for name, text in (("service", service), ("timer", timer)):
        unit = text.replace("/opt/cchc/bin/cchc-connect", "/bin/true").replace(
            "Documentation=man:systemd.timer(5)\n", ""
        )
        (tmp_path / f"cchc-connect.{name}").write_text(unit, encoding="utf-8")

    done = subprocess.run(
        [verify, "verify", str(tmp_path / "cchc-connect.service"), str(tmp_path / "cchc-connect.timer")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "cchc-connect" not in done.stderr, done.stderr


def test_the_cron_job_of_kubernetes_is_one_that_lets_no_two_runs_overlap() -> None:
    (block,) = blocks(OPERATE, "yaml")
    job: dict[str, Any] = yaml.safe_load(block.text)

    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    assert pod["restartPolicy"] == "Never"
    (container,) = pod["containers"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


@OF_OPERATORS
@pytest.mark.parametrize(("code", "passed_on"), [(0, 0), (3, 0), (75, 0), (69, 69), (78, 78)])
def test_cron_is_told_of_failures_only(page: Path, code: int, passed_on: int) -> None:
    """Its line, with a program that ends so in place of ours."""
    (crontab,) = (block.text for block in blocks(page, "text"))
    typed = crontab.split("cchc  ", 1)[1].replace(">> /var/lib/cchc/sync.jsonl", "")

    assert ended(typed, code) == passed_on


@pytest.mark.parametrize(("code", "passed_on"), [(0, 0), (3, 0), (75, 0), (69, 69), (78, 78)])
def test_kubernetes_is_told_of_failures_only(code: int, passed_on: int) -> None:
    """Its line, with a program that ends so in place of ours."""
    (job,) = (yaml.safe_load(block.text) for block in blocks(OPERATE, "yaml"))
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]

    assert [ended(line, code) for line in container["args"]] == [passed_on]


def ended(line: str, code: int) -> int:
    """Return the exit code of a line of a shell in which our program ends with `code`."""
    typed = re.sub(r"/opt/cchc/bin/cchc-connect [^;]*", f"(exit {code})", line)
    return subprocess.run(["sh", "-c", typed], check=False, timeout=30).returncode  # noqa: S607  # any shell will do


VALUE_OPTIONS = frozenset({"--config", "--lang", "--install-completion", "--show-completion"})
"""Options that stand before the command and have a value."""


def unknown_part(line: str) -> str | None:
    """Return the part of a command line that the program does not have; None if it has all of it."""
    command: Any = localized_command(app, Language.ENGLISH, TypedOptions())
    options = {name for parameter in command.params for name in parameter.opts}
    words = iter(line.split())
    for word in words:
        if word in VALUE_OPTIONS:
            next(words, None)
        elif hasattr(command, "commands") and not word.startswith("-") and word in command.commands:
            command = command.commands[word]
            options |= {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
        elif (word.startswith("--") and word.partition("=")[0] not in options | {"--help"}) or (
            hasattr(command, "commands") and not word.startswith("-") and word.isidentifier() and word.islower()
        ):
            return f"{line}: {word}"
    return None


def codes_by_finding() -> dict[str, dict[str, str]]:
    """Return the cells of the table of findings, by finding and command."""
    section = (
        OPERATE.read_text(encoding="utf-8").partition("## Findings, levels and exit codes")[2].partition("\n## ")[0]
    )
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| ")
    ]
    return {row[0]: dict(zip(("check level", "sync", "status", "check"), row[1:], strict=True)) for row in rows[1:]}


def exit_code(command: str) -> str:
    """Run a command in the current folder; return its exit code as the table writes it."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return str(main([command]))


def unreachable(text: str, connection: str) -> str:
    """Return a configuration in which the address of a connection is one where nothing listens."""
    head, heading, rest = text.partition(f"[connections.{connection}]")
    return head + heading + re.sub(r'base_url = "[^"]*"', 'base_url = "http://127.0.0.1:9"', rest, count=1)


@pytest.mark.long
def test_the_exit_codes_of_the_table_of_findings_are_those_of_the_commands(reader: Reader) -> None:
    """In one folder, in turn: no database, some systems fail, all fail, a faulty key, a file that is no database."""
    table, file, database = codes_by_finding(), Path("cchc.toml"), Path("shared.db")
    reader.type("cchc-connect demo --small --serve")
    served = file.read_text(encoding="utf-8") + "\n[run]\ndeadline_s = 1\n"

    absent, agreed = table["there is no database yet"], database.rename("agreed.db")
    assert (exit_code("status"), exit_code("check")) == (absent["status"], absent["check"])
    agreed.rename(database)

    file.write_text(unreachable(served, "construction"), encoding="utf-8")
    partly = table["some sources or routes failed or are on hold, others are done"]
    assert [exit_code(command) for command in ("sync", "check")] == [partly["sync"], partly["check"]]
    assert partly["status"].startswith(exit_code("status"))

    for connection in re.findall(r"\[connections\.([a-z-]+)\]", served):
        file.write_text(unreachable(file.read_text(encoding="utf-8"), connection), encoding="utf-8")
    none = table["every source failed or is on hold, nothing was done"]
    assert [exit_code(command) for command in ("sync", "check")] == [none["sync"], none["check"]]
    assert none["status"].startswith(exit_code("status"))

    file.write_text("[run]\ndeadline = 3\n", encoding="utf-8")
    faulty = next(row for finding, row in table.items() if finding.startswith("`cchc.toml`"))
    assert [exit_code(command) for command in ("sync", "check")] == [faulty["sync"], faulty["check"]]
    assert faulty["status"].startswith(exit_code("status"))
    file.write_text(served, encoding="utf-8")

    for side in Path().glob("shared.db*"):
        side.unlink()
    database.write_text("this is no database", encoding="utf-8")
    unusable = table["the database cannot be opened or written, or is of a newer program"]
    assert [exit_code(command) for command in ("sync", "status", "check")] == [
        unusable[command] for command in ("sync", "status", "check")
    ]
