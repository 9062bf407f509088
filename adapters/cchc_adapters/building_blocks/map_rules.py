"""Check the field map that a connection gives in TOML against the record that an adapter makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cchc_connect.wire.field_rules import FieldRule
from cchc_connect.wire.named_codecs import INSTANTS
from cchc_connect.wire.rule_shapes import rules_fit
from cchc_schemas import Record


@dataclass(frozen=True, kw_only=True)
class MapRules:
    """What the field maps of one record type may and must have."""

    record_type: type[Record]
    required: tuple[str, ...]
    """Fields without which there is no record."""
    made_by_adapter: frozenset[str]
    """Fields for which there is no rule."""
    other_fields: frozenset[str]
    """Names that the adapter reads by itself, whose rules may have any shape."""

    def check(self, rules: Mapping[str, FieldRule], *, overrides: bool = False) -> None:
        """Check the rules of a field map; with `overrides` they only change a built-in one.

        Raises:
            ValueError: a rule is for no field, has the wrong shape, or is missing, or the time of the last change is
                not read as an instant.
        """
        mappable = (self.record_type.model_fields.keys() | self.other_fields) - self.made_by_adapter
        if unknown := {name.partition(".")[0] for name in rules} - mappable:
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
        rules_fit(rules, self.record_type, other_fields=self.other_fields)
        removed = {name for name, rule in rules.items() if not rule.reads()}
        if missing := [name for name in self.required if name in removed or not (overrides or name in rules)]:
            raise ValueError(f"no rule for: {', '.join(missing)}")
        if (changed_at := rules.get("changed_at")) and changed_at.codec not in INSTANTS:
            raise ValueError("changed_at needs a codec for instants")
