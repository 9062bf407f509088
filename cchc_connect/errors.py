"""Every error the library raises, drawn by what to do about it.

    CchcError
    ├── Fatal                     stop: a person must change something first
    │   ├── ConfigurationError    cchc.toml, a secret, an adapter's options
    │   ├── DatabaseUnusable      the shared database cannot be opened or is newer than this program
    │   │   └── DatabaseLost      its connection broke; what was not committed can be written again
    │   ├── LeaseHeld             another run is at work; leave, it is not an error of yours
    │   └── LeaseLost             this run froze past its lease and may write nothing more
    ├── SourceHeld                stop this source: it answers nonsense, nothing of it is believed
    │   ├── AuthenticationFailed  the other side refuses our credentials
    │   └── StartOver             it does not know any more where we were; everything is read anew
    ├── Retriable                 back off; the same call may succeed later
    │   ├── Stopped               a person or the machine asked the run to end; the next goes on from there
    │   ├── Unreachable           no connection, or it broke
    │   ├── CutShort              the answer ended before its end
    │   ├── DeadlineExceeded      the call's whole time is used up
    │   ├── Throttled             the other side asks for less traffic
    │   ├── Maintenance           the other side says it is not working now
    │   └── OutsideHours          the other side may not be asked at this time of day
    └── Rejected                  set this one aside and go on with the next
        └── MessageRefused        the other side will never accept this message

An error carries a stable `code` and its `context`; both are API, the sentence made from them is not.
The sentences stand in `cchc_connect/messages/*.toml`, one file a language, and hold no personal value.
"""

from cchc_connect.messages import Language, message


class CchcError(Exception):
    """Root of every error of this library."""

    def __init__(self, code: str, /, **context: object) -> None:
        """Keep the message's `code` and the values it speaks of; never a personal value or a secret."""
        super().__init__(code)
        self.code = code
        self.context = context

    def in_language(self, language: Language) -> str:
        """Say what happened and what to do next, in `language`."""
        return message(self.code, language, self.context)

    def __str__(self) -> str:
        return self.in_language(Language.ENGLISH)


class Fatal(CchcError):
    """Stop: a person must change something first."""


class ConfigurationError(Fatal):
    """The configuration names something that does not exist or cannot be read."""


class DatabaseUnusable(Fatal):
    """The shared database cannot be opened, written or understood."""


class DatabaseLost(DatabaseUnusable):
    """The connection to the database broke; the same transaction may succeed on another one."""


class LeaseHeld(Fatal):
    """Another run holds the lease."""


class LeaseLost(Fatal):
    """This run's lease was taken over; its fencing token no longer opens the database for writing."""


class SourceHeld(CchcError):
    """The source answers what cannot be believed; it is held until an answer makes sense again."""


class AuthenticationFailed(SourceHeld):
    """The other side refuses our credentials."""


class StartOver(SourceHeld):
    """The source does not know a position, or what changed since then, any more (410 Gone, say); raised by adapters."""

    def __init__(self, code: str = "source.start_over", /, **context: object) -> None:
        """Tell the engine to read everything, once; twice in one run holds the source."""
        super().__init__(code, **context)


class Retriable(CchcError):
    """Back off: the same call may succeed later."""


class Stopped(Retriable):
    """The run was asked to end; what is committed stays and the next run goes on from there."""


class Unreachable(Retriable):
    """No connection could be made, or it broke before an answer."""


class CutShort(Retriable):
    """The answer ended before its end."""


class DeadlineExceeded(Retriable):
    """The call's whole time, over all its attempts, is used up."""


class Throttled(Retriable):
    """The other side asks for less traffic."""

    def __init__(self, code: str, /, *, retry_after_s: float | None = None, **context: object) -> None:
        """Keep how long the other side asked us to wait, in seconds, if it said so."""
        super().__init__(code, **context)
        self.retry_after_s = retry_after_s


class Maintenance(Retriable):
    """The other side says it is not working now."""


class OutsideHours(Retriable):
    """The configuration lets the other side be asked at other times of day only."""


class Rejected(CchcError):
    """Set this one aside and go on with the next."""


class MessageRefused(Rejected):
    """The other side will never accept this message."""
