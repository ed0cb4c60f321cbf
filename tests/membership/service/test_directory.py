"""The directory is searched in French and English, keeps what is confidential, and stays quick when it grows."""

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest

from services.membership.domain.directory import Assurance, Eligibility, Schedule, Service
from services.membership.store.directory import Search, query_of, row_of
from services.membership.views import ServicePage, ServiceView
from tests.membership.builders import AT, an_entry, an_organization
from tests.membership.service.conftest import a_service, an_accreditation


async def found(api, coalition, query: str, headers=None) -> list[str]:
    answer = await api.get(f"/services?{query}", headers=headers or coalition.caseworker())
    assert answer.status_code == 200, answer.text
    return [item["name"]["fr"] for item in answer.json()["items"]]


def named(name: str, **changes) -> dict:
    return a_service(name={"fr": name, "en": name}, **changes)


async def test_a_coordinator_publishes_and_everyone_who_refers_finds_it(api, coalition, records):
    organization = await coalition.member()
    headers = coalition.coordinator(organization)
    answer = await api.post("/services", json=a_service(), headers=headers)
    assert answer.status_code == 201
    view = ServiceView.model_validate_json(answer.content)
    assert (view.needs, view.stale, view.organization_name.fr) == (
        ("shelter", "shelter-tonight"),
        False,
        "Maison de l'Érable",
    )
    assert answer.headers["location"].endswith(view.id)
    assert await records.outbox(f"service:{view.id}") == ["service-published.v1"]
    told = json.loads((await records.mongo.db["outbox"].find_one({"aggregate": f"service:{view.id}"}))["data"])
    assert told["populations"] == ["women"]
    assert (told["capacity"], told["places"], told["regions"]) == ("counted", 4, ["06"])
    page = await api.get("/services?need=shelter&region=06&language=spa", headers=coalition.caseworker())
    assert ServicePage.model_validate_json(page.content).items == (view,)
    assert "service.publish" in await records.actions()


async def test_nobody_unsigned_and_nobody_without_the_scope_touches_it(api, coalition):
    service = await coalition.published(await coalition.member())
    for method, path in (("GET", "/services"), ("GET", f"/services/{service}"), ("POST", "/services")):
        assert (await api.request(method, path)).status_code == 401
    caseworker = coalition.caseworker()
    assert (await api.post("/services", json=a_service(), headers=caseworker)).status_code == 403
    assert (await api.delete(f"/services/{service}", headers=caseworker)).status_code == 403


async def test_another_organisations_service_is_read_and_never_changed(api, coalition, records):
    service = await coalition.published(await coalition.member())
    other = coalition.coordinator(await coalition.member(business_number="1166000002", address="b@b.example"))
    before = await records.everything()
    match = {"If-Match": '"v1"'}
    for answer in (
        await api.put(f"/services/{service}", json=a_service(), headers=other | match),
        await api.post(f"/services/{service}/assurances", headers=other),
        await api.delete(f"/services/{service}", headers=other),
        await api.get(f"/services/{uuid4()}", headers=other),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "membership.unknown-service")
    assert await records.everything() == before


SECRET = {
    "locations": [
        {"region": "06", "address_1": "987, rue Cachée", "city": "Verdun", "postal_code": "H4G 1A1", "latitude": 45.46}
    ],
    "phones": [{"number": "+15145550199", "description": {"fr": "ligne privée", "en": "private line"}}],
    "contacts": [{"name": "Solange Discrète", "email": "solange@secret.example"}],
    "url": "https://secret.example/adresse",
    "confidential": True,
}
REVEALING = ("Cachée", "987, rue", "Verdun", "H4G", "45.46", "5550199", "privée", "Solange", "secret.example")


async def test_a_confidential_place_shows_its_region_only_except_to_its_own(api, coalition, records):
    organization = await coalition.member()
    service = await coalition.published(organization, **SECRET)
    own = await api.get(f"/services/{service}", headers=coalition.caseworker(organization))
    assert all(word in own.text for word in REVEALING)
    assert own.json()["places"] == 4
    assert "Cachée" in (await api.get("/services?need=shelter", headers=coalition.caseworker(organization))).text
    for path in (f"/services/{service}", "/services?need=shelter", "/services"):
        for reader in (coalition.caseworker(), coalition.board(), coalition.coordinator(str(uuid4()))):
            answer = await api.get(path, headers=reader)
            assert service in answer.text
            assert not any(word in answer.text for word in REVEALING)
            assert '"locations":[{"region":"06","address_1":null' in answer.text
            assert '"places":null' in answer.text
    told = str(await records.mongo.db["outbox"].find().to_list())
    assert not any(word in told for word in REVEALING)


