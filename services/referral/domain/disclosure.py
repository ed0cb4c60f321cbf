"""Who may see what: one pure function over sector, class, stage, consent, ground, purpose, role, reveals."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from services.referral.domain.disclosure_tables import (
    CELLS,
    PROVIDER_NEEDS,
    PURPOSES,
    SERVICE_NEEDS,
    Cell,
    Cells,
    Purposes,
    Rule,
    suits,
)
from services.referral.domain.reveals import HOW_MANY, Facet, Part, is_shown, of_code
from services.referral.domain.taxonomy import AgeBand, DataClass, Need, Purpose, Sector


class Stage(StrEnum):
    """How far a referral has come for its receiver; dark is after acceptance once sharing has ended."""

    BEFORE = "before-acceptance"
    ACCEPTED = "accepted"
    DARK = "sharing-ended"
    ENDED = "ended"


class Role(StrEnum):
    """Who reads, inside the receiving organisation; nobody else there sees a referral at all."""

    INTAKE = "intake"
    ASSIGNED = "assigned"
    COORDINATOR = "coordinator"
    EMERGENCY = "emergency"  # someone else there, for a few hours, with a coded reason and a review
    OTHER = "other"


class Form(StrEnum):
    """What of a class is shown."""

    NOTHING = "nothing"
    WHOLE = "whole"
    TYPE = "type"
    COVERAGE = "coverage"
    ATTESTATION = "attestation"
    OWN = "own"
    ONCE = "once"
    SUPPRESSED = "suppressed"


class Reason(StrEnum):
    """Why a class, or the rest of it, is withheld; the same words whether or not there is anything to withhold."""

    NOT_YOUR_PART = "not-your-part"
    NOT_FOR_YOUR_SECTOR = "not-for-your-sector"
    BEFORE_ACCEPTANCE = "before-acceptance"
    SHARING_ENDED = "sharing-ended"
    REFERRAL_ENDED = "referral-ended"
    NOT_CONSENTED = "not-consented"
    NEEDS_PURPOSE = "needs-a-purpose"
    NOT_FOR_THIS_SERVICE = "not-for-this-service"
    ONE_READING = "one-reading-only"
    ALREADY_READ = "already-read"
    TYPE_ONLY = "type-only"
    COVERAGE_ONLY = "coverage-only"
    ATTESTATION_ONLY = "attestation-only"
    OWN_ONLY = "own-only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The circumstances of one reader: everything the decision depends on, and nothing about the person's data."""

    sector: Sector
    role: Role
    stage: Stage
    purpose: Purpose
    needs: frozenset[Need] = frozenset()  # what the service addressed does
    consented: frozenset[DataClass] = frozenset()  # by a live consent, for this recipient and purpose
    grounds: frozenset[DataClass] = frozenset()  # by a recorded ground, for this recipient
    named: frozenset[DataClass] = frozenset()  # of those, what the ground's article itself names
    age: AgeBand = AgeBand.UNKNOWN
    already_read: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What is shown of a class, and why the rest is not; `reason` None is nothing left out, or nothing to be said."""

    form: Form
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """The two tables together, so that a test can bend one cell."""

    cells: Cells = field(default_factory=lambda: CELLS)
    purposes: Purposes = field(default_factory=lambda: PURPOSES)


TABLES = Tables()

_WHOLE = Decision(Form.WHOLE)
_UNNAMED = Decision(Form.NOTHING)

_BY_STAGE: Mapping[Stage, Decision] = {
    Stage.BEFORE: Decision(Form.NOTHING, Reason.BEFORE_ACCEPTANCE),
    Stage.DARK: Decision(Form.NOTHING, Reason.SHARING_ENDED),
    Stage.ENDED: Decision(Form.NOTHING, Reason.REFERRAL_ENDED),
}

_BY_RULE: Mapping[Rule, Decision] = {
    Rule.CONSENT: _WHOLE,
    Rule.TYPE: Decision(Form.TYPE, Reason.TYPE_ONLY),
    Rule.COVERAGE: Decision(Form.COVERAGE, Reason.COVERAGE_ONLY),
    Rule.ATTESTATION: Decision(Form.ATTESTATION, Reason.ATTESTATION_ONLY),
    Rule.OWN: Decision(Form.OWN, Reason.OWN_ONLY),
    Rule.PURPOSE: Decision(Form.NOTHING, Reason.NEEDS_PURPOSE),
    Rule.CLOSED: Decision(Form.NOTHING, Reason.NOT_FOR_YOUR_SECTOR),
}

_PARTS: Mapping[Form, Part] = {
    Form.WHOLE: Part.WHOLE,
    Form.TYPE: Part.TYPE,
    Form.COVERAGE: Part.COVERAGE,
    Form.ATTESTATION: Part.ATTESTATION,
}


def decide(reading: Reading, data_class: DataClass, tables: Tables = TABLES) -> Decision:
    """Say what this reader sees of a data class. Sources: the two tables of the domain, and nothing else."""
    cell = tables.cells[data_class][reading.sector]
    if cell.rule is Rule.SUPPRESSED:
        return Decision(Form.SUPPRESSED)
    if reading.role is Role.OTHER:
        return Decision(Form.NOTHING, Reason.NOT_YOUR_PART)
    if cell.rule is Rule.NEVER or _is_shut_out(reading):
        # Naming it would tell that there is something to tell.
        return _UNNAMED
    if reading.stage is Stage.ENDED:
        return _BY_STAGE[Stage.ENDED]
    if _by_ground(reading, data_class, cell):
        return _WHOLE
    return _by_consent(reading, data_class, cell, tables)


def _is_shut_out(reading: Reading) -> bool:
    """Say whether nothing of this person may be told: adults are never disclosed to youth protection."""
    return reading.sector is Sector.YOUTH_PROTECTION and not reading.age.may_be_minor


def _by_ground(reading: Reading, data_class: DataClass, cell: Cell) -> bool:
    """Say whether a recorded ground opens the class; one that names it opens any cell but `never`."""
    return data_class in reading.grounds and (cell.ground or data_class in reading.named)


def _by_consent(reading: Reading, data_class: DataClass, cell: Cell, tables: Tables) -> Decision:
    """Say what consent opens, after acceptance, for a purpose that may be declared to this reader."""
    if reading.stage is not Stage.ACCEPTED:
        return _BY_STAGE[reading.stage]
    if data_class not in reading.consented:
        return Decision(Form.NOTHING, Reason.NOT_CONSENTED)
    if not suits(reading.purpose, reading.sector, reading.needs, tables.purposes):
        return Decision(Form.NOTHING, Reason.NEEDS_PURPOSE)
    if data_class in tables.purposes[reading.purpose].opens:
        return _WHOLE
    return _by_rule(reading, data_class, cell.rule)


def _by_rule(reading: Reading, data_class: DataClass, rule: Rule) -> Decision:
    """Apply the cell's own rule to a class that is consented to."""
    if rule is Rule.ONCE:
        return (
            Decision(Form.NOTHING, Reason.ALREADY_READ)
            if reading.already_read
            else Decision(Form.ONCE, Reason.ONE_READING)
        )
    if rule in {Rule.PROVIDER, Rule.SERVICE}:
        needed = PROVIDER_NEEDS if rule is Rule.PROVIDER else SERVICE_NEEDS[data_class]
        return _WHOLE if reading.needs & needed else Decision(Form.NOTHING, Reason.NOT_FOR_THIS_SERVICE)
    return _BY_RULE[rule]


