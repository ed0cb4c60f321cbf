"""What messages are made of."""

from pydantic import BaseModel, ConfigDict


class Words(BaseModel):
    """A name in both languages."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    fr: str
    en: str
