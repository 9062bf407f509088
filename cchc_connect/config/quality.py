"""How good the items of a connection must be: `[connections.NAME.quality]`; how much each rule matters by default."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from cchc_connect.config.tables import ConfigTable
from cchc_connect.messages.catalogue import Language, sentences_by_code


class Severity(StrEnum):
    """How much a note matters."""

    INFO = "info"
    """Expected: stored with the record and counted, and nothing more."""
    WARNING = "warning"
    """Reported; a source in which one value is left out of too many items is on hold."""
    REJECT = "reject"
    """A fault: the item goes into quarantine."""


DEFAULT_SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    dict.fromkeys(
        (
            # The value is stored as it was sent, or says nothing in a spelling that is known.
            *("spelling_unified", "date_placeholder", "ring_not_closed"),
            *("geometry_empty", "ring_repeated", "ring_direction_contradicted"),
            *("procedure_code_irregular", "dossier_code_irregular", "agency_code_irregular", "field_code_irregular"),
            *("national_parcel_id_irregular", "land_use_code_unknown", "land_change_code_unknown"),
            *("permit_kind_unknown", "permit_step_unknown", "works_status_unknown", "land_use_code_not_in_force"),
            *("citizen_id_irregular", "tax_code_irregular", "identity_number_irregular", "identity_placeholder"),
            *("unit_converted", "status_kept"),
        ),
        Severity.INFO,
    )
)
"""Severity of each rule that a connection does not name; of a rule that is not here it is `warning`.

The sentence of a rule is that of its key in the table `fault` of the message catalogues.
"""

OF_WHOLE_ITEMS = frozenset(
    {
        *("whole", "key_twice", "key_taken", "translation_failed", "engine_failed", "json_unreadable"),
        *("field_unknown", "crs_contradicted", "change_time_ahead", "transition_unusual", "property_missing"),
    }
)
"""Entries of the table `fault` whose severity cannot be chosen: of the whole item, or noted when it is written."""


class QualityTable(ConfigTable):
    """How good items must be: `quality = { strict = true }` or `quality = { rules = { RULE = "reject" } }`."""

    strict: bool = False
    """Whether an optional value that cannot be read puts its item into quarantine; else it is left out, with a note."""
    rules: Mapping[str, Severity] = {}
    """Severity of notes by rule: `info`, `warning` or `reject`; of the others the default one."""

    def severity(self, rule: str) -> Severity:
        """Return the severity of the notes of a rule."""
        return self.rules.get(rule) or DEFAULT_SEVERITIES.get(rule, Severity.WARNING)

    @property
    def rejected(self) -> frozenset[str]:
        """Return the rules whose notes are faults."""
        return frozenset(rule for rule, severity in self.rules.items() if severity is Severity.REJECT)

    @property
    def translation_key(self) -> str:
        """Return what changes when other items are faulty than before; "" if the default ones are."""
        return ",".join([*(["strict"] if self.strict else []), *sorted(self.rejected)])


DEFAULT_QUALITY = QualityTable()

QualityPartName = Literal["valid", "complete", "consistent", "agreed", "unique", "timely"]
"""Parts of the quality score."""


class QualityScoreTable(ConfigTable):
    """How the quality score of agencies is weighed. Table `[quality]`."""

    weights: Mapping[QualityPartName, Annotated[int, Field(ge=0, le=100)]] = {}
    """Points of each part; a part that is not named has those of the package."""


def known_rules() -> list[str]:
    """Return the rules whose severity a connection may choose."""
    codes = (code.partition(".") for code in sentences_by_code(Language.ENGLISH))
    return [rule for table, _, rule in codes if table == "fault" and rule not in OF_WHOLE_ITEMS]
