from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from services.membership.domain import organization as org
from services.membership.domain import sector, standing
from services.membership.domain.accreditation import NotAccredited, accreditation
from services.membership.domain.organization import AlreadyVoted, OwnOrganization, SuspensionReason, Vote
from services.membership.domain.sector import Family, FamilyNotOfSector, Regime, Sector, hold_together
from services.membership.domain.standing import Command, Fact, State
from services.membership.domain.text import Text
from tests.membership.builders import (
    AT,
    COALITION,
    ORGANIZATION,
    a_decider,
    a_profile,
    an_applicant,
    an_organization,
    evidence,
)

LEGAL = {
    ("applied", "start-review", "under-review"),
    ("under-review", "admit", "admitted"),
    ("under-review", "decline", "declined"),
    ("admitted", "suspend", "suspended"),
    ("renewal-due", "suspend", "suspended"),
    ("lapsed", "suspend", "suspended"),
    ("suspended", "reinstate", "admitted"),
    ("admitted", "call-renewal", "renewal-due"),
    ("renewal-due", "renew", "admitted"),
    ("lapsed", "renew", "admitted"),
    ("renewal-due", "lapse", "lapsed"),
    ("admitted", "withdraw", "withdrawn"),
    ("renewal-due", "withdraw", "withdrawn"),
    ("lapsed", "withdraw", "withdrawn"),
    ("suspended", "withdraw", "withdrawn"),
    ("admitted", "accredit", "admitted"),
    ("renewal-due", "accredit", "renewal-due"),
}


@pytest.mark.parametrize(("state", "command"), list(product(State, Command)))
def test_the_table_allows_what_the_domain_says_and_names_every_other_move(state, command):
    legal = {to for start, asked, to in LEGAL if (start, asked) == (state, command)}
    if legal:
        assert {standing.move(state, command)[0]} == legal
    else:
        with pytest.raises(standing.REFUSALS[command]):
            standing.move(state, command)


def test_an_application_is_recorded_with_what_the_law_says_of_its_sector():
    applied, facts = org.apply(ORGANIZATION, a_profile(), an_applicant(), AT)
    assert (applied.state, facts) == (State.APPLIED, (Fact.APPLIED,))
    assert not applied.member


@pytest.mark.parametrize(("where", "family", "regime"), list(product(Sector, Family, Regime)))
def test_only_the_families_and_regimes_of_a_sector_may_apply(where, family, regime):
    if family in sector.FAMILIES.get(where, ()) and regime in sector.REGIMES[family]:
        hold_together(where, family, regime)
    else:
        with pytest.raises(FamilyNotOfSector):
            org.apply(ORGANIZATION, a_profile(sector=where, family=family, regime=regime), an_applicant(), AT)


def test_nobody_can_apply_as_the_coalition_itself():
    assert Sector.COALITION not in sector.FAMILIES


def test_the_coalition_is_founded_as_a_member():
    founded, facts = org.found(COALITION, Text("Coalition", "Coalition"), Text("m", "m"), "1166000001", AT)
    assert (founded.alias, founded.member, facts) == ("coalition", True, (Fact.ADMITTED,))
    assert len(founded.profile.regions) == 17


def test_one_vote_decides_nothing():
    voted, facts = org.vote(an_organization(State.UNDER_REVIEW), a_decider(), Command.ADMIT, "erable", AT)
    assert (voted.state, facts, len(voted.votes)) == (State.UNDER_REVIEW, (), 1)


@pytest.mark.parametrize(
    ("choice", "state", "fact"),
    [(Command.ADMIT, State.ADMITTED, Fact.ADMITTED), (Command.DECLINE, State.DECLINED, Fact.DECLINED)],
)
def test_two_different_board_members_who_agree_decide(choice, state, fact):
    first, _ = org.vote(an_organization(State.UNDER_REVIEW, alias=None, terms=()), a_decider(), choice, "erable", AT)
    decided, facts = org.vote(first, a_decider("board-2"), choice, "erable", AT)
    assert (decided.state, facts) == (state, (fact,))
    admitted = choice is Command.ADMIT
    assert (decided.alias, len(decided.terms)) == (("erable", 1) if admitted else (None, 0))


