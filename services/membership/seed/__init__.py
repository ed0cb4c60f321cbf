"""Invented organisations and services to look at and to try things on; nobody and nothing in it exists.

Everything is brought about by the service's own use cases, with real votes by the demo's board; running it again
changes nothing. The people's accounts are made by membership's jobs, so the service has to run beside it.
"""

from services.membership.seed.loading import BoardNotActive, Seeded, load

__all__ = ["BoardNotActive", "Seeded", "load"]
