"""`coalition realm apply | diff`."""

import time

import typer
from pydantic import ValidationError
from rich.console import Console as Terminal
from rich.table import Table

from cli.realm import apply as realm_apply
from cli.realm import code, console
from cli.realm.code import RealmCode
from cli.realm.gap import Difference
from cli.realm.settings import RealmSettings

realm = typer.Typer(help="The Keycloak realm as deploy/keycloak states it.", no_args_is_help=True)
terminal = Terminal()


@realm.command()
def apply() -> None:
    """Make the realm as the code states it; a second run changes nothing."""
    found, stated = _opened()
    started = time.monotonic()
    changed = realm_apply.apply(found, stated)
    _show(changed)
    terminal.print(
        f"{len(changed)} changed in {time.monotonic() - started:.1f} s: {found.realm} is as the code states it."
    )


@realm.command()
def diff() -> None:
    """Show what differs from the code, changing nothing; ends with status 1 when something does."""
    found, stated = _opened()
    differences = realm_apply.diff(found, stated)
    _show(differences)
    if differences:
        terminal.print(f"{len(differences)} differences. `coalition realm apply` closes them.")
        raise typer.Exit(1)
    terminal.print(f"No difference: {found.realm} is as the code states it.")


def _opened() -> tuple[console.Console, RealmCode]:
    try:
        settings = RealmSettings()
    except ValidationError as fault:
        missing = ", ".join(f"REALM_{str(error['loc'][0]).upper()}" for error in fault.errors(include_input=False))
        terminal.print(f"Set {missing}: see deploy/keycloak/README.md.", style="red")
        raise typer.Exit(2) from None
    secret = settings.admin_secret.get_secret_value()
    found = console.connect(settings.keycloak_url, settings.admin_client, secret, settings.name)
    return found, code.read(settings.parameters())


def _show(differences: list[Difference]) -> None:
    if not differences:
        return
    table = Table("where", "found", "wanted")
    for difference in differences:
        table.add_row(difference.where, difference.found, difference.wanted)
    terminal.print(table)
