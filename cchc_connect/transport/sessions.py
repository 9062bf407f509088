"""The session that all calls of one transport share, where a system's dialect wants one."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from cchc_connect.errors import AuthenticationFailed
from cchc_connect.http import Credentials, HttpRequest, HttpResponse, SessionLogin
from cchc_connect.transport.failures import settled
from cchc_connect.transport.wire import Send


@dataclass(frozen=True)
class Session:
    """An open session and when, on the monotonic clock, it was asked for."""

    token: str = field(repr=False)
    asked_at: float


class Sessions:
    """Keeps one session for all threads or tasks of a transport.

    Reading `usable` needs no lock. `opened` must be driven by one caller at a time; who waited for another
    caller's login takes over its outcome: its session, or the refusal of the account, since a wrong
    password tried once per thread locks the account.
    """

    def __init__(self, login: SessionLogin, account: Credentials, clock: Callable[[], float]) -> None:
        """Keep no session yet."""
        self.login = login
        self.flights = 0
        """How many logins have ended so far."""
        self._account = account
        self._clock = clock
        self._session: Session | None = None
        self._refusal: tuple[str, dict[str, object]] | None = None

    def usable(self, spent: Session | None) -> Session | None:
        """Return the open session if it is young enough and is not the one already `spent`."""
        session = self._session
        if session is None or session is spent or self._clock() - session.asked_at >= self.login.lifetime_s:
            return None
        return session

    def opened(
        self, spent: Session | None, flights: int, begin: Callable[[HttpRequest], Send]
    ) -> Generator[Send, HttpResponse, Session]:
        """Log in unless another caller has done so since `flights` were counted, and return the session.

        Raises:
            AuthenticationFailed: the other side refuses the account.
        """
        session = self.usable(spent)
        if session:
            return session
        if self._refusal and self.flights != flights:
            code, context = self._refusal
            raise AuthenticationFailed(code, **context)
        self._refusal = None
        asked_at = self._clock()
        try:
            self._session = Session((yield from self._logged_in(begin)), asked_at)
        except AuthenticationFailed as refusal:
            self._refusal = refusal.code, refusal.context
            raise
        finally:
            self.flights += 1
        return self._session

    def _logged_in(self, begin: Callable[[HttpRequest], Send]) -> Generator[Send, HttpResponse, str]:
        send = begin(self.login.login(self._account))
        token = self.login.session(settled((yield send), send.call))
        if not token:
            raise AuthenticationFailed("transport.login_refused", **send.call.context())
        return token
