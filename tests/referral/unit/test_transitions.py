"""Every (state, command, actor), legal or not, against the table."""

from dataclasses import replace

import pytest

from services.referral.domain.errors import ReferralError
from services.referral.domain.transitions import (
    BEFORE_ACCEPTANCE,
    ENDED,
    REFUSALS,
    ROWS,
    SERVING,
    TRANSITIONS,
    Actor,
    Command,
    Fact,
    NotYourMove,
    ReferralAlreadyMade,
    ReferralClosed,
    Row,
    State,
    step,
    tabulate,
)
from tests.referral.unit.state_table import EVERY_TRY, EXPECTED, check_states


def test_every_move_of_the_table_leads_where_the_domain_says():
    check_states(dict(TRANSITIONS))


@pytest.mark.parametrize("command", Command)
def test_every_illegal_move_raises_a_named_refusal(command):
    for state, tried, actor in EVERY_TRY:
        if tried is command and (state, command, actor) not in EXPECTED:
            with pytest.raises(ReferralError) as refused:
                step(state, command, actor)
            assert refused.value.code.startswith("referral.")
            assert refused.value.code != ReferralError.code


def test_the_wrong_mover_is_told_so_before_anything_else():
    with pytest.raises(NotYourMove):
        step(State.REQUESTED, Command.ACCEPT, Actor.SENDER)
    with pytest.raises(NotYourMove):
        step(None, Command.DRAFT, Actor.RECEIVER)


def test_what_is_made_cannot_be_made_again():
    with pytest.raises(ReferralAlreadyMade):
        step(State.ACCEPTED, Command.DRAFT, Actor.SENDER)


@pytest.mark.parametrize("state", sorted(ENDED))
def test_every_end_refuses_with_the_same_word(state):
    with pytest.raises(ReferralClosed):
        step(state, Command.ACCEPT, Actor.RECEIVER)


def test_every_state_has_a_refusal_and_belongs_to_one_phase():
    assert set(REFUSALS) == {None, *State}
    assert set(State) == BEFORE_ACCEPTANCE | SERVING | ENDED
    assert not BEFORE_ACCEPTANCE & SERVING


def _bent(row: Row) -> list[tuple[Row, ...]]:
    """The ways to bend one row: lose it, an origin, an actor or a fact; move it; gain an origin or an actor."""
    other_state = State.ON_HOLD if row.to is not State.ON_HOLD else State.DRAFT
    more_states = tuple(state for state in State if state not in row.origins)
    more_actors = tuple(actor for actor in Actor if actor not in row.actors)
    return [
        (),
        *((replace(row, origins=tuple(o for o in row.origins if o is not lost)),) for lost in row.origins),
        *((replace(row, actors=tuple(a for a in row.actors if a is not lost)),) for lost in row.actors),
        (replace(row, to=other_state),),
        (replace(row, facts=(*row.facts, Fact.OPENED)),),
        (replace(row, facts=row.facts[1:] if row.facts else (Fact.DRAFTED,)),),
        *((row, replace(row, origins=(gained,))) for gained in more_states),
        *((row, replace(row, actors=(gained,))) for gained in more_actors),
    ]


@pytest.mark.parametrize("index", range(len(ROWS)))
def test_bending_any_row_of_the_state_table_fails_the_walk(index):
    for bent in _bent(ROWS[index]):
        table = tabulate(ROWS[:index] + bent + ROWS[index + 1 :])
        if table != TRANSITIONS:
            with pytest.raises(AssertionError):
                check_states(table)


def test_losing_any_row_changes_the_table():
    for index in range(len(ROWS)):
        assert tabulate(ROWS[:index] + ROWS[index + 1 :]) != TRANSITIONS
