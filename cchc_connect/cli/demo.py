"""`demo`: runs with test doubles of four agencies' systems; the resulting database is kept.

The test doubles are real HTTP servers on loopback; no other network is used. The runs are those of `sync`, and all
numbers shown are counted in the database and at the test doubles: records at the sources are compared with rows and
quarantine entries.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from cchc_connect.cli.case import CaseView, case_document
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import PROGRAM, CommandContext
from cchc_connect.cli.demo_agreements import are_in_force, make_key, put_in_force, write_agreements
from cchc_connect.cli.demo_config import (
    ANCHOR_FILE,
    KEY_FILE,
    LAND_DEPARTMENT,
    can_seal,
    demo_config,
    passwords_of_doubles,
)
from cchc_connect.cli.demo_indicators import PAGE_FILE, PROGRAMME, YEAR, show_indicators
from cchc_connect.cli.demo_quality import LISTED, show_quality_sections, write_list
from cchc_connect.cli.demo_sharing import SharingSections
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.cli.progress import progress_display
from cchc_connect.cli.quarantine import show_faults
from cchc_connect.cli.report import report_document, show_report
from cchc_connect.cli.written_files import require_writable_name
from cchc_connect.config.file import Config
from cchc_connect.config.sharing import DEFAULT_FOLDER
from cchc_connect.database.audit.keys import public_key_path
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.verification import VerificationOutcome
from cchc_connect.database.reading import quarantine_entries
from cchc_connect.database.reading.case import find_case
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.writing import quarantine
from cchc_connect.privacy.masking import masked_item
from cchc_connect.sync.report import RunReport, RunStatus
from cchc_connect.sync.run_environment import RunEnvironment
from cchc_connect.sync.synchronizer import Synchronizer
from cchc_connect.testing import Agencies, Edit, World
from cchc_connect.testing.province.facts import DossierFact
from cchc_schemas import RECORD_TYPES, RegisteredDatabase

SMALL_WORLD: Mapping[str, Any] = {"dossiers": 60, "parcels": 80, "works": 48, "defect_share": 0.05}
"""A smaller world; its larger share of defects ensures that the quarantine is not empty."""

DEFAULT_LOCATION = Path("demo.db")

UNFINISHED_SUFFIX = ".unfinished"
"""Ends the name of the database until the demonstration has ended."""

SHARING_SUFFIX = ".sharing"
"""Ends the name of the folder beside the database that has the agreements, and the keys and seals of the audit log."""

EDIT_SEED = 1
"""Seed of the edits between the first and the second run."""

ITEM_LINES = 20
"""Maximum lines of an item shown here; `quarantine show` shows the complete item."""


@dataclass(frozen=True, kw_only=True)
class TypeCensus:
    """Number of records of one type in its table, in quarantine and at the sources."""

    record_type: str
    rows: int
    """Rows in the table of the record type."""
    quarantined: int
    at_sources: int
    """Records at the sources, including faulty ones."""

    @property
    def is_complete(self) -> bool:
        """True if every record at the sources is either in its table or in quarantine."""
        return self.rows + self.quarantined == self.at_sources


def show_demo(command: CommandContext, location: Path, *, seed: int, small: bool) -> ExitCode:
    """Run the demonstration; afterwards the database at `location` contains the records of the test doubles.

    The database gets its name at the end, so that an interrupted demonstration can be run again.

    Raises:
        CannotCreate: there is already a file or folder at `location` or beside it, or its folder cannot be written.
    """
    require_writable_name(location)
    if location.is_dir():
        raise CannotCreate("cli.demo_is_folder", path=location)
    if location.exists():
        raise CannotCreate("cli.demo_exists", path=location)
    if not location.parent.is_dir() or not os.access(location.parent, os.W_OK):
        raise CannotCreate("cli.demo_folder_missing", path=location)
    if sharing_folder(location).exists():
        raise CannotCreate("cli.demo_exists", path=sharing_folder(location))
    unfinished = location.with_name(f"{location.name}{UNFINISHED_SUFFIX}")
    _remove_unfinished(unfinished)
    world, folder = demo_world(seed, small=small), sharing_folder(unfinished)
    make_key(folder)
    write_agreements(folder / DEFAULT_FOLDER)
    with Agencies(world) as agencies, passwords_of_doubles(agencies):
        config = demo_config(agencies, unfinished, folder)
        with config.open_database() as database:
            demonstration = Demonstration(command.console, agencies, config, database, location)
            is_good = demonstration.show()
    unfinished.rename(location)
    folder.rename(sharing_folder(location))
    return demonstration.finish(is_good=is_good)


def sharing_folder(location: Path) -> Path:
    """Return the folder beside the database at `location` that has agreements, keys and seals."""
    return location.with_name(f"{location.name}{SHARING_SUFFIX}")


def demo_world(seed: int, *, small: bool) -> World:
    """Return the invented province of the demonstration."""
    return World(seed, **(SMALL_WORLD if small else {}))


def _remove_unfinished(path: Path) -> None:
    """Remove what an interrupted demonstration left, the database at `path` and the folder beside it."""
    shutil.rmtree(sharing_folder(path), ignore_errors=True)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


class Demonstration:
    """The sections of the demonstration, in their order."""

    def __init__(
        self, console: Console, agencies: Agencies, config: Config, database: SharedDatabase, location: Path
    ) -> None:
        """Prepare the demonstration; nothing is pulled before `show`. The database will be at `location`."""
        self._folder = sharing_folder(location.with_name(f"{location.name}{UNFINISHED_SUFFIX}"))
        self._console = console
        self._agencies = agencies
        self._config = config
        self._database = database
        self._location = str(location.resolve())
        self._sharing = SharingSections(console, config, database)
        self._document: dict[str, Any] = {"database": self._location}

    def show(self) -> bool:
        """Show every section but the last; return whether all results are as expected."""
        self._introduce()
        agreed = put_in_force(self._config, self._database)
        self._document["agreements"] = self._sharing.show_agreements(agreed)
        write_list(self._config, self._database)
        first = self._run("first")
        edit = self._agencies.edit(seed=EDIT_SEED)
        self._show_edit(edit)
        second = self._run("second")
        third = self._run("third")
        is_unchanged = third.rows_written == third.messages_delivered == 0
        self._console.message("demo.third_totals", rows=third.rows_written, messages=third.messages_delivered)
        complete = self._compare()
        self._show_quarantine()
        dossier = self._open_dossier()
        self._show_case(self._agencies.world.code_of_sound_dossier() if dossier is None else dossier.code)
        shares_as_agreed = self._show_access(dossier)
        self._show_portal()
        is_intact = self._show_audit(dossier)
        self._document |= show_quality_sections(self._config, self._database, self._console)
        self._document["indicators"] = show_indicators(self._console, self._database, self._folder)
        are_done = all(run.outcome is RunStatus.DONE for run in (first, second, third))
        return is_unchanged and complete and are_done and are_in_force(agreed) and shares_as_agreed and is_intact

    def finish(self, *, is_good: bool) -> ExitCode:
        """Show the last section, which needs the database in its place; return DONE if `is_good`, else FAILED."""
        self._show_next()
        self._console.document({**self._document, "good": is_good})
        return ExitCode.DONE if is_good else ExitCode.FAILED

    def _introduce(self) -> None:
        self._console.message("demo.introduction", path=self._location)
        self._console.heading("demo.sources")
        rows = [
            (name, table.adapter, table.base_url, self._held_by(table.base_url))
            for name, table in self._config.connections.items()
            if not table.is_program
        ]
        columns = ("connection", "adapter", "address", "holds")
        self._console.table(OutputTable(headings=[f"demo.{column}" for column in columns], rows=rows))

    def _held_by(self, address: str) -> str:
        double = next(double for double in self._agencies.doubles if address.startswith(double.base_url))
        return ", ".join(f"{count} {self._name(record_type)}" for record_type, count in double.record_counts().items())

    def _run(self, name: str) -> RunReport:
        self._console.heading(f"demo.{name}")
        with progress_display(self._console, in_logs=False) as progress:
            report = Synchronizer(self._config, self._database, RunEnvironment(progress=progress)).synchronise()
        self._document[name] = report_document(report, self._console)
        if report.rows_written or report.outcome is not RunStatus.DONE:
            show_report(report, self._console, names_records=False)
        return report

    def _show_edit(self, edit: Edit) -> None:
        kinds = {"changed": edit.changed, "added": edit.added, "corrected": edit.corrected}
        self._console.heading("demo.edited")
        rows = [
            (self._name(record_type), *(len(ids.get(record_type, ())) for ids in kinds.values()))
            for record_type in edit.counts()
        ]
        self._document["edited"] = edit.counts()
        headings = ["demo.record_type", *(f"demo.{kind}" for kind in kinds)]
        self._console.table(OutputTable(headings=headings, rows=rows, numbers_from=1))

    def _compare(self) -> bool:
        """Compare the database with the sources for each record type; return whether all records are accounted for."""
        at_sources = {**self._agencies.record_counts(), RegisteredDatabase.record_type: len(LISTED)}
        censuses = take_census(self._database, at_sources)
        self._console.heading("demo.completeness")
        rows = [
            (self._name(census.record_type), self._mark(census), census.rows, census.quarantined, census.at_sources)
            for census in censuses
            if census.at_sources or census.rows or census.quarantined
        ]
        columns = ("record_type", "equal", "rows", "quarantined", "at_sources")
        self._console.table(OutputTable(headings=[f"demo.{column}" for column in columns], rows=rows, numbers_from=2))
        self._document["census"] = [asdict(census) for census in censuses]
        return all(census.is_complete for census in censuses)

    def _mark(self, census: TypeCensus) -> str:
        return self._console.text("demo.yes" if census.is_complete else "demo.no")

    def _show_quarantine(self) -> None:
        """Show the entry with the most faults; among several, the shortest."""
        with self._database.reading() as connection:
            entries = quarantine_entries.entries(connection)
        if not entries:
            return
        entry = max(entries, key=lambda candidate: (len(candidate.faults), -len(str(candidate.item))))
        self._console.heading("demo.quarantine", number=len(entries))
        show_faults(entry, self._console)
        self._console.message("demo.item_masked")
        self._console.json(masked_item(entry.displayed_item), max_lines=ITEM_LINES)
        self._document["quarantine"] = {"open": len(entries), "shown": entry.id}

    def _open_dossier(self) -> DossierFact | None:
        """Return the dossier whose case is shown and for which an official asks; None if no dossier is fit for it."""
        try:
            return self._agencies.world.open_permit_dossier()
        except LookupError:
            return None

    def _show_case(self, code: str) -> None:
        case = find_case(self._database, code)
        self._console.heading("demo.case")
        CaseView(self._console).show(case)
        self._document["case"] = case_document(case)

    def _show_access(self, dossier: DossierFact | None) -> bool:
        """Show what an official gets by an agreement; return whether that is what the agreement grants."""
        self._console.heading("demo.access")
        if dossier is None:
            self._console.message("demo_sharing.no_dossier")
            return True
        dossiers = self._agencies.world.dossiers
        foreign = next((each.code for each in dossiers if each.agency_code == LAND_DEPARTMENT), None)
        access = self._document["access"] = self._sharing.show_access(dossier, foreign)
        return bool(access["released"]["keys"]) and all(each["reasons"] for each in access["refused"])

    def _show_audit(self, dossier: DossierFact | None) -> bool:
        """Show that the audit log is intact and what it tells the applicant; return whether it is as expected."""
        audit = self._document["audit"] = self._sharing.show_audit(sharing_folder(Path(self._location)))
        if dossier is not None and self._config.audit.subject_keys is not None:
            subject_keys = SubjectKeys(self._config.audit.subject_keys)
            self._document["who_looked"] = self._sharing.show_uses(dossier, subject_keys)
        return audit["outcome"] == VerificationOutcome.INTACT or not can_seal()

    def _show_portal(self) -> None:
        portal = self._agencies.national_portal
        numbers = {
            "messages": portal.message_count,
            "dossiers": len(portal.dossiers),
            "steps": len(portal.steps),
            "effects": portal.change_count,
        }
        self._console.heading("demo.portal")
        self._console.message("demo.portal_received", **numbers)
        self._document["portal"] = numbers

    def _show_next(self) -> None:
        dossier = self._document["case"]["dossier"]["code"]
        entry = self._document.get("quarantine", {}).get("shown", 1)
        commands = (
            "status",
            "quarantine list",
            f"quarantine show {entry}",
            f"case {dossier}",
            f"case {dossier} --json",
            "agreements list",
            "audit list",
            *self._verifying(),
            f"kpi report --set {PROGRAMME} --from {YEAR}-01-01 --to {YEAR + 1}-01-01",
        )
        database = shlex.quote(self._location)
        lines = [f"{program_command()} {command} --db {database}" for command in commands]
        lines.append(f"{program_command()} init")
        self._document["next"] = [self._console.typed_options.complete(line) for line in lines]
        self._console.heading("demo.next")
        for command in self._document["next"]:
            self._console.line(f"  {command}")
        page = (sharing_folder(Path(self._location)) / PAGE_FILE).resolve()
        self._console.message("demo.page", path=page)
        self._console.message("demo.serve", program=program_command())

    def _verifying(self) -> Sequence[str]:
        """Return the command that verifies the audit log, if it is sealed."""
        folder = sharing_folder(Path(self._location))
        key, anchor = public_key_path(folder / KEY_FILE), folder / ANCHOR_FILE
        files = f"--public-key {shlex.quote(str(key))} --anchor {shlex.quote(str(anchor))}"
        return (f"audit verify {files}",) if can_seal() else ()

    def _name(self, record_type: str) -> str:
        return self._console.term("record_name", record_type)


def take_census(database: SharedDatabase, at_sources: Mapping[str, int]) -> Sequence[TypeCensus]:
    """Count every record type in one transaction; `at_sources`: number of records at the sources, by record type."""
    with database.reading() as connection:
        waiting = quarantine.open_counts(connection)
        return [
            TypeCensus(
                record_type=record_type,
                rows=connection.execute(select(func.count()).select_from(record_table(record_type))).scalar_one(),
                quarantined=sum(number for (_, kind, _), number in waiting.items() if kind == record_type),
                at_sources=at_sources.get(record_type, 0),
            )
            for record_type in RECORD_TYPES
        ]


def program_command() -> str:
    """Return the command that starts this program: its name if the shell finds it, else the path of this process."""
    started = sys.argv[0]
    return started if Path(started).name == PROGRAM and shutil.which(PROGRAM) is None else PROGRAM
