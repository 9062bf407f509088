"""The code of the guide docs/adapters.md runs as it stands."""

import re
from pathlib import Path
from typing import Any

import pytest

import cchc_connect
import cchc_schemas
from cchc_connect import DeliveryStatus, HttpResponse, Outgoing, Receipt, Verdict
from cchc_connect.testing import FAULTS
from cchc_schemas import DossierStatus

GUIDE = Path(__file__).parents[1] / "docs" / "adapters.md"


@pytest.fixture
def statuses() -> Any:
    """Give the guide's target, made from the text that a reader copies."""
    (code,) = re.findall(r"```python\n(class Statuses.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names = {name: getattr(cchc_connect, name) for name in dir(cchc_connect)}
    space: dict[str, Any] = {**names, "Dossier": cchc_schemas.Dossier, "Sequence": list}
    exec(code, space)  # noqa: S102  # it is our own guide
    return space["Statuses"]()


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (Verdict.OK, DeliveryStatus.DELIVERED),
        (Verdict.DUPLICATE, DeliveryStatus.DUPLICATE),
        (Verdict.NOT_FOUND, DeliveryStatus.REFUSED),
    ],
)
def test_the_guides_target_returns_a_receipt_for_each_verdict(
    statuses: Any, verdict: Verdict, outcome: DeliveryStatus
) -> None:
    """It sends one status and returns one receipt."""
    dossier = cchc_schemas.Dossier(
        code="000.00.05.H09-260302-0001", procedure_code="1.013225", status=DossierStatus.IN_PROCESS
    )
    outgoing = Outgoing(record=dossier, idempotency_key="k1", previously_delivered=False)

    conversation = statuses.deliver([outgoing])
    request = next(conversation)
    with pytest.raises(StopIteration) as ended:
        conversation.send(HttpResponse(status=200, headers={}, body=b"", verdict=verdict))

    receipts: list[Receipt] = ended.value.value
    assert request.path == "/dossiers/000.00.05.H09-260302-0001/status"
    assert request.json == {"status": 4, "message": "k1"}
    assert [receipt.status for receipt in receipts] == [outcome]


def test_the_guide_counts_the_named_faults() -> None:
    assert f"{len(FAULTS)} faults of networks and servers have names" in GUIDE.read_text(encoding="utf-8")
