"""Tables as files: text that a spreadsheet shows and never calculates."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from starlette.responses import Response

from services.referral.api.fields import View

V = TypeVar("V", bound=View)

CSV_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "One line an act."}
}

# What a spreadsheet takes for the beginning of a formula (OWASP: CSV injection).
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def neutral(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe stands before what could begin one."""
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def to_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as CSV (RFC 4180), every field neutral."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([neutral(field) for field in row] for row in rows)
    return text.getvalue()


def csv_file(name: str, view: type[V], lines: Iterable[V]) -> Response:
    """Answer with lines as a file to be kept, a column for each field of their view in its order."""
    content = to_csv(list(view.model_fields), map(_fields, lines))
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(content, headers=headers, media_type="text/csv; charset=utf-8")


def _fields(line: View) -> list[str]:
    shown = line.model_dump(mode="json")
    return [" ".join(value) if isinstance(value, list) else str(value or "") for value in shown.values()]
