"""The comparison itself: what a consumer may and may not demand."""

from datetime import datetime
from typing import Literal

import pytest
from pydantic import BaseModel

from tests.contracts.compatibility import misfits


class Place(BaseModel):
    city: str
    floor: int | None = None


class Sent(BaseModel):
    id: str
    count: int
    kind: Literal["a", "b"]
    maybe: str | None
    optional: str = ""
    at: datetime
    place: Place
    places: tuple[Place, ...]


def demand(**fields):
    return type("Wanted", (BaseModel,), {"__annotations__": fields}).model_json_schema()


class City(BaseModel):
    city: str


class Floor(BaseModel):
    floor: int | None


class Country(BaseModel):
    country: str


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"id": str},
        {"kind": Literal["a", "b", "c"]},
        {"kind": str},
        {"count": float},
        {"maybe": str | None},
        {"at": datetime},
        {"at": str},
        {"place": City, "places": tuple[City, ...]},
    ],
)
def test_less_or_looser_fits(wanted):
    assert misfits(Sent.model_json_schema(), demand(**wanted)) == []


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"name": str}, "/name: never sent"),
        ({"optional": str}, "/optional: not always sent"),
        ({"maybe": str}, "/maybe: sends null, reads string"),
        ({"id": int}, "/id: sends string, reads integer"),
        ({"kind": Literal["a"]}, "/kind: sends values that are not read"),
        ({"id": Literal["a"]}, "/id: sends values that are not read"),
        ({"id": datetime}, "/id: reads the format date-time"),
        ({"place": Country}, "/place/country: never sent"),
        ({"places": tuple[Floor, ...]}, "/places/*/floor: not always sent"),
    ],
)
def test_more_or_narrower_does_not(wanted, why):
    assert misfits(Sent.model_json_schema(), demand(**wanted)) == [why]
