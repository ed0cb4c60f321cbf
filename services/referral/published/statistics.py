"""What is told for statistics: counts of a month in which nobody can be recognised."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from kit.messages import Message


class Cell(BaseModel):
    """How many people share these facts, rounded down to five; `any` is a fact that is not told of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    facts: Mapping[str, str]
    people: int


class MonthlyCounted(Message):
    """A month (`2026-10`, UTC) was counted, once: who asked for help, and whose referral ended.

    Each list parts its people into crowds of at least 11, of at least 3 organisations: no totals, nothing hidden that a
    subtraction would find, no place, and no Indigenous identity (told under that nation's agreement alone).
    """

    subject: ClassVar[str] = "referral.monthly-counted.v1"
    month: str
    asked: tuple[Cell, ...]
    ended: tuple[Cell, ...]
