"""How long it takes from a command in one service to its effect in another, both of them processes.

A receiver accepts a referral; the effect is the entry in the sender's inbox, in the database of notifications.
Run with `make bench`, or alone: `python -m bench.telling`. Milliseconds.
"""

import asyncio
import statistics
import time

import httpx2
from pymongo import MongoClient
from pymongo.collection import Collection

from bench.system import prepared
from kit.clock import utc_now
from kit.testing import ManualClock, tokens
from services.referral.main import create
from services.referral.settings import ReferralSettings
from tests.referral.world import API, a_scene, quiet_world

COMMANDS = 150
GOAL = 50.0
WITHIN = 30.0


async def request_referrals() -> list[tuple[str, dict[str, str]]]:
    """Bring referrals to a request; return for each its id and its receiver's token."""
    app = create(ReferralSettings(), clock=ManualClock(utc_now()), verifier=tokens.verifier())
    found = []
    async with quiet_world(app, app.state.desk.clock) as world:
        for _ in range(COMMANDS):
            scene = await a_scene(world)
            found.append((await scene.requested(), scene.intake.headers))
    return found


def wait_for(entries: Collection, kind: str, link: str) -> None:
    end = time.monotonic() + WITHIN
    while entries.find_one({"kind": kind, "link": link}, {"_id": 1}) is None:
        if time.monotonic() > end:
            raise SystemExit(f"no entry {kind} within {WITHIN:.0f} s")
        time.sleep(0.0005)


def main() -> None:
    with prepared("referral", "notifications") as system:
        referrals = asyncio.run(request_referrals())
        system.start()
        base = f"http://127.0.0.1:{system.ports['referral']}{API}"
        after, whole = [], []
        with MongoClient(system.mongo_url) as mongo, httpx2.Client(timeout=WITHIN) as http:
            entries = mongo["notifications"]["entries"]
            # What was told before is heard first: only then is the bus at rest.
            wait_for(entries, "referral-requested-urgent", f"/referrals/{referrals[-1][0]}")
            for referral, headers in referrals:
                start = time.perf_counter()
                answer = http.post(f"{base}/referrals/{referral}/accept", json={}, headers=headers | {"If-Match": "*"})
                if answer.status_code != 200:
                    raise SystemExit(f"{answer.status_code} {answer.text[:300]}")
                answered = time.perf_counter()
                wait_for(entries, "referral-accepted", f"/referrals/{referral}")
                seen = time.perf_counter()
                after.append((seen - answered) * 1000)
                whole.append((seen - start) * 1000)
                time.sleep(0.02)
    for title, spans in (("answer → effect", sorted(after)), ("command → effect", sorted(whole))):
        p99 = spans[int(len(spans) * 0.99)]
        mark = "✓" if p99 <= GOAL else "✗"
        print(f"{title:<18}p50 {statistics.median(spans):6.1f}   p99 {p99:6.1f} {mark} (goal {GOAL:.0f})")


if __name__ == "__main__":
    main()
