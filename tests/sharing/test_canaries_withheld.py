"""50 canaries in withheld fields: none is in a body, error, log, export, delivery or entry of the audit log.

The agency that operates the program sees its own masked views (`case`, `history`, `changes`): they hide what is
personal, and show the rest by intention.
"""

import html
import io
import logging
import unicodedata
import zipfile
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from cchc_connect.cli import main
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.errors import AccessDenied
from cchc_connect.exports.recipient_files import export_for_recipient
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.disclosure import DisclosurePoint
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse
from tests.canaries.values import shown_of, written_forms
from tests.databases import prepared_address
from tests.receiving.adapter import ENTRY_POINT, ReceivingAdapter
from tests.receiving.office import ReceivingOffice
from tests.receiving.setting import AGREEMENT, CONSUMER, ReceivingSetting, route
from tests.sharing.canary_records import CASE, GRANTED, PERSONAL, RECORDS, WITHHELD, marked_parcel, marked_records
from tests.sharing.in_force import in_force_unrecorded
from tests.sharing.invented_agreements import KEY, LAND, NOW, grant, request
from tests.sharing.shared_records import TERMS, dossier, make_agreement, permit, write
from tests.simulation.adapter import installed
from tests.sync.memory_systems import ManualClock

pytestmark = pytest.mark.repeats

PARCEL_KEY = marked_parcel().key
TABLES = ("audit_entry", "delivery", "run", "run_counter", "route", "agreement_use", "audit_subject")
FORMATS = ("ndjson", "csv", "xlsx")

UNSENT = (
    *WITHHELD,
    *(f"land_parcel.holders.{name}" for name in ("kind", "share")),
    *(f"land_parcel.geometry.{name}" for name in ("type", "crs")),
    "construction_permit.land_document.kind",
    *(f"procedure.components.{name}" for name in ("code", "case", "originals", "copies")),
    *(f"dossier.other_papers.{name}" for name in ("quantity", "kind")),
)
"""The withheld fields, and the rest of those parts that cannot be sent without one of them."""


class RecordingOffice(ReceivingOffice):
    """Keeps every request as it arrived, accepted or not."""

    def __init__(self) -> None:
        super().__init__()
        self.received = list[str]()

    def respond(self, request: ReceivedRequest) -> ServerResponse | None:
        """Keep the request, and respond to it."""
        self.received.append(f"{request.method} {request.target} {request.headers} {request.body.decode()}")
        return super().respond(request)


@dataclass
class Outputs:
    """What left or was written, by place."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    views: dict[str, str] = field(default_factory=dict[str, str])
    """The operator's own masked views."""

    def size(self) -> int:
        """Return how many bytes there are to search."""
        return sum(len(written.encode()) for written in (*self.texts.values(), *self.views.values()))

    def hits(self) -> list[str]:
        """Return place and field of every sign that is found."""
        return [
            *_hits(self.texts, WITHHELD),
            *_hits(self.views, {name: sign for name, sign in WITHHELD.items() if name in PERSONAL}),
        ]


def _hits(places: Mapping[str, str], signs: Mapping[str, str]) -> Iterator[str]:
    for name, sign in signs.items():
        forms = list(_forms(sign))
        yield from (f"{spot}: {name}" for spot, written in places.items() if any(form in written for form in forms))


