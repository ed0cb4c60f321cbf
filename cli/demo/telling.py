"""What the demo prints: plain lines under headings, so that they read alike in a terminal and in a log."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

LOG_WIDTH = 120


def console() -> Console:
    """Return a console as wide as the terminal; a file or a pipe is 120 columns wide."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=LOG_WIDTH)


def in_words(value: Any) -> str:
    """Write what was read for people: fields with their values, lists without brackets, and what is not there."""
    if not value and value != 0:
        return "nothing"
    if isinstance(value, Mapping):
        fields = ((name, each) for name, each in value.items() if each not in (None, [], {}))
        return ", ".join(f"{str(name).replace('_', ' ')}: {in_words(each)}" for name, each in fields)
    return " ".join(map(in_words, value)) if isinstance(value, list) else str(value)


class Teller:
    """Tells the play: runs, steps, what each party sees, and the rules that held."""

    def __init__(self, to: Console) -> None:
        self._to = to
        self._steps = 0
        self.held = 0

    def run(self, title: str) -> None:
        """Begin a run."""
        self._to.print()
        self._to.print(Rule(Text(title, style="bold"), align="left"))

    def step(self, title: str) -> None:
        """Begin a step."""
        self._steps += 1
        self._print(Text(f"\n{self._steps}. {title}", style="bold"))

    def sees(self, who: str, what: str) -> None:
        """Tell what a party sees or does."""
        self._print(Text.assemble(("   ", ""), (who, "cyan"), (f"  {what}", "")))

    def holds(self, rule: str) -> None:
        """Tell that a rule held."""
        self.held += 1
        self._print(Text(f"   ✓ {rule}", style="green"))

    def broken(self, step: str, rule: str, expected: str, found: str) -> None:
        """Tell which step differs from the rules, and how."""
        self._print(Text(f"\n✗ {step}: {rule}", style="bold red"))
        self._print(Text(f"  expected: {expected}\n  found:    {found}"))

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table."""
        made = Table(*columns, title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for row in rows:
            made.add_row(*(Text(cell) for cell in row))
        self._to.print()
        self._to.print(made)

    def line(self, text: str) -> None:
        """Print a line."""
        self._print(Text(text))

    def _print(self, text: Text) -> None:
        self._to.print(text, soft_wrap=True)
