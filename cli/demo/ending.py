"""Leaves the world as the demo found it, so that it can be played again."""

from cli.demo.stage import RuleBroken, Stage


async def what_a_play_cut_short_left_is_put_right(stage: Stage) -> None:
    """A play that was killed in its third run left an organisation suspended: the board lets it back in."""
    suspended = await stage.read("board", "/membership/applications", state="suspended")
    playing = {role["organization"] for role in stage.scenario["cast"].values()}
    for organization in suspended["items"]:
        if organization["alias"] in playing:
            await stage.do("board", f"/membership/organizations/{organization['id']}/reinstatement")


async def earlier_services_of_the_demo_are_withdrawn(stage: Stage) -> None:
    """A play that was killed left its service in the directory: its organisation takes it out."""
    manager, name = stage.parties["manager"], stage.scenario["service"]["name"]
    own = await stage.read("manager", "/membership/services", organization=manager.organization, limit="50")
    for service in own["items"]:
        if service["name"] == name:
            await manager.delete(f"/membership/services/{service['id']}")


async def the_suspended_organisation_is_reinstated(stage: Stage) -> None:
    """The board lets the suspended organisation back in."""
    suspended = stage.made.pop("suspended", None)
    if suspended:
        path = f"/membership/organizations/{suspended}/reinstatement"
        await stage.do("board", path)


async def the_demos_referrals_are_over(stage: Stage) -> None:
    """What a broken run left open is cancelled: its place would be held."""
    for person in ("first", "second"):
        if person in stage.made:
            path = f"/referral/referrals/{stage.made[person]}"
            seen = await stage.parties["worker"].get(path)
            if "cancel" in seen.body.get("allowed", ()):
                await stage.parties["worker"].post(f"{path}/cancel", {"reason": "no-longer-needed"})


async def the_demos_service_is_withdrawn(stage: Stage) -> None:
    """The service that was published for the demo leaves the directory."""
    service = stage.made.pop("service", None)
    if service:
        answer = await stage.parties["manager"].delete(f"/membership/services/{service}")
        if answer.code:
            raise RuleBroken("the demo's service is withdrawn", "success", answer.refusal)


TIDYING = (
    the_suspended_organisation_is_reinstated,
    the_demos_referrals_are_over,
    the_demos_service_is_withdrawn,
)
