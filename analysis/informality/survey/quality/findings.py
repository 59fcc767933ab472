"""What a quality check says: how bad, where, what, on which evidence, and what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, get_args

from informality.foundation.errors import Problem

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""Worst first. ``error``: what rests on this is wrong until it is explained. ``warning``: look before you publish.
``note``: good to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a reader of the figures should know.

    ``block`` and ``check`` name the check; ``found`` is the evidence, in counts and never in rows that could be
    somebody; ``count`` is the number of persons (or strata, units) concerned, ``share`` their weighted share among
    those who could be.
    """

    block: str
    check: str
    severity: Level
    place: str
    what: str
    found: str = ""
    fix: str = ""
    count: int | None = None
    share: float | None = None
    wave: str = ""


@dataclass(slots=True)
class Quality:
    """All that the checks found, what they measured, how many were made, and those that could not be made."""

    COLUMNS: ClassVar = ("severity", "block", "check", "place", "what", "found", "fix", "n", "share", "wave")

    findings: list[Finding] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    made: int = 0
    not_made: list[tuple[str, str]] = field(default_factory=list)

    def add(self, found: Iterable[Finding] | Finding | None, made: int = 1) -> None:
        """Note the outcome of ``made`` checks."""
        self.made += made
        self.findings += [found] if isinstance(found, Finding) else list(found or ())

    def sorted(self) -> list[Finding]:
        """Findings, worst first; within a severity in the order of the checks."""
        return sorted(self.findings, key=lambda f: LEVELS.index(f.severity))

    def counts(self) -> dict[Level, int]:
        return {level: sum(f.severity == level for f in self.findings) for level in LEVELS}

    def as_dict(self) -> dict[str, Any]:
        """As JSON knows it: summary, facts, findings, checks that could not be made."""
        return {
            "summary": {**self.counts(), "checks_made": self.made, "checks_not_made": len(self.not_made)},
            "facts": [{"what": what, "value": value} for what, value in self.facts],
            "findings": [
                {name: getattr(f, "count" if name == "n" else name) for name in self.COLUMNS} for f in self.sorted()
            ],
            "not_made": [{"check": check, "why": why} for check, why in self.not_made],
        }

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Quality:
        """What :meth:`as_dict` wrote."""
        rows = [{"count" if name == "n" else name: value for name, value in row.items()} for row in kept["findings"]]
        return cls(
            [Finding(**row) for row in rows],
            [(row["what"], row["value"]) for row in kept["facts"]],
            kept["summary"]["checks_made"],
            [(row["check"], row["why"]) for row in kept["not_made"]],
        )

    @classmethod
    def joined(cls, waves: Mapping[str, Quality]) -> Quality:
        """The findings of several waves as one, each with its wave."""
        whole = cls()
        several = len(waves) > 1
        for wave, one in waves.items():
            whole.findings += [replace(f, wave=wave) for f in one.findings]
            whole.facts += [(f"{wave}: {what}" if several else what, value) for what, value in one.facts]
            whole.made += one.made
            whole.not_made += [pair for pair in one.not_made if pair not in whole.not_made]
        return whole


def of_problem(problem: Problem, block: str, check: str) -> Finding:
    """A problem told by another part of the program, as a finding."""
    return Finding(
        block, check, problem.severity, problem.place, problem.what, problem.found, problem.fix, problem.count
    )