@pytest.mark.parametrize("word", ["verdun", "cachee", "solange", "prive", "secret", "5550199"])
async def test_no_search_reveals_a_confidential_place_not_even_to_its_own(api, coalition, word):
    organization = await coalition.member()
    await coalition.published(organization, **SECRET)
    assert await found(api, coalition, f"q={word}") == []
    assert await found(api, coalition, f"q={word}", coalition.caseworker(organization)) == []


@pytest.mark.parametrize(
    ("asked", "finds"),
    [
        ("hebergement", True),
        ("HÉBERGEMENT", True),
        ("l’hébergement d'urgence", True),
        ("hébergements urgences", True),
        ("soeur coeur", True),
        ("sœurs du cœur", True),
        ("emergency shelters", True),
        ("Maison de l'Érable", True),
        ("montreal", True),
        ("le la les", True),
        ("hébergement clinique", False),
        ("urgence'; drop", False),
        ("$where", False),
    ],
)
async def test_words_are_found_as_people_type_them(api, coalition, asked, finds):
    name = {"fr": "L'hébergement d'urgence des Sœurs du Cœur", "en": "Sisters of the Heart emergency shelter"}
    await coalition.published(await coalition.member(), name=name)
    answer = await api.get("/services", params={"q": asked}, headers=coalition.caseworker())
    assert (answer.status_code, len(answer.json()["items"])) == (200, int(finds))


async def test_filters_narrow_together(api, coalition):
    organization = await coalition.member()
    headers = coalition.coordinator(organization)
    services = (
        named("Abri", needs=["shelter"], languages=["fra"], eligibility={"populations": ["women"]}),
        named("Bref", needs=["shelter"], languages=["fra", "tgl"], eligibility={"populations": ["anyone"]}),
        named("Clef", needs=["transport"], accessibility=["step-free", "by-phone"], service_areas=["03"]),
    )
    for body in services:
        await api.post("/services", json=body, headers=headers)
    assert await found(api, coalition, "need=shelter") == ["Abri", "Bref"]
    assert await found(api, coalition, "need=shelter&language=tgl") == ["Bref"]
    assert await found(api, coalition, "population=men") == ["Bref"]
    assert await found(api, coalition, "population=women&need=shelter") == ["Abri", "Bref"]
    assert await found(api, coalition, "accessibility=step-free&accessibility=by-phone") == ["Clef"]
    assert await found(api, coalition, "accessibility=step-free&region=06") == []
    assert await found(api, coalition, f"organization={organization}") == ["Abri", "Bref", "Clef"]
    assert await found(api, coalition, f"organization={uuid4()}") == []


async def test_the_region_comes_first_then_its_neighbours_page_by_page(api, coalition):
    organization = await coalition.member()
    headers = coalition.coordinator(organization)
    for name, regions in (("Zoé", ["06"]), ("Yam", ["06", "16"]), ("Bas", ["13"]), ("Ami", ["16"]), ("Loin", ["11"])):
        await api.post("/services", json=named(name, service_areas=regions), headers=headers)
    assert await found(api, coalition, "region=06") == ["Yam", "Zoé"]
    query = "/services?region=06&neighbours=true&limit=2"
    names, cursor = [], ""
    while True:
        page = (await api.get(f"{query}{cursor}", headers=coalition.caseworker())).json()
        names.append([item["name"]["fr"] for item in page["items"]])
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    # Yam serves 16 too, next to 06: it is there as itself, and not again as a neighbour.
    assert names == [["Yam", "Zoé"], ["Ami", "Bas"]]


