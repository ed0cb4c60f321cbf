"""Answers written once, straight from the model to bytes."""

from pydantic import BaseModel
from starlette.responses import Response

from kit.http.version import etag


def reply(model: BaseModel, status: int = 200, *, version: int | None = None, location: str | None = None) -> Response:
    """Return the model as JSON, with its ETag and the place of what was created.

    A route that returns this still declares `response_model`, for the contract; the model is not validated twice.
    """
    headers = {}
    if version is not None:
        headers["etag"] = etag(version)
    if location is not None:
        headers["location"] = location
    content = model.__pydantic_serializer__.to_json(model)
    return Response(content, status, headers, "application/json")
