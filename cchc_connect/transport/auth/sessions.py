"""The login session shared by all calls of one transport and, with a token store, by all processes of a machine.

There is one login at a time: threads and tasks wait for the transport's lock, processes for the token store's. A
caller that waited uses the result of the other caller's login.
"""

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass, field
from datetime import datetime

from cchc_connect.errors import AuthenticationFailed
from cchc_connect.http import Credentials, HttpRequest, HttpResponse, SessionLogin, SessionToken, Verdict
from cchc_connect.privacy.secrets import register_secret
from cchc_connect.transport.auth.token_store import TokenStore
from cchc_connect.transport.calls.call import Call, Deadline, SendStep
from cchc_connect.transport.calls.error_mapping import deadline_error, require_accepted, too_large_as_held
from cchc_connect.transport.network.url_guard import Origin

_MARGIN = 0.2
"""Share of a session's lifetime, at its end, in which it is not used: clocks differ, requests take time."""
_MAX_MARGIN_S = 30.0
_OTHER_LOGIN_TIMEOUT_S = 5.0
"""Maximum wait for another process's login, in seconds."""
_POLL_INTERVAL_S = 0.05
"""Seconds between two checks whether another process has finished its login."""


@dataclass(frozen=True)
class LoginSession:
    """An open session; `usable_until` is when, on the monotonic clock, it is no longer used."""

    token: str = field(repr=False)
    usable_until: float


@dataclass(frozen=True)
class WaitStep:
    """Step: wait for `seconds`."""

    seconds: float


@dataclass(frozen=True, kw_only=True)
class LoginMethod:
    """How a session is opened: by the dialect's login with an account, or at a token endpoint."""

    login: SessionLogin
    account: Credentials
    origins: Collection[Origin]
    """Origins that the login request may go to."""
    classify: Callable[[HttpResponse], Verdict]
    """Returns the verdict on the login's response."""
    token_store_key: str
    """Key of its sessions in the token store."""


class SharedSession:
    """Holds one session for all threads or tasks of a transport.

    `current` needs no lock. `login` must be run by one caller at a time; a caller that waited for another
    caller's login gets the result of that login: the session, or the refusal of the account. Otherwise each
    thread would try a wrong password once, which locks the account.
    """

    def __init__(
        self,
        login_method: LoginMethod,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        token_store: TokenStore | None = None,
    ) -> None:
        """Start without a session."""
        self.login_method = login_method
        self.login_count = 0
        """Number of finished logins."""
        self._clock = clock
        self._now = now
        self._token_store = token_store
        self._session: LoginSession | None = None
        self._refusal: tuple[str, dict[str, object]] | None = None

    def current(self, expired: LoginSession | None) -> LoginSession | None:
        """Return the open session; None where its lifetime has ended, or where it is `expired`, which was refused."""
        session = self._session
        if session is None or session is expired or self._clock() >= session.usable_until:
            return None
        return session

    def login(
        self,
        call: Call,
        expired: LoginSession | None,
        logins_before: int,
        new_login_step: Callable[[HttpRequest], SendStep],
    ) -> Generator[SendStep | WaitStep, HttpResponse, LoginSession]:
        """Log in unless another caller has done so since `login_count` was `logins_before`, and return the session.

        Raises:
            AuthenticationFailed: the system refuses the account.
            DeadlineExceeded: the deadline passed while another process was logging in.
        """
        session = self.current(expired)
        if session:
            return session
        if self._refusal and self.login_count != logins_before:
            code, context = self._refusal
            raise AuthenticationFailed(code, **context)
        self._refusal = None
        try:
            self._session = yield from self._login_with_store(call, expired, new_login_step)
        except AuthenticationFailed as refusal:
            self._refusal = refusal.code, refusal.context
            raise
        finally:
            self.login_count += 1
        return self._session

    def _login_with_store(
        self, call: Call, expired: LoginSession | None, new_login_step: Callable[[HttpRequest], SendStep]
    ) -> Generator[SendStep | WaitStep, HttpResponse, LoginSession]:
        """Use the session of another process, or log in while the other processes wait."""
        if self._token_store is None:
            session_token = yield from self._send_login(new_login_step)
            return self._session_from(session_token, 0.0)
        wait = Deadline(self._clock, _OTHER_LOGIN_TIMEOUT_S)
        while not (slot := self._token_store.lock(self.login_method.token_store_key)):
            if call.deadline.has_passed:
                raise deadline_error(call)
            if wait.has_passed:  # the other process may hang
                session_token = yield from self._send_login(new_login_step)
                return self._session_from(session_token, 0.0)
            yield WaitStep(_POLL_INTERVAL_S)
        with slot:
            stored = slot.read()
            if stored is not None and (expired is None or stored.token.token != expired.token):
                session = self._session_from(stored.token, stored.age_s(self._now()))
                if self._clock() < session.usable_until:
                    return session
            requested_at = self._now()
            session_token = yield from self._send_login(new_login_step)
            slot.write(session_token, requested_at)
            return self._session_from(session_token, (self._now() - requested_at).total_seconds())

    def _send_login(
        self, new_login_step: Callable[[HttpRequest], SendStep]
    ) -> Generator[SendStep | WaitStep, HttpResponse, SessionToken]:
        login = self.login_method.login
        send = new_login_step(login.login_request(self.login_method.account))
        requested_at = self._clock()
        response = require_accepted((yield send), send.call)
        with too_large_as_held(send.call):
            token = login.token_from(response)
        if not token:
            raise AuthenticationFailed("transport.login_refused", **send.call.context())
        session_token = token if isinstance(token, SessionToken) else SessionToken(token, login.lifetime_s)
        return SessionToken(session_token.token, session_token.lifetime_s - (self._clock() - requested_at))

    def _session_from(self, session_token: SessionToken, age_s: float) -> LoginSession:
        """Return a session of age `age_s`; it expires somewhat before the end of its lifetime."""
        margin = min(_MAX_MARGIN_S, _MARGIN * session_token.lifetime_s)
        return LoginSession(
            register_secret(session_token.token), self._clock() + session_token.lifetime_s - margin - max(age_s, 0.0)
        )
