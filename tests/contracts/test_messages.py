"""Messages: promised, shown, read by today's code as by yesterday's."""

import json
import re
import shutil
import subprocess

import jsonschema_rs
import pytest

from cli import contracts
from kit.messages import stream_of
from tests.contracts.compatibility import misfits

PROMISES = {promise.subject: promise for promise in contracts.promises()}
CONSUMED = [(f"{s}:{subscription.name}:{m.subject}", subscription, m) for s, subscription, m in contracts.consumed()]
EXAMPLES = sorted(contracts.ROOT.glob("messages/*/examples/*.json"))

promised = pytest.mark.parametrize("promise", PROMISES.values(), ids=PROMISES.keys())
taken = pytest.mark.parametrize(("subscription", "model"), [c[1:] for c in CONSUMED], ids=[c[0] for c in CONSUMED])
shown = pytest.mark.parametrize("path", EXAMPLES, ids=[f"{path.parts[-3]}/{path.stem}" for path in EXAMPLES])


def subject_of(path):
    return path.parts[-3]


def examples_of(subject):
    return [path for path in EXAMPLES if subject_of(path) == subject]


def test_no_two_messages_share_a_subject():
    assert len(PROMISES) == len(contracts.promises())


@promised
def test_a_subject_is_its_service_a_fact_and_a_version(promise):
    assert re.fullmatch(rf"{promise.service}\.[a-z]+(-[a-z]+)*\.v[1-9]\d*", promise.subject)


@promised
def test_a_message_says_what_happened_and_shows_it(promise):
    assert promise.words
    assert examples_of(promise.subject), f"add contracts/messages/{promise.subject}/examples/1.json"


@promised
def test_a_message_has_no_field_for_what_is_personal(promise):
    fields = set(re.findall(r'"([a-z_]+)": \{', json.dumps(promise.schema())))
    assert not fields & {
        "first_name", "last_name", "full_name", "mnemonic", "email", "phone", "address", "birth_date", "age", "gender",
        "contact", "location", "need", "note", "text", "comment", "status_immigration", "health",
    }  # fmt: skip


@shown
def test_todays_code_reads_every_past_example_of_what_it_tells(path):
    if (promise := PROMISES.get(subject_of(path))) is not None:
        promise.model.model_validate_json(path.read_bytes())


@shown
def test_an_example_fits_the_schema_that_consumers_read(path):
    schema = json.loads((path.parents[1] / "schema.json").read_bytes())
    jsonschema_rs.validator_for(schema).validate(json.loads(path.read_bytes()))


@promised
def test_the_newest_example_is_what_would_be_sent(promise):
    written = [json.loads(path.read_bytes()) for path in examples_of(promise.subject)]
    sent = [json.loads(promise.model.model_validate(example).model_dump_json()) for example in written]
    assert any(example == what for example, what in zip(written, sent, strict=True))


@taken
def test_a_consumer_takes_only_what_somebody_promises(subscription, model):
    assert stream_of(PROMISES[model.subject].service) == subscription.stream


@taken
def test_a_consumer_reads_every_past_example(subscription, model):
    for path in examples_of(model.subject):
        model.model_validate_json(path.read_bytes())


@taken
def test_a_consumer_requires_only_what_the_schema_requires(subscription, model):
    assert misfits(PROMISES[model.subject].schema(), model.model_json_schema()) == []


@taken
def test_a_consumer_bears_fields_it_does_not_know(subscription, model):
    for path in examples_of(model.subject):
        model.model_validate({**json.loads(path.read_bytes()), "added_later": 1})


def test_examples_of_the_last_release_are_all_still_there_unchanged():
    """A stored message of any release must stay readable, so what was shown once is never taken back."""
    git = shutil.which("git")
    root = contracts.ROOT.parent
    if git is None or not (root / ".git").exists():
        pytest.skip("not a git checkout")

    def run(*arguments):
        return subprocess.run([git, *arguments], cwd=root, capture_output=True, text=True, check=False).stdout.split()

    for tag in run("tag", "--list", "v*"):
        assert run("diff", "--name-only", "--diff-filter=DMR", tag, "--", "contracts/messages/*/examples/*") == []
