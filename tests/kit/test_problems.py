"""Words for refusals: both languages, stable codes."""

import json

import pytest

from kit import auth, keyset, problems
from kit.problems import Problem, body_of, documented, examples_of, language_of, refuses, rendered

EVERY = {**problems.PROBLEMS, **auth.PROBLEMS, **keyset.PROBLEMS}
TAKEN = Problem(409, fr="Prise", en="Taken", next_fr="Relisez.", next_en="Read again.")


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        (None, "fr"),
        ("", "fr"),
        ("fr-CA", "fr"),
        ("en", "en"),
        ("en-CA,en;q=0.9", "en"),
        ("en;q=0.9, fr;q=0.8", "en"),
        ("en;q=0.7, fr-CA;q=0.8", "fr"),
        ("fr, en", "fr"),
        ("de, *", "fr"),
        ("*;q=0.5, fr;q=0", "en"),
        ("en;q=0", "fr"),
        ("de;q=1, en;q=0.1", "en"),
        ("en;q=loud", "fr"),
        ("en;q=nan", "fr"),
        ("EN;Q=0.3", "en"),
        (";;,,q=1", "fr"),
    ],
)
def test_the_reader_gets_their_language_and_french_when_in_doubt(accept, language):
    assert language_of(accept) == language


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_problem_says_what_happened_and_what_to_do(language):
    body = body_of("a.taken", TAKEN, language, "r-1", detail="d", errors=[{"pointer": "#/a", "code": "missing"}])
    words = {"fr": ("Prise", "Relisez."), "en": ("Taken", "Read again.")}[language]
    assert (body["title"], body["next"]) == words
    assert body == body | {"type": "/problems/a.taken", "status": 409, "code": "a.taken", "request_id": "r-1"}
    assert body["errors"] == [{"pointer": "#/a", "code": "missing"}]


def test_what_is_absent_is_left_out():
    assert body_of("a.taken", TAKEN, "fr", None).keys().isdisjoint({"detail", "errors", "instance"})


def test_the_bytes_are_utf8_json_with_their_length_and_language():
    content, headers = rendered(body_of("a.taken", Problem(401, "é", "e", "", ""), "fr", None), "fr")
    found = dict(headers)
    assert json.loads(content)["title"] == "é"
    assert found[b"content-type"] == b"application/problem+json"
    assert int(found[b"content-length"]) == len(content)
    assert (found[b"content-language"], found[b"www-authenticate"]) == (b"fr", b"Bearer")


@pytest.mark.parametrize("code", sorted(EVERY))
def test_each_problem_has_words_in_both_languages(code):
    problem = EVERY[code]
    assert 400 <= problem.status < 600
    for french, english in ((problem.fr, problem.en), (problem.next_fr, problem.next_en)):
        assert french
        assert english
        assert french != english or french == "Introuvable"


def test_every_bare_status_has_its_code():
    assert {*problems.CODE_OF_STATUS.values()} <= problems.PROBLEMS.keys()
    assert all(problems.PROBLEMS[code].status == status for status, code in problems.CODE_OF_STATUS.items())


def test_operations_name_their_problems_once_each_and_their_access():
    assert refuses("b", "a") == {"x-problems": ["a", "b"]}
    assert refuses(access="public") == {"x-problems": [], "x-access": "public"}


def test_problems_of_one_status_share_a_response_with_an_example_each():
    catalogue = {
        "a.taken": TAKEN,
        "a.gone": Problem(409, "Partie", "Gone", "", ""),
        "a.no": Problem(404, "", "", "", ""),
    }
    responses = documented(catalogue, ["a.taken", "a.gone", "a.no", "a.taken"])
    assert list(responses) == ["404", "409"]
    content = responses["409"]["content"]["application/problem+json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert list(content["examples"]) == ["a.gone", "a.taken"]
    assert content["examples"]["a.taken"] == {"$ref": "#/components/examples/a.taken"}
    assert examples_of(catalogue, responses["409"]["content"]["application/problem+json"]["examples"]).keys() == {
        "a.gone",
        "a.taken",
    }
    assert examples_of(catalogue, ["a.taken"])["a.taken"]["value"]["title"] == "Prise"
    with pytest.raises(KeyError):
        documented(catalogue, ["a.unknown"])
