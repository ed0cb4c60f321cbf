"""The files of `contracts/`: written anew from the code; examples are only ever added."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cli.contracts.documents import asyncapi, merged_openapi, openapi
from cli.contracts.promises import Promise, promises

ROOT = Path(__file__).parents[2] / "contracts"


def generated() -> dict[str, str]:
    """Return every generated file's text by its path under `contracts/`, the same on every machine."""
    promised, documents = promises(), openapi()
    parsed = {
        "openapi.json": merged_openapi(documents),
        "asyncapi.json": asyncapi(promised),
        **{f"openapi/{service}.json": document for service, document in documents.items()},
        **{f"messages/{promise.subject}/schema.json": promise.schema() for promise in promised},
        **dict(_examples(promised)),
    }
    return {path: _text(value) for path, value in parsed.items()}


def _examples(promised: Sequence[Promise]) -> Iterator[tuple[str, Any]]:
    """Yield the examples that classes give; named by content, so that a new one never replaces an old one."""
    for promise in promised:
        for example in promise.examples():
            name = hashlib.sha256(_text(example).encode()).hexdigest()[:12]
            yield f"messages/{promise.subject}/examples/{name}.json", example


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def differences(root: Path = ROOT) -> list[str]:
    """Return the paths under `contracts/` that are not as the code says; examples by hand may stand beside."""
    expected = generated()
    present = {str(path.relative_to(root)) for path in root.rglob("*.json")}
    surplus = {path for path in present - expected.keys() if "/examples/" not in path}
    changed = {path for path, text in expected.items() if not _is(root / path, text)}
    return sorted(surplus | changed)


def _is(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text("utf-8") == text


def write(root: Path = ROOT) -> list[str]:
    """Write what differs and remove what no code promises any more; returns the paths, examples never among these."""
    expected, changed = generated(), differences(root)
    for path in changed:
        if path in expected:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(expected[path], "utf-8")
        else:
            (root / path).unlink()
    return changed
