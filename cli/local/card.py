"""The card at the end of `make up`: where everything is, who may sign in, and one thing to try."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from cli import demo_people
from cli.local.plan import Plan

Line = tuple[str, str]
# The longest is `youth-protection`.
LABEL_WIDTH = 17
DEMO = ("./coalition otp NAME gives the code of the moment (NAME: what stands before the @).", "Try: make demo")
REAL = (
    "Nobody is invented here. The first two board members are invited once, by mail:",
    "  ./coalition init ADDRESS ADDRESS --business-number NUMBER",
)


def show(plan: Plan, console: Console) -> None:
    """Print the card; long values are never broken, so that they can be copied."""
    for label, value in places(plan):
        _print(console, Text.assemble((label.ljust(LABEL_WIDTH), "bold"), value))
    people = demo_people.read(plan.people).card()
    for login in people:
        console.print()
        who = f"{login.name}, {login.organization}"
        _print(console, Text.assemble((login.sector.ljust(LABEL_WIDTH), "bold cyan"), who))
        _print(console, Text(f"  {login.username}  {login.password}"))
        _print(console, Text(f"  {login.uri}", style="dim"))
    console.print()
    for line in DEMO if people else REAL:
        _print(console, Text(line))


def places(plan: Plan) -> Iterator[Line]:
    """Yield the addresses to open."""
    yield "API", f"{plan.gateway_url}/api/v1"
    yield "Docs", f"{plan.gateway_url}/docs"
    yield "Mail", plan.mailbox_url
    yield "Keycloak", f"{plan.keycloak_url}/admin"
    yield "Logs", "./coalition logs"


def _print(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=True, highlight=False)
