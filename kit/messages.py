"""What travels on the bus: a fact in the past tense, with identifiers and never personal data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"


class Message(BaseModel):
    """A fact this service promises to tell; `subject` is `<service>.<fact>.v<N>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    subject: ClassVar[str]


class Consumed(BaseModel):
    """The few fields we need of another service's message."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    subject: ClassVar[str]


M = TypeVar("M", bound=Consumed)


@dataclass(frozen=True, slots=True)
class Delivery(Generic[M]):
    """One message as its handler receives it; `aggregate` is like `referral:<id>`, `sequence` counts its messages."""

    data: M
    id: str
    source: str
    subject: str
    aggregate: str
    sequence: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Subscription:
    """A durable a service declares: NATS permissions and consumers are made from it.

    A *projection* is rebuildable and owns the two durables `<name>-a` and `<name>-b`.
    A *reaction* owns `<name>`, is never reset, and only steps over messages older than `since`.
    """

    name: str
    stream: str
    messages: tuple[type[Consumed], ...]
    kind: Literal["reaction", "projection"]
    since: datetime | None = None

    @property
    def durables(self) -> tuple[str, ...]:
        """The durable consumers' names on the stream."""
        return (self.name,) if self.kind == "reaction" else (f"{self.name}-a", f"{self.name}-b")

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects the durables are filtered by."""
        return tuple(message.subject for message in self.messages)


def stream_of(service: str) -> str:
    """Return the name of a service's one stream: `REFERRAL` for `referral`."""
    return service.upper()


def is_erasure(subject: str) -> bool:
    """Say whether the message erases its aggregate (`<service>.<aggregate>-erased.v<N>`)."""
    return subject.rsplit(".", 1)[0].endswith("-erased")


def headers_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the CloudEvents 1.0 attributes of an outbox row as NATS headers, `traceparent` beside them."""
    headers = {
        "ce-specversion": SPEC_VERSION,
        "ce-id": str(row["_id"]),
        "ce-source": f"/{row['source']}",
        "ce-type": row["subject"],
        "ce-subject": row["aggregate"],
        "ce-time": row["at"].isoformat(),
        "ce-dataschema": f"contracts/messages/{row['subject']}/schema.json",
        "ce-datacontenttype": CONTENT_TYPE,
        "ce-sequence": str(row["sequence"]),
    }
    return headers | ({"traceparent": row["traceparent"]} if row.get("traceparent") else {})


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it came off the bus, before anyone trusted its body."""

    id: str
    source: str
    subject: str
    aggregate: str
    sequence: int
    time: datetime
    body: bytes
    traceparent: str | None

    @classmethod
    def parse(cls, subject: str, headers: Mapping[str, str], body: bytes) -> "Envelope":
        """Read the headers; a missing or malformed one raises KeyError or ValueError."""
        return cls(
            id=headers["ce-id"],
            source=headers["ce-source"].removeprefix("/"),
            subject=subject,
            aggregate=headers["ce-subject"],
            sequence=int(headers["ce-sequence"]),
            time=datetime.fromisoformat(headers["ce-time"]),
            body=body,
            traceparent=headers.get("traceparent"),
        )

    def read_as(self, model: type[M]) -> Delivery[M]:
        """Validate the body as the consumer's own model; a body that does not fit raises `ValidationError`."""
        data = model.model_validate_json(self.body)
        return Delivery(data, self.id, self.source, self.subject, self.aggregate, self.sequence, self.time)
