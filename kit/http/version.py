"""Versions as ETags: whoever changes says which version they read (RFC 9110, 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header

from kit.problems import PreconditionMissing, Stale

_STRONG = re.compile(r'"v([1-9]\d{0,9})"')


def etag(version: int) -> str:
    """Return the strong ETag of a document's version."""
    return f'"v{version}"'


async def _if_match(
    if_match: Annotated[
        str | None, Header(description="The ETag received when reading.", examples=['"v3"'], max_length=64)
    ] = None,
) -> int | None:
    """Return the version the caller read, None for `*`; raises `PreconditionMissing` (428) or `Stale` (412)."""
    if if_match is None:
        raise PreconditionMissing
    if if_match.strip() == "*":
        return None
    found = _STRONG.fullmatch(if_match.strip())
    if found is None:
        # Well formed or not, it is no ETag of ours: it can match nothing.
        raise Stale
    return int(found.group(1))


Expected = Annotated[int | None, Depends(_if_match)]
"""The version the caller read, from a required `If-Match`; None when they wrote `*`."""


def require_version(expected: int | None, actual: int) -> None:
    """Go on only when the document is still at the version the caller read; raises `Stale`."""
    if expected is not None and expected != actual:
        raise Stale
