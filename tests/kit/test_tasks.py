"""Loops end when told to, and leave nobody running behind them."""

import asyncio

import pytest

from kit.tasks import running, stop, together


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
