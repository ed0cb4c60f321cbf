"""Names as they are looked for: by whole words, whatever their accents, case, marks and order."""

from datetime import date

import pytest

from services.referral.domain.names import (
    NameTooShort,
    TooManySearches,
    check_searches,
    index_terms,
    sought,
    words_of,
)

LINA = {
    "preferred_name": "Lina",
    "prs_FirstName": "Marie-Cœur",
    "prs_SecondName": "D’Août",
    "prs_Birthdate": "1990-02-03",
}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Zoë ÉMOND", {"zoe", "emond"}),
        ("Jean-Noël  O'Neil", {"jean", "noel", "neil"}),
        ("Cœur Æsa Straße", {"coeur", "aesa", "strasse"}),
        ("李 小龙", {"小龙"}),
        ("José X.", {"jose"}),
    ],
)
def test_a_name_is_its_words(name, words):
    assert sought(name).words == words


def test_all_names_of_a_person_are_indexed_and_the_birth_date_with_each_never_alone():
    assert words_of(LINA) == {"lina", "marie", "coeur", "aout"}
    terms = index_terms(LINA)
    assert set(terms) == words_of(LINA) | {f"{word}|1990-02-03" for word in words_of(LINA)}
    assert index_terms({"prs_FirstName": "Lina"}) == ["lina"]
    assert index_terms({}) == []
    assert len(index_terms({**LINA, "prs_SecondName": " ".join(f"mot{n}" for n in range(20))})) == 16


def test_who_is_meant_bears_every_word_and_the_birth_date_where_it_is_said():
    assert sought("aout lina").fits(LINA)
    assert not sought("aout rosa").fits(LINA)
    assert sought("lina", date(1990, 2, 3)).fits(LINA)
    assert not sought("lina", date(1991, 2, 3)).fits(LINA)
    assert not sought("lina", date(1990, 2, 3)).fits({"prs_FirstName": "Lina"})
    assert sought("lina", date(1990, 2, 3)).terms() == ["lina|1990-02-03"]
    assert sought("lina aout").terms() == ["aout", "lina"]


@pytest.mark.parametrize("name", ["", "a", "- '", " ".join(f"mot{n}" for n in range(9))])
def test_too_little_or_too_much_is_refused(name):
    with pytest.raises(NameTooShort):
        sought(name)


def test_the_sixty_first_search_of_an_hour_is_refused():
    check_searches(59)
    with pytest.raises(TooManySearches):
        check_searches(60)
