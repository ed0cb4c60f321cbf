"""Two people bring about that a lost second factor is forgotten; the account's owner then sets up another."""

from collections.abc import Callable
from datetime import datetime

from kit.auth import Principal
from kit.http import Once
from kit.mongo import Session
from services.membership.commands.office import Office, hold_person, manager, remember
from services.membership.domain import second_factor as rules
from services.membership.domain.representative import Fact, Manager, Outcome, Representative
from services.membership.store import Kept

SECOND_FACTOR_RESET = "second-factor-reset"

Decide = Callable[[Representative, Manager, datetime], Outcome]


async def ask_reset(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Representative]:
    """Ask that a person's second factors be forgotten."""
    return await _act(office, by, identity, "representative.ask-reset", rules.ask_reset, once)


async def confirm_reset(office: Office, by: Principal, identity: str, once: Once | None = None) -> Kept[Representative]:
    """Confirm it for the coalition: a job forgets them and ends the person's sessions."""
    return await _act(office, by, identity, "representative.confirm-reset", rules.confirm_reset, once)


async def _act(
    office: Office, by: Principal, identity: str, action: str, decide: Decide, once: Once | None
) -> Kept[Representative]:
    """Load a person, let the rules decide, write what happened and, once it is confirmed, have it done."""
    hold_person(by)
    at = office.clock()

    async def work(session: Session) -> Kept[Representative]:
        await remember(once, session, identity)
        kept = await office.store.representative(session, identity)
        person, facts = decide(kept.state, manager(by), at)
        saved = await office.store.save_representative(session, person, facts, at, kept)
        if Fact.RESET_CONFIRMED in facts:
            await _have_reset(office, session, saved, at)
        await office.record(session, by, action, f"representative:{identity}", person.organization_id)
        return saved

    return await office.mongo.transaction(work)


async def _have_reset(office: Office, session: Session, kept: Kept[Representative], at: datetime) -> None:
    """Add the job; done twice or late, it leaves alone what was set up since."""
    key = f"{SECOND_FACTOR_RESET}:{kept.state.id}:{kept.version}"
    payload = {"representative_id": kept.state.id, "before": at}
    lane = f"{SECOND_FACTOR_RESET}:{kept.state.id}"
    await office.jobs.add(session, SECOND_FACTOR_RESET, lane, key, payload, at)
