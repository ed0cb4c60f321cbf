"""What every answer of membership is: frozen, and nothing beyond its shape."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """An answer: what it shows is fixed when it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Receipt(View):
    """What was asked is under way."""

    status: Literal["received"]
