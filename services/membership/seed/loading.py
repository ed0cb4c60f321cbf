"""Brings the seed about, step by step; each step looks first whether it was done before."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from kit.auth import Principal
from services.membership.commands import directory, organizations, people
from services.membership.commands.founding import Charter, bootstrap
from services.membership.commands.office import COORDINATE, DECIDE, Office
from services.membership.domain.accreditation import Evidence, PrivacyOfficer, Reference, business_number
from services.membership.domain.directory import UnknownService
from services.membership.domain.organization import OrganizationId, UnknownOrganization
from services.membership.domain.representative import Representative, State
from services.membership.domain.role import Role
from services.membership.domain.standing import Command
from services.membership.domain.standing import State as Standing
from services.membership.seed.data import Demo, Offer, Person, Place, demo, offers, places, seeded_id
from services.membership.store import Kept

POLL_SECONDS = 0.2
AT_ONCE = 6
ACCREDITED_FOR = timedelta(days=365)
BOARD_MAY = (COORDINATE, DECIDE, "representative:manage")

T = TypeVar("T")


class BoardNotActive(Exception):  # noqa: N818 - it reads as what happened
    """The board's accounts were not made in time: membership has to run, and Keycloak beside it."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """How much this run added; a second run adds nothing."""

    organizations: int
    people: int
    services: int


async def load(office: Office, within: float = 120.0) -> Seeded:
    """Bring the whole seed about; raises `BoardNotActive` when the board is not active `within` seconds."""
    stated = demo()
    coalition = await _coalition(office, stated)
    board = await _board(office, stated, coalition, within)
    invited = await _staff(office, stated, coalition, board[0])
    organizations_added, services_added = await settle(office, (*stated.organizations, *places()), board)
    joined = await _each(stated.organizations, lambda place: _peopled(office, place))
    return Seeded(organizations_added, invited + sum(joined), services_added)


async def settle(office: Office, everyone: tuple[Place, ...], board: tuple[Principal, ...]) -> tuple[int, int]:
    """Admit the organisations by this board's votes and publish what they offer; returns how many of each are new."""
    offered = offers()
    admitted = await _each(everyone, lambda place: _admitted(office, place, board))
    published = await _each(everyone, lambda place: _published(office, place, offered))
    return sum(admitted), sum(published)


async def _each(items: Iterable[Place], work: Callable[[Place], Awaitable[T]]) -> list[T]:
    """Do the work for each, a few at once: each has its own documents."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(item: Place) -> T:
        async with free:
            return await work(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]


async def _coalition(office: Office, stated: Demo) -> str:
    """Found the coalition, unless it is there."""
    found = await office.mongo.transaction(office.store.coalition)
    if found:
        return found.state.id
    said = stated.coalition
    charter = Charter(said.name.text(), said.mission.text(), business_number(said.business_number))
    board = tuple(person.address for person in said.people if Role.BOARD in person.roles)
    return await bootstrap(office, charter, board, seeded_id("organization:coalition"))


async def _board(office: Office, stated: Demo, coalition: str, within: float) -> tuple[Principal, ...]:
    """Take the board's invitations up and wait until its accounts are made: their votes carry their own ids."""
    members = [person for person in stated.coalition.people if Role.BOARD in person.roles]
    for person in members:
        await _accepted(office, coalition, person)
    try:
        async with asyncio.timeout(within):
            return tuple([await _active(office, coalition, person) for person in members])
    except TimeoutError:
        raise BoardNotActive from None


async def _active(office: Office, coalition: str, person: Person) -> Principal:
    while True:
        kept = await _known(office, coalition, person)
        if kept and kept.state.state is State.ACTIVE and kept.state.user:
            return acting(kept.state.user, coalition, "coalition", *BOARD_MAY)
        await asyncio.sleep(POLL_SECONDS)


async def _staff(office: Office, stated: Demo, coalition: str, by: Principal) -> int:
    """Invite the rest of the coalition's people, who take it up at once."""
    return sum([await _joined(office, coalition, person, by) for person in stated.coalition.people])