async def test_a_service_is_found_for_the_ages_it_takes(api, coalition):
    organization = await coalition.member()
    headers = coalition.coordinator(organization)
    for name, ages in (
        ("Ados", {"minimum_age": 12, "maximum_age": 17}),
        ("Adultes", {"minimum_age": 18}),
        ("Enfants", {"maximum_age": 0}),
        ("Toute", {}),
    ):
        body = named(name, eligibility={"populations": ["anyone"]} | ages)
        assert (await api.post("/services", json=body, headers=headers)).status_code == 201
    assert await found(api, coalition, "age=17") == ["Ados", "Toute"]
    assert await found(api, coalition, "age=18&need=shelter") == ["Adultes", "Toute"]
    assert await found(api, coalition, "age=0") == ["Enfants", "Toute"]
    assert await found(api, coalition, "age=130&region=06") == ["Adultes", "Toute"]


async def test_at_ten_past_three_only_what_is_open_or_on_call_is_found(api, coalition, clock):
    clock.advance(timedelta(hours=5))  # Tuesday 03:10 in Quebec
    organization = await coalition.member()
    headers = coalition.coordinator(organization)
    night = {"byday": ["MO"], "opens_at": "22:00", "closes_at": "07:00", "presence": "on-call"}
    for name, more in (
        ("Bureau", {"schedules": [{"byday": ["TU"], "opens_at": "09:00", "closes_at": "17:00"}]}),
        ("Garde", {"schedules": [night]}),
        ("Fermé", {"schedules": [night], "status": "temporarily closed"}),
        ("Muet", {}),
    ):
        assert (await api.post("/services", json=named(name, **more), headers=headers)).status_code == 201
    assert await found(api, coalition, "open_now=true") == ["Garde"]
    assert await found(api, coalition, "open_now=true&need=shelter&region=16&neighbours=true") == ["Garde"]
    clock.advance(timedelta(hours=3, minutes=49))
    assert await found(api, coalition, "open_now=true") == ["Garde"]
    clock.advance(timedelta(minutes=1))
    assert await found(api, coalition, "open_now=true") == []
    clock.advance(timedelta(hours=2))
    assert await found(api, coalition, "open_now=true") == ["Bureau"]
    assert await found(api, coalition, "open_now=false") == ["Bureau", "Garde", "Muet", "Fermé"]


async def test_a_service_accepts_referrals_while_its_organisation_may_handle_them(api, coalition, pass_time):
    organization = await coalition.member()
    service = await coalition.published(organization)
    place = f"/organizations/{organization}"

    async def accepts() -> bool:
        shown = (await api.get(f"/services/{service}", headers=coalition.caseworker())).json()
        [listed] = (await api.get("/services", headers=coalition.caseworker())).json()["items"]
        assert listed == shown
        return shown["accepts_referrals"]

    assert not await accepts()
    await api.post(f"{place}/accreditations", json=an_accreditation(), headers=coalition.staff())
    assert await accepts()
    await api.post(f"{place}/accreditations/end", headers=coalition.staff())
    assert not await accepts()
    await api.post(f"{place}/accreditations", json=an_accreditation(), headers=coalition.staff())
    await api.post(f"{place}/suspension", json={"reason": "conduct"}, headers=coalition.staff())
    assert (await api.get("/services", headers=coalition.caseworker())).json()["items"] == []
    await api.post(f"{place}/reinstatement", headers=coalition.board())
    assert await accepts()
    await pass_time(timedelta(days=365))
    assert not await accepts()  # the accreditation has run out, the membership is due
    until = (coalition.clock() + timedelta(days=300)).isoformat()
    await api.post(f"{place}/accreditations", json=an_accreditation(until=until), headers=coalition.staff())
    assert await accepts()
    await pass_time(timedelta(days=60))
    assert not await accepts()  # lapsed: no new referrals
    await api.post(f"{place}/renewals", headers=coalition.staff())
    assert await accepts()


async def test_a_cursor_belongs_to_its_search(api, coalition):
    organization = await coalition.member()
    for name in ("A1", "B1"):
        await api.post("/services", json=named(name), headers=coalition.coordinator(organization))
    page = (await api.get("/services?need=shelter&limit=1", headers=coalition.caseworker())).json()
    for query in (f"need=transport&cursor={page['next']}", f"cursor={page['next'][:-2]}AA", "cursor=%00"):
        answer = await api.get(f"/services?{query}", headers=coalition.caseworker())
        assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed-cursor")


