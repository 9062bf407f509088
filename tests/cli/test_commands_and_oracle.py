"""100 random requests through the commands themselves: what they show and write is what the oracle says.

Some of them are tried each time, all with `pytest -m "long or not long" -s`, which prints the figure.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.messages import Language, Message, Wording
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.facts import Official
from cchc_connect.sharing.operator import operating_user
from cchc_schemas import RECORD_TYPES, from_document, to_document
from tests.cli.conftest import Call, Ended
from tests.databases import DATABASE_KINDS, prepared_address
from tests.sharing.oracle import Cells, cells
from tests.sharing.random_rows import CaseDatabase, RandomRows
from tests.sharing.row_oracle import StoredRow, masked_cells
from tests.sharing.ways_out import WaysOut, by_cells, configuration

REQUESTS, FIRST_REQUESTS = 100, 10

PROVIDER_FILE, CONSUMER_FILE = "provider.toml", "consumer.toml"

REFUSED, PARTIAL = 77, 3

ENGLISH = Wording(Language.ENGLISH)


class Commands(WaysOut):
    """Asks one random case by commands; the user of this machine is the official who looks."""

    def __init__(self, case: RandomRows, database: CaseDatabase, address: str, call: Call) -> None:
        super().__init__(case, database.database, database.fill(case), Path())
        self.reason = replace(self.reason, official=operating_user())
        self._call = call
        provider = configuration(case, Path(), operator=case.meant.provider, database=address)
        Path(PROVIDER_FILE).write_text(provider, encoding="utf-8")
        Path(CONSUMER_FILE).write_text(configuration(case, Path(), database=address), encoding="utf-8")

    def compare(self) -> Counter[str]:
        """Compare every command with the oracle, and return how often each of them showed or refused something."""
        self._explained()
        self._exported()
        dossiers = [row for row in self.case.rows if row.record_type == "dossier"]
        for row in dossiers:
            self._shown_case(row)
        for row in (*dossiers, *self._rows_of("land_parcel")[:2]):
            self._shown_history(row)
        self._shown_changes("land_parcel")
        return self.counts

    def _rows_of(self, record_type: str) -> list[StoredRow]:
        return [row for row in self.case.rows if row.record_type == record_type]

    def _explained(self) -> None:
        request = replace(self.case.request, fields=self.case.request.fields or None)
        self.case.request = request
        options = {
            "--consumer": request.consumer,
            "--provider": request.provider,
            "--action": request.action.value,
            "--purpose": request.purpose,
            "--dossier": request.dossier,
            "--procedure": request.procedure,
            "--official": request.official,
            "--agreement": request.agreement,
            "--grant": request.grant,
            "--at": request.at.isoformat(),
        }
        words = [*typed(options), *(word for field in request.fields or () for word in ("--field", field))]
        ended = self._json("explain", "agreements", "explain", request.record_type, *words, file=CONSUMER_FILE)
        reasons = self._oracle().reasons()
        self._agree("explain", tuple(ended.document["reasons"]) or "granted", reasons or "granted")
        assert ended.code == (REFUSED if reasons else 0)

    def _exported(self) -> None:
        """The exporting agency provides; what is requested is a whole agreement's record type, whatever its purpose."""
        request, meant = self.case.request, self.case.meant
        options = {"--for": request.consumer, "--agreement": meant.id, "--grant": request.grant}
        options |= {"--dossier": request.dossier, "--official": request.official, "--to": "records.ndjson"}
        ended = self._json("export", "export", request.record_type, *typed(options), file=PROVIDER_FILE)
        changes: dict[str, Any] = {"purpose": None, "fields": None, "keys": None, "procedure": None}
        oracle = self._oracle(action=Action.EXPORT, provider=meant.provider, agreement=meant.id, **changes)
        expected, path = self._released(oracle), Path("records.ndjson")
        if isinstance(expected, tuple):
            self._refused("export", ended, expected)
            assert not path.exists()
            return
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        self._agree("export", by_cells({line.pop("record_key"): line for line in lines}), expected)
        assert ended.code == 0
        path.unlink()
        Path("records.ndjson.disclosure.json").unlink()

    def _shown_case(self, dossier: StoredRow) -> None:
        ended = self._json("case", "case", dossier.key, *self._why(), file=CONSUMER_FILE)
        linked = self._oracle(dossier=dossier.key)
        of_case = [row for row in self.case.rows if linked.is_linked(row, self.case.rows)]
        in_order = [row for name in ("dossier", "dossier_step", "land_parcel") for row in self._sorted(of_case, name)]
        may_show = self._may_show("case", ended, in_order)
        if may_show is None:
            return
        granted, denials = may_show
        self._compare_shown_case(dossier.key, ended.document, self._own(), granted)
        self._agree_on_denials("case", ended, ended.document["denied"], denials)

    @staticmethod
    def _sorted(rows: Iterable[StoredRow], record_type: str) -> Iterator[StoredRow]:
        of_type = [row for row in rows if row.record_type == record_type]
        yield from sorted(of_type, key=lambda row: row.document.get("at", row.key))

    def _shown_history(self, row: StoredRow) -> None:
        ended = self._json("history", "history", row.record_type, row.key, *self._why(), file=CONSUMER_FILE)
        may_show = self._may_show("history", ended, [row])
        if may_show is None:
            return
        granted, denials = may_show
        (record,) = ended.document["records"]
        versions = [version["record"] for version in record["versions"]]
        self._compare_shown_versions("history", row, versions, granted)
        if row.former is not None and (row.record_type, row.key) in granted:
            denials = [*denials, (row.record_type, row.agency, ("former_version",), 1)]
        self._agree_on_denials("history", ended, ended.document["denied"], denials)

    def _shown_changes(self, record_type: str) -> None:
        rows = self._rows_of(record_type)
        ended = self._json("changes", "changes", "--record-type", record_type, *self._why(), file=CONSUMER_FILE)
        if not self._is_official():
            self._refused("changes", ended, ("official_missing",))
            return
        granted, denials = self._granted_to_view(rows)
        documents = dict[str, list[Mapping[str, Any]]]()
        for line in ended.out.splitlines():
            change = json.loads(line)
            documents.setdefault(change["record_key"], []).append(change["document"])
        assert documents.keys() == {row.key for row in rows}
        for row in rows:
            self._compare_shown_versions("changes", row, documents[row.key], granted)
        shows_some = bool(granted or {row.key for row in rows} & {key for _, key in self._own()})
        is_whole = not denials and not any(row.former and (row.record_type, row.key) in granted for row in rows)
        assert ended.code == (0 if is_whole else PARTIAL if shows_some else REFUSED)

    def _compare_shown_versions(
        self,
        command: str,
        row: StoredRow,
        documents: Sequence[Mapping[str, Any]],
        granted: Mapping[tuple[str, str], Cells],
    ) -> None:
        """Compare the versions of a record: of another agency's the present one alone has what is granted."""
        name, versions = (row.record_type, row.key), [each for each in (row.former, row.document) if each is not None]
        record_class = RECORD_TYPES[row.record_type]
        if command == "history":  # writes what it read as records
            versions = [to_document(from_document(record_class, version)) for version in versions]
        for number, (shown, document) in enumerate(zip(documents, versions, strict=True), start=1):
            of_version = granted.get(name, {}) if number == len(versions) else {}
            expected = cells(document) if name in self._own() else masked_cells(row.record_type, document, of_version)
            self._agree(command, cells(shown), expected)

    def _may_show(
        self, command: str, ended: Ended, rows: Sequence[StoredRow]
    ) -> tuple[Mapping[tuple[str, str], Cells], Sequence[tuple[str, str, tuple[str, ...], int]]] | None:
        """Return what agreements grant of these records and what is denied; None if nothing may be shown at all."""
        if not self._is_official():
            self._refused(command, ended, ("official_missing",))
            return None
        granted, denials = self._granted_to_view(rows)
        if denials and not granted and not {(row.record_type, row.key) for row in rows} & self._own():
            self._refused(command, ended, tuple(dict.fromkeys(reason for each in denials for reason in each[2])))
            return None
        return granted, denials

    def _is_official(self) -> bool:
        official, oracle = self.facts.officials[operating_user()], self._oracle()
        is_in_office = official.valid_to is None or official.valid_to >= oracle.day
        return is_in_office and oracle.same(official.agency) == oracle.same(self.case.request.consumer)

    def _own(self) -> set[tuple[str, str]]:
        oracle, operator = self._oracle(), self.case.request.consumer
        return {(row.record_type, row.key) for row in self.case.rows if oracle.is_own(row, operator)}

    def _agree_on_denials(
        self,
        command: str,
        ended: Ended,
        denied: Sequence[Mapping[str, Any]],
        denials: Sequence[tuple[str, str, tuple[str, ...], int]],
    ) -> None:
        actual = [(each["record_type"], each["provider"], tuple(each["reasons"]), each["records"]) for each in denied]
        self._agree(f"{command} denied", actual, list(denials))
        assert ended.code == (PARTIAL if denials else 0)

    def _refused(self, command: str, ended: Ended, reasons: tuple[str, ...]) -> None:
        """Check that nothing was shown, and that the reasons were said."""
        assert ended.code == REFUSED, f"{command}: {ended.err}"
        message = json.loads(ended.out)["error"]["message"] if ended.out else ended.err
        for reason in reasons:
            assert ENGLISH.sentence(Message(f"access_refusal.{reason}")) in message, f"{command}: {message}"
        self.counts[f"{command} refused"] += 1

    def _why(self) -> Sequence[str]:
        return ("--unmasked", "--purpose", self.reason.purpose, "--dossier", self.reason.dossier)

    def _json(self, command: str, *words: str, file: str) -> Ended:
        ended = self._call(*words, "--config", file, "--json")
        assert ended.code in {0, PARTIAL, REFUSED}, f"{command}: {ended.err}"
        return ended


