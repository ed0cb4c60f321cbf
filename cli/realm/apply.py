"""`coalition realm apply | diff`: every step in the order in which one needs the other."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from cli.realm import clients, flows, roles, scopes
from cli.realm.code import RealmCode
from cli.realm.console import Console
from cli.realm.gap import Difference, Step, compare


def diff(console: Console, code: RealmCode) -> list[Difference]:
    """Return every value of the realm that is not as the code states; changes nothing."""
    if console.find() is None:
        return [Difference("realm", "nothing", console.realm)]
    return [difference for step in steps(console, code) for difference in step.differences]


def apply(console: Console, code: RealmCode) -> list[Difference]:
    """Make the realm as the code states and return what was changed; a second run returns nothing."""
    changed: list[Difference] = []
    if console.find() is None:
        console.create_realm()
        changed.append(Difference("realm", "nothing", console.realm))
    for step in steps(console, code):
        if step.differences:
            step.close()
            changed += step.differences
    return changed


def steps(console: Console, code: RealmCode) -> Iterator[Step]:
    """Yield the steps lazily: each reads the realm as the ones before it left it."""
    return chain(
        _settings(console, code),
        roles.steps(console, code),
        scopes.steps(console, code),
        clients.steps(console, code),
        flows.steps(console, code),
        _required_actions(console, code),
        _rules(console, code),
        _opening(console, code),
    )


def _settings(console: Console, code: RealmCode) -> Iterator[Step]:
    """Everything but `enabled`: a realm half made signs nobody in."""
    wanted = {key: value for key, value in code.realm.items() if key != "enabled"}
    found = console.get()
    yield Step(tuple(compare("realm", wanted, found)), lambda: console.put("", _whole(found, wanted)))
    profile = console.get("/users/profile")
    differences = tuple(compare("profile", code.profile, profile))
    yield Step(differences, lambda: console.put("/users/profile", profile | code.profile))


def _whole(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Attributes and headers are replaced as a whole: send those in force with ours over them."""
    kept = ("attributes", "browserSecurityHeaders")
    return wanted | {key: (found.get(key) or {}) | wanted[key] for key in kept}


def _required_actions(console: Console, code: RealmCode) -> Iterator[Step]:
    held = {action["alias"]: action for action in console.get("/authentication/required-actions")}
    for alias, enabled in code.required_actions.items():
        path, action = f"/authentication/required-actions/{alias}", held.get(alias, {})
        differences = tuple(compare(f"required action {alias}", {"enabled": enabled}, action))
        body = action | {"enabled": enabled}
        yield Step(differences, lambda path=path, body=body: console.put(path, body))  # type: ignore[misc]


def _rules(console: Console, code: RealmCode) -> Iterator[Step]:
    for path, key, stated in (
        ("/client-policies/profiles", "profiles", code.client_profiles),
        ("/client-policies/policies", "policies", code.client_policies),
    ):
        differences = tuple(compare(f"client {key}", stated, console.get(path).get(key)))
        body = {key: stated}
        yield Step(differences, lambda path=path, body=body: console.put(path, body))  # type: ignore[misc]


def _opening(console: Console, code: RealmCode) -> Iterator[Step]:
    wanted = {"enabled": code.realm["enabled"]}
    yield Step(tuple(compare("realm", wanted, console.get())), lambda: console.put("", wanted))
