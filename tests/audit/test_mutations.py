"""The audit log cannot be rewritten: whoever may write the whole database is found out by what is kept elsewhere."""

from collections import Counter
from pathlib import Path

import pytest

from cchc_connect.database.audit.verification import VerificationOutcome
from tests.audit.mutations import mutations
from tests.audit.sealed_log import SealedLog, sealed_log


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SealedLog:
    return sealed_log(Path(tmp_path_factory.mktemp("log")))


def test_the_log_as_it_was_written_is_intact(log: SealedLog) -> None:
    """Otherwise the mutations would prove nothing."""
    with log.copy() as copy:
        verification = log.verify(copy)

    assert (verification.outcome, verification.fault) == (VerificationOutcome.INTACT, None)
    assert (verification.entries, verification.seals, verification.unsealed) == (48, 12, 0)


@pytest.mark.parametrize(
    "number", [130, pytest.param(1000, marks=pytest.mark.long)], ids=["few", "as many as are promised"]
)
def test_every_mutation_is_found(log: SealedLog, number: int) -> None:
    """With the public key and an anchor. `pytest -s` shows the figure."""
    discovered, missed, faults = 0, list[str](), Counter[str]()
    for mutation, random in mutations(number, seed=1):
        with log.copy() as copy:
            done = mutation(copy, random)
            verification = log.verify(copy)
        if verification.outcome is VerificationOutcome.BROKEN and verification.fault is not None:
            discovered += 1
            faults[verification.fault.code] += 1
        else:
            missed.append(f"{done}: {verification.outcome}")

    print(f"\n{discovered} of {number} mutations of the audit log found: {dict(faults)}")
    assert missed == []


def test_a_last_seal_whose_instant_is_unreadable_is_found(log: SealedLog) -> None:
    with log.copy() as copy:
        copy.execute("UPDATE audit_seal SET at = replace(at, '2026-08', '2026=08')")
        verification = log.verify(copy)

    assert (verification.outcome, verification.sealed_at) == (VerificationOutcome.BROKEN, None)
