"""The composition root: builds the gateway from its settings, and runs it."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from prometheus_client import start_http_server

from gateway.access import Access
from gateway.account import Account
from gateway.app import Gateway
from gateway.callers import Callers
from gateway.deadlines import Deadlines
from gateway.docs import Docs
from gateway.door import Door, Handler
from gateway.exchange import Exchange
from gateway.forwarding import Forwarder
from gateway.identity import IdentityTokens
from gateway.invitation import Invitation
from gateway.keycloak import Keycloak
from gateway.limits import Limits
from gateway.openapi import merged
from gateway.origin import SameOrigin
from gateway.pages import Pages
from gateway.refreshing import Sessions
from gateway.routing import Routes
from gateway.sealing import Sealing
from gateway.server import DoorServer
from gateway.sessions import SessionStore
from gateway.settings import GatewaySettings
from gateway.signin import SignIn
from gateway.streams import Streams
from gateway.tracing import tracer
from kit.auth import Verifier
from kit.clock import Clock, utc_now
from kit.mongo import Mongo
from kit.telemetry import configure, metrics


def create(settings: GatewaySettings, clock: Clock = utc_now) -> Gateway:
    """Build the gateway; raise RoutingError when the contracts cannot be routed."""
    documents = contracts(settings)
    pages = Pages(settings.issuer)
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    sealing = Sealing(settings.keys)
    verifier = Verifier(settings.issuer, settings.jwks_url, settings.audience, clock)
    keycloak, streams, forwarder = Keycloak(settings), Streams(clock), Forwarder(settings.upstreams)
    access = Access(
        Mongo(mongo.client, settings.access_database).db, uuid4().hex, lambda: streams.review(access.holds), clock
    )
    limits = Limits(mongo.db, sealing.addresses, settings.trusted_proxies)
    store = SessionStore(mongo.db, sealing, verifier, clock)
    sessions = Sessions(store, keycloak, clock)
    shared: dict[str, Any] = {"access": access, "limits": limits}
    beside: dict[str, Any] = {"streams": streams, "deadlines": Deadlines(), "forwarder": forwarder}
    origin, callers = SameOrigin(settings.public_url, sealing), Callers(verifier, sessions, limits)
    sign_in = SignIn(
        **shared,
        keycloak=keycloak,
        store=store,
        sessions=sessions,
        sealing=sealing,
        verifier=verifier,
        identity=IdentityTokens(verifier, settings.issuer, settings.client_id, clock),
        issuer=settings.issuer,
        clock=clock,
    )
    account = Account(
        **shared, callers=callers, sessions=sessions, origin=origin, sealing=sealing, pages=pages, sign_in=sign_in
    )
    docs = Docs(merged(documents, settings.public_url, settings.issuer), pages, settings.issuer)
    routes = Routes(documents)
    invitation = Invitation(routes=routes, forwarder=forwarder, limits=limits, pages=pages)
    own = {**_probes(access), **_reading(docs, pages), **_signing_in(sign_in, account), **_joining(invitation)}
    door = Door(**shared, **beside, own=own, routes=routes, callers=callers, origin=origin, pages=pages)
    running: dict[str, Any] = {"mongo": mongo, "sessions": sessions, "keycloak": keycloak, "tracer": tracer()}
    return Gateway(**shared, **beside, **running, door=door)


def _probes(access: Access) -> Mapping[tuple[str, bytes], Handler]:
    async def live(exchange: Exchange) -> None:
        await exchange.json(200, {"status": "live"})

    async def ready(exchange: Exchange) -> None:
        # The revocations are confirmed by a majority write: fresh means that the primary is reachable too.
        status = (200, "ready") if access.fresh else (503, "access-unknown")
        await exchange.json(status[0], {"status": status[1]})

    return {("GET", b"/health/live"): live, ("GET", b"/health/ready"): ready}


def _reading(docs: Docs, pages: Pages) -> Mapping[tuple[str, bytes], Handler]:
    return {
        ("GET", b"/"): docs.home,
        ("GET", b"/docs"): docs.page,
        ("GET", b"/openapi.json"): docs.openapi,
        **{("GET", f"/docs/{name}".encode()): pages.asset for name in pages.assets},
        **{("GET", f"/problems/{code}".encode()): docs.problem for code in docs.codes},
    }


def _signing_in(sign_in: SignIn, account: Account) -> Mapping[tuple[str, bytes], Handler]:
    return {
        ("GET", b"/auth/login"): sign_in.login,
        ("GET", b"/auth/callback"): sign_in.callback,
        ("GET", b"/auth/me"): account.me,
        ("GET", b"/auth/organization"): account.choose_page,
        ("POST", b"/auth/organization"): account.choose,
        ("POST", b"/auth/logout"): account.logout,
        ("POST", b"/auth/backchannel-logout"): account.backchannel_logout,
    }


def _joining(invitation: Invitation) -> Mapping[tuple[str, bytes], Handler]:
    return {
        ("GET", b"/invitation"): invitation.page,
        ("POST", b"/invitation"): invitation.accept,
        ("GET", b"/invitation/accepted"): invitation.accepted,
    }


def contracts(settings: GatewaySettings) -> dict[str, dict[str, Any]]:
    """Read the OpenAPI document of each service that has an upstream; FileNotFoundError when one is missing."""
    return {
        service: json.loads((settings.contracts / f"{service}.json").read_bytes())
        for service in sorted(settings.upstreams)
    }


def serve(settings: GatewaySettings) -> None:
    """Run until told to stop."""
    configure("gateway", settings.log_level)
    if settings.metrics_port is not None:
        start_http_server(settings.metrics_port, settings.host, metrics.registry)
    gateway = create(settings)
    DoorServer(gateway, settings.host, settings.port, stopping=gateway.stop).run()


if __name__ == "__main__":
    serve(GatewaySettings())
