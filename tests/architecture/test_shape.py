"""How the code is cut: short functions, small files, named things, a kit that knows nothing of the domain."""

import ast
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("kit", "gateway", "services", "cli")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
KIT = [path for path in FILES if path.is_relative_to(ROOT / "kit")]
TREES = {path: ast.parse(path.read_text()) for path in FILES}

VAGUE = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "base",
    "common",
    "misc",
    "shared",
    "tools",
    "core",
}

# Words of the work itself; what only carries it has no use for them.
DOMAIN_WORDS = re.compile(
    r"(?i)(?<![a-z])(referrals?|consents?|persons?_helped|caseworkers?|shelters?|accreditations?|traffick\w*|"
    r"disclosures?|capacity_quer\w*|waitlists?|directories|representatives?|membership|notifications)(?![a-z])"
)
# kit/testing/tokens.py signs what the realm signs, with the realm's own words.
KNOWS_THE_REALM = {ROOT / "kit" / "testing" / "tokens.py"}

KIT_STATEMENTS = 2_300


def name(path):
    return str(path.relative_to(ROOT))


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines(node):
    """Lines of a function's body, its docstring apart."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


LENGTHS = {f"{name(path)}:{f.lineno} {f.name}": lines(f) for path, tree in TREES.items() for f in functions(tree)}


def test_no_function_is_longer_than_45_lines():
    assert {where: length for where, length in LENGTHS.items() if length > 45} == {}


def test_half_the_functions_have_at_most_8_lines_and_nine_in_ten_at_most_25():
    tenths = statistics.quantiles(LENGTHS.values(), n=10)
    assert statistics.median(LENGTHS.values()) <= 8
    assert tenths[8] <= 25


def test_no_file_has_outgrown_what_one_reads_in_a_sitting():
    long = {name(path): path.read_text().count("\n") for path in FILES}
    assert {path: length for path, length in long.items() if length > 340} == {}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_module_is_named_after_a_thing(path):
    assert not VAGUE & set(path.with_suffix("").parts[len(ROOT.parts) :])


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_module_says_what_it_is_for(path):
    assert ast.get_docstring(TREES[path]) or not TREES[path].body


@pytest.mark.parametrize("path", KIT, ids=name)
def test_every_public_name_of_the_kit_has_its_sentence(path):
    public = [
        node
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and _reachable(TREES[path], node)
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def _reachable(tree, node):
    """Say whether a definition stands at the top of a module or of a public class."""
    tops = [tree, *(top for top in tree.body if isinstance(top, ast.ClassDef) and not top.name.startswith("_"))]
    return any(node in top.body for top in tops)


@pytest.mark.parametrize("path", [path for path in KIT if path not in KNOWS_THE_REALM], ids=name)
def test_the_kit_has_no_word_of_the_domain(path):
    tree = TREES[path]
    words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    words |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    words |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    words |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    words |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
    assert {word for word in words - docstrings if DOMAIN_WORDS.search(word)} == set()


DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def test_the_kit_stays_small_enough_to_be_known():
    """Statements, not lines: a table of words or a call spread over lines by the formatter is not more to know."""
    counted = {name(path): _statements(TREES[path]) for path in KIT}
    assert sum(counted.values()) <= KIT_STATEMENTS, counted


def _statements(tree):
    return sum(
        isinstance(node, ast.stmt) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in ast.walk(tree)
    )


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_is_left_for_later(path):
    found = re.findall(
        r"(?i)#.*\b(todo|fixme|xxx|hack|for now|temporar\w+|stub|placeholder|simplified)\b", path.read_text()
    )
    assert found == []


def test_an_abstract_class_has_several_kinds():
    """A class nobody else implements is written as itself."""
    abstract = {
        node.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(getattr(base, "id", "") in ("ABC", "ABCMeta") for base in node.bases)
    }
    assert abstract == set()


def test_tests_put_nothing_of_ours_in_anothers_place():
    """Real servers, a clock and a mailer: what is patched is not what runs."""
    ours = re.compile(r"(mock\.patch|MagicMock|AsyncMock|monkeypatch\.setattr\(\s*[\"'](kit|gateway|services|cli)\.)")
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    assert [name(path) for path in tests if ours.search(path.read_text())] == []
