"""`python -m cli.local.invented FILE`: makes the demo's organisations, services and people; their logins go to FILE."""

import asyncio
import sys
from pathlib import Path

from cli.demo.world import prepare

if __name__ == "__main__":
    added, demo = asyncio.run(prepare(Path(sys.argv[1])))
    sys.stdout.write(f"{added.organizations} organisations, {added.services} services, {len(demo.logins)} logins\n")
