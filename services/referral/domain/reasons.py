"""The coded reasons and outcomes of a referral: closed lists, so that no sentence about a person is ever needed."""

from enum import StrEnum


class DeclineReason(StrEnum):
    """Why a receiver declines; none says anything about the person."""

    NO_CAPACITY = "no-capacity"
    NOT_ELIGIBLE = "not-eligible"
    OUTSIDE_AREA = "outside-area"
    NOT_OUR_SERVICE = "not-our-service"
    CANNOT_KEEP_SAFE = "cannot-keep-safe"
    NO_INTERPRETER = "no-interpreter"
    NOT_ACCESSIBLE = "not-accessible"
    OTHER = "other"


class Source(StrEnum):
    """How someone came whom nobody referred."""

    WALK_IN = "walk-in"
    CALL = "call"
    SELF_REFERRAL = "self-referral"


class CancelReason(StrEnum):
    """Why a party cancels."""

    PERSONS_WISH = "persons-wish"
    MET_ELSEWHERE = "met-elsewhere"
    SERVICE_UNAVAILABLE = "service-unavailable"
    NO_LONGER_NEEDED = "no-longer-needed"
    SENT_TWICE = "sent-twice"
    OTHER = "other"


class FailReason(StrEnum):
    """Why a service that was accepted came to nothing."""

    UNREACHABLE = "unreachable"
    LEFT_EARLY = "left-early"
    SERVICE_UNAVAILABLE = "service-unavailable"
    NOT_ELIGIBLE_AFTER_ALL = "not-eligible-after-all"
    PERSONS_CHOICE = "persons-choice"
    OTHER = "other"


class Outcome(StrEnum):
    """What became of one need; no narrative."""

    MET = "met"
    PARTLY_MET = "partly-met"
    NOT_MET = "not-met"
    NO_LONGER_NEEDED = "no-longer-needed"