async def _peopled(office: Office, place: Place) -> int:
    """Bring a demo organisation's people in: its coordinator first, who invites the others."""
    first = await _accepted(office, place.id, place.applicant)
    by = _coordinator(place)
    others = [person for person in place.people if person != place.applicant]
    return first + sum([await _joined(office, place.id, person, by) for person in others])


async def _joined(office: Office, organization: str, person: Person, by: Principal) -> int:
    if await _known(office, organization, person) is None:
        await people.invite(office, by, organization, person.address, person.roles)
    return await _accepted(office, organization, person)


async def _accepted(office: Office, organization: str, person: Person) -> int:
    """Take an open invitation up; the letter's code is made as the letter would make it."""
    kept = await _known(office, organization, person)
    if kept is None or kept.state.state is not State.INVITED:
        return 0
    code = office.codes.code(kept.state.id, kept.state.invitation.at)
    await people.accept(office, code, person.given_name, person.family_name, person.language)
    return 1


async def _known(office: Office, organization: str, person: Person) -> Kept[Representative] | None:
    return await office.mongo.transaction(
        lambda session: office.store.known_address(session, OrganizationId(organization), person.address)
    )


async def _admitted(office: Office, place: Place, board: tuple[Principal, ...]) -> int:
    """Bring an organisation through application, review, two votes and accreditation, from wherever it stands."""
    before = await _standing(office, place)
    if before is None:
        await organizations.apply(office, place.profile(), place.application(), identity=place.id)
    if before in {None, Standing.APPLIED}:
        await organizations.start_review(office, board[0], place.id)
    for member in board:
        if await _awaits(office, place, member):
            await organizations.vote(office, member, place.id, Command.ADMIT)
    kept = await office.store.organization(None, place.id)
    if kept.state.member and not kept.state.accreditations:
        until = office.clock() + ACCREDITED_FOR
        await organizations.accredit(office, board[0], place.id, _evidence(place, office.clock()), until)
    return int(before is None)


async def _standing(office: Office, place: Place) -> Standing | None:
    try:
        return (await office.store.organization(None, place.id)).state.state
    except UnknownOrganization:
        return None


async def _awaits(office: Office, place: Place, member: Principal) -> bool:
    """Say whether an application waits for this board member's vote."""
    state = (await office.store.organization(None, place.id)).state
    return state.state is Standing.UNDER_REVIEW and all(cast.by != member.user for cast in state.votes)


async def _published(office: Office, place: Place, offered: tuple[Offer, ...]) -> int:
    """Publish what an organisation offers, but for what it offers already."""
    own = [offer for offer in offered if offer.organization == place.alias]
    return sum([await _service(office, place, offer) for offer in own])


async def _service(office: Office, place: Place, offer: Offer) -> int:
    try:
        await office.store.service(None, offer.id)
    except UnknownService:
        await directory.publish(office, _coordinator(place), offer.request().entry(), identity=offer.id)
        return 1
    return 0


def _evidence(place: Place, at: datetime) -> Evidence:
    day, officer = at.date(), place.applicant
    for person in place.people:
        officer = person if Role.PRIVACY_OFFICER in person.roles else officer
    name = f"{officer.given_name} {officer.family_name}"
    first, second = ("Noémie Alarie", "Fondation Inventée"), ("Saul Frenette", "Cercle Fictif")
    return Evidence(
        information_agreement_signed_on=day,
        privacy_officer=PrivacyOfficer(name, "Responsable de la protection des renseignements", officer.address),
        training_completed_on=day,
        vetting_attested_on=day,
        business_number=business_number(place.business_number),
        references=(Reference(*first, day), Reference(*second, day)),
    )


def _coordinator(place: Place) -> Principal:
    """Act as an organisation's coordinator before their account is made."""
    user = seeded_id(f"coordinator:{place.alias}")
    return acting(user, place.id, place.alias, "directory:write", "representative:manage")


def acting(user: str, organization: str, alias: str, *scopes: str) -> Principal:
    """Return somebody who acts for an organisation, with or without an account."""
    return Principal(
        user=user,
        client="seed",
        organization=organization,
        alias=alias,
        family="",
        sector="",
        regime="",
        roles=frozenset({"seed"}),
        scopes=frozenset(scopes),
        session=None,
        kind="person",
        expires=datetime.max.replace(tzinfo=UTC),
    )
