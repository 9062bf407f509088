"""Where in a drop folder something is wrong: what every refusal says."""

from dataclasses import dataclass

from cchc_connect.errors import Rejected
from cchc_connect.messages import Phrase

_SHOWN = 100


@dataclass(frozen=True)
class Place:
    """A file of the folder, or a member of it by its number: members' names may be personal and stay unsaid."""

    file: str
    member: str = ""
    """Number of the member, from 1; behind a dot that of a member's own member."""

    def inner(self, number: int) -> "Place":
        """Return the place of a member."""
        return Place(self.file, f"{self.member}.{number}" if self.member else str(number))

    def refusal(self, code: str, **context: object) -> Rejected:
        """Return the error that sets this file aside."""
        return Rejected(code, where=self.phrase, **context)

    @property
    def phrase(self) -> Phrase:
        """Return it in words; whatever could steer a terminal is spelt out."""
        shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in self.file[:_SHOWN])
        if not self.member:
            return Phrase("drop_folder_location.file", {"file": shown})
        return Phrase("drop_folder_location.member", {"file": shown, "member": self.member})
