import pytest

from services.membership.domain.folding import fold, slug, sort_key, stem, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hébergement", "hebergement"),
        ("L'HÉBERGEMENT", "hebergement"),
        ("d’urgence", "urgence"),
        ("qu'elle", "elle"),
        ("jusqu'à l'aube", "a aube"),
        ("aujourd'hui", "aujourd'hui"),
        ("Cœur ŒUVRE", "coeur oeuvre"),
        ("ex æquo", "ex aequo"),
        ("NOËL à Montréal", "noel a montreal"),
        ("garçon", "garcon"),
    ],
)
def test_text_is_folded_as_people_type_it(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    "alike",
    [
        ("hôpital", "hôpitaux", "HOPITAL"),
        ("bureau", "bureaux"),
        ("avocat", "avocate", "avocates", "avocats"),
        ("hébergé", "hébergée", "hébergées"),
        ("femme", "femmes"),
        ("shelter", "shelters"),
        ("agency", "agencies"),
        ("réfugié", "réfugiées"),
        ("légal", "légaux", "légale"),
        ("l'aide", "aides", "d'aide"),
        ("Saint-Jérôme", "saint jerome"),
    ],
)
def test_forms_of_a_word_meet(alike):
    assert len({words(form) for form in alike}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("pain", "paix"), ("cas", "cause"), ("covid19", "covid1"), ("abri", "avril")]
)
def test_different_words_stay_apart(one, other):
    assert words(one) != words(other)


@pytest.mark.parametrize("word", ["as", "gaz", "h2s", "3s"])
def test_short_words_are_left_alone(word):
    assert stem(word) == word


def test_words_that_are_everywhere_find_nothing():
    assert words("pour les femmes et leurs enfants", "the women") == words("femmes enfants women")


def test_a_name_becomes_a_short_name_and_a_sort_key():
    assert slug("L'Étoile d’été – Maison n° 2") == "etoile-ete-maison-n-2"
    assert sort_key("Éclaircie, L'") == "eclaircie l"
