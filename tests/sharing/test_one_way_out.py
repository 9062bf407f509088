"""One way by which records leave: who else reads their values outside the database is listed, with the reason."""

import ast
from collections.abc import Iterator, Mapping

import pytest

from tests.checkout import Module, modules

pytestmark = pytest.mark.repeats

READING = "cchc_connect.database.reading"
READERS = frozenset(
    f"{READING}.{name}" for name in ("case", "change_feed", "discrepancies", "history", "quarantine_entries", "records")
)
"""Modules that return values of records."""

INSIDE = ("cchc_connect.database", "cchc_connect.config", "cchc_connect.testing", "cchc_connect.monitoring")
"""Rooms that show and send nothing by themselves."""

VALUELESS = frozenset({"last_sequence", "notes_by_key", "DiscrepancyState", "UNHANDLED", "UnreadableRecord"})
"""What the readers have that says nothing of a record's values."""

POINT: Mapping[str, str] = {
    "cchc_connect.sharing.granted_rows": "for the disclosure point: the records that a decision reaches",
    "cchc_connect.sharing.case_keys": "for the disclosure point: keys of the records of a dossier",
    "cchc_connect.sharing.own_evidence": "public papers of procedures; own records, on record before they prove one",
    "cchc_connect.sharing.stored_agreements": "for the disclosure point: agencies, and the dossier of a request",
    "cchc_connect.sharing.unmasked": "records of the operator's own agency, on record before they are shown",
}

MASKED: Mapping[str, str] = {
    "cchc_connect.cli.case": "a masked view",
    "cchc_connect.cli.case_search": "a masked list",
    "cchc_connect.cli.changes": "a masked view",
    "cchc_connect.cli.demo": "a masked view of invented persons",
    "cchc_connect.cli.history": "a masked view",
    "cchc_connect.cli.quarantine": "a masked view of items",
    "cchc_connect.cli.shown_discrepancies": "a masked view",
    "cchc_connect.corrections.owner_files": "for an agency: what stands in its own record, personal values left out",
    "cchc_connect.exports.stored_rows": "an export that is masked as soon as a document is read",
}
"""Operator's side: each masks what it reads, or shows what `sharing.unmasked` reveals."""

OTHERS: Mapping[str, str] = {
    "cchc_connect.cli.discrepancies": "lists what `shown_discrepancies` made of it",
    "cchc_connect.cli.misreadings": "words of code lists that nothing translates, which no person's field has",
    "cchc_connect.cli.demo_indicators": "names of agencies",
    "cchc_connect.cli.kpi_report": "names of agencies",
    "cchc_connect.kpi.following": "facts about dossiers that indicators count, without a person's fields",
    "cchc_connect.quality.registered": "the list of databases, which has no persons",
    "cchc_connect.sync.synchronizer": "takes entries of the quarantine to process them again",
}

MASKING = frozenset({"cchc_connect.privacy.masking"})


def imported_names(module: Module) -> Iterator[tuple[str, str]]:
    """Yield module and name of everything that a module imports from one."""
    for node in module.nodes():
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                origin = node.module or ""
                inner = f"{origin}.{alias.name}"
                yield (inner, "*") if inner in READERS else (origin, alias.name)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "*") for alias in node.names)


def reads_values(module: Module) -> bool:
    return any(origin in READERS and name not in VALUELESS for origin, name in imported_names(module))


def outside() -> Iterator[Module]:
    for module in modules():
        if module.name.startswith("cchc_connect.") and not module.name.startswith(INSIDE):
            yield module


def test_only_the_disclosure_point_and_masked_views_read_records() -> None:
    reading = {module.name for module in outside() if reads_values(module)}

    assert reading == POINT.keys() | MASKED.keys() | OTHERS.keys()


def test_each_masked_view_masks() -> None:
    masking = {module.name for module in outside() if any(origin in MASKING for origin, _ in imported_names(module))}

    assert MASKED.keys() <= masking


def test_no_export_and_no_route_reads_unmasked_records_but_through_the_disclosure_point() -> None:
    """What writes for a recipient knows the disclosure point and no reader."""
    of_recipients = {"cchc_connect.exports.recipient_files", "cchc_connect.cli.export_for", "cchc_connect.cli.unmasked"}
    origins = {module.name: {origin for origin, _ in imported_names(module)} for module in outside()}

    readers = {module.name: reads_values(module) for module in outside()}

    for name in of_recipients:
        assert origins[name] & {"cchc_connect.sharing.disclosure", "cchc_connect.sharing.operator"}
        assert not readers[name]


DOCUMENTS: Mapping[str, str] = {
    "cchc_connect.corrections.findings": "a field before and after, which are compared and go nowhere",
    "cchc_connect.database.outbox.deliveries": "messages of routes, which name what they withhold",
    "cchc_connect.exports.stored_rows": "an export that is masked as soon as a document is read",
    "cchc_connect.sharing.route_rows": "a record of today, which decides whether an older message of it may leave",
    "cchc_connect.sharing.unmasked": "persons in the operator's own records, for the subject index",
    "cchc_connect.kpi.following": "facts about dossiers that indicators count, without a person's fields",
    "cchc_connect.sync.unreadable_members": "which fields have values, for the watch on sources",
}
"""Module outside of reading and writing -> why it selects documents from the table of changes."""


def test_documents_are_selected_nowhere_else() -> None:
    rooms = (READING, "cchc_connect.database.writing", "cchc_connect.database.migrations")
    selecting = {
        module.name
        for module in modules()
        for node in module.nodes()
        if isinstance(node, ast.Attribute) and node.attr == "document"
        if isinstance(node.value, ast.Attribute) and node.value.attr == "c"
        if not module.name.startswith(rooms)
    }

    assert selecting == DOCUMENTS.keys()


@pytest.mark.parametrize(
    "statement",
    [
        f"from {READING}.records import records",
        f"from {READING} import case",
        f"import {READING}.history",
        f"from {READING}.change_feed import Change, last_sequence",
    ],
)
def test_every_form_of_import_is_found(statement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = next(module for module in outside() if not reads_values(module))
    monkeypatch.setitem(vars(module), "tree", ast.parse(statement))

    assert reads_values(module)
