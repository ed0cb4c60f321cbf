"""`Idempotency-Key`: a request that is sent again has its effect once and gives the same resource.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import Annotated

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from fastapi import Depends, Header
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError
from starlette.requests import Request

from kit.auth import Principal, principal
from kit.clock import Clock
from kit.mongo import Collection, Session
from kit.problems import InProgress, KeyReused

KEPT_SECONDS = 24 * 3600
_NONCE_BYTES = 12

INDEXES: dict[str, Sequence[IndexModel]] = {
    "idempotency": [IndexModel([("at", ASCENDING)], expireAfterSeconds=KEPT_SECONDS)]
}


class Once:
    """One request under its key; without a key, every sending is a new request.

    `result` is the id of what the same request brought about earlier, or None. Stored rows name nobody: the result is
    sealed under the caller's own key, which we do not keep, and bound to the request's method, path and body.
    """

    def __init__(self, rows: Collection, clock: Clock, caller: str, key: str | None, request: bytes) -> None:
        self._rows = rows
        self._clock = clock
        self._request = request
        self._id = hashlib.sha256(f"id\0{caller}\0{key}".encode()).hexdigest() if key else None
        self._cipher = AESGCM(hashlib.sha256(f"seal\0{caller}\0{key}".encode()).digest())
        self.result: str | None = None

    async def look(self) -> None:
        """Find the earlier result; raises `KeyReused` (422) when the key came with another request."""
        row = await self._rows.find_one({"_id": self._id}) if self._id else None
        if row is None:
            return
        sealed = bytes(row["sealed"])
        try:
            found = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._request)
        except InvalidTag as error:
            raise KeyReused from error
        self.result = found.decode()

    async def remember(self, session: Session, result: str) -> None:
        """Keep the result's id for 24 h, in the effect's own transaction and before its other writes.

        Raises `InProgress` (409) when the same request has been carried out meanwhile.
        """
        if self._id is None:
            return
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, result.encode(), self._request)
        try:
            row = {"_id": self._id, "sealed": sealed, "at": self._clock()}
            await self._rows.insert_one(row, session=session)
        except DuplicateKeyError as error:
            raise InProgress from error


Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A new random value for each new request; the same when it is sent again.",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
        pattern=r"^[\x21-\x7e]{16,128}$",
    ),
]


async def _find(request: Request, caller: str, key: str | None) -> Once:
    """Read the key and look for what it brought about earlier."""
    state = request.app.state
    route = f"{request.method} {request.scope['route'].path}"
    what = hashlib.sha256(f"{request.scope['path']}?".encode() + request.scope["query_string"] + b"\0")
    what.update(await request.body())
    found = Once(state.mongo.db["idempotency"], state.clock, f"{caller}\0{route}", key, what.digest())
    await found.look()
    return found


async def _once(request: Request, caller: Annotated[Principal, Depends(principal)], key: Key = None) -> Once:
    return await _find(request, f"{caller.client}\0{caller.organization}\0{caller.user}", key)


async def _once_public(request: Request, key: Key = None) -> Once:
    return await _find(request, "public", key)


once = Annotated[Once, Depends(_once)]
"""The dependency of a signed-in operation: `async def create(body: New, once: http.once)`."""

once_public = Annotated[Once, Depends(_once_public)]
"""The dependency of a public operation: the key alone tells callers apart."""
