"""What a relay tells of its stream and its outbox."""

from structlog.testing import capture_logs

from kit.relay import Relay
from kit.tasks import running
from kit.telemetry import metrics
from kit.testing import ManualClock, eventually
from tests.toy.measured import measured
from tests.toy.wallet import Wallet


async def test_how_full_the_stream_is_is_told_and_nothing_waits(mongo, bus_of):
    wallet = Wallet(mongo, ManualClock())
    await wallet.prepare()
    await wallet.pay("w1", 1, times=50)
    async with bus_of("wallet") as out:
        await out.ready()
        async with running(Relay(mongo, out, "wallet", "relay-1").run()):

            async def nothing_waits():
                return await mongo.db["outbox"].count_documents({"pending": True}) == 0

            await eventually(nothing_waits)

        async with running(Relay(mongo, out, "wallet", "relay-2").run()):

            async def told():
                return metrics.registry.get_sample_value("coalition_stream_fill_ratio", {"source": "wallet"})

            assert 0 < await eventually(told) < 0.01
    assert metrics.registry.get_sample_value("coalition_outbox_age_seconds", {"source": "wallet"}) is not None


async def test_a_stream_that_fills_alarms_once_each_time_it_does(mongo, bus_of):
    relay = Relay(mongo, bus_of("wallet"), "wallet", "r")
    with capture_logs() as told:
        for ratio in (0.5, 0.69, 0.7, 0.9, 1.0, 0.4, 0.71):
            relay._tell_fill(ratio)
            assert measured("stream_fill_ratio", source="wallet") == ratio
    alarms = [(line["log_level"], line["event"], line["number"]) for line in told]
    assert alarms == [("error", "relay.stream-filling", 70), ("error", "relay.stream-filling", 71)]
