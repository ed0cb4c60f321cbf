"""The domains decide over people: their unit tests, which need no server, walk every branch of them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOMAINS = "services/*/domain.py,services/*/domain/*"
UNIT_TESTS = sorted({f"tests/{path.parent.name}/unit" for path in (ROOT / "services").glob("*/domain*")})


def test_every_branch_of_the_domains_is_walked_by_their_unit_tests(tmp_path):
    # pytest's worker of this run is none of that run's.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = clean | {"COVERAGE_FILE": str(tmp_path / "coverage")}

    def coverage(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "coverage", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    walked = coverage("run", "--branch", f"--include={DOMAINS}", "-m", "pytest", "-q", "-p", "no:cov", *UNIT_TESTS)
    assert walked.returncode == 0, walked.stdout
    reported = coverage("report", "--fail-under=100", "--precision=2", "--show-missing", "--skip-covered")
    assert reported.returncode == 0, reported.stdout
