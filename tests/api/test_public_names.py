"""The names of the package: about 25, cheap until used, the same for editors, at run time and in the README."""

from __future__ import annotations

import ast
import doctest
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import informality
import informality as inf
from informality.api import comparing, effects, estimates, fits, frames, gaps, models, results, scenarios, survey, waves

REPOSITORY = Path(__file__).parents[2]
HEAVY = ("pandas", "numpy", "scipy", "statsmodels", "sklearn", "pydantic", "matplotlib")


def test_importing_the_package_imports_nothing_heavy() -> None:
    script = f"import sys, informality; dir(informality); print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_name_is_there_and_has_one_line_for_editors() -> None:
    """What type checkers see (the imports under TYPE_CHECKING) is what there is at run time, from the same module."""
    tree = ast.parse(Path(informality.__file__).read_text(encoding="utf-8"))
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {a.asname: node.module for node in guarded.body if isinstance(node, ast.ImportFrom) for a in node.names}
    assert seen == informality._HOME
    assert set(informality.__all__) == {"__version__", *seen}
    assert set(informality.__all__) <= set(dir(informality))
    for name in seen:
        assert getattr(informality, name).__doc__, name
    assert 20 <= len(seen) <= 40


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'shares'"):
        _ = informality.shares


@pytest.mark.parametrize(
    "module",
    [informality, survey, frames, estimates, results, comparing, waves, models, fits, gaps, scenarios, effects],
)
def test_examples_in_docstrings_run(module: ModuleType, lfs: inf.Survey) -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [e for e in finder.find(module, globs={"inf": inf, "lfs": lfs}) if e.examples]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for example in examples:
        runner.run(example)
    assert runner.failures == 0
    assert examples or module is effects


def test_every_public_function_has_an_example() -> None:
    for name, home in informality._HOME.items():
        if home.startswith("informality.api") and name[0].islower():
            assert ">>> " in getattr(informality, name).__doc__, name


def test_the_readme_section_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## From Python") :].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, flags=re.S)
    assert len(blocks) == 1
    space: dict[str, object] = {}
    exec(blocks[0], space)
    gap = space["gap"]
    assert isinstance(gap, inf.Result) and gap.se > 0
