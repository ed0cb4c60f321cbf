"""What the gateway keeps of people is sealed: AES-256-GCM, bound to the record and field it belongs to."""

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY_NAME = 4


class Unopenable(Exception):  # noqa: N818 - it reads as what happened
    """The bytes were sealed for another place, with a key we no longer hold, or were altered."""


class Sealing:
    """Seals with the first key, opens with any; a retired key stays last in the list until all it sealed is gone."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_named(key): AESGCM(_derived(key, b"sealing")) for key in keys}
        self._first = _named(keys[0])
        self._forms = _derived(keys[0], b"forms")
        self.addresses = _derived(keys[0], b"addresses")

    def seal(self, text: str, place: str) -> bytes:
        """Seal a text for one place (`<record>/<field>`)."""
        nonce = os.urandom(_NONCE)
        return self._first + nonce + self._ciphers[self._first].encrypt(nonce, text.encode(), place.encode())

    def open(self, sealed: bytes, place: str) -> str:
        """Open what was sealed for this place; raise Unopenable."""
        name, nonce, text = sealed[:_KEY_NAME], sealed[_KEY_NAME : _KEY_NAME + _NONCE], sealed[_KEY_NAME + _NONCE :]
        cipher = self._ciphers.get(name)
        if cipher is None:
            raise Unopenable
        try:
            return cipher.decrypt(nonce, text, place.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unopenable from error

    def form_token(self, session: str) -> str:
        """Return the token that a form of this session carries; another session's does not fit."""
        return hmac.new(self._forms, session.encode(), "sha256").hexdigest()


def _named(key: bytes) -> bytes:
    return sha256(b"name" + key).digest()[:_KEY_NAME]


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, purpose, "sha256")
