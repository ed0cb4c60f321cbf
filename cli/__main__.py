"""`python -m cli`: the `coalition` command."""

from cli.main import run

run()
