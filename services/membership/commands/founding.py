"""The first start: the coalition itself, and its first two board members."""

from dataclasses import dataclass
from typing import ClassVar

from kit.mongo import Session
from services.membership.commands.consequences import follow, invite_first
from services.membership.commands.office import Office, new_id
from services.membership.domain.accreditation import BusinessNumber
from services.membership.domain.organization import BOARD_MEMBERS_TO_DECIDE, OrganizationId, found
from services.membership.domain.refusal import MembershipRefusal
from services.membership.domain.role import Role
from services.membership.domain.text import Text


class AlreadyFounded(MembershipRefusal):
    """The coalition exists: its board is invited once, by nobody; later members by the board itself."""

    code: ClassVar[str] = "membership.already-founded"


class TwoAddressesRequired(MembershipRefusal):
    """An admission takes two different board members, so the first start invites two different addresses."""

    code: ClassVar[str] = "membership.two-addresses-required"


@dataclass(frozen=True, slots=True)
class Charter:
    """What is said of the coalition when it is founded."""

    name: Text
    mission: Text
    business_number: BusinessNumber


async def bootstrap(
    office: Office, charter: Charter, board: tuple[str, ...], identity: str | None = None
) -> OrganizationId:
    """Found the coalition and invite its first two board members, who are its first coordination too.

    Raises `AlreadyFounded` at any later time. `by` in the audit is `init`.
    """
    if len({address.lower() for address in board}) != BOARD_MEMBERS_TO_DECIDE:
        raise TwoAddressesRequired
    at, key = office.clock(), OrganizationId(identity or new_id())
    coalition, facts = found(key, charter.name, charter.mission, charter.business_number, at)

    async def work(session: Session) -> OrganizationId:
        if await office.store.coalition(session):
            raise AlreadyFounded
        saved = await office.store.save_organization(session, coalition, facts, at)
        await follow(office, session, saved, facts, at)
        for address in board:
            roles = frozenset({Role.BOARD, Role.COORDINATION})
            await invite_first(office, session, coalition, address.lower(), roles, at)
        await office.record_unsigned(session, "init", "coalition.found", f"organization:{key}", key)
        return key

    return await office.mongo.transaction(work)
