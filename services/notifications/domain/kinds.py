"""The table of kinds: what happened, how it reads in French and English, where it goes, and whether it is an alarm.

An alarm is what a person's safety or a promised delay hangs on: quiet hours never hold it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.notifications.domain.errors import UnknownKind


class Channel(StrEnum):
    """The ways out of the system; the inbox and its live stream are always there."""

    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Text:
    """The same words twice; French first."""

    fr: str
    en: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of notice; `title` is read inside the system only, `channels` are those on unless a reader says no."""

    code: str
    title: Text
    channels: frozenset[Channel]
    alarm: bool


def _kind(code: str, fr: str, en: str, *, email: bool = True, alarm: bool = False) -> Kind:
    return Kind(code, Text(fr, en), frozenset({Channel.EMAIL} if email else ()), alarm)


_ROWS: Final = (
    _kind("referral-requested", "Une orientation vous est adressée", "A referral is addressed to you"),
    _kind(
        "referral-requested-urgent",
        "Une orientation urgente vous est adressée",
        "An urgent referral is addressed to you",
        alarm=True,
    ),
    _kind("referral-assigned", "Une orientation vous est confiée", "A referral is entrusted to you", alarm=True),
    _kind("referral-review-started", "Votre orientation est à l'étude", "Your referral is being reviewed", email=False),
    _kind("referral-waitlisted", "Votre orientation est sur une liste d'attente", "Your referral is on a waiting list"),
    _kind("referral-accepted", "Votre orientation est acceptée", "Your referral is accepted"),
    _kind("referral-declined", "Votre orientation est refusée", "Your referral is declined", alarm=True),
    _kind("referral-expired", "Votre orientation est restée sans réponse", "Your referral went unanswered", alarm=True),
    _kind("referral-ended", "Une orientation a pris fin", "A referral has ended"),
    _kind(
        "referral-reminded",
        "Une orientation attend toujours",
        "A referral is still waiting",
        alarm=True,
    ),
    _kind(
        "referral-escalated",
        "Une orientation attend depuis trop longtemps",
        "A referral has waited too long",
        alarm=True,
    ),
    _kind(
        "referral-not-arrived",
        "La personne attendue n'est pas arrivée",
        "The person expected has not arrived",
        alarm=True,
    ),
    _kind("referral-handover-arranged", "Une arrivée est convenue", "A handover is arranged"),
    _kind("referral-started", "L'accompagnement a commencé", "The service has started", email=False),
    _kind("referral-held", "L'accompagnement est suspendu", "The service is on hold", email=False),
    _kind("referral-resumed", "L'accompagnement a repris", "The service has resumed", email=False),
    _kind("referral-sharing-ended", "Le partage de renseignements a pris fin", "Sharing of information has ended"),
    _kind(
        "referral-void-proposed",
        "Une orientation aurait été saisie par erreur",
        "A referral may have been entered in error",
    ),
    _kind("referral-reassigned", "Une orientation change de service", "A referral moves to another service"),
    _kind("capacity-asked", "On vous demande si vous avez de la place", "You are asked whether you have room"),
    _kind(
        "capacity-asked-urgent",
        "On vous demande si vous avez de la place, sans attendre",
        "You are asked whether you have room, without delay",
        alarm=True,
    ),
    _kind("consent-lapsing", "Un consentement prend bientôt fin", "A consent ends soon"),
    _kind("capacity-answered", "Une réponse à votre demande de place", "An answer about the place you asked for"),
    _kind("ground-recorded", "Un motif de la loi a été consigné", "A ground of the law was recorded"),
    _kind(
        "emergency-received",
        "Une personne en danger grave vous est signalée",
        "You are told of a person in serious danger",
        alarm=True,
    ),
    _kind(
        "emergency-to-review",
        "Un geste fait en urgence est à réviser d'ici 24 heures",
        "An act in an emergency is to be reviewed within 24 hours",
        alarm=True,
    ),
    _kind(
        "emergency-unreviewed",
        "Un geste fait en urgence n'est toujours pas révisé",
        "An act in an emergency is still not reviewed",
        alarm=True,
    ),
    _kind("emergency-reviewed", "Votre geste fait en urgence est révisé", "Your act in an emergency was reviewed"),
    _kind("emergency-ended", "Une divulgation ou une lecture d'urgence a pris fin", "An emergency has been ended"),
    _kind("service-stale", "Un service du répertoire est à vérifier", "A service of the directory is to be checked"),
    _kind("application-received", "Une organisation demande à adhérer", "An organisation asks to join"),
    _kind("renewal-due", "L'adhésion de votre organisation est à renouveler", "Your organisation's membership is due"),
    _kind(
        "accreditation-ending",
        "L'accréditation de votre organisation prend bientôt fin",
        "Your organisation's accreditation ends soon",
    ),
    _kind(
        "reset-asked",
        "La réinitialisation d'un second facteur attend votre confirmation",
        "The reset of a second factor waits for your confirmation",
    ),
)

KINDS: Final[Mapping[str, Kind]] = {kind.code: kind for kind in _ROWS}


def kind_of(code: str) -> Kind:
    """Return a kind by its code, or raise `UnknownKind`."""
    try:
        return KINDS[code]
    except KeyError:
        raise UnknownKind from None
