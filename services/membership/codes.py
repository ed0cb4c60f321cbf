"""Invitation codes: made again from a key when the mail is sent, so that no row anywhere holds one."""

import base64
import hmac
from datetime import datetime

_BYTES = 20
_GROUP = 4


class InvitationCodes:
    """Codes of 160 bits that only this service's key can make."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def code(self, representative: str, at: datetime) -> str:
        """Return the code of one invitation, in groups of four to be typed: `ABCD-EFGH-...`."""
        made = hmac.digest(self._key, f"invitation\0{representative}\0{at.isoformat()}".encode(), "sha256")
        letters = base64.b32encode(made[:_BYTES]).decode()
        return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))