def decide_all(reading: Reading, tables: Tables = TABLES) -> Mapping[DataClass, Decision]:
    """Decide on every class of personal data, in the order in which people see them."""
    return _decided(reading) if tables is TABLES else _decide_each(reading, tables)


def _decide_each(reading: Reading, tables: Tables) -> Mapping[DataClass, Decision]:
    personal: list[DataClass] = [name for name in DataClass if name is not DataClass.AGGREGATES]
    return MappingProxyType({name: decide(reading, name, tables) for name in personal})


@lru_cache(maxsize=4096)
def _decided(reading: Reading) -> Mapping[DataClass, Decision]:
    """Remember: circumstances are few and hold nothing of anyone, and deciding anew costs more than all else here."""
    return _decide_each(reading, TABLES)


def opened(decisions: Mapping[DataClass, Decision]) -> frozenset[Facet]:
    """Return what the decisions open, as the facets that codes may reveal."""
    return frozenset(
        Facet(data_class, _PARTS[decision.form])
        for data_class, decision in decisions.items()
        if decision.form in _PARTS
    )


def told_once_accepted(reading: Reading, tables: Tables = TABLES) -> frozenset[Facet]:
    """Return what codes and counts may give away to this reader, judged as if the referral were accepted.

    The need is read before acceptance too; it must not tell then what would stay withheld after.
    """
    facets = opened(decide_all(replace(reading, stage=Stage.ACCEPTED), tables))
    return facets | {HOW_MANY} if reading.needs & PROVIDER_NEEDS else facets


def shows_need(reading: Reading, need: Need, facets: frozenset[Facet], tables: Tables = TABLES) -> bool:
    """Say whether this reader may learn that the need was asked for.

    What it reveals must be open to them; or consented to, where answering that need is what the service does.
    """
    revealed = {facet.data_class for facet in of_code(need)}
    never = any(tables.cells[data_class][reading.sector].rule is Rule.NEVER for data_class in revealed)
    if never or _is_shut_out(reading):
        return False
    own_work = need in reading.needs and revealed <= reading.consented | reading.grounds
    return own_work or is_shown(of_code(need), facets)
