"""One person and several services that may help: the ground of what is sent to many at once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2

from tests.referral.world import EVIDENCE, NEED, Member, Scene, Worker

CLASSES = ["identity", "safe-contact", "practical-needs"]


@dataclass
class Several:
    """A scene with more receivers, each with a service and someone at intake."""

    scene: Scene
    members: list[Member]
    services: list[str]
    intakes: list[Worker]

    async def consent_to(self, member: Member, **fields: Any) -> httpx2.Response:
        until = (self.scene.world.clock() + timedelta(days=90)).isoformat()
        body = {
            "recipient_organization_id": member.id,
            "purpose": "support",
            "classes": CLASSES,
            "decision": "grant",
            "until": until,
            "evidence": EVIDENCE,
        }
        return await self.scene.caseworker.post(f"/persons/{self.scene.person}/consents", body | fields)

    async def consent_to_all(self, **fields: Any) -> None:
        for member in self.members:
            assert (await self.consent_to(member, **fields)).status_code == 201

    async def make(self, mode: str = "first-accept-wins", *, key: str | None = None, **fields: Any) -> httpx2.Response:
        what = {"purpose": "support", "classes": CLASSES}
        recipients = [{**what, "service_id": service} for service in self.services]
        body = {"person_id": self.scene.person, "mode": mode, "need": NEED, "recipients": recipients}
        return await self.scene.caseworker.post("/referral-sets", body | fields, key=key)

    async def sent(self, mode: str = "first-accept-wins", **fields: Any) -> list[str]:
        """A set that was sent; returns its referrals."""
        made = await self.make(mode, **fields)
        assert made.status_code == 201, made.text
        return [line["id"] for line in made.json()["referrals"]]

    async def states(self, referrals: list[str]) -> list[str]:
        return [(await self.scene.world.stored("referrals", each))["state"] for each in referrals]


async def several(scene: Scene, number: int = 3, **options: Any) -> Several:
    members, services, intakes = [scene.receiver], [scene.service], [scene.intake]
    for _ in range(number - 1):
        members.append(await scene.world.member())
        services.append(await scene.world.service(members[-1], **options))
        intakes.append(await scene.world.worker(members[-1], "intake"))
    return Several(scene, members, services, intakes)