def test_board_members_who_disagree_wait_for_a_third():
    first, _ = org.vote(an_organization(State.UNDER_REVIEW), a_decider(), Command.ADMIT, "erable", AT)
    second, facts = org.vote(first, a_decider("board-2"), Command.DECLINE, "erable", AT)
    assert (second.state, facts) == (State.UNDER_REVIEW, ())
    third, facts = org.vote(second, a_decider("board-3"), Command.DECLINE, "erable", AT)
    assert (third.state, facts) == (State.DECLINED, (Fact.DECLINED,))


@pytest.mark.parametrize("again", [Command.ADMIT, Command.DECLINE])
def test_the_same_board_member_never_votes_twice(again):
    voted = an_organization(State.UNDER_REVIEW, votes=(Vote("board-1", Command.ADMIT, AT),))
    with pytest.raises(AlreadyVoted):
        org.vote(voted, a_decider(), again, "erable", AT)


OWN = [
    a_decider(organizations=frozenset({COALITION, ORGANIZATION})),
    a_decider(address=an_applicant().address),
]
DECISIONS = {
    State.APPLIED: org.start_review,
    State.UNDER_REVIEW: lambda o, by: org.vote(o, by, Command.ADMIT, "erable", AT),
    State.ADMITTED: lambda o, by: org.suspend(o, by, SuspensionReason.CONDUCT, AT),
    State.SUSPENDED: org.reinstate,
    State.RENEWAL_DUE: lambda o, by: org.renew(o, by, AT),
    State.LAPSED: lambda o, by: org.renew(o, by, AT),
}


@pytest.mark.parametrize(("state", "by"), list(product(DECISIONS, OWN)))
def test_nobody_decides_on_an_organisation_of_their_own(state, by):
    with pytest.raises(OwnOrganization):
        DECISIONS[state](an_organization(state), by)
    with pytest.raises(OwnOrganization):
        org.accredit(an_organization(), by, evidence(), AT + timedelta(days=9), AT)


def test_the_coalition_has_no_applicant_and_no_one_outside_to_suspend_it():
    own = a_decider(organizations=frozenset({ORGANIZATION}))
    with pytest.raises(OwnOrganization):
        org.suspend(an_organization(applicant=None), own, SuspensionReason.CONDUCT, AT)


def test_a_review_is_taken_up_by_someone():
    reviewed, facts = org.start_review(an_organization(State.APPLIED), a_decider("staff"))
    assert (reviewed.state, reviewed.reviewed_by, facts) == (State.UNDER_REVIEW, "staff", (Fact.REVIEW_STARTED,))


@pytest.mark.parametrize("state", [State.ADMITTED, State.RENEWAL_DUE, State.LAPSED])
def test_a_suspension_says_why_by_whom_and_since_when_and_a_reinstatement_forgets_it(state):
    suspended, facts = org.suspend(an_organization(state), a_decider(), SuspensionReason.SAFETY_CONCERN, AT)
    assert (suspended.suspension.reason, suspended.suspension.by, facts) == (
        "safety-concern",
        "board-1",
        (Fact.SUSPENDED,),
    )
    assert not suspended.member
    back, facts = org.reinstate(suspended, a_decider("board-2"))
    assert (back.state, back.suspension, facts) == (State.ADMITTED, None, (Fact.REINSTATED,))


def test_a_renewal_is_called_thirty_days_before_the_end_and_not_before():
    member = an_organization()
    assert org.call_renewal(member, org.renewal_call(member) - timedelta(seconds=1)) == (member, ())
    called, facts = org.call_renewal(member, org.renewal_call(member))
    assert (called.state, facts) == (State.RENEWAL_DUE, (Fact.RENEWAL_CALLED,))
    assert org.call_renewal(called, org.lapse_due(called)) == (called, ())


