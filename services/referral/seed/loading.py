"""Writes invented people with their consents and referrals, batch by batch; nobody is told of them, nor audited."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from random import Random

from kit.mongo import Session
from services.referral.commands.desk import LAPSE, Desk
from services.referral.commands.drafting import sealed_request
from services.referral.commands.lapsing import set_reminders
from services.referral.domain.disclosure_tables import suits
from services.referral.domain.identifiers import OrganizationId, PersonId
from services.referral.domain.party import CASEWORKER, INTAKE
from services.referral.domain.person import MNEMONICS, mnemonic
from services.referral.domain.taxonomy import Purpose
from services.referral.domain.waits import waits_of
from services.referral.keys import PersonKey
from services.referral.seed.population import EACH_PERSON, Helped, Place, people

_BATCH = 200
"""Persons in one transaction."""


class NobodyToRefer(Exception):  # noqa: N818 - it reads as what happened
    """Too few members with a service and people to work there: the directory has not been heard, or is empty."""


async def load(desk: Desk, count: int, progress: Callable[[int], None], seed: int = 1) -> int:
    """Add at least `count` referrals between the members there are; return how many.

    `progress` is called with the referrals of each batch; raises `NobodyToRefer`.
    """
    draw = Random(seed)  # noqa: S311 - invented people, not secrets
    places = await _places(desk)
    if len({place.organization for place in places}) <= EACH_PERSON:
        raise NobodyToRefer
    names = {place.organization: await _mnemonics(desk, place.organization, draw) for place in places}
    invented, added = people(places, names, desk.clock(), draw), 0
    while added < count:
        batch = list(islice(invented, min(_BATCH, -(-(count - added) // EACH_PERSON))))
        await _write(desk, batch)
        written = len(batch) * EACH_PERSON
        added += written
        progress(written)
    return added


async def _places(desk: Desk) -> list[Place]:
    """Return one service of each member that support may be asked of."""
    found = {}
    for each in await desk.directory.destinations():
        workers = [*await desk.directory.users(each.organization, INTAKE)]
        workers += await desk.directory.users(each.organization, CASEWORKER)
        if workers and suits(Purpose.SUPPORT, each.sector, each.needs):
            found[each.organization] = Place(
                organization=each.organization,
                sector=each.sector,
                service=each.service,
                needs=each.needs,
                workers=tuple(workers),
            )
    return list(found.values())


async def _mnemonics(desk: Desk, organization: OrganizationId, draw: Random) -> Iterator[str]:
    """Return the names an organisation has not given yet, in no order."""
    given = await desk.store.people.mnemonics(organization)
    draws = draw.sample(range(MNEMONICS), MNEMONICS)
    return (name for name in map(mnemonic, draws) if name not in given)


async def _write(desk: Desk, batch: list[Helped]) -> None:
    """Write a batch with its timers in one transaction; the keys first, as for anybody."""
    keys = await _keys(desk, batch, desk.clock())

    async def work(session: Session) -> None:
        await desk.store.people.add_all(session, [(each.person, _sealed(keys[each.person.id], each)) for each in batch])
        lives = [life for each in batch for life in each.lives]
        await desk.store.consents.add_all(session, [life.consent for life in lives])
        await desk.store.referrals.add_all(
            session,
            [
                (life.referral, {"request": sealed_request(keys[life.referral.person], life.referral.id, life.query)})
                for life in lives
            ],
        )
        for life in lives:
            await desk.timers.arrange(session, life.referral.id, waits_of(life.referral))
            if life.consent.is_live(desk.clock()) and life.consent.until:
                await desk.timers.set(session, LAPSE, life.consent.id, life.consent.until)
                await set_reminders(desk, session, life.consent)

    await desk.mongo.transaction(work)


async def _keys(desk: Desk, batch: list[Helped], at: datetime) -> dict[PersonId, PersonKey]:
    """Make the keys of a batch, organisation by organisation."""
    keys: dict[PersonId, PersonKey] = {}
    for organization in {each.person.organization for each in batch}:
        persons = [each.person.id for each in batch if each.person.organization == organization]
        keys |= await desk.keys.new_ones(organization, persons, at)
    return keys


def _sealed(key: PersonKey, helped: Helped) -> dict[str, bytes]:
    return {name.value: key.seal(name, fields) for name, fields in helped.record.items()}
