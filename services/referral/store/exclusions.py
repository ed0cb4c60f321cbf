"""Exclusions as documents hold them: keyed pseudonyms, so that the database alone tells nobody who is excluded.

AES-SIV (RFC 5297) gives the same pseudonym for the same name, so a list can be filtered by it without unsealing
anything, and only the service, whose key lies outside the database, reads a name out of it again.
"""

from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from kit.mongo import Document
from services.referral.domain.exclusions import Exclusions
from services.referral.domain.identifiers import OrganizationId, UserId

_BOUND = [b"exclusion"]
_ORGANIZATION, _ACCOUNT = "o", "a"


class Pseudonyms:
    """The names of the excluded, hidden and read again; `key` is 64 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def _hide(self, kind: str, name: str) -> bytes:
        return self._cipher.encrypt(f"{kind}{name}".encode(), _BOUND)

    def fields(self, excluded: Exclusions) -> Document:
        """Return the field a document holds; none where nobody is excluded."""
        found = [self._hide(_ORGANIZATION, each) for each in excluded.organizations]
        found += [self._hide(_ACCOUNT, each) for each in excluded.accounts]
        return {"hidden_from": sorted(found)} if found else {}

    def read(self, document: Document) -> Exclusions:
        """Read a document's field back."""
        names = [self._cipher.decrypt(bytes(each), _BOUND).decode() for each in document.get("hidden_from", ())]
        return Exclusions(
            organizations=frozenset(OrganizationId(name[1:]) for name in _of(names, _ORGANIZATION)),
            accounts=frozenset(UserId(name[1:]) for name in _of(names, _ACCOUNT)),
        )

    def any_of(self, organization: OrganizationId, user: UserId | None) -> list[bytes]:
        """Return the pseudonyms under which someone acting for an organisation is hidden from."""
        account = [self._hide(_ACCOUNT, user)] if user else []
        return [self._hide(_ORGANIZATION, organization), *account]

    def visible_to(self, organization: OrganizationId, user: UserId | None) -> Document:
        """Return the filter that leaves out what someone is to find nothing of."""
        return {"hidden_from": {"$nin": self.any_of(organization, user)}}


def _of(names: Iterable[str], kind: str) -> Iterable[str]:
    return (name for name in names if name.startswith(kind))
