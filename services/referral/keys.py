"""Keys: the operator's KMS protects a key for each organisation, which protects a key for each person.

Organisation keys are PyMongo's explicit client-side encryption; person keys are 32 random bytes, wrapped under them;
fields are sealed with AES-GCM (NIST SP 800-38D), bound to (person, class), so that a ciphertext moved elsewhere is
refused. No person key is kept in memory beyond its use: destroying the stored one erases the person at once.
"""

import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from bson.binary import Binary
from bson.codec_options import CodecOptions
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.encryption import AsyncClientEncryption
from pymongo.errors import DuplicateKeyError, EncryptionError

from kit.mongo import Document, Mongo, ensure_indexes
from kit.tasks import Gathered
from services.referral.domain.identifiers import OrganizationId, PersonId
from services.referral.domain.person import PersonErased

KEY_BYTES = 32
_NONCE_BYTES = 12
_MASTER_BYTES = 96
_VAULT = "organization_keys"
_WRAPPING = "AEAD_AES_256_CBC_HMAC_SHA_512-Random"

INDEXES = {
    # MongoDB asks for this very index on a key vault: two first persons at once make one organisation key.
    _VAULT: [
        IndexModel(
            [("keyAltNames", ASCENDING)], unique=True, partialFilterExpression={"keyAltNames": {"$exists": True}}
        )
    ],
    "person_keys": [IndexModel([("created_at", ASCENDING)])],
}


class SealBroken(Exception):  # noqa: N818 - it reads as what happened
    """A sealed field does not belong where it was found, or was changed."""


