"""Loops end when told to, and leave nobody running behind them."""

import asyncio

import pytest

from kit.tasks import Gathered, running, stop, together


async def forever():
    await asyncio.Event().wait()


class Stubborn:
    """Ends at the second call only, as nats-py may under Python 3.11."""

    ended = False

    async def run(self):
        try:
            await forever()
        except asyncio.CancelledError:
            await forever()
        finally:
            self.ended = True


async def test_who_is_told_again_to_stop_while_stopping_others_leaves_none_of_them_running():
    inner = Stubborn()
    outer = asyncio.create_task(together(inner.run(), forever()))
    await asyncio.sleep(0.05)
    outer.cancel()
    await asyncio.sleep(0.05)
    assert not outer.done()
    outer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await outer
    assert inner.ended


async def test_a_loop_that_breaks_stops_the_others_and_says_what_broke():
    inner = Stubborn()

    async def break_down():
        await asyncio.sleep(0.05)
        raise KeyError

    with pytest.raises(KeyError):
        await together(inner.run(), break_down())
    assert inner.ended


async def test_what_broke_while_it_was_stopped_is_nobodys_concern():
    async def breaks():
        try:
            await forever()
        except asyncio.CancelledError:
            raise KeyError from None

    async with running(breaks()) as tasks:
        await asyncio.sleep(0)
    await stop(*tasks)


class Doubling:
    """Answers with the double of each number, once it is let; keeps what was asked together."""

    def __init__(self):
        self.batches = []
        self.let = asyncio.Event()

    async def __call__(self, numbers):
        self.batches.append(list(numbers))
        await self.let.wait()
        if 13 in numbers:
            raise ValueError(13)
        return [number * 2 for number in numbers]


async def test_what_is_asked_while_others_are_answered_goes_together_and_a_lone_one_waits_for_nobody():
    doubling = Doubling()
    gathered = Gathered(doubling)
    asked = [asyncio.create_task(gathered.ask(0))]
    await asyncio.sleep(0.01)
    assert doubling.batches == [[0]]
    for number in (1, 2, 3, 4):
        asked.append(asyncio.create_task(gathered.ask(number)))
        await asyncio.sleep(0.01)
    doubling.let.set()
    assert await asyncio.gather(*asked) == [0, 2, 4, 6, 8]
    assert doubling.batches == [[0], [1], [2, 3, 4]]
    assert await gathered.ask(5) == 10


async def test_what_one_question_breaks_is_told_to_those_that_went_with_it_alone():
    doubling = Doubling()
    gathered = Gathered(doubling)
    first = asyncio.create_task(gathered.ask(1))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(gathered.ask(2))
    await asyncio.sleep(0.01)
    broken = [asyncio.create_task(gathered.ask(number)) for number in (13, 14)]
    await asyncio.sleep(0.01)
    doubling.let.set()
    assert [await first, await second] == [2, 4]
    for each in broken:
        with pytest.raises(ValueError, match="13"):
            await each


async def test_who_is_cancelled_while_waiting_takes_nobody_along():
    doubling = Doubling()
    gathered = Gathered(doubling)
    gone, stays = [asyncio.create_task(gathered.ask(number)) for number in (1, 2)]
    await asyncio.sleep(0.01)
    gone.cancel()
    doubling.let.set()
    assert await stays == 4
