"""Every error that the library raises. The class of an error says what the caller should do about it.

    CchcError
    ├── Fatal                     end the run: it cannot go on
    │   ├── ConfigurationError    cchc.toml, a secret, an adapter's options
    │   ├── UsageMistake          the caller names something that does not exist, or gives a value of a wrong kind
    │   ├── DatabaseUnusable      the shared database cannot be opened or is newer than this program
    │   │   └── DatabaseLost      its connection broke; what was not committed can be written again
    │   ├── LeaseHeld             another run has the lease; nothing is wrong, run again later
    │   └── LeaseLost             this run froze until its lease expired and may write nothing more
    ├── SourceHeld                put this stream or route on hold: a response is implausible and is not used
    │   ├── AuthenticationFailed  the other system refuses our credentials
    │   ├── ResponseUnreadable    the body is not what the adapter reads
    │   └── StartOver             the source does not recognise our page token or watermark; read all again, once
    ├── Retriable                 back off; the same call may succeed later
    │   ├── Unreachable           no connection, or the connection broke
    │   ├── CutShort              the response is incomplete
    │   ├── DeadlineExceeded      the time limit of the call, over all its attempts, is used up
    │   ├── Throttled             the other system requests less traffic
    │   ├── Maintenance           the other system says that it does not work now
    │   └── OutsideHours          the configuration allows no request at this time of day
    ├── Stopped                   a person or the machine asked the run to end; the next run continues from there
    ├── Rejected                  set this one record or message aside and continue with the next
    │   └── MessageRefused        the other system will never accept this message
    ├── AccessDenied              no agreement in force covers the access request
    └── NotFound                  what was asked for is not in the shared database
        └── RecordNotFound        no such record

    try:
        report = synchronizer.synchronise()
    except LeaseHeld:
        return  # another run is active
    except Fatal as error:
        sys.exit(error.in_language(Language.VIETNAMESE))

An error carries a stable `code` and its `context`. Both are API; the sentence made from them is not.
The sentences are in `cchc_connect/messages/*.toml`, one file for each language. They contain no personal value.
"""

from cchc_connect.messages import Language, Message, Messages, render_message


class CchcError(Exception):
    """Root of every error of this library."""

    def __init__(self, code: str, /, **context: object) -> None:
        """Create the error.

        Args:
            code: stable key of the sentence in the message catalogue, for instance `source.shrunk`.
            context: values for the placeholders of the sentence; never a personal value or a secret.
        """
        super().__init__(code)
        self.code = code
        self.context = context

    def in_language(self, language: Language) -> str:
        """Return the sentence in `language`: what happened and what to do next."""
        return render_message(self.code, language, self.context)

    def __str__(self) -> str:
        return self.in_language(Language.ENGLISH)


class Fatal(CchcError):
    """End the run, which cannot go on: a fault of configuration or database, or the lease belongs to another run."""


class ConfigurationError(Fatal):
    """The configuration has faults, or names something that does not exist or cannot be read."""


class UsageMistake(Fatal):
    """The call or the command line is not correct: it names something that does not exist, or a value is wrong."""


class DatabaseUnusable(Fatal):
    """The shared database cannot be opened or written, or its schema is not one that this program can use."""


class DatabaseLost(DatabaseUnusable):
    """The connection to the database broke; the same transaction may succeed on a new connection."""


class LeaseHeld(Fatal):
    """Another run has the lease; nothing is wrong."""


class LeaseLost(Fatal):
    """Another run took over this run's lease; the database accepts no writes with this run's fencing token any more."""


class SourceHeld(CchcError):
    """A response of a source or target is implausible; the stream or route is put on hold.

    Every later run tries again, and the first success ends the hold; if it stays on hold, a person must look at the
    cause. Other streams and routes go on.
    """


class AuthenticationFailed(SourceHeld):
    """The other system refuses our credentials."""


class ResponseUnreadable(SourceHeld, ValueError):
    """The body of a response is not JSON, or there is none.

    It is a `ValueError` too, so that an adapter can catch it as one.
    """


class StartOver(SourceHeld):
    """The source does not recognise a page token, or cannot list changes since an instant (410 Gone, for instance).

    Adapters raise it. The engine then reads the source from the beginning, without a start time, once in a run; a
    second `StartOver` in the same run puts the stream on hold, as any `SourceHeld`.
    """

    def __init__(self, code: str = "source.start_over", /, **context: object) -> None:
        """Create the error; an adapter needs no `code` of its own."""
        super().__init__(code, **context)


class Retriable(CchcError):
    """Back off: the same call may succeed later."""


class Unreachable(Retriable):
    """No connection could be made, or it broke before a response."""


class CutShort(Retriable):
    """The response is incomplete: the connection ended before the end of the body."""


class DeadlineExceeded(Retriable):
    """The time limit of one call, over all its attempts, is used up."""


class Throttled(Retriable):
    """The other system requests less traffic, or our own quota for it leaves no slot in time."""

    def __init__(self, code: str, /, *, retry_after_s: float | None = None, **context: object) -> None:
        """Create the error.

        Args:
            code: see `CchcError`.
            retry_after_s: seconds that the other system asked us to wait; None if it did not say.
            context: see `CchcError`.
        """
        super().__init__(code, **context)
        self.retry_after_s = retry_after_s


class Maintenance(Retriable):
    """The other system says that it does not work now."""


class OutsideHours(Retriable):
    """The configured opening hours (Vietnamese time) allow no request to the other system now."""


class Stopped(CchcError):
    """The run was asked to end; committed pages and receipts stay, and the next run continues from there.

    Nothing failed and nothing is to be tried again at once, so it is no `Retriable`.
    """


class Rejected(CchcError):
    """Set this one record or message aside and continue with the next."""


class MessageRefused(Rejected):
    """The other system will never accept this message."""


class AccessDenied(CchcError):
    """No agreement in force covers an access request (từ chối khai thác); that it was refused is on record."""

    def __init__(
        self, code: str, /, *, reasons: tuple[str, ...] = (), fields: tuple[str, ...] = (), **context: object
    ) -> None:
        """Create the error.

        Args:
            code: code of the message.
            reasons: codes such as `no_agreement` or `not_in_force`.
            fields: paths that were asked for and are not granted, where `field` is one of the reasons.
            context: values of the message.
        """
        sentences = [
            Message("access.field", {"fields": ", ".join(fields)})
            if reason == "field" and fields
            else Message(f"access_refusal.{reason}")
            for reason in reasons
        ]
        super().__init__(code, reasons=Messages(sentences), **context)
        self.reasons = reasons
        self.fields = fields


class NotFound(CchcError):
    """The shared database does not have what was asked for: a record, run, quarantine entry or discrepancy."""


class RecordNotFound(NotFound):
    """The shared database has no such record, or had none at the instant that was asked for."""