class PersonKey:
    """One person's key, for as long as one request needs it."""

    __slots__ = ("_cipher", "_person")

    def __init__(self, person: PersonId, key: bytes) -> None:
        self._person = person
        self._cipher = AESGCM(key)

    def _bound(self, place: str) -> bytes:
        return f"person:{self._person}|{place}".encode()

    def seal(self, place: str, value: Any) -> bytes:
        """Seal a JSON value for one place of this person's: a data class, or `request:<referral>`."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return nonce + self._cipher.encrypt(nonce, plain, self._bound(place))

    def unseal(self, place: str, sealed: bytes) -> Any:
        """Read a sealed value back; raises `SealBroken`."""
        try:
            return json.loads(self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._bound(place)))
        except InvalidTag as error:
            raise SealBroken from error


class Keys:
    """The keys' own database, which the data's backups never hold."""

    def __init__(self, mongo: Mongo, kms: Callable[[], dict[str, Any]]) -> None:
        self._mongo = mongo
        self._kms = kms
        self._rows = mongo.db["person_keys"]
        self._asked: Gathered[PersonId, bytes | None] = Gathered(self._wrapped)
        self._providers: dict[str, Any] = {}
        self._vault: AsyncClientEncryption[Document] | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Hold the vault open for the life of the process."""
        await ensure_indexes(self._mongo.db, INDEXES)
        namespace = f"{self._mongo.db.name}.{_VAULT}"
        # PyMongo's KMS providers: one of them, whose name says which.
        self._providers = self._kms()
        self._vault = AsyncClientEncryption(self._providers, namespace, self._mongo.client, CodecOptions())
        try:
            yield
        finally:
            await self._vault.close()
            await self._mongo.close()

    async def new(self, organization: OrganizationId, person: PersonId, at: datetime) -> PersonKey:
        """Make and store a person's key; call it before the person is stored."""
        key = os.urandom(KEY_BYTES)
        wrapped = await self._wrap(organization, person, key)
        row = {"_id": person, "organization": organization, "wrapped": wrapped, "created_at": at}
        await self._rows.insert_one(row)
        return PersonKey(person, key)

    async def new_ones(
        self, organization: OrganizationId, persons: Sequence[PersonId], at: datetime
    ) -> dict[PersonId, PersonKey]:
        """Make and store the keys of many persons of one organisation at once."""
        keys = {person: os.urandom(KEY_BYTES) for person in persons}
        rows = [
            {"_id": person, "organization": organization, "wrapped": await self._wrap(organization, person, key)}
            for person, key in keys.items()
        ]
        await self._rows.insert_many([{**row, "created_at": at} for row in rows], ordered=False)
        return {person: PersonKey(person, key) for person, key in keys.items()}

    async def of(self, person: PersonId) -> PersonKey:
        """Return a person's key; raises `PersonErased`."""
        wrapped = await self._asked.ask(person)
        if wrapped is None:
            raise PersonErased
        return PersonKey(person, await self._unwrap(person, wrapped))

    async def _wrapped(self, persons: Sequence[PersonId]) -> list[bytes | None]:
        found = self._rows.find({"_id": {"$in": list(persons)}}, {"wrapped": 1})
        wrapped = {row["_id"]: row["wrapped"] async for row in found}
        return [wrapped.get(person) for person in persons]

    async def of_names(self, organization: OrganizationId) -> bytes:
        """Return the key of an organisation's index of names, made at its first use; it opens no record."""
        rows, owner = self._mongo.db["name_keys"], f"names:{organization}"
        row = await rows.find_one({"_id": organization})
        if row is None:
            wrapped = await self._wrap(organization, owner, os.urandom(KEY_BYTES))
            # Two first persons at once: the key that was stored is everybody's.
            with contextlib.suppress(DuplicateKeyError):
                await rows.insert_one({"_id": organization, "wrapped": wrapped})
            row = await rows.find_one({"_id": organization}) or {}
        return await self._unwrap(owner, row["wrapped"])

    async def destroy(self, persons: Iterable[PersonId]) -> int:
        """Destroy keys: what they sealed can never be read again, wherever it lies; returns how many there were."""
        return (await self._rows.delete_many({"_id": {"$in": list(persons)}})).deleted_count

    async def older_than(self, at: datetime, after: str, limit: int) -> list[PersonId]:
        """Return, in the order of ids and after one of them, the persons whose keys were made before an instant."""
        query = {"_id": {"$gt": after}, "created_at": {"$lt": at}}
        rows = await self._rows.find(query, {"_id": 1}).sort("_id", ASCENDING).limit(limit).to_list()
        return [PersonId(row["_id"]) for row in rows]

    @property
    def _opened_vault(self) -> AsyncClientEncryption[Document]:
        if self._vault is None:
            raise RuntimeError("the key vault is used before it is opened")
        return self._vault

    async def _unwrap(self, owner: str, wrapped: bytes) -> bytes:
        """Return a key; whose it is lies inside the wrapping, so a row moved to another opens nothing."""
        plain: bytes = await self._opened_vault.decrypt(Binary(wrapped, 6))
        if plain[:-KEY_BYTES].decode() != owner:
            raise SealBroken
        return plain[-KEY_BYTES:]

    async def _wrap(self, organization: OrganizationId, owner: str, key: bytes) -> Binary:
        name = f"organization:{organization}"
        if await self._opened_vault.get_key_by_alt_name(name) is None:
            await self._make_organization_key(name)
        return await self._opened_vault.encrypt(owner.encode() + key, _WRAPPING, key_alt_name=name)

    async def _make_organization_key(self, name: str) -> None:
        try:
            await self._opened_vault.create_data_key(next(iter(self._providers)), key_alt_names=[name])
        except EncryptionError:
            # Another process made it meanwhile: the unique name says so. Anything else comes again at the wrapping.
            if await self._opened_vault.get_key_by_alt_name(name) is None:
                raise


def local_kms(path: Path) -> dict[str, Any]:
    """Return a development machine's KMS: 96 random bytes in a file only its owner reads, made at first use."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(os.urandom(_MASTER_BYTES))
        # Linking fails where another process was first: its key stays.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(fresh)
        fresh.unlink()
    return {"local": {"key": path.read_bytes()}}
