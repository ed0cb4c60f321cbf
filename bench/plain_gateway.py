"""The gateway one writes in an afternoon: FastAPI and httpx, the token verified at each request. To compare with."""

import json
import os

import httpx
from fastapi import FastAPI, HTTPException, Request, Response
from joserfc import jwt
from joserfc.jwk import KeySet

KEYS = KeySet.import_key_set(json.loads(os.environ["BENCH_JWKS"]))
UPSTREAM = os.environ["BENCH_UPSTREAM"]
app = FastAPI()
client = httpx.AsyncClient(base_url=UPSTREAM)


@app.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
async def forward(path: str, request: Request) -> Response:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    claims = jwt.decode(token, KEYS).claims
    [organization] = claims["organization"].values()
    if "directory:read" not in organization["realm_access"]["roles"]:
        raise HTTPException(403)
    headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
    answer = await client.request(
        request.method, f"/{path}", params=request.query_params, headers=headers, content=await request.body()
    )
    kept = {name: value for name, value in answer.headers.items() if name in ("content-type", "etag")}
    return Response(answer.content, answer.status_code, kept)