@pytest.mark.parametrize(
    "query",
    ["need=gold", "region=18", "population=dragons", "language=fr", "limit=51", "limit=0",
     "age=131", "age=-1", "open_now=maybe", "accessibility=wings", "organization=x", "sort=name", "q=" + "x" * 121],
)  # fmt: skip
async def test_an_unknown_filter_is_refused_rather_than_ignored(api, coalition, query):
    assert (await api.get(f"/services?{query}", headers=coalition.caseworker())).status_code == 422


AGES = {"populations": ["women"], "minimum_age": 40, "maximum_age": 20}
HOURS = {"byday": ["MO"], "opens_at": "09:00", "closes_at": "09:00"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"needs": ["gold"]}, "membership.unknown-term"),
        ({"places": None}, "membership.places-inconsistent"),
        ({"eligibility": AGES}, "membership.ages-inconsistent"),
        ({"schedules": [HOURS]}, "membership.schedule-malformed"),
        ({"needs": []}, "request.invalid"),
        ({"phones": [{"number": "911; drop"}]}, "request.invalid"),
        ({"url": "javascript:alert(1)"}, "request.invalid"),
        ({"name": {"fr": "a\u0000b", "en": "x"}}, "request.invalid"),
        ({"organization_id": str(uuid4())}, "request.invalid"),
        ({"description": {"fr": "x" * 2001, "en": "x"}}, "request.invalid"),
    ],
)  # fmt: skip
async def test_an_entry_that_does_not_hold_is_refused_and_changes_nothing(api, coalition, records, changes, code):
    organization = await coalition.member()
    before = await records.everything()
    answer = await api.post("/services", json=a_service(**changes), headers=coalition.coordinator(organization))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await records.everything() == before


async def test_a_change_is_made_over_the_version_that_was_read(api, coalition, records):
    organization = await coalition.member()
    service = await coalition.published(organization)
    headers = coalition.coordinator(organization)
    read = await api.get(f"/services/{service}", headers=headers)
    changed = await api.put(
        f"/services/{service}", json=a_service(places=1), headers=headers | {"If-Match": read.headers["etag"]}
    )
    assert (changed.status_code, changed.json()["places"], changed.headers["etag"]) == (200, 1, '"v2"')
    stale = await api.put(
        f"/services/{service}", json=a_service(places=2), headers=headers | {"If-Match": read.headers["etag"]}
    )
    blind = await api.put(f"/services/{service}", json=a_service(places=2), headers=headers)
    assert (stale.status_code, blind.status_code) == (412, 428)
    assert await records.outbox(f"service:{service}") == ["service-published.v1", "service-changed.v1"]


