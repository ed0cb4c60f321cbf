"""French and English words as people type them: without accents, in the plural, stuck to an article."""

import re
import unicodedata

_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "’": "'", "ʼ": "'", "`": "'", "´": "'"})
_ELISION = re.compile(r"\b(?:[ldjnmtsc]|qu|jusqu|lorsqu|puisqu|quoiqu|quelqu|presqu)'(?=[a-z0-9])")
_WORD = re.compile(r"[a-z0-9]+")
_TELLING = re.compile(r"[a-z0-9]{2,}")

# Words that are in nearly every text: asking for them must neither narrow nor empty a search.
_EMPTY_WORDS = """
    au aux avec ce ces cette dans de des du elle en et eux il ils je la le les leur leurs lui ma mais me mes
    mon ne nos notre nous on ou par pas pour qu que qui sa sans se ses si son sur ta te tes toi ton tu un une vos votre
    vous an and are as at be but by for from her his in is it its my of or our she that the their them they this to
    us was we were who will with you your
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_SHORTEST_PLURAL = 4
_SHORTEST_AUX = 5
_SHORTEST_MUTE = 5


def fold(text: str) -> str:
    """Return the text in lower case without accents, ligatures, typographic apostrophes and elided articles."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _ELISION.sub("", bare.translate(_LIGATURES))


def stem(word: str) -> str:
    """Cut a folded word's plural and mute endings: `hopitaux` and `hopital`, `avocates` and `avocat` meet.

    A light rule in the manner of Savoy (1999, "A stemming procedure and stopword list for general French corpora"):
    both the texts and the question go through it, so what counts is that they meet, not that the stem is a word.
    """
    if len(word) >= _SHORTEST_PLURAL and word[-1] in "sx" and not word[-2].isdigit():
        word = _singular(word)
    if len(word) >= _SHORTEST_MUTE:
        word = word.rstrip("e")
    # agency, agencies
    return f"{word[:-1]}i" if word.endswith("y") else word


def _singular(word: str) -> str:
    if word.endswith("aux") and not word.endswith("eaux") and len(word) >= _SHORTEST_AUX:
        return word[:-2] + "l"
    return word[:-1]


def words(*texts: str) -> frozenset[str]:
    """Return the stems a search can find in the texts; words that are everywhere are left out."""
    return frozenset(stem(word) for text in texts for word in _TELLING.findall(fold(text)) if word not in _EMPTY)


def slug(text: str) -> str:
    """Return the text as a short name of lower-case letters, digits and single hyphens."""
    return "-".join(_WORD.findall(fold(text)))


def sort_key(text: str) -> str:
    """Return what a French reader sorts by: letters and digits without accents."""
    return " ".join(_WORD.findall(fold(text)))
