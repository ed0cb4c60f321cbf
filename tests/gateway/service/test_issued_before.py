"""A row with an instant refuses the tokens issued before it, on every replica, and no others."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pymongo import AsyncMongoClient

from kit.testing import eventually, tokens

THINGS = "/api/v1/toy/things"


async def test_only_tokens_issued_before_the_instant_are_refused(pair, shared_world):
    organization, user = uuid4().hex, uuid4().hex
    limit = datetime.fromtimestamp(int(time.time()), UTC)
    # Both already known to the replicas: what is remembered of a token must not outlive the row.
    old, new = (
        tokens.as_caseworker(organization=organization, user=user, at=limit + timedelta(seconds=shift))
        for shift in (-1, 0)
    )
    async with (
        AsyncMongoClient(shared_world.mongodb_url) as client,
        pair[0].http() as first,
        pair[1].http() as second,
    ):
        for http in (first, second):
            assert {(await http.get(THINGS, headers=headers)).status_code for headers in (old, new)} == {200}
        row = {"_id": f"member:{organization}:{user}", "revoked": True, "sequence": 1, "at": limit, "before": limit}
        await client[shared_world.access_database]["revocations"].insert_one(row)

        for http in (first, second):

            async def refused(http=http) -> bool:
                return (await http.get(THINGS, headers=old)).status_code == 401

            await eventually(refused, within=5)
            assert (await http.get(THINGS, headers=old)).json()["code"] == "auth.access-ended"
            assert (await http.get(THINGS, headers=new)).status_code == 200