async def test_two_changes_at_once_never_lose_one(api, coalition, records):
    organization = await coalition.member()
    service = await coalition.published(organization)
    headers = coalition.coordinator(organization) | {"If-Match": '"v1"'}
    answers = await asyncio.gather(
        *(api.put(f"/services/{service}", json=a_service(places=number), headers=headers) for number in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert (await records.state("services", service))["version"] == 2


async def test_a_service_withdrawn_is_gone_for_everyone(api, coalition, records):
    organization = await coalition.member()
    service = await coalition.published(organization)
    headers = coalition.coordinator(organization)
    assert (await api.delete(f"/services/{service}", headers=headers)).status_code == 204
    assert (await api.get(f"/services/{service}", headers=headers)).status_code == 404
    assert await records.outbox(f"service:{service}") == ["service-published.v1", "service-withdrawn.v1"]
    again = await api.delete(f"/services/{service}", headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "membership.service-withdrawn")


async def test_a_service_published_again_under_its_key_is_one(api, coalition, records):
    organization = await coalition.member()
    headers = coalition.coordinator(organization) | {"Idempotency-Key": str(uuid4())}
    answers = [await api.post("/services", json=a_service(), headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert await records.count("services") == 1


async def test_an_entry_nobody_assures_is_flagged_and_sorted_last(api, coalition, records, pass_time):
    organization = await coalition.member()
    old = await coalition.published(organization, name={"fr": "Ancien", "en": "Old"})
    await pass_time(timedelta(days=100))
    await coalition.published(organization, name={"fr": "Zèbre", "en": "Zebra"})
    assert await found(api, coalition, "need=shelter") == ["Ancien", "Zèbre"]
    await pass_time(timedelta(days=80))
    assert await found(api, coalition, "need=shelter") == ["Zèbre", "Ancien"]
    flagged = (await api.get(f"/services/{old}", headers=coalition.caseworker())).json()
    assert flagged["stale"] is True
    assured = await api.post(f"/services/{old}/assurances", headers=coalition.coordinator(organization))
    assert (assured.json()["stale"], assured.json()["assured_date"][:10]) == (False, "2027-05-23")
    assert (await records.outbox(f"service:{old}"))[1:] == ["service-changed.v1", "service-changed.v1"]


async def test_who_is_no_member_publishes_nothing(api, coalition):
    organization = await coalition.under_review()
    answer = await api.post("/services", json=a_service(), headers=coalition.coordinator(organization))
    assert (answer.status_code, answer.json()["code"]) == (409, "membership.not-a-member")
    stranger = await api.post("/services", json=a_service(), headers=coalition.coordinator(str(uuid4())))
    assert stranger.status_code == 404


async def test_the_taxonomy_is_public(api):
    taxonomy = (await api.get("/taxonomy")).json()
    assert [region["code"] for region in taxonomy["regions"]] == [f"{number:02}" for number in range(1, 18)]
    assert {"code": "detox", "name": {"fr": "Désintoxication", "en": "Detox"}} in taxonomy["needs"]


SEARCHES = [
    Search(),
    Search(need="shelter"),
    Search(region="06"),
    Search(need="shelter", region="06", neighbours=True),
    Search(need="shelter", region="06", language="tgl", population="women"),
    Search(language="iku", population="women", accessibility=("step-free", "by-phone")),
    Search(text="maison lumineuse"),
    Search(text="maison", need="detox", region="11"),
    Search(organization="6f1c1f0e-0000-4000-8000-000000000001"),
    Search(need="shelter", after="00maison"),
    Search(age=16),
    Search(minute=3 * 60 + 10),
    Search(need="shelter", region="06", neighbours=True, age=16, minute=3 * 60 + 10),
]


@pytest.fixture(scope="module")
def many() -> list[dict]:
    """3,000 rendered services of different needs, regions, languages and names."""
    needs = ("shelter", "transport", "detox", "legal-advice", "employment")
    languages, colours = ("fra", "eng", "tgl", "iku"), ("lumineuse", "claire", "boréale")
    rows = []
    for number in range(3000):
        entry = an_entry(
            name=an_entry().name.__class__(f"Maison {colours[number % 3]} {number}", f"House {number}"),
            needs=(needs[number % 5], needs[number % 4]),
            service_areas=(f"{number % 17 + 1:02}",),
            languages=(languages[number % 4],),
            eligibility=Eligibility(("women",), minimum_age=number % 30, maximum_age=30 + number % 60),
            schedules=(Schedule(("MO", "TU"), f"{number % 24:02}:00", f"{(number + 9) % 24:02}:30"),),
        )
        service = Service(f"{number:08}-0000-4000-8000-000000000000", an_organization().id, entry, Assurance("x", AT))
        rows.append(row_of(service, 1, an_organization(), AT))
    return rows


def stages(plan: dict):
    """Yield every stage of a query plan."""
    yield plan.get("stage")
    for inner in [plan.get("inputStage"), *plan.get("inputStages", ())]:
        if inner:
            yield from stages(inner)


async def test_no_search_scans_or_sorts_the_collection_however_large(app, mongo, many):
    await mongo.db["directory"].insert_many(many)
    for search in SEARCHES:
        for phase in (0, 1):
            cursor = mongo.db["directory"].find(query_of(search, phase)).sort("rank", 1).limit(21)
            explained = await cursor.explain()
            plan = explained["queryPlanner"]["winningPlan"]
            used = set(stages(plan.get("queryPlan", plan)))
            assert "IXSCAN" in used, (search, used)
            assert not used & {"COLLSCAN", "SORT"}, (search, used)
    page = mongo.db["directory"].find(query_of(Search(need="shelter", region="06"))).sort("rank", 1).limit(21)
    assert (await page.explain())["executionStats"]["totalDocsExamined"] <= 21
