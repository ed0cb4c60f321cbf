"""The service behind each gateway: raw ASGI, so that what is measured is the gateway. Also publishes the keys."""

import json
import os

BODY = json.dumps({"items": [{"id": n, "name": {"fr": "Service", "en": "Service"}} for n in range(20)]}).encode()
KEYS = os.environ["BENCH_JWKS"].encode()


async def app(scope, receive, send):  # noqa: ARG001 - the form of ASGI
    if scope["type"] != "http":
        return
    body = KEYS if scope["path"].endswith("/certs") else BODY
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
