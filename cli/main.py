"""`coalition`: everything an operator or a developer asks of the system, as commands."""

import logging
import os
import shlex
import shutil
import time
from typing import Annotated

import structlog
import typer
from rich.console import Console

from cli import demo_people, first_start, operate
from cli.audit import audit
from cli.local import doctor, logs, ports
from cli.local import up as local
from cli.local.plan import BadDemoError, Plan
from cli.local.state import RunDirectory
from cli.realm.commands import realm
from cli.seed import seed

app = typer.Typer(
    name="coalition", help="The coalition's system: run it, look at it, operate it.", no_args_is_help=True
)
app.add_typer(operate.parked, name="parked")
app.add_typer(operate.stream, name="stream")
app.add_typer(operate.bus, name="bus")
app.add_typer(operate.projection, name="projection")
app.add_typer(audit, name="audit")
app.add_typer(realm, name="realm")
app.add_typer(seed, name="seed")
app.command()(first_start.init)
console = Console(highlight=False)

REFUSED = 2


def _plan(*, demo: bool | None = None) -> Plan:
    try:
        return Plan.read(demo=demo)
    except (ports.BadPortBaseError, BadDemoError) as error:
        console.print(f"✗ {error}", style="red")
        raise typer.Exit(REFUSED) from None


@app.command()
def up(
    *,
    detach: Annotated[bool, typer.Option(help="Return when everything is healthy.", envvar="DETACH")] = False,
    demo: Annotated[
        bool | None,
        typer.Option("--demo/--no-demo", help="With invented organisations and logins, or a real start (DEMO=0)."),
    ] = None,
) -> None:
    """Start the whole system on this machine; Ctrl-C stops it."""
    plan = _plan(demo=demo)
    raise typer.Exit(local.up_detached(plan, console) if detach else local.up(plan, console))


@app.command()
def down() -> None:
    """Stop what `up` started, gracefully."""
    raise typer.Exit(local.down(RunDirectory.of_this_copy(), console))


@app.command("demo")
def play_demo() -> None:
    """Watch a referral go end to end, each step held to the rules; starts the system if need be."""
    from cli.demo import command  # noqa: PLC0415 - it loads membership, which no other command needs

    raise typer.Exit(command.run(_plan()))


@app.command("doctor")
def examine() -> None:
    """Explain the state of the machine and of each component."""
    raise typer.Exit(doctor.report(_plan(), console))


@app.command("logs")
def show_logs(
    name: Annotated[str | None, typer.Argument(help="A component; all of them without it.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many past lines of each.")] = 20,
    *,
    follow: Annotated[bool, typer.Option(help="Stay and show new lines.")] = True,
) -> None:
    """Show the logs and follow them until Ctrl-C."""
    try:
        logs.show(RunDirectory.of_this_copy(), name, console, lines, follow=follow)
    except logs.NoSuchLogError as error:
        console.print(f"✗ {error}", style="red")
        raise typer.Exit(REFUSED) from None
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@app.command()
def reset(*, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop everything and delete all data, passwords and logs of this copy."""
    run = RunDirectory.of_this_copy()
    if not run.path.exists():
        console.print("There is nothing to delete.")
        return
    if not yes:
        typer.confirm(f"Delete {run.path} with all its data?", abort=True)
    local.down(run, console)
    shutil.rmtree(run.path)
    console.print("Deleted. `make up` starts anew.")


@app.command()
def otp(user: str) -> None:
    """Print a demo person's one-time code of this moment."""
    try:
        login = demo_people.read(_plan().people).login(user)
    except demo_people.NoSuchLogin as error:
        console.print(f"✗ {error}", style="red")
        raise typer.Exit(REFUSED) from None
    typer.echo(login.code(time.time()))


@app.command("contracts")
def write_contracts(
    *, check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when something differs.")] = False
) -> None:
    """Write what the services promise (schemas, OpenAPI, AsyncAPI) under contracts/, from their code."""
    from cli import contracts  # noqa: PLC0415 - it loads every service, which no other command needs

    changed = contracts.differences() if check else contracts.write()
    for path in changed:
        console.print(f"{'✗ differs:' if check else '✓ written:'} contracts/{path}")
    if check and changed:
        console.print("`make contracts` writes them anew; commit what it wrote.")
        raise typer.Exit(1)


@app.command()
def env() -> None:
    """Print the variables that tools and tests need: eval "$(coalition env)"."""
    for name, value in RunDirectory.of_this_copy().environment().items():
        typer.echo(f"export {name}={shlex.quote(value)}")


def run() -> None:
    """Run the command line; commands find this copy's own servers unless the environment names others."""
    # The bus's comings and goings are the services' business; a command speaks for itself.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for name, value in RunDirectory.of_this_copy().environment().items():
        os.environ.setdefault(name, value)
    app(prog_name="coalition")
