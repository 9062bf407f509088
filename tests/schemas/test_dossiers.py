"""Dossiers: every status, every transition, the order of their dates and steps."""

from collections.abc import Callable
from itertools import product

import pytest

from cchc_schemas import Dossier, DossierStatus, DossierStep, Fault, Note, RecordInvalid, is_usual_transition
from tests.schemas.invented import DOSSIER

STEP: dict[str, object] = {
    "dossier_code": "000.00.05.H09-210927-0001",
    "at": "2021-09-28T09:00:00+07:00",
    "action": "Thẩm định hồ sơ",
    "status": 4,
}

USUAL: dict[int | None, set[int]] = {
    None: {1, 2},
    1: {2, 3, 7},
    2: {4, 5, 6, 7, 8, 9},
    3: set(),
    4: {5, 6, 7, 8, 9},
    5: {2, 4, 7, 8},
    6: {2, 4, 7},
    7: set(),
    8: {2, 4},
    9: {2, 4, 10},
    10: {2, 4},
}


@pytest.mark.parametrize("status", DossierStatus)
@pytest.mark.parametrize("write", [int, str], ids=["number", "text"])
def test_every_status_is_taken_as_number_and_as_text(status: DossierStatus, write: Callable[[int], object]) -> None:
    assert Dossier.read({**DOSSIER, "status": write(status.value)}).record.status is status


@pytest.mark.parametrize("status", [0, 11, "", "Đang xử lý", None])
def test_a_status_that_the_portal_has_not_is_refused(status: object) -> None:
    with pytest.raises(RecordInvalid) as refusal:
        Dossier.read({**DOSSIER, "status": status})

    assert refusal.value.faults == (Fault("status", "missing" if status is None else "value_unknown"),)


@pytest.mark.parametrize(("before", "after"), list(product([None, *DossierStatus], DossierStatus)))
def test_every_transition_is_usual_or_not(before: DossierStatus | None, after: DossierStatus) -> None:
    assert is_usual_transition(before, after) == (after == before or after in USUAL[before])


@pytest.mark.parametrize(
    ("dates", "notes"),
    [
        ({}, []),
        ({"received_at": "2021-09-26T08:15:00+07:00"}, ["received_at"]),
        ({"processed_at": "2021-09-01T00:00:00Z"}, ["processed_at"]),
        ({"received_at": None, "returned_at": "2021-09-01T00:00:00Z"}, ["returned_at"]),
        ({"due_at": "2021-09-01T00:00:00Z"}, ["due_at"]),
        ({"processed_at": "2021-11-01T00:00:00Z"}, []),  # late is not out of order
    ],
)
def test_dates_out_of_order_are_noted(dates: dict[str, object], notes: list[str]) -> None:
    reading = Dossier.read({**DOSSIER, **dates})

    assert reading.notes == tuple(Note(path, "dates_out_of_order") for path in notes)


def test_the_key_of_a_step_tells_dossier_instant_and_action() -> None:
    assert DossierStep.read(STEP).record.key == "000.00.05.H09-210927-0001@20210928T020000Z@Thẩm định hồ sơ"
    assert DossierStep.read({**STEP, "action_code": "8100"}).record.key.endswith("@20210928T020000Z@8100")


def test_the_steps_of_a_dossier_are_delivered_in_its_order() -> None:
    step, dossier = DossierStep.read(STEP).record, Dossier.read(DOSSIER).record

    assert step.order_key == dossier.order_key == dossier.key
