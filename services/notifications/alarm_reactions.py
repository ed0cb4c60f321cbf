"""What follows from referral's messages on disclosure without consent: those named are told, in their organisation."""

from typing import Any

from kit.consumer import Handlers
from kit.messages import Delivery
from kit.mongo import Session
from services.notifications.alarms import KIND_OF_ALARM, EmergencyDisclosed, GroundRecorded
from services.notifications.commands import Desk, News, tell


def _alarm_link(fact: Any) -> str:
    """Return the path at which the reader sees what the alarm is about."""
    if isinstance(fact, GroundRecorded):
        return f"/grounds/{fact.ground_id}"
    end = "/disclosed" if isinstance(fact, EmergencyDisclosed) else ""
    return f"/emergencies/{fact.emergency_id}{end}"


def telling_of_alarms(desk: Desk) -> Handlers:
    """Return the handlers that tell the people named by a message on disclosure without consent."""

    async def on_fact(session: Session, delivery: Delivery[Any]) -> None:
        fact = delivery.data
        told = fact.organization_id if isinstance(fact, GroundRecorded) else fact.told_organization_id
        news = News(
            kind=KIND_OF_ALARM[type(fact)],
            link=_alarm_link(fact),
            about=delivery.aggregate,
            organizations=(told,),
            happened=delivery.time,
        )
        await tell(desk, session, news, fact.notify)

    return dict.fromkeys(KIND_OF_ALARM, on_fact)
