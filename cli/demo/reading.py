"""The end: who saw what, when, taken from the audit."""

from collections.abc import Mapping
from typing import Any

from cli.demo.stage import Stage

COLUMNS = ("when (UTC)", "organisation", "as", "act", "outcome", "what was shown")
# What the owner reads of each referral: its own acts and what others saw, never what the receiver did with it.
_TOLD = {f"referral.{act}" for act in ("draft", "request", "read")}
DONE = {"first": _TOLD, "second": _TOLD | {"referral.consent-ended"}}
# Strangers and its own people; what the receiver's people tried stays with the receiver.
REFUSED = {"first": ("police", "government", "advocate", "youth", "nurse", "worker"), "second": ("police",)}


async def the_owner_reads_who_saw_the_first_person(stage: Stage) -> None:
    """The organisation whose person it is reads who saw what, and who tried and was refused."""
    await _shown(stage, "first")


async def the_owner_reads_who_saw_the_second_person(stage: Stage) -> None:
    """The same for the second person, whose consent ended."""
    rows = await _shown(stage, "second")
    ends = [row["at"] for row in rows if row["action"] == "referral.consent-ended"]
    stage.hold("the end of the consent stands in the audit once", len(ends), 1)
    later = [row for row in rows if row["at"] > ends[0] and _personal(row)]
    stage.hold("nothing of the person was shown to anyone after the withdrawal", later, [])


async def the_privacy_officer_reads_the_whole_log(stage: Stage) -> None:
    """The privacy officer reads what her own people did, by name of worker."""
    since = stage.began.isoformat()
    log = await stage.read("officer", "/referral/audit", since=since, limit="100")
    acts: dict[str, int] = {}
    for row in log["items"]:
        acts[row["action"]] = acts.get(row["action"], 0) + 1
    for action, times in sorted(acts.items()):
        stage.sees("officer", f"{times} × {action}")
    stage.hold("every act names its worker", {row["user_id"] for row in log["items"]} - _users(stage), set())
    refused = await stage.parties["worker"].get("/referral/audit")
    stage.hold("a caseworker may not read it", refused.status, 403)


async def _shown(stage: Stage, person: str) -> list[Mapping[str, Any]]:
    path = f"/referral/referrals/{stage.made[person]}/readings"
    read = await stage.read("worker", path, limit="100")
    rows: list[Mapping[str, Any]] = read["items"]
    stage.teller.table(f"Who saw what, when: the {person} person", COLUMNS, (_row(stage, row) for row in rows))
    done = {row["action"] for row in rows if row["outcome"] == "done"}
    stage.hold("its own acts and every reading stand in it", DONE[person] - done, set())
    refused = {_alias(stage, row) for row in rows if row["outcome"] == "refused"}
    due = {stage.parties[key].me["organization"]["alias"] for key in REFUSED[person]}
    stage.hold("every refusal stands in it too, by organisation", refused, due)
    readers = {(row["organization_id"], row["role"]) for row in rows if _personal(row)}
    host = stage.parties["host"].organization
    stage.hold("the person's data were shown to the assigned worker alone", readers, {(host, "assigned")})
    named = [row for row in rows if "user_id" in row]
    stage.hold("no worker of another organisation is named", named, [])
    return rows


def _personal(row: Mapping[str, Any]) -> set[str]:
    """Return the classes of the person's data that an act showed."""
    return set(row["classes"]) - {"need"}


def _alias(stage: Stage, row: Mapping[str, Any]) -> str:
    aliases = {party.organization: party.me["organization"]["alias"] for party in stage.parties.values()}
    return str(aliases.get(row["organization_id"], row["organization_id"]))


def _users(stage: Stage) -> set[str]:
    return {party.user for party in stage.parties.values()}


def _row(stage: Stage, row: Mapping[str, Any]) -> tuple[str, ...]:
    shown = ", ".join(row["classes"]) or "–"
    return row["at"][11:23], _alias(stage, row), row["role"] or "–", row["action"], row["outcome"], shown


STEPS = (
    the_privacy_officer_reads_the_whole_log,
    the_owner_reads_who_saw_the_first_person,
    the_owner_reads_who_saw_the_second_person,
)
