"""Problems a user can cause, told the way a colleague would: place, what, evidence, fix.

Everything a user can get wrong ends as an :class:`InformalityError` holding *all* the problems
found, never as a traceback. The exit code says which kind of thing to look at; an operator who
sees only the code can already act (``EXIT_CODES`` is printed by ``informality --help``).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Severity = Literal["error", "warning"]


class ExitCode(IntEnum):
    """Exit codes of the command line; documented in the README."""

    OK = 0
    BUG = 1
    USAGE = 2
    SPEC = 10
    DATA_FILE = 11
    DATA = 12
    DEFINITION = 13
    ESTIMATE = 14
    OUTPUT = 15
    BENCHMARK = 16
    RENDER = 17
    INTERRUPTED = 130


EXIT_CODES: dict[ExitCode, str] = {
    ExitCode.OK: "everything asked for was done",
    ExitCode.BUG: "a fault of ours, not yours: please report it",
    ExitCode.USAGE: "the command was not understood",
    ExitCode.SPEC: "a YAML file (study, profile, definition, table) has a mistake",
    ExitCode.DATA_FILE: "a data file is missing or cannot be read",
    ExitCode.DATA: "the data and the survey profile disagree",
    ExitCode.DEFINITION: "a definition has a gap, a dead rule or an overlap",
    ExitCode.ESTIMATE: "a table cannot be estimated (empty domain, lonely PSU)",
    ExitCode.OUTPUT: "a result cannot be written",
    ExitCode.BENCHMARK: "an official figure is not reproduced, or a scenario fails a check",
    ExitCode.RENDER: "a report cannot be rendered",
    ExitCode.INTERRUPTED: "stopped by the user",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong (or, as a warning, worth a look).

    ``place`` names file and line or file and column; ``what`` is one sentence; ``found`` is the
    evidence with counts; ``fix`` is what the user can do next. ``count`` is the number of rows
    concerned where that makes sense.
    """

    place: str
    what: str
    found: str = ""
    fix: str = ""
    severity: Severity = "error"
    count: int | None = None

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.what}"]
        if self.found:
            lines.append(f"  found   {self.found}")
        if self.fix:
            lines.append(f"  fix     {self.fix}")
        return "\n".join(lines)


class InformalityError(Exception):
    """All the problems found at one stage, with the exit code of that stage."""

    def __init__(self, problems: Problem | Iterable[Problem], code: ExitCode) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.code = code
        self.next_step = ""
        """What to do once these are mended, where the command leads from step to step."""
        if not self.problems:
            raise ValueError("an InformalityError needs at least one problem")
        super().__init__("\n".join(str(p) for p in self.problems))


def raise_errors(problems: Sequence[Problem], code: ExitCode) -> None:
    """Raise if any problem is an error; warnings alone pass."""
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        raise InformalityError(errors, code)


def did_you_mean(word: object, allowed: Iterable[str]) -> str:
    """``did you mean `sex`?`` for the nearest allowed spelling, or the list when none is near."""
    options = [str(a) for a in allowed]
    near = difflib.get_close_matches(str(word), options, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    if not options:
        return ""
    shown = ", ".join(options[:12]) + (f" and {len(options) - 12} more" if len(options) > 12 else "")
    return f"use one of {shown}"
