"""The state table once more, one line a legal move, written out so that a change to either side is seen."""

from itertools import product

from services.referral.domain.transitions import Actor, Command, Fact, Key, State, Step, step

# state | actor | command | next state | facts
LEGAL = """
-            | sender       | draft         | draft            | drafted
-            | sender-alone | draft         | draft            | drafted
-            | receiver     | open          | under-review     | opened
draft        | sender       | request       | requested        | requested
draft        | sender-alone | issue-sheet   | in-progress      | sheet-issued
draft        | race         | lose          | cancelled        | cancelled closed
draft        | consent      | withdraw      | withdrawn        | withdrawn closed
draft        | sender       | cancel        | cancelled        | cancelled
draft        | sender-alone | cancel        | cancelled        | cancelled
draft        | sender       | void          | entered-in-error | voided
draft        | sender-alone | void          | entered-in-error | voided
requested    | receiver     | review        | under-review     | review-started
requested    | receiver     | waitlist      | waitlisted       | waitlisted
requested    | receiver     | accept        | accepted         | accepted assigned places-taken
requested    | receiver     | decline       | declined         | declined
requested    | timer        | remind        | requested        | reminded
requested    | timer        | escalate      | requested        | escalated
requested    | timer        | expire        | expired          | expired closed
requested    | race         | lose          | cancelled        | cancelled closed
requested    | consent      | withdraw      | withdrawn        | withdrawn closed
requested    | sender       | cancel        | cancelled        | cancelled closed
requested    | receiver     | cancel        | cancelled        | cancelled closed
requested    | sender       | void          | entered-in-error | voided
requested    | sender       | propose-void  | requested        | void-proposed
requested    | receiver     | confirm-void  | entered-in-error | voided
under-review | receiver     | waitlist      | waitlisted       | waitlisted
under-review | receiver     | accept        | accepted         | accepted assigned places-taken
under-review | receiver     | decline       | declined         | declined
under-review | timer        | remind        | under-review     | reminded
under-review | timer        | escalate      | under-review     | escalated
under-review | timer        | expire        | expired          | expired closed
under-review | race         | lose          | cancelled        | cancelled closed
under-review | consent      | withdraw      | withdrawn        | withdrawn closed
under-review | sender       | cancel        | cancelled        | cancelled closed
under-review | receiver     | cancel        | cancelled        | cancelled closed
under-review | sender       | void          | entered-in-error | voided
under-review | sender       | propose-void  | under-review     | void-proposed
under-review | receiver     | confirm-void  | entered-in-error | voided
waitlisted   | receiver     | resume-review | under-review     | review-resumed
waitlisted   | receiver     | keep-waiting  | waitlisted       |
waitlisted   | receiver     | accept        | accepted         | accepted assigned places-taken
waitlisted   | receiver     | decline       | declined         | declined
waitlisted   | timer        | remind        | waitlisted       | reminded
waitlisted   | timer        | escalate      | waitlisted       | escalated
waitlisted   | timer        | expire        | expired          | expired closed
waitlisted   | race         | lose          | cancelled        | cancelled closed
waitlisted   | consent      | withdraw      | withdrawn        | withdrawn closed
waitlisted   | sender       | cancel        | cancelled        | cancelled closed
waitlisted   | receiver     | cancel        | cancelled        | cancelled closed
waitlisted   | sender       | void          | entered-in-error | voided
waitlisted   | sender       | propose-void  | waitlisted       | void-proposed
waitlisted   | receiver     | confirm-void  | entered-in-error | voided
accepted     | consent      | end-sharing   | accepted         | sharing-ended
accepted     | receiver     | arrange-handover | accepted      | handover-arranged
accepted     | receiver     | log-attempt   | accepted         |
accepted     | receiver     | assign        | accepted         | assigned
accepted     | receiver     | start         | in-progress      | started
accepted     | timer        | miss-arrival  | accepted         | not-arrived
accepted     | timer        | remind        | accepted         | reminded
accepted     | timer        | escalate      | accepted         | escalated
accepted     | receiver     | complete      | completed        | completed
accepted     | receiver     | fail          | failed           | failed
accepted     | sender       | cancel        | cancelled        | cancelled closed
accepted     | receiver     | cancel        | cancelled        | cancelled closed
accepted     | sender       | propose-void  | accepted         | void-proposed
accepted     | receiver     | propose-void  | accepted         | void-proposed
accepted     | sender       | confirm-void  | entered-in-error | voided
accepted     | receiver     | confirm-void  | entered-in-error | voided
accepted     | sender       | reassign      | accepted         | reassigned
accepted     | coordination | reassign      | accepted         | reassigned
in-progress  | sender-alone | complete      | completed        | completed
in-progress  | sender-alone | fail          | failed           | failed
in-progress  | consent      | end-sharing   | in-progress      | sharing-ended
in-progress  | receiver     | log-attempt   | in-progress      |
in-progress  | receiver     | assign        | in-progress      | assigned
in-progress  | receiver     | hold          | on-hold          | held
in-progress  | receiver     | complete      | completed        | completed
in-progress  | receiver     | fail          | failed           | failed
in-progress  | sender-alone | cancel        | cancelled        | cancelled
in-progress  | sender       | cancel        | cancelled        | cancelled closed
in-progress  | receiver     | cancel        | cancelled        | cancelled closed
in-progress  | sender-alone | void          | entered-in-error | voided
in-progress  | sender       | propose-void  | in-progress      | void-proposed
in-progress  | receiver     | propose-void  | in-progress      | void-proposed
in-progress  | sender       | confirm-void  | entered-in-error | voided
in-progress  | receiver     | confirm-void  | entered-in-error | voided
in-progress  | sender       | reassign      | in-progress      | reassigned
in-progress  | coordination | reassign      | in-progress      | reassigned
on-hold      | consent      | end-sharing   | on-hold          | sharing-ended
on-hold      | timer        | remind        | on-hold          | reminded
on-hold      | timer        | escalate      | on-hold          | escalated
on-hold      | receiver     | log-attempt   | on-hold          |
on-hold      | receiver     | assign        | on-hold          | assigned
on-hold      | receiver     | resume        | in-progress      | resumed
on-hold      | receiver     | complete      | completed        | completed
on-hold      | receiver     | fail          | failed           | failed
on-hold      | sender       | cancel        | cancelled        | cancelled closed
on-hold      | receiver     | cancel        | cancelled        | cancelled closed
on-hold      | sender       | propose-void  | on-hold          | void-proposed
on-hold      | receiver     | propose-void  | on-hold          | void-proposed
on-hold      | sender       | confirm-void  | entered-in-error | voided
on-hold      | receiver     | confirm-void  | entered-in-error | voided
on-hold      | sender       | reassign      | on-hold          | reassigned
on-hold      | coordination | reassign      | on-hold          | reassigned
completed    | sender-alone | void          | entered-in-error | voided
completed    | sender       | propose-void  | completed        | void-proposed
completed    | receiver     | propose-void  | completed        | void-proposed
completed    | sender       | confirm-void  | entered-in-error | voided
completed    | receiver     | confirm-void  | entered-in-error | voided
failed       | sender-alone | void          | entered-in-error | voided
failed       | sender       | propose-void  | failed           | void-proposed
failed       | receiver     | propose-void  | failed           | void-proposed
failed       | sender       | confirm-void  | entered-in-error | voided
failed       | receiver     | confirm-void  | entered-in-error | voided
declined     | sender       | void          | entered-in-error | voided
expired      | sender       | void          | entered-in-error | voided
cancelled    | sender       | void          | entered-in-error | voided
cancelled    | sender-alone | void          | entered-in-error | voided
cancelled    | sender       | propose-void  | cancelled        | void-proposed
cancelled    | receiver     | propose-void  | cancelled        | void-proposed
cancelled    | sender       | confirm-void  | entered-in-error | voided
cancelled    | receiver     | confirm-void  | entered-in-error | voided
withdrawn    | consent      | withdraw      | withdrawn        |
withdrawn    | sender       | void          | entered-in-error | voided
"""


def expected() -> dict[Key, Step]:
    return dict(_move(line) for line in LEGAL.strip().splitlines())


def _move(line: str) -> tuple[Key, Step]:
    state, actor, command, to, facts = (part.strip() for part in line.split("|"))
    key = (None if state == "-" else State(state), Command(command), Actor(actor))
    return key, Step(State(to), tuple(Fact(fact) for fact in facts.split()))


EXPECTED = expected()
EVERY_TRY: list[Key] = list(product((None, *State), Command, Actor))


def check_states(table: dict[Key, Step]) -> None:
    """Try every command of every actor in every state: the legal ones lead where they must, the others are refused."""
    for state, command, actor in EVERY_TRY:
        found = table.get((state, command, actor))
        assert found == EXPECTED.get((state, command, actor)), (state, command, actor)
        if found is not None:
            assert step(state, command, actor, table) is found
