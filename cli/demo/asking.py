"""First run, before anyone is named: the directory, and asking for a place without identity."""

from typing import Any

from cli.demo import ending
from cli.demo.listening import listening
from cli.demo.party import Answer
from cli.demo.stage import RuleBroken, Stage, forbidden_words, soon
from cli.demo.telling import in_words

DIRECTORY = "/membership/services"
PLACE = ("locations", "phones", "contacts")


async def the_receiving_intake_opens_her_live_stream(stage: Stage) -> None:
    """The receiving organisation's intake leaves her inbox open."""
    listener = await stage.exits.enter_async_context(listening(stage.parties["intake"].client))
    stage.streams["intake"] = listener
    stage.hold("the stream is open", listener.ended, None)
    stage.sees("intake", "waits for what is new")


async def a_shelter_publishes_a_service_with_one_place(stage: Stage) -> None:
    """A shelter publishes a service with one counted place, at a confidential address."""
    await ending.earlier_services_of_the_demo_are_withdrawn(stage)
    published = await stage.do("manager", DIRECTORY, stage.scenario["service"])
    stage.made["service"] = published["id"]
    stage.sees("manager", f"« {published['name']['fr']} », {published['places']} place, address included")
    stage.hold("its own organisation reads the address", len(published["locations"]), 1)


async def the_caseworker_searches_the_directory(stage: Stage) -> None:
    """A community caseworker searches by need, region and language."""
    looked_for = stage.scenario["search"]
    found = (await stage.read("worker", DIRECTORY, **looked_for))["items"]
    _tell_services(stage, found)
    fits = [
        item["needs"].count(looked_for["need"])
        and looked_for["region"] in item["service_areas"]
        and looked_for["language"] in item["languages"]
        for item in found
    ]
    stage.hold("every service found serves the need, the region and the language", all(fits), True)
    shelter = _named(found, stage.made["service"])
    hidden = [field for field in PLACE if _tells_where(shelter[field])]
    stage.hold("a confidential place shows its region only: no address, no telephone", hidden, [])


async def she_widens_the_search(stage: Stage) -> None:
    """One region is not enough tonight: she looks in all of Quebec."""
    looked_for = {name: code for name, code in stage.scenario["search"].items() if name != "region"}
    found = (await stage.read("worker", DIRECTORY, **looked_for))["items"]
    clinics = [item for item in found if item["organization_id"] == stage.parties["nurse"].organization]
    _tell_services(stage, clinics)
    stage.hold("a health centre farther away has beds too", len(clinics), 1)
    stage.made["other service"] = clinics[0]["id"]


async def what_singles_out_is_made_coarser(stage: Stage) -> None:
    """Before anything is sent, she previews what the services would read."""
    asked = {**stage.scenario["query"], **stage.scenario["rare"]}
    preview = await stage.do("worker", "/referral/capacity-preview", asked)
    stage.sees(
        "worker", f"the language “{asked['language']}” (Quechua) would go out as “{preview['query']['language']}”"
    )
    stage.hold("a rare language becomes an interpreter", preview["query"]["language"], "interpreter")


async def two_services_are_asked_without_identity(stage: Stage) -> None:
    """She asks two services at once whether they have a place, without saying for whom."""
    worker = stage.parties["worker"]
    services = [stage.made["service"], stage.made["other service"]]
    body = {"query": stage.scenario["query"], "service_ids": services}

    async def ask() -> Answer | None:
        answer = await worker.post("/referral/capacity-queries", body)
        reached = answer.status == 201 and not answer.body["not_asked"]  # noqa: PLR2004 - created
        return answer if reached else None

    # The service was published a moment ago; the referral service learns of it through the bus.
    asked, _ = await soon("both services can be asked", ask)
    stage.made["query"] = asked.body["id"]
    stage.sees("worker", f"asked {len(asked.body['lines'])} services")
    stage.hold("two organisations are asked", {line["service_id"] for line in asked.body["lines"]}, set(services))


async def each_service_reads_the_need_and_nobodys_name(stage: Stage) -> None:
    """Each service reads the need in codes; who it is for, nobody can tell."""
    for key in ("intake", "nurse"):
        path = f"/referral/capacity-requests/{stage.made['query']}"
        read = await stage.read(key, path)
        stage.sees(key, in_words(read["query"]))
        stage.hold("no other organisation asked is named", len(read["lines"]), 1)
        told = [word for word in forbidden_words(stage.scenario) if word in str(read)]
        stage.hold("no word of the person's record", told, [])


async def one_has_room_and_the_other_has_not(stage: Stage) -> None:
    """The shelter has room, the clinic has not."""
    for key, service, said in (("intake", "service", "capacity"), ("nurse", "other service", "no-capacity")):
        path = f"/referral/capacity-requests/{stage.made['query']}/answer"
        body = {"service_id": stage.made[service], "answer": said}
        await stage.do(key, path, body)
        stage.sees(key, f"answers “{said}”")
    read = await stage.read("worker", f"/referral/capacity-queries/{stage.made['query']}")
    answers = {line["service_id"]: line["answer"] for line in read["lines"]}
    stage.sees("worker", f"reads “{'” and “'.join(sorted(answers.values()))}”")
    expected = {stage.made["service"]: "capacity", stage.made["other service"]: "no-capacity"}
    stage.hold("the caseworker reads both answers", answers, expected)


async def police_may_not_ask_for_places(stage: Stage) -> None:
    """A police officer may not ask: no query ever tells the police which shelter has room."""
    body = {"query": stage.scenario["query"], "service_ids": [stage.made["service"]]}
    answer = await stage.parties["police"].post("/referral/capacity-queries", body)
    stage.sees("police", answer.words)
    stage.hold("the gateway refuses for want of the scope", answer.status, 403)


def _tell_services(stage: Stage, found: list[dict[str, Any]]) -> None:
    for item in found:
        where = ", ".join(item["service_areas"])
        stage.sees("worker", f"« {item['name']['fr']} » / “{item['name']['en']}”, regions {where}")


def _named(found: list[dict[str, Any]], service: str) -> dict[str, Any]:
    for item in found:
        if item["id"] == service:
            return item
    raise RuleBroken("the shelter's service is found", service, [item["id"] for item in found])


def _tells_where(value: Any) -> bool:
    """Say whether a field tells more of a place than its region."""
    rows = value if isinstance(value, list) else [value]
    return any(told and name != "region" for row in rows for name, told in row.items())


STEPS = (
    the_receiving_intake_opens_her_live_stream,
    a_shelter_publishes_a_service_with_one_place,
    the_caseworker_searches_the_directory,
    she_widens_the_search,
    what_singles_out_is_made_coarser,
    two_services_are_asked_without_identity,
    each_service_reads_the_need_and_nobodys_name,
    one_has_room_and_the_other_has_not,
    police_may_not_ask_for_places,
)
