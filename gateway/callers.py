"""Who calls: the bearer of an access token, or a browser with a session's cookie."""

from dataclasses import dataclass

from gateway.exchange import Exchange
from gateway.limits import Limits
from gateway.refreshing import Sessions
from gateway.refusals import NoOrganizationChosen
from gateway.sessions import Session, session_id
from gateway.signin import SESSION_COOKIE
from kit.auth import InvalidToken, OrganizationCount, Principal, Verifier, bearer


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal, what the service is shown of them, and their session's id when a cookie brought them."""

    principal: Principal
    authorization: str
    session: str | None = None


@dataclass(frozen=True)
class Callers:
    """Identifies callers; what fails counts against the address it came from."""

    verifier: Verifier
    sessions: Sessions
    limits: Limits

    async def identify(self, exchange: Exchange) -> Caller:
        """Return the caller; raise InvalidToken, OrganizationCount, NoOrganizationChosen or TooManyRequests.

        A request with both a token and a cookie is the token's: a cookie comes along by itself, a token is meant.
        """
        authorization = exchange.head.own.get(b"authorization")
        if authorization is not None:
            return await self._by_token(exchange, authorization.decode("latin-1"))
        session = await self.session(exchange)
        if session is None:
            self.limits.take_address(exchange)
            raise InvalidToken
        if session.principal is None:
            raise NoOrganizationChosen
        return Caller(session.principal, f"Bearer {session.access}", session.id)

    async def session(self, exchange: Exchange) -> Session | None:
        """Return the session of the request's cookie, its tokens fresh; None when there is none, or it has ended."""
        cookie = exchange.cookie(SESSION_COOKIE)
        if cookie is None:
            return None
        identity = session_id(cookie)
        if not self.sessions.knows(identity):
            self.limits.require_address(exchange)
        return await self.sessions.find(identity)

    async def _by_token(self, exchange: Exchange, authorization: str) -> Caller:
        token = bearer([authorization])
        principal = self.verifier.known(token)
        if principal is None:
            principal = await self._verified(exchange, token)
        return Caller(principal, f"Bearer {token}")

    async def _verified(self, exchange: Exchange, token: str) -> Principal:
        """Verify a token not seen before; guesses are few a second from one address."""
        self.limits.require_address(exchange)
        try:
            return await self.verifier.verify(token)
        except (InvalidToken, OrganizationCount):
            self.limits.take_address(exchange)
            raise
