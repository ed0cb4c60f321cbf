"""When data may be told without consent: a closed list, by privacy regime, each with its article of law."""
# ruff: noqa: N818 - a refusal's name says what stands in the way

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.referral.domain.consent import ConsentAdultToYouthProtection
from services.referral.domain.disclosure_tables import CELLS, Rule
from services.referral.domain.errors import ReferralError
from services.referral.domain.identifiers import GroundId, OrganizationId, PersonId, UserId
from services.referral.domain.taxonomy import PERSONAL, AgeBand, DataClass, Regime, Sector

_EVERY_REGIME = frozenset(Regime)
_NOTHING: frozenset[DataClass] = frozenset()


@dataclass(frozen=True, slots=True)
class Article:
    """One ground of the law; `names` are the classes it opens even where the table gives no L.

    `emergency` lets one worker act at once; `minors` is a law about children alone.
    """

    citation: str
    regimes: frozenset[Regime]
    emergency: bool
    names: frozenset[DataClass]
    minors: bool = False


# Sources: CQLR c. P-39.1, A-2.1, R-22.1 and P-34.1 (Quebec).
ARTICLES: Mapping[str, Article] = {
    "p-39.1-18-6": Article("P-39.1, s. 18 (6)", frozenset({Regime.PRIVATE}), emergency=False, names=_NOTHING),
    "p-39.1-18-7": Article("P-39.1, s. 18 (7)", frozenset({Regime.PRIVATE}), emergency=True, names=_NOTHING),
    "p-39.1-18.1": Article("P-39.1, s. 18.1", frozenset({Regime.PRIVATE}), emergency=True, names=_NOTHING),
    "a-2.1-59.1": Article("A-2.1, s. 59.1", frozenset({Regime.PUBLIC}), emergency=True, names=_NOTHING),
    "r-22.1-74": Article("R-22.1, s. 74", frozenset({Regime.HEALTH}), emergency=True, names=_NOTHING),
    "p-34.1-35.4": Article("P-34.1, s. 35.4", _EVERY_REGIME, emergency=False, names=_NOTHING, minors=True),
    "p-34.1-39": Article("P-34.1, s. 39", _EVERY_REGIME, emergency=False, names=_NOTHING, minors=True),
    "p-34.1-39.1": Article("P-34.1, s. 39.1", _EVERY_REGIME, emergency=False, names=_NOTHING, minors=True),
    "p-34.1-72.8": Article("P-34.1, s. 72.8", _EVERY_REGIME, emergency=False, names=_NOTHING, minors=True),
    "court-order": Article("court order", _EVERY_REGIME, emergency=False, names=PERSONAL),
}


class GroundUnknown(ReferralError):
    """No such ground in the closed list."""

    code = "referral.ground-unknown"


class GroundNotInRegime(ReferralError):
    """The ground belongs to a law that does not govern this organisation."""

    code = "referral.ground-not-in-regime"


class GroundOpensNothing(ReferralError):
    """A ground must say which classes it opens."""

    code = "referral.ground-opens-nothing"


class GroundOpensNever(ReferralError):
    """No ground opens this class to this recipient."""

    code = "referral.ground-never-opens"


class GroundBeyondTable(ReferralError):
    """The ground would not open one of these classes to this recipient: what opens nothing is not recorded."""

    code = "referral.ground-beyond-table"


class GroundForMinorsOnly(ReferralError):
    """The article is of a law about children, and the person is of age."""

    code = "referral.ground-for-minors"


class GroundDecidedElsewhere(ReferralError):
    """Whoever decided works in the organisation that records the ground."""

    code = "referral.ground-decided-elsewhere"


class GroundNotOpen(ReferralError):
    """No open ground is recorded about this person for this recipient."""

    code = "referral.ground-not-open"


class GroundTooNarrow(ReferralError):
    """The ground does not cover every class of data asked for."""

    code = "referral.ground-too-narrow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A recorded ground: the article, who decided, for whom, which classes, when; its facts are sealed apart."""

    id: GroundId
    person: PersonId
    owner: OrganizationId
    article: str
    recipient: OrganizationId
    classes: frozenset[DataClass]
    decided_by: UserId
    recorded_by: UserId
    at: datetime
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Say whether it opens anything."""
        return self.closed_at is None

    @property
    def names(self) -> frozenset[DataClass]:
        """Return the classes that the article itself opens, among those recorded."""
        return self.classes & ARTICLES[self.article].names

    def covers(self, person: PersonId, recipient: OrganizationId) -> bool:
        """Say whether it was recorded about this person and for this recipient."""
        return (self.person, self.recipient) == (person, recipient)

    def check_carries(self, person: PersonId, recipient: OrganizationId, classes: frozenset[DataClass]) -> None:
        """Raise the named refusal unless it is open and covers all of this."""
        if not self.is_open or not self.covers(person, recipient):
            raise GroundNotOpen
        if not classes <= self.classes:
            raise GroundTooNarrow

    def close(self, at: datetime) -> "Ground":
        """End what it opens; one that is closed stays as it was closed."""
        return self if self.closed_at else replace(self, closed_at=at)


def check_ground(article: str, regime: Regime, classes: frozenset[DataClass]) -> Article:
    """Return the article where this regime may invoke it, or raise the named refusal."""
    found = ARTICLES.get(article)
    if found is None:
        raise GroundUnknown
    if regime not in found.regimes:
        raise GroundNotInRegime
    if not classes & PERSONAL:
        raise GroundOpensNothing
    return found


def check_reach(article: Article, sector: Sector, age: AgeBand, classes: frozenset[DataClass]) -> None:
    """Raise the named refusal where the article opens nothing, or too little, of this person to this recipient."""
    if sector is Sector.YOUTH_PROTECTION and not age.may_be_minor:
        raise ConsentAdultToYouthProtection
    if article.minors and not age.may_be_minor:
        raise GroundForMinorsOnly
    cells = {data_class: CELLS[data_class][sector] for data_class in classes}
    if any(cell.rule is Rule.NEVER for cell in cells.values()):
        raise GroundOpensNever
    if not all(cell.ground or data_class in article.names for data_class, cell in cells.items()):
        raise GroundBeyondTable
