"""The session that all calls of one transport share, and with a shelf all processes of one machine.

One login at a time: threads and tasks wait for the transport's lock, processes for the shelf's. Whoever waited
takes over what the other got.
"""

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from datetime import datetime

from cchc_connect.errors import AuthenticationFailed
from cchc_connect.http import Credentials, Granted, HttpRequest, HttpResponse, SessionLogin, Verdict
from cchc_connect.privacy.secrets import revealed
from cchc_connect.transport.auth.token_store import Shelf
from cchc_connect.transport.call import Call, Deadline
from cchc_connect.transport.error_mapping import overdue, settled
from cchc_connect.transport.network.url_guard import Origin
from cchc_connect.transport.wire import Send

_MARGIN = 0.2
"""Share of a session's life in which it is not trusted any more: clocks differ, requests take time."""
_LONGEST_MARGIN_S = 30.0
_PATIENCE_S = 5.0
"""Seconds after which another process's login is not waited for any more."""
_LOOK_S = 0.05
"""Seconds between two looks whether another process has finished its login."""


@dataclass(frozen=True)
class Session:
    """An open session and when, on the monotonic clock, it stops being trusted."""

    token: str = field(repr=False)
    good_until: float


@dataclass(frozen=True)
class Pause:
    """Nothing is to be done for so many seconds."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a session is opened: by the dialect with an account, or at a token endpoint."""

    login: SessionLogin
    account: Credentials
    origins: Collection[Origin]
    """Where the login may go."""
    classify: Callable[[HttpResponse], Verdict]
    """What the login's answer means."""
    name: str
    """What tells its sessions from others on the shelf."""


class Sessions:
    """Keeps one session for all threads or tasks of a transport.

    Reading `usable` needs no lock. `opened` must be driven by one caller at a time; who waited for another
    caller's login takes over its outcome: its session, or the refusal of the account, since a wrong
    password tried once per thread locks the account.
    """

    def __init__(
        self, way: Way, clock: Callable[[], float], now: Callable[[], datetime], shelf: Shelf | None = None
    ) -> None:
        """Keep no session yet."""
        self.way = way
        self.flights = 0
        """How many logins have ended so far."""
        self._clock = clock
        self._now = now
        self._shelf = shelf
        self._session: Session | None = None
        self._refusal: tuple[str, dict[str, object]] | None = None

    def usable(self, spent: Session | None) -> Session | None:
        """Return the open session if it is still trusted and is not the one already `spent`."""
        session = self._session
        if session is None or session is spent or self._clock() >= session.good_until:
            return None
        return session

    def opened(
        self, call: Call, spent: Session | None, flights: int, begin: Callable[[HttpRequest], Send]
    ) -> Generator[Send | Pause, HttpResponse, Session]:
        """Log in unless another caller has done so since `flights` were counted, and return the session.

        Raises:
            AuthenticationFailed: the other side refuses the account.
            DeadlineExceeded: the call's time was used up while another process was logging in.
        """
        session = self.usable(spent)
        if session:
            return session
        if self._refusal and self.flights != flights:
            code, context = self._refusal
            raise AuthenticationFailed(code, **context)
        self._refusal = None
        try:
            self._session = yield from self._shared(call, spent, begin)
        except AuthenticationFailed as refusal:
            self._refusal = refusal.code, refusal.context
            raise
        finally:
            self.flights += 1
        return self._session

    def _shared(
        self, call: Call, spent: Session | None, begin: Callable[[HttpRequest], Send]
    ) -> Generator[Send | Pause, HttpResponse, Session]:
        """Take over what another process has got, or log in while others wait."""
        if self._shelf is None:
            granted = yield from self._logged_in(begin)
            return self._trusted(granted, 0.0)
        waiting = Deadline(self._clock, _PATIENCE_S)
        while not (place := self._shelf.claim(self.way.name)):
            if call.deadline.over:
                raise overdue(call)
            if waiting.over:  # it may be frozen, and nobody shall wait for it to wake
                granted = yield from self._logged_in(begin)
                return self._trusted(granted, 0.0)
            yield Pause(_LOOK_S)
        with place:
            kept = place.read()
            if kept is not None and (spent is None or kept.granted.token != spent.token):
                session = self._trusted(kept.granted, kept.age_s(self._now()))
                if self._clock() < session.good_until:
                    return session
            asked_at = self._now()
            granted = yield from self._logged_in(begin)
            place.write(granted, asked_at)
            return self._trusted(granted, (self._now() - asked_at).total_seconds())

    def _logged_in(self, begin: Callable[[HttpRequest], Send]) -> Generator[Send | Pause, HttpResponse, Granted]:
        login = self.way.login
        send = begin(login.login(self.way.account))
        asked_at = self._clock()
        found = login.session(settled((yield send), send.call))
        if not found:
            raise AuthenticationFailed("transport.login_refused", **send.call.context())
        granted = found if isinstance(found, Granted) else Granted(found, login.lifetime_s)
        return Granted(granted.token, granted.lifetime_s - (self._clock() - asked_at))

    def _trusted(self, granted: Granted, age_s: float) -> Session:
        """Return the session for as long as it is trusted: it ends a little before its life does."""
        margin = min(_LONGEST_MARGIN_S, _MARGIN * granted.lifetime_s)
        return Session(revealed(granted.token), self._clock() + granted.lifetime_s - margin - max(age_s, 0.0))
