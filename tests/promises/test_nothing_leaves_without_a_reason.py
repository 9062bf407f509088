"""Nothing leaves without a reason.

A route names an agreement or is refused, and sends while it is in force; each message stands in a hash-chained journal;
what is withheld stays here.
"""

import pytest
from sqlalchemy import text

from cchc_connect import ConfigurationError
from cchc_connect.sync.report import RunStatus
from tests.audit_log import broken_entry, documents
from tests.promises.setting import ProvinceSetting


def test_a_route_without_an_agreement_is_refused(province: ProvinceSetting) -> None:
    """Not even a written reason lets it send: no run begins."""
    reasons = {"purpose": "Công khai tiến độ", "legal_basis": "Quyết định 766/QĐ-TTg"}
    by_agreement = province.tables["routes"]["to-portal"]
    for instead in ({}, reasons):
        route = {**by_agreement, **instead}
        del route["agreement"]
        province.tables["routes"] = {"to-portal": route}

        with pytest.raises(ConfigurationError):
            province.sync()

    assert province.agencies.national_portal.message_count == 0


def test_a_route_whose_agreement_is_not_in_force_sends_nothing(province: ProvinceSetting) -> None:
    province.tables["routes"]["to-portal"]["agreement"] = "not-stored"

    report = province.sync()

    assert {line.outcome for line in report.lines if line.name == "to-portal"} == {RunStatus.HELD}
    assert province.agencies.national_portal.message_count == 0


def test_every_delivered_record_is_in_the_audit_log_with_its_reason(province: ProvinceSetting) -> None:
    """The portal's records and the delivered records of the audit log are the same."""
    province.sync()

    with province.database() as database, database.reading() as connection:
        bodies = documents(connection, kind="push")
        assert broken_entry(connection) is None
    delivered = {
        key
        for body in bodies
        for key in body["keys"]
        if body["record_type"] == "dossier" and body["outcome"] == "delivered"
    }
    assert delivered == set(province.agencies.national_portal.dossiers)
    reasons = {(body["agreement"], body["purpose"], *body["acts"]) for body in bodies}
    agreement = province.tables["routes"]["to-portal"]["agreement"]
    assert reasons == {(f"{agreement}@1", "progress_publication", "qd-766-2022")}


def test_withheld_fields_are_not_sent(province: ProvinceSetting) -> None:
    """A field that the route withholds, or that the agreement does not grant, is empty at the receiver."""
    route = {**province.tables["routes"]["to-portal"], "withhold": ["dossier.applicant_name"]}
    province.tables["routes"] = {"to-portal": route}

    province.sync()

    arrived = province.agencies.national_portal.dossiers.values()
    assert arrived
    names = ("ChuHoSo", "SoDienThoai", "SoGiayToChuHoSo")
    assert {payload[name] for payload in arrived for name in names} == {""}


def test_an_audit_log_cut_at_its_end_is_detected(province: ProvinceSetting) -> None:
    """The hash chain alone would look complete; the last entry that runs recorded shows that it was longer."""
    province.sync()
    with province.database() as database, database.writing() as connection:
        last = connection.execute(text("SELECT max(entry) FROM audit_entry")).scalar_one()
        connection.execute(text("DELETE FROM audit_entry WHERE entry = :last"), {"last": last})

    with province.database() as database, database.reading() as connection:
        assert broken_entry(connection) == ("runs", last)
