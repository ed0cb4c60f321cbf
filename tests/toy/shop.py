"""A toy service over HTTP: orders, changed by version, made once."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response, Security
from pydantic import BaseModel, ConfigDict, Field

from kit import http
from kit.auth import Principal, principal
from kit.mongo import Mongo, Session, ensure_indexes, save_version
from kit.problems import Problem, refuses
from kit.testing import tokens

SECRET = b"s" * 32
Caller = Annotated[Principal, Security(principal, scopes=["directory:read"])]


class ShopError(Exception):
    code: str


class SoldOut(ShopError):
    code = "shop.sold-out"


class NotFound(ShopError):
    code = "shop.not-found"


PROBLEMS = {
    SoldOut.code: Problem(409, fr="Épuisé", en="Sold out", next_fr="Revenez demain.", next_en="Come back tomorrow."),
    NotFound.code: Problem(404, fr="Introuvable", en="Not found", next_fr="Cherchez.", next_en="Search."),
}


class NewOrder(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"item": "tea", "lines": []}]})
    item: str = Field(max_length=10)
    lines: list[dict[str, int]] = []


class Order(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"id": "o1", "item": "tea", "version": 1}]})
    id: str
    item: str
    version: int


router = APIRouter()


def orders(request: Request):
    return request.app.state.mongo.db["orders"]


async def found(request: Request, order: str) -> Order:
    document = await orders(request).find_one({"_id": order})
    if document is None:
        raise NotFound
    return Order(id=order, item=document["item"], version=document["version"])


@router.post(
    "/api/v1/shop/orders",
    status_code=201,
    response_model=Order,
    operation_id="placeOrder",
    summary="Place an order",
    description="Places one order.",
    openapi_extra=refuses("shop.sold-out"),
)
async def place(request: Request, body: NewOrder, _: Caller, once: http.once) -> Response:
    if once.result:
        return http.reply(await found(request, once.result), 201)
    if body.item == "gold":
        raise SoldOut
    order = str(uuid4())

    async def work(session: Session) -> None:
        await once.remember(session, order)
        await save_version(session, orders(request), {"_id": order, "item": body.item}, 0)

    await request.app.state.mongo.transaction(work)
    return http.reply(await found(request, order), 201, version=1, location=f"/api/v1/shop/orders/{order}")


@router.get("/api/v1/shop/orders/{order}", operation_id="readOrder", openapi_extra=refuses("shop.not-found"))
async def read(request: Request, order: str, _: Caller) -> Order:
    return await found(request, order)


@router.put("/api/v1/shop/orders/{order}", operation_id="changeOrder", openapi_extra=refuses("shop.not-found"))
async def change(request: Request, order: str, body: NewOrder, expected: http.Expected, _: Caller) -> Order:
    present = await found(request, order)
    http.require_version(expected, present.version)

    async def work(session: Session) -> None:
        await save_version(session, orders(request), {"_id": order, "item": body.item}, present.version)

    await request.app.state.mongo.transaction(work)
    return await found(request, order)


@router.get("/api/v1/shop/orders", operation_id="listOrders")
async def listing(
    request: Request, caller: Caller, cursor: str | None = None, limit: Annotated[int, Query(ge=1, le=100)] = 2
) -> http.Page[Order]:
    purpose = f"orders|{caller.organization}"
    after = http.decode_cursor(SECRET, purpose, cursor)[0] if cursor else ""
    rows = await orders(request).find({"_id": {"$gt": after}}).sort("_id", 1).limit(limit + 1).to_list()
    items = [Order(id=row["_id"], item=row["item"], version=row["version"]) for row in rows[:limit]]
    following = http.encode_cursor(SECRET, purpose, [items[-1].id]) if len(rows) > limit else None
    return http.Page[Order](items=items, next=following)


@router.get("/api/v1/shop/broken", operation_id="break", openapi_extra=refuses(access="public"))
async def broken() -> Order:
    raise ValueError("Marie Tremblay, 514 555-0199")


@router.get("/api/v1/shop/wrong", operation_id="wrong", openapi_extra=refuses(access="public"))
async def wrong() -> Order:
    return {"id": "Marie Tremblay"}  # type: ignore[return-value]


@router.post("/api/v1/shop/ask", operation_id="ask", openapi_extra=refuses(access="public"))
async def ask(body: NewOrder, once: http.once_public) -> Order:
    return Order(id=once.result or "none", item=body.item, version=1)


def create(mongo: Mongo, **options):
    async def prepare() -> None:
        await ensure_indexes(mongo.db, http.INDEXES)

    return http.create_app(
        "shop",
        routers=[router],
        mongo=mongo,
        verifier=tokens.verifier(),
        problems=PROBLEMS,
        errors=[ShopError],
        startup=[prepare],
        **options,
    )
