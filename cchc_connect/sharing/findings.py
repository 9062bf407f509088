"""A finding about an agreement: a fault that keeps it from being applied, or a warning."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cchc_connect.messages import Message


class FindingLevel(StrEnum):
    """How much a finding matters."""

    FAULT = "fault"
    """The agreement is not applied."""
    WARNING = "warning"
    """It works, and somebody should look."""


_TABLES = {FindingLevel.FAULT: "agreement_fault", FindingLevel.WARNING: "agreement_warning"}


@dataclass(frozen=True, kw_only=True)
class AgreementFinding:
    """One finding, with its place."""

    level: FindingLevel
    code: str
    """Stable code, for instance `field_unknown`."""
    agreement: str = ""
    """Id of the agreement; empty where the file is no table of agreements."""
    at: str = ""
    """Where in the agreement: "grant.1.fields"; empty for the whole."""
    file: Path | None = None
    """File that it stands in; None of a stored agreement."""
    context: Mapping[str, object] = field(default_factory=dict[str, object])
    problem: Message | None = None
    """The sentence of a fault of the file's form; of the others `code` leads to it."""

    @property
    def message(self) -> Message:
        """Return the sentence: place, what is there, what is expected."""
        problem = self.problem or Message(f"agreement_{self.level}.{self.code}", self.context)
        file = Message("agreement_place.stored") if self.file is None else self.file.name
        where = {"file": file, "agreement": self.agreement, "at": self.at}
        return Message(
            "agreement_place.inside" if self.at else "agreement_place.outside", {**where, "problem": problem}
        )


def fault(code: str, at: str, **context: object) -> AgreementFinding:
    """Return a fault at a place of an agreement."""
    return AgreementFinding(level=FindingLevel.FAULT, code=code, at=at, context=context)


def warning(code: str, at: str, **context: object) -> AgreementFinding:
    """Return a warning at a place of an agreement."""
    return AgreementFinding(level=FindingLevel.WARNING, code=code, at=at, context=context)
