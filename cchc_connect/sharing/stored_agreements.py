"""Agreements in the shared database: their versions, what left under them, and the facts that decide on a request."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, func, select, update

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.audit.chain import COMMANDS_CHAIN, canonical_json
from cchc_connect.database.audit.entries import AuditEntry, entry_of_body
from cchc_connect.database.bulk import upsert_row
from cchc_connect.database.reading.records import live_records_query, records_by_key
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.tables import agreement, agreement_use, audit_entry
from cchc_connect.sharing.agencies import AgencyTree, AgencyUnit
from cchc_connect.sharing.agreements import Agreement, AgreementState
from cchc_connect.sharing.facts import (
    AgreementUse,
    DossierFacts,
    Facts,
    StoredAgreement,
)
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import Agency, Dossier, DossierStatus, PartialDate, vietnamese_day

STOPPED = {
    DossierStatus.REFUSED: "refused_at",
    DossierStatus.WITHDRAWN: "withdrawn_at",
    DossierStatus.STOPPED: "stopped_at",
}
"""Status of a dossier that was not processed -> the field with its end."""


ENDINGS = frozenset({"ending", "ended", "withdrawn"})
"""Changes after which a version of an agreement is ended for good."""


def agency_tree(connection: Connection, source: str | None, day: date) -> AgencyTree:
    """Return the agencies as they are on a Vietnamese day, from the records of one connection alone.

    Args:
        connection: an open transaction.
        source: name of the connection whose records say what the agencies are; None: nobody says it, and every code
            stands for itself.
        day: the day.
    """
    if source is None:
        return AgencyTree(day=day)
    is_of_source = record_table(Agency.record_type).c.connection == source
    rows = connection.execute(live_records_query(Agency).where(is_of_source))
    return AgencyTree((_agency_unit(json.loads(row.document)) for row in rows), day=day)


def terms_on(connection: Connection, terms: SharingTerms, day: date) -> SharingTerms:
    """Return the terms of a configuration with the agencies that the database has on a Vietnamese day."""
    return replace(terms, agencies=agency_tree(connection, terms.agencies_from, day))


def stored_agreements(connection: Connection, consumers: Iterable[str] | None = None) -> Sequence[StoredAgreement]:
    """Return every version of every agreement, by id and version.

    Args:
        connection: an open transaction.
        consumers: codes as agreements write them. Of an agreement that has a version for one of these agencies all
            versions are returned, since a version for another agency closes the earlier ones too. None: all agreements.
    """
    query = select(agreement).order_by(agreement.c.id, agreement.c.version)
    if consumers is not None:
        ids = select(agreement.c.id).where(agreement.c.consumer.in_(sorted(consumers)))
        query = query.where(agreement.c.id.in_(ids))
    return [
        StoredAgreement(
            agreement=_parsed(row.body, "expanded"),
            written=_parsed(row.body, "written"),
            state=AgreementState(row.state),
            approved_by_provider=row.approved_by_provider,
            approved_by_consumer=row.approved_by_consumer,
            suspended_by=row.suspended_by,
        )
        for row in connection.execute(query)
    ]


def ending_entry(connection: Connection, reference: str) -> AuditEntry | None:
    """Return the latest entry that says who ended an agreement, or withdrew its draft; None if a purge removed it.

    Args:
        connection: an open transaction.
        reference: id and version, `ID@VERSION`.
    """
    of_agreement = audit_entry.c.body.contains(f'"agreement":{canonical_json(reference)}', autoescape=True)
    query = select(audit_entry.c.body).where(audit_entry.c.chain == COMMANDS_CHAIN, of_agreement)
    for body in connection.execute(query.order_by(audit_entry.c.entry.desc())).scalars():
        entry = entry_of_body(body)
        if entry.agreement == reference and entry.details.get("change") in ENDINGS:
            return entry
    return None


def store_agreement(connection: Connection, stored: StoredAgreement, at: datetime) -> None:
    """Store a version with its state and approvals; one that is stored already is replaced."""
    written = stored.written or stored.agreement
    body = canonical_json({"expanded": stored.agreement.document_body(), "written": written.document_body()})
    values: dict[str, Any] = {
        "body": body,
        "state": stored.state.value,
        "provider": stored.agreement.provider,
        "consumer": stored.agreement.consumer,
        "starts": stored.agreement.starts.isoformat(),
        "ends": stored.agreement.ends.isoformat(),
        "approved_by_provider": stored.approved_by_provider,
        "approved_by_consumer": stored.approved_by_consumer,
        "suspended_by": stored.suspended_by,
        "changed_at": to_timestamp_text(at),
    }
    keys = {"id": stored.agreement.id, "version": stored.agreement.version}
    upsert_row(connection, agreement, keys, values)


def facts_of(connection: Connection, terms: SharingTerms, request: AccessRequest) -> Facts:
    """Return the facts that decide on a request, as they are in this transaction.

    Args:
        connection: an open transaction; within a write transaction no other access is counted in between.
        terms: terms of the configuration, with the agencies of the database.
        request: the request.
    """
    stored = stored_agreements(connection, terms.agencies.codes([request.consumer]))
    return Facts(
        agreements=stored,
        acts=terms.acts,
        agencies=terms.agencies,
        officials=terms.officials,
        dossier=None if request.dossier is None else dossier_facts(connection, request.dossier),
        uses=_uses(connection, {each.agreement.id for each in stored}, request),
        records=terms.records,
    )


def dossier_facts(connection: Connection, code: str) -> DossierFacts | None:
    """Return the dossier with this code; None if there is none, or it is deleted or cannot be read."""
    try:
        dossier = next((record for _, record in records_by_key(connection, Dossier, [code])), None)
    except ValueError:
        return None
    if dossier is None:
        return None
    stopped = STOPPED.get(dossier.status)
    return DossierFacts(
        code=code,
        procedure=dossier.procedure_code,
        agency=dossier.agency_code,
        status=dossier.status,
        processed_at=dossier.processed_at,
        returned_at=dossier.returned_at,
        stopped_at=None if stopped is None else getattr(dossier, stopped),
    )


def count_use(connection: Connection, use: AgreementUse) -> None:
    """Count records that leave, in the write transaction of their audit entry."""
    keys = {"agreement": use.agreement, "day": use.day.isoformat(), "dossier": use.dossier}
    is_row = [column == keys[name] for name, column in agreement_use.c.items() if name in keys]
    counted = connection.execute(
        update(agreement_use).where(*is_row).values(records=agreement_use.c.records + use.records)
    )
    if not counted.rowcount:
        connection.execute(agreement_use.insert().values(**keys, records=use.records))


def count_use_within(connection: Connection, use: AgreementUse, records_per_day: int) -> bool:
    """Count records that leave if the quota of the day has them left; return whether it has."""
    counted = select(func.sum(agreement_use.c.records)).where(
        agreement_use.c.agreement == use.agreement, agreement_use.c.day == use.day.isoformat()
    )
    if (connection.execute(counted).scalar() or 0) + use.records > records_per_day:
        return False
    count_use(connection, use)
    return True


def _uses(connection: Connection, agreements: Iterable[str], request: AccessRequest) -> Sequence[AgreementUse]:
    is_counted = agreement_use.c.day == vietnamese_day(request.at).isoformat()
    if request.dossier is not None:
        is_counted |= agreement_use.c.dossier == request.dossier
    query = select(agreement_use).where(agreement_use.c.agreement.in_(sorted(agreements)), is_counted)
    return [
        AgreementUse(agreement=row.agreement, day=date.fromisoformat(row.day), dossier=row.dossier, records=row.records)
        for row in connection.execute(query)
    ]


def _agency_unit(document: Mapping[str, Any]) -> AgencyUnit:
    codes = (document["code"], document.get("code_qcvn_102"), document.get("code_qd_20"))
    last = document.get("valid_to")
    return AgencyUnit(
        code=document["code"],
        other_codes=tuple(code for code in dict.fromkeys(codes) if code and code != document["code"]),
        parent=document.get("parent_code"),
        successors=tuple(successor["code"] for successor in document.get("successors") or ()),
        valid_to=None if last is None else PartialDate.parse(last).latest(),
    )


@lru_cache(maxsize=1024)
def _parsed(body: str, form: str) -> Agreement:
    return Agreement.model_validate(json.loads(body)[form])
