"""Values of discrepancies as they may be shown: each side is provided by another agency."""

from collections.abc import Iterator, Sequence

from cchc_connect.cli.context import CommandContext
from cchc_connect.config.file import Config
from cchc_connect.database.reading.discrepancies import Discrepancy
from cchc_connect.privacy.masking import HIDDEN, masked_field
from cchc_connect.sharing.unmasked import Denial, ProvidedRecord, Revealed, UnmaskedView
from cchc_schemas import RECORD_TYPES

CLAIM = "claim"
"""Reason: a value that contradicts the owner's is no record, so no agreement shares it."""


class ShownDiscrepancies:
    """Discrepancies with their values masked, or shown as far as they may be; that is on record before.

    A value is provided by the agency of the connection that sent it. The owner's value is in the record, and an
    agreement may grant it.
    """

    def __init__(
        self, discrepancies: Sequence[Discrepancy], command: CommandContext, view: UnmaskedView | None
    ) -> None:
        """Put on record what will be shown.

        Raises:
            AccessDenied: nothing may be shown.
        """
        self.discrepancies = discrepancies
        self._view = view
        self._agencies = dict[str, str]()
        self._revealed = Revealed()
        self.denials: Sequence[Denial] = ()
        if view is not None:
            connections = Config.load(command.config).connections
            self._agencies = {name: table.agency for name, table in connections.items()}
            self._revealed = view.reveal(self._provided(view))
            self.denials = (*self._revealed.denials, *self._claims(view))
            self._revealed.require_some()

    def value(self, discrepancy: Discrepancy) -> object:
        """Return the value that contradicts the owner's, as it may be shown."""
        return self._shown(discrepancy, discrepancy.connection, discrepancy.value)

    def owner_value(self, discrepancy: Discrepancy) -> object:
        """Return the owner's value, as it may be shown."""
        granted = self._revealed.released.get((discrepancy.record_type, discrepancy.record_key), {})
        if discrepancy.field in granted and not self._is_own(discrepancy.owner):
            return granted[discrepancy.field]
        return self._shown(discrepancy, discrepancy.owner, discrepancy.owner_value)

    def _shown(self, discrepancy: Discrepancy, connection: str, value: object) -> object:
        if self._is_own(connection):
            return value
        record_class = RECORD_TYPES.get(discrepancy.record_type)
        return HIDDEN if record_class is None else masked_field(record_class, discrepancy.field, value)

    def _is_own(self, connection: str) -> bool:
        return self._view is not None and self._view.is_own(self._agency(connection))

    def _agency(self, connection: str) -> str:
        return self._agencies.get(connection, connection)

    def _provided(self, view: UnmaskedView) -> Iterator[ProvidedRecord]:
        for each in self.discrepancies:
            owner, sender = self._agency(each.owner), self._agency(each.connection)
            yield ProvidedRecord(each.record_type, each.record_key, owner)
            if view.is_own(sender):
                yield ProvidedRecord(each.record_type, each.record_key, sender)

    def _claims(self, view: UnmaskedView) -> Iterator[Denial]:
        """Yield how many values of other agencies stay masked."""
        claims = dict[tuple[str, str], int]()
        for each in self.discrepancies:
            sender = self._agency(each.connection)
            if not view.is_own(sender):
                claims[each.record_type, sender] = claims.get((each.record_type, sender), 0) + 1
        for (record_type, sender), count in claims.items():
            yield Denial(record_type=record_type, provider=sender, reasons=(CLAIM,), records=count)
