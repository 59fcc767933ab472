"""The layout is the architecture: linters, layers, README commands, and no microdata in the repository."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command", [("ruff", "check", "analysis", "tests"), ("ruff", "format", "--check", "analysis", "tests"), ("mypy",)]
)
def test_linters(command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_layers_import_downwards_only() -> None:
    """import-linter's contracts in pyproject.toml."""
    script = "import sys; from importlinter.cli import lint_imports_command as lint; sys.exit(lint())"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ci_runs_exactly_the_readme_test_command() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python3 -m venv .*$", readme, flags=re.M)
    assert len(commands) == 2
    assert commands[0].endswith("informality run lao-demo")
    assert commands[1].endswith("pytest")
    assert commands[1] in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_readme_documents_every_exit_code() -> None:
    from informality.foundation.errors import EXIT_CODES

    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert all(re.search(rf"\| {int(code)} \|", readme) for code in EXIT_CODES)


def test_constraints_pin_exactly_what_is_required() -> None:
    """Every direct dependency is pinned with ==, and no line records an address."""
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").split()
    assert all(re.fullmatch(r"[A-Za-z0-9_.\-]+==[A-Za-z0-9.]+", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    project = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
    wanted = {
        re.sub(r"[-_.]+", "-", name).lower()
        for name in re.findall(r'^    "([A-Za-z0-9_.\-]+)[><=]', project, flags=re.M)
    }
    assert wanted <= pinned, wanted - pinned


def test_required_top_level_and_no_microdata() -> None:
    for name in (
        "pyproject.toml",
        "README.md",
        "analysis",
        "data_raw",
        "data_clean",
        "reports",
        "tests",
        "LICENSE",
        ".ci/run",
    ):
        assert (REPOSITORY / name).exists(), name
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    ).stdout.split("\n")
    kinds = (".sav", ".zsav", ".por", ".dta", ".sas7bdat", ".xpt", ".dbf", ".rds", ".rda", ".parquet")
    assert not [name for name in tracked if name.lower().endswith(kinds)]


def test_no_module_is_named_for_nothing() -> None:
    names = {p.stem for p in (REPOSITORY / "analysis" / "informality").rglob("*.py")}
    assert not names & {"utils", "helpers", "common", "misc", "base"}
