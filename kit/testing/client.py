"""A service in this process: its lifespan run, its routes called without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Start the app's lifespan, loops included, and yield a client of it; the end stops everything.

    The app closes its own `Mongo`: give it one that the test does not use afterwards.
    """
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
            yield client
