"""The e-mails of the demo, read from the local inbox: something new, and not a word more."""

from datetime import datetime
from typing import Any

from cli.demo.stage import Stage, forbidden_words, soon

SUBJECTS = ("Du nouveau vous attend", "Something new awaits you")


async def only_something_new_is_mailed_to(stage: Stage, key: str, since: datetime) -> None:
    """Hold that mail came to a party since an instant and says nothing but that something is new."""

    async def look() -> list[dict[str, Any]]:
        return await _mailed(stage, since, to=stage.parties[key].address)

    letters, seconds = await soon("an e-mail comes", look)
    stage.sees(key, f"e-mail within {seconds:.1f} s: « {letters[0]['subject']} »")
    _hold_empty(stage, letters)


async def nothing_but_something_new_was_mailed(stage: Stage) -> None:
    """Hold it for every e-mail since the play began, whoever it went to."""
    letters = await _mailed(stage, stage.began)
    stage.teller.line(f"   {len(letters)} e-mails, « {SUBJECTS[0]} » / “{SUBJECTS[1]}”")
    _hold_empty(stage, letters)


def _hold_empty(stage: Stage, letters: list[dict[str, Any]]) -> None:
    others = {each["subject"] for each in letters} - {*SUBJECTS}
    stage.hold("the subject says only that something is new", others, set())
    told = [word for word in _never(stage) if any(word.lower() in _whole(each) for each in letters)]
    stage.hold("no name, need, organisation or record number in the text", told, [])


async def _mailed(stage: Stage, since: datetime, **query: str) -> list[dict[str, Any]]:
    answer = (await stage.mailbox.get("/messages", params=query)).raise_for_status()
    return [each for each in answer.json()["items"] if datetime.fromisoformat(each["received_at"]) >= since]


def _whole(letter: dict[str, Any]) -> str:
    return f"{letter['subject']}\n{letter['text']}\n{letter['from']}\n{letter['message_id']}".lower()


def _never(stage: Stage) -> list[str]:
    """Return what no e-mail may hold: the persons' words, codes of needs, organisations, every id made so far."""
    scenario = stage.scenario
    aliases = [role["organization"] for role in scenario["cast"].values() if role["organization"] != "coalition"]
    names = [party.name for party in stage.parties.values()]
    service = [scenario["service"]["name"]["fr"], scenario["service"]["name"]["en"]]
    codes = [*scenario["query"]["needs"], scenario["query"]["urgency"]]
    return [*forbidden_words(scenario), *aliases, *names, *service, *codes, *stage.made.values()]