def _forms(sign: str) -> Iterator[str]:
    """Yield the forms of a sign, also without spaces and decomposed; of numbers and days also the Vietnamese one."""
    decomposed, day = unicodedata.normalize("NFD", sign), "/".join(reversed(sign.split("-")))
    for variant in (sign, sign.replace(" ", ""), decomposed, day):
        yield from written_forms(variant)
    units, point, decimals = sign.partition(".")
    if point and (units + decimals).isdigit():
        grouped = f"{int(units):,}"
        yield from (f"{units},{decimals}", f"{grouped}.{decimals}", f"{grouped.replace(',', '.')},{decimals}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the working folder of the program, with a runtime folder of its own."""
    made = tmp_path_factory.mktemp("withheld")
    (made / "runtime").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RUNTIME_DIRECTORY", raising=False)
        patch.setenv("XDG_RUNTIME_DIR", str(made / "runtime"))
        patch.chdir(made)
        yield made


@pytest.fixture(scope="module")
def log(folder: Path) -> Generator[Path]:
    """Give the file to which everything is logged at DEBUG."""
    path, root = folder / "program.log", logging.getLogger()
    handler, level = logging.FileHandler(path, encoding="utf-8"), root.level
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield path
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


@pytest.fixture(scope="module")
def outputs(folder: Path, log: Path) -> Outputs:
    """Give everything that leaves: messages, exports, answers, refusals, errors, and what the program wrote of it."""
    outputs = Outputs()
    entry = {ENTRY_POINT: f"tests.receiving.adapter:{ReceivingAdapter.__name__}"}
    with (
        prepared_address("sqlite", folder) as address,
        installed(entry),
        RecordingOffice() as portal,
        RecordingOffice() as archive,
    ):
        setting = ReceivingSetting(address, {"portal": portal, "archive": archive})
        setting.clock = ManualClock(NOW)
        setting.routes = {name: route(*RECORDS, to=name) for name in ("portal", "archive")}
        _prepare(setting)
        archive.refused = {PARCEL_KEY, CASE}
        portal.fail_next(1, status=422)
        for _ in range(2):
            outputs.texts["reports"] = outputs.texts.get("reports", "") + repr(setting.sync())
        _disclose(setting, folder, outputs)
        _commands(setting, outputs)
        outputs.texts |= {"bodies": "\n".join(portal.received), "refused bodies": "\n".join(archive.received)}
        with setting.database() as database, database.reading() as connection:
            for table in TABLES:
                rows = connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608  # one of TABLES
                outputs.texts[f"table {table}"] = "\n".join(map(str, rows))
    outputs.texts["log"] = log.read_text(encoding="utf-8")
    return outputs


def _prepare(setting: ReceivingSetting) -> None:
    """Store the records; an agreement grants the other fields to the portals, another parcels to an open dossier."""
    further = {"actions": ["push", "export", "read"]}
    with setting.database() as database:
        in_force_unrecorded(database, LAND, CONSUMER, *RECORDS, id=AGREEMENT, at=NOW, withheld=UNSENT, further=further)
        fields = {**KEY, "certificates.serial": "plain", "holders.kind": "plain", "uses.code": "plain"}
        make_agreement(database, grant=[grant(fields=fields)])
        write(database, "land", marked_records())
        write(database, "building", [dossier(), permit("01/GPXD", marked_parcel())])


def _disclose(setting: ReceivingSetting, folder: Path, outputs: Outputs) -> None:
    with setting.database() as database:
        point = DisclosurePoint(database, TERMS, clock=setting.clock)
        outputs.texts["answer"] = repr(dict(point.disclose(request()).documents))
        number = WITHHELD["land_parcel.holders.id_number"]
        for sent, is_there in ((number, True), ("074013009999", False)):
            of_number = request(action=Action.MATCH, fields=("holders.id_number",))
            assert point.matches(of_number, sent) is is_there
        outputs.texts["refusals"] = "\n".join(_refusals(point))
        for record_type in RECORDS:
            export_request = AccessRequest(
                consumer=CONSUMER,
                action=Action.EXPORT,
                record_type=record_type,
                purpose="progress_publication",
            )
            for file_format in FORMATS:
                path = folder / f"{record_type}.{file_format}"
                report = export_for_recipient(point, export_request, path, language="vi")
                name = f"export {path.name}"
                outputs.texts[name] = _written(path)
                sheet = path.with_name(f"{path.name}.disclosure.json").read_text(encoding="utf-8")
                outputs.texts[f"sheet of {name}"] = f"{report} {sheet}"


def _refusals(point: DisclosurePoint) -> Iterator[str]:
    """Yield what is shown of refused requests: each withheld field of parcels, no official, a foreign dossier."""
    paths = [name.partition(".")[2] for name in WITHHELD if name.startswith("land_parcel.")]
    changes: list[dict[str, Any]] = [{"fields": (path,)} for path in paths]
    changes += [{"official": None}, {"dossier": CASE}, {"record_type": "dossier"}]
    for change in changes:
        with pytest.raises(AccessDenied) as denial:
            point.disclose(request(**change))
        yield from shown_of(denial.value)
    number = WITHHELD["land_parcel.holders.id_number"]
    with pytest.raises(AccessDenied) as denial:
        point.matches(request(action=Action.MATCH, fields=("holders.name",)), number)
    yield f"{denial.value} {denial.value!r} {denial.value.args} {vars(denial.value)}"


def _written(path: Path) -> str:
    """Return the text of a file; of a workbook that of all files in it, whose letters may be written as numbers."""
    if path.suffix != ".xlsx":
        return path.read_text(encoding="utf-8-sig")
    with zipfile.ZipFile(path) as archive:
        return html.unescape("\n".join(archive.read(name).decode() for name in archive.namelist()))


def _commands(setting: ReceivingSetting, outputs: Outputs) -> None:
    """Run the commands that show what was stored and sent, as JSON and with all that can be logged."""
    config = str(setting.write_configuration())
    explain_options = (
        "agreements",
        "explain",
        "land_parcel",
        "--consumer",
        CONSUMER,
        "--agreement",
        AGREEMENT,
        "--action",
        "push",
    )
    explained = (*explain_options, "--action", "push", "--field", "holders.name", "--at", NOW.isoformat())
    texts = [explained, ("audit", "list", "--limit", "500"), ("dead-letters", "list"), ("status",), ("runs",)]
    with setting.database() as database, database.reading() as connection:
        entries = connection.execute(text("SELECT chain, entry FROM audit_entry")).all()
    texts += [("audit", "show", f"{chain}/{entry}") for chain, entry in entries]
    views = [("case", CASE), ("history", "land_parcel", PARCEL_KEY), ("history", "dossier", CASE), ("changes",)]
    for commands, written in ((texts, outputs.texts), (views, outputs.views)):
        for command in commands:
            for flags in (("--json",), ("--debug", "--lang", "vi")):
                written[" ".join((*command, *flags))] = _output("--config", config, *command, *flags)


def _output(*arguments: str) -> str:
    """Return what a command writes to both streams."""
    with pytest.MonkeyPatch.context() as patch:
        out, err = io.StringIO(), io.StringIO()
        patch.setattr("sys.stdout", out)
        patch.setattr("sys.stderr", err)
        code = main(list(arguments))
    assert code == (ExitCode.REFUSED if "explain" in arguments else 0), (arguments, err.getvalue())
    return out.getvalue() + err.getvalue()


def test_no_withheld_value_is_in_anything_that_leaves(outputs: Outputs) -> None:
    hits = outputs.hits()

    print(f"{len(WITHHELD)} canaries, {outputs.size()} bytes searched, {len(hits)} hits")
    assert len(set(WITHHELD.values())) == 50
    assert hits == []


@pytest.mark.parametrize("record_type", RECORDS)
def test_a_granted_value_is_in_everything_that_leaves(outputs: Outputs, record_type: str) -> None:
    """So that the search above can fail."""
    sign = GRANTED[record_type]
    places = {"bodies", *(f"export {record_type}.{name}" for name in FORMATS)}
    places |= {"answer", "refused bodies"} if record_type == "land_parcel" else set()

    missing = [spot for spot in places if not list(_hits({spot: outputs.texts[spot]}, {record_type: sign}))]

    assert missing == []


def test_the_record_is_named_where_its_values_are_not(outputs: Outputs) -> None:
    """What tells of the marked records and of the refusals was written, and searched."""
    named = [spot for spot, written in outputs.texts.items() if PARCEL_KEY in written]

    assert {"table audit_entry", "table delivery", "dead-letters list --json"} <= set(named)
    assert "cchc_connect" in outputs.texts["log"]
    assert "portal" in outputs.texts["table run"] + outputs.texts["status --json"]
    assert len(outputs.texts["refusals"]) > 1000


def test_the_operators_views_show_what_is_not_personal(outputs: Outputs) -> None:
    """The views were carried out over the marked records: the address of a parcel is no personal field."""
    shown = list(_hits(outputs.views, {"address": WITHHELD["land_parcel.address"]}))

    assert f"history land_parcel {PARCEL_KEY} --json: address" in shown
