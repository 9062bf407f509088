"""Location of a file or archive member in a drop folder, as refusals name it."""

from dataclasses import dataclass

from cchc_connect.errors import Rejected
from cchc_connect.messages import Phrase

_MAX_SHOWN_CHARACTERS = 100


@dataclass(frozen=True)
class Place:
    """A file of the folder, or a member of it by number: member names may be personal data and are not shown."""

    file: str
    member: str = ""
    """Number of the member, counted from 1; "2.1" is the first member of the second member. Empty: the file itself."""

    def inner(self, number: int) -> "Place":
        """Return the location of the member `number` of this archive."""
        return Place(self.file, f"{self.member}.{number}" if self.member else str(number))

    def refusal(self, code: str, **context: object) -> Rejected:
        """Return the error that refuses this file."""
        return Rejected(code, where=self.phrase, **context)

    @property
    def phrase(self) -> Phrase:
        """Localized text of the location; control characters of the file name are escaped."""
        shown = "".join(
            character if character.isprintable() else ascii(character)[1:-1]
            for character in self.file[:_MAX_SHOWN_CHARACTERS]
        )
        if not self.member:
            return Phrase("inbox_place.file", {"file": shown})
        return Phrase("inbox_place.member", {"file": shown, "member": self.member})
