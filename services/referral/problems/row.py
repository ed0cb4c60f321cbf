"""A row of the tables: a status, what happened and what to do next, French then English."""

from kit.problems import Problem

NOT_FOUND, GONE, CONFLICT, UNFIT, FORBIDDEN, OFTEN = 404, 410, 409, 422, 403, 429


def said(status: int, fr: tuple[str, str], en: tuple[str, str]) -> Problem:
    """Read a row: what happened and what to do next, French then English."""
    return Problem(status, fr=fr[0], en=en[0], next_fr=fr[1], next_en=en[1])
