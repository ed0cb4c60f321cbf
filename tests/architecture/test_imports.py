"""Who may import whom."""

import ast
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[2]
DOMAINS = sorted(
    path
    for service in (ROOT / "services").iterdir()
    for path in (*service.glob("domain/*.py"), *service.glob("domain.py"))
)


@pytest.mark.parametrize("config", ["pyproject.toml", "tests/architecture/imports.toml"])
def test_imports_follow_the_order_of_the_house(config, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=config, cache_dir=None)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize("path", DOMAINS, ids=[f"{path.parts[-3]}/{path.name}" for path in DOMAINS])
def test_a_domain_imports_the_standard_library_and_itself_alone(path):
    own = ".".join(path.relative_to(ROOT).with_suffix("").parts[:3])
    for name in imported(path):
        assert name.split(".")[0] in sys.stdlib_module_names or name.startswith(own), name


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module if node.level == 0 else "services." + path.parts[-3] + ".domain"