def typed(options: Mapping[str, str | None]) -> Iterator[str]:
    for option, value in options.items():
        if value is not None:
            yield from (option, value)


def random_case(seed: int) -> RandomRows:
    """Return a case of today, in which the user of this machine is mostly an official of the consumer."""
    now = datetime.now(UTC).replace(microsecond=0)
    case = RandomRows(seed, now, share_in_force=0.9)
    agency = case.request.consumer if case.random.random() < 0.85 else case.meant.provider
    officials = {**case.facts.officials, operating_user(): Official(agency=agency)}
    case.facts = replace(case.facts, officials=officials)
    case.request = replace(case.request, at=now)
    return case


@pytest.mark.parametrize(
    ("kind", "requests"),
    [
        *((kind, FIRST_REQUESTS) for kind in DATABASE_KINDS),
        *(pytest.param(kind, REQUESTS, marks=pytest.mark.long) for kind in DATABASE_KINDS),
    ],
)
def test_commands_show_and_write_what_the_oracle_says(kind: str, requests: int, tmp_path: Path, call: Call) -> None:
    counts = Counter[str]()
    with prepared_address(kind, tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        for seed in range(requests):
            try:
                counts += Commands(random_case(seed), CaseDatabase(database), address, call).compare()
            except AssertionError as difference:
                difference.add_note(f"seed {seed}")
                raise
    print(f"\n{kind}: {requests} requests, {dict(sorted(counts.items()))}, 0 differences")

    assert min(counts[name] for name in ("explain", "export", "case", "history", "changes")) > 0
    assert counts["export refused"] > 0
