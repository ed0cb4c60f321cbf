"""Founds the coalition in membership's own database: what `coalition init` does."""

from pydantic import TypeAdapter, ValidationError

from kit.clock import Clock, utc_now
from kit.mongo import Mongo, ensure_indexes
from services.membership.api.requests import Address
from services.membership.commands.founding import AlreadyFounded, Charter, TwoAddressesRequired, bootstrap
from services.membership.domain.accreditation import BusinessNumberMalformed, business_number
from services.membership.domain.text import Text
from services.membership.main import office_of
from services.membership.settings import MembershipSettings
from services.membership.store import INDEXES

HOLDER = "coalition-init"
NAME = Text("Coalition québécoise contre la traite des personnes", "Quebec Coalition Against Trafficking in Persons")
MISSION = Text(
    "Unir les organisations qui aident les personnes victimes de la traite.",
    "To unite the organisations that help trafficked persons.",
)
REASONS: dict[type[Exception], str] = {
    ValidationError: "Give two e-mail addresses.",
    BusinessNumberMalformed: "That is no Quebec enterprise number: ten digits that begin with 11, 22, 33 or 88.",
    TwoAddressesRequired: "Give two different addresses: an admission takes two different board members.",
    AlreadyFounded: "The coalition exists already. Its board invites further members.",
}
_ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


class CannotFound(Exception):  # noqa: N818 - it reads as what happened
    """The coalition cannot be founded so; the message says why and what to do."""


async def found(first: str, second: str, number: str, clock: Clock = utc_now) -> str:
    """Found the coalition and return its id; membership, where it runs, mails the two invitations."""
    settings = _settings()
    mongo = Mongo.connect(settings.mongodb_url.get_secret_value(), settings.mongodb_database)
    try:
        board = (_ADDRESS.validate_python(first), _ADDRESS.validate_python(second))
        charter = Charter(NAME, MISSION, business_number(number))
        await ensure_indexes(mongo.db, INDEXES)
        return await bootstrap(office_of(settings, mongo, clock, HOLDER), charter, board)
    except tuple(REASONS) as fault:
        raise CannotFound(REASONS[type(fault)]) from None
    finally:
        await mongo.close()


def _settings() -> MembershipSettings:
    try:
        return MembershipSettings()
    except ValidationError as fault:
        missing = ", ".join(f"MEMBERSHIP_{str(error['loc'][0]).upper()}" for error in fault.errors(include_input=False))
        raise CannotFound(f"Set {missing}, as for the membership service.") from None
