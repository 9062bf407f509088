"""A system that leaves a deleted item in its listing, with a mark, and counts it in its total."""

import json
from typing import Any

import pytest

from cchc_connect.testing import ReceivedRequest, ServerResponse, check_adapter, json_response
from cchc_connect.testing.kit.rule import RuleBroken
from cchc_connect.testing.kit.setup import Setup
from tests.conformance.register import Register
from tests.conformance.shipped import REGISTER
from tests.conformance.test_rules_can_fail import case_of

OPTIONS = {"sources": {"land_parcel": {**REGISTER, "deletes": {"property": "isDeleted", "values": [True]}}}}
ACCOUNT = {"account": {"kind": "api_key", "key": "mat-khau-mau"}}


class MarkingRegister(Register):
    """Parcels, one of which is deleted already."""

    def __init__(self, parcels: int = 8) -> None:
        super().__init__(parcels)
        self.remove("land_parcel")

    def enter(self, number: int) -> None:
        """Enter a parcel, or change one."""
        super().enter(number)
        self.parcels[f"P{number:03}"]["isDeleted"] = False

    def remove(self, record_type: str) -> None:
        """Mark the parcel whose change is the oldest among those that are not deleted."""
        del record_type
        live: dict[str, Any] = next(parcel for parcel in self.parcels.values() if not parcel["isDeleted"])
        self.enter(int(live["number"]))
        self.parcels[live["id"]]["isDeleted"] = True


class MiscountingRegister(MarkingRegister):
    """It announces one parcel too many."""

    def _page(self, request: ReceivedRequest) -> ServerResponse:
        document = json.loads(super()._page(request).body)
        return json_response({**document, "total": document["total"] + 1})


test_marking_register = check_adapter("rest", system=MarkingRegister, options=OPTIONS, connection=ACCOUNT)


def test_a_total_that_counts_more_than_items_and_deleted_ones_is_found() -> None:
    setup = Setup(adapter="rest", system=MiscountingRegister, options=OPTIONS, connection=ACCOUNT)

    with setup.opened() as bench, pytest.raises(RuleBroken) as broken:
        case_of(setup, "pages_add_up").check(bench)

    assert broken.value.message.code == "kit.total_differs"