def test_a_membership_lapses_when_the_grace_is_over_and_not_before():
    due = an_organization(State.RENEWAL_DUE)
    assert org.lapse(due, org.lapse_due(due) - timedelta(seconds=1)) == (due, ())
    lapsed, facts = org.lapse(due, org.lapse_due(due))
    assert (lapsed.state, lapsed.member, facts) == (State.LAPSED, True, (Fact.LAPSED,))
    assert org.lapse(lapsed, org.lapse_due(due)) == (lapsed, ())


@pytest.mark.parametrize(("late", "starts_after"), [(timedelta(), timedelta(365)), (timedelta(400), timedelta(400))])
def test_a_renewal_is_a_new_term_and_the_old_one_stays(late, starts_after):
    renewed, facts = org.renew(an_organization(State.RENEWAL_DUE), a_decider("staff"), AT + late)
    assert facts == (Fact.RENEWED,)
    assert [term.starts for term in renewed.terms] == [AT, AT + starts_after]


def test_an_organisation_leaves():
    left, facts = org.withdraw(an_organization())
    assert (left.state, left.member, facts) == (State.WITHDRAWN, False, (Fact.WITHDRAWN,))


def test_an_accreditation_replaces_the_one_that_holds():
    until = AT + timedelta(days=200)
    first, facts = org.accredit(an_organization(), a_decider(), evidence(), until, AT)
    assert facts == (Fact.ACCREDITED,)
    later = AT + timedelta(days=100)
    second, _ = org.accredit(first, a_decider(), evidence(), until + timedelta(days=300), later)
    assert [given.ended_at for given in second.accreditations] == [later, None]
    assert second.accreditation(later).until == until + timedelta(days=300)


def test_an_accreditation_ends_by_the_clock_and_its_end_is_recorded_once():
    until = AT + timedelta(days=200)
    given, _ = org.accredit(an_organization(), a_decider(), evidence(), until, AT)
    assert given.accreditation(until - timedelta(seconds=1))
    assert given.accreditation(until) is None
    assert org.record_accreditation_end(given, until - timedelta(seconds=1)) == (given, ())
    ended, facts = org.record_accreditation_end(given, until + timedelta(days=1))
    assert (ended.accreditations[0].ended_at, facts) == (until, (Fact.ACCREDITATION_ENDED,))
    assert org.record_accreditation_end(ended, until) == (ended, ())
    assert org.record_accreditation_end(an_organization(), until) == (an_organization(), ())


def test_that_an_accreditation_ends_soon_is_told_once_while_it_holds():
    until = AT + timedelta(days=300)
    given = replace(an_organization(), accreditations=(accreditation(evidence(), "board-1", until, AT),))
    soon = until - timedelta(days=60)
    assert org.call_accreditation(given, soon - timedelta(seconds=1)) == (given, ())
    called, facts = org.call_accreditation(given, soon)
    assert (called.accreditations[0].called_at, facts) == (soon, (Fact.ACCREDITATION_ENDING,))
    assert org.call_accreditation(called, soon) == (called, ())
    assert org.call_accreditation(given, until) == (given, ())
    assert org.call_accreditation(an_organization(), soon) == (an_organization(), ())


def test_an_accreditation_can_be_ended_early_and_only_while_it_holds():
    held = accreditation(evidence(), "board-1", AT + timedelta(days=9), AT)
    member = replace(an_organization(), accreditations=(held,))
    ended, facts = org.end_accreditation(member, AT)
    assert (ended.accreditation(AT), facts) == (None, (Fact.ACCREDITATION_ENDED,))
    with pytest.raises(NotAccredited):
        org.end_accreditation(ended, AT)


@pytest.mark.parametrize("state", State)
def test_a_new_referral_is_addressed_to_accredited_members_in_good_standing_alone(state):
    until = AT + timedelta(days=300)
    given, _ = org.accredit(an_organization(), a_decider(), evidence(), until, AT)
    accepts = state in {State.ADMITTED, State.RENEWAL_DUE}
    assert replace(given, state=state).accepts_referrals(AT) is accepts
    assert not replace(given, state=state).accepts_referrals(until)
    assert not replace(an_organization(), state=state).accepts_referrals(AT)
