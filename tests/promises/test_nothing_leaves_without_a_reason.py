"""Nothing leaves without a reason.

A route has a purpose and a legal basis or is refused; each message stands in a hash-chained journal; what is
withheld stays here.
"""

import pytest
from sqlalchemy import text

from cchc_connect import ConfigurationError
from tests.audit_log import broken_entry, documents
from tests.promises.setting import ProvinceSetting


@pytest.mark.parametrize("key", ["purpose", "legal_basis"])
def test_a_route_without_a_reason_is_refused(province: ProvinceSetting, key: str) -> None:
    """Without a purpose or a legal basis no run begins and nothing is sent."""
    route = dict(province.tables["routes"]["to-portal"])
    del route[key]
    province.tables["routes"] = {"to-portal": route}

    with pytest.raises(ConfigurationError):
        province.sync()

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
    assert {(body["purpose"], body["legal_basis"]) for body in bodies} == {
        (route["purpose"], route["legal_basis"]) for route in province.tables["routes"].values()
    }


def test_withheld_fields_are_not_sent(province: ProvinceSetting) -> None:
    """A field that the route withholds is empty at the receiver."""
    route = {**province.tables["routes"]["to-portal"], "withhold": ["dossier.applicant_phone", "dossier.applicant_id"]}
    province.tables["routes"] = {"to-portal": route}

    province.sync()

    arrived = province.agencies.national_portal.dossiers.values()
    assert arrived
    assert {(payload["SoDienThoai"], payload["SoGiayToChuHoSo"]) for payload in arrived} == {("", "")}


def test_an_audit_log_cut_at_its_end_is_detected(province: ProvinceSetting) -> None:
    """The hash chain alone would look complete; the last entry that runs recorded shows that it was longer."""
    province.sync()
    with province.database() as database, database.writing() as connection:
        last = connection.execute(text("SELECT max(entry) FROM audit_entry")).scalar_one()
        connection.execute(text("DELETE FROM audit_entry WHERE entry = :last"), {"last": last})

    with province.database() as database, database.reading() as connection:
        assert broken_entry(connection) == ("runs", last)
