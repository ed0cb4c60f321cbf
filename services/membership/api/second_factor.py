"""A lost second factor: its reset is asked by who manages the person and confirmed by coordination."""

from fastapi import APIRouter
from starlette.responses import Response

from kit.auth import Principal
from kit.http import once, reply
from kit.problems import refuses
from services.membership.api.access import PREFIX, AtOffice, Coordination, Identity, Limit, PeopleManager
from services.membership.commands import second_factor as commands
from services.membership.commands.office import Office, PersonRequired, manager
from services.membership.domain.representative import UnknownRepresentative, refuse_outsider
from services.membership.domain.second_factor import (
    NoResetPending,
    NotActive,
    OwnSecondFactor,
    ResetPending,
    SameAsker,
    pending,
)
from services.membership.store.lists import pending_resets
from services.membership.views import RepresentativeView, ResetsView, ResetView

router = APIRouter(prefix=PREFIX, tags=["people"])


async def _answer(office: Office, caller: Principal, identity: str) -> Response:
    """Answer with the person, to who manages them."""
    kept = await office.store.representative(None, identity)
    refuse_outsider(kept.state.organization_id, manager(caller))
    return reply(RepresentativeView.of(kept.state, kept.version), version=kept.version)


@router.post(
    "/representatives/{representative_id}/second-factor-resets",
    operation_id="ask_second_factor_reset",
    summary="Ask that someone's lost second factor be reset",
    description=(
        "By who manages the person, never for oneself. Somebody else, of the coalition's coordination, confirms it "
        "within 24 hours; until then nothing changes."
    ),
    response_model=RepresentativeView,
    openapi_extra=refuses(
        UnknownRepresentative.code, NotActive.code, OwnSecondFactor.code, ResetPending.code, PersonRequired.code
    ),
)
async def ask_second_factor_reset(
    representative_id: Identity, office: AtOffice, caller: PeopleManager, once: once
) -> Response:
    """Ask."""
    if once.result is None:
        await commands.ask_reset(office, caller, str(representative_id), once)
    return await _answer(office, caller, str(representative_id))


@router.post(
    "/representatives/{representative_id}/second-factor-resets/confirmation",
    operation_id="confirm_second_factor_reset",
    summary="Confirm the reset of a lost second factor",
    description=(
        "By coordination, never by who asked. The second factors are forgotten and the person's sessions end; at the "
        "next sign-in they set up another, after their password."
    ),
    response_model=RepresentativeView,
    openapi_extra=refuses(
        UnknownRepresentative.code, NoResetPending.code, OwnSecondFactor.code, SameAsker.code, PersonRequired.code
    ),
)
async def confirm_second_factor_reset(
    representative_id: Identity, office: AtOffice, caller: Coordination, once: once
) -> Response:
    """Confirm."""
    if once.result is None:
        await commands.confirm_reset(office, caller, str(representative_id), once)
    return await _answer(office, caller, str(representative_id))


@router.get(
    "/second-factor-resets",
    operation_id="list_second_factor_resets",
    summary="List the resets that wait for coordination",
    description="The oldest first; by identifiers, the person is read apart.",
    response_model=ResetsView,
)
async def list_second_factor_resets(office: AtOffice, caller: Coordination, limit: Limit = 50) -> Response:
    """Answer with what waits."""
    del caller
    at = office.clock()
    waiting = [(kept.state, pending(kept.state, at)) for kept in await pending_resets(office.store, at, limit)]
    return reply(ResetsView(items=tuple(ResetView.of(person, asked) for person, asked in waiting if asked)))
