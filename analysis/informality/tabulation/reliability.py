"""Reliability standards as decision tables: each cell gets a grade, and no cell falls through.

A standard tests the measures of :mod:`~informality.tabulation.precision` (sampled cases, coefficient of variation, width of
the interval, effective cases, degrees of freedom ...) in the same grammar as a definition of informality, so holes are
found by machine. Its thresholds are named limits, each with its unit, source and standing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from informality.classification.classify import NOT_DETERMINABLE
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import RuleSpec, StepSpec
from informality.foundation.language import say, spoken
from informality.foundation.library import find
from informality.foundation.proof import prove
from informality.foundation.quantities import Status
from informality.foundation.reading import words
from informality.foundation.rules import Step, compile_steps
from informality.foundation.specfile import SpecModel, Words, load
from informality.tabulation.precision import VARIABLES, measured, with_reasons

Grade = Literal["good", "caution", "unreliable", "suppressed", "not_determinable"]


class GradeSpec(SpecModel):
    title: Words
    symbol: str


class LimitSpec(SpecModel):
    """A threshold of a standard. Without a value it has to be set by the study, because every country has its own."""

    value: float | None
    unit: Words
    source: Words
    status: Status


class StandardSpec(SpecModel):
    """A file of ``library/reliability``. Rules compare with ``limits`` by name, and their ``why`` may quote one in braces.

    ``allowed_error``: exponent and divisor of the error allowed for a share, where a rule tests ``error_ratio``.
    """

    id: Words
    title: Words
    summary: Words
    sources: list[Words] = Field(min_length=1)
    status: Status
    grades: dict[Grade, GradeSpec]
    limits: dict[str, LimitSpec] = Field(default_factory=dict)
    allowed_error: dict[Literal["exponent", "divisor"], LimitSpec] = Field(default_factory=dict)
    rules: list[RuleSpec]


@dataclass(frozen=True, slots=True)
class Standard:
    """A compiled reliability standard."""

    spec: StandardSpec
    step: Step

    def grade(self, tested: pd.DataFrame) -> tuple[list[str], list[str]]:
        """Grade and reason of every cell from its measures (``precision.MEASURES``); absent ones are not applicable."""
        rule = self.step.decide(with_reasons(tested))
        return [self.step.rules[r].then for r in rule], [self.step.rules[r].why for r in rule]

    def graded(self, rows: pd.DataFrame) -> tuple[list[str], list[str]]:
        """Grade and reason of rows of the results table."""
        curve: dict[str, float] = {
            str(name): limit.value for name, limit in self.spec.allowed_error.items() if limit.value is not None
        }
        return self.grade(measured(rows, **curve))

    @property
    def thresholds(self) -> pd.DataFrame:
        """limit, value (with its unit), source, status: every named number of the standard."""
        named = [*self.spec.limits.items(), *self.spec.allowed_error.items()]
        rows = [
            (n.replace("_", " "), _with_unit(x.value, x.unit), x.source, x.status)
            for n, x in named
            if x.value is not None
        ]
        return pd.DataFrame(rows, columns=["limit", "value", "source", "status"])

    def legend(self) -> pd.DataFrame:
        """grade, symbol, meaning, rule: one row per rule, for the annex."""
        grades: dict[str, GradeSpec] = {str(g): s for g, s in self.spec.grades.items()}
        rows = [
            (
                r.then,
                grades[r.then].symbol,
                say(grades[r.then].title),
                _quoting(say(written.why), self.spec)
                if written.why
                else "; ".join(f"{n} {words(c)}" for n, c in r.when.items()),
            )
            for r, written in zip(self.step.rules, self.spec.rules, strict=True)
        ]
        rows.append(
            (
                "not_determinable",
                grades["not_determinable"].symbol,
                say(grades["not_determinable"].title),
                say("the survey lacks the questions that are needed"),
            )
        )
        return pd.DataFrame(rows, columns=["grade", "symbol", "meaning", "rule"])


def graded(
    rows: pd.DataFrame, open_cases: npt.NDArray[np.int64], left_open: npt.NDArray[np.int64], standard: Standard | None
) -> tuple[list[str], pd.Series]:
    """Grade and reason of rows with value, unit, ci_low, ci_high, n and cv; no reason for good ones.

    ``open_cases``: (rows,) sampled persons of whom what was asked is not determinable; ``left_open``: those of them whom a
    definition leaves open for want of an answer, the others lack the questions. Without a standard the other rows
    have no grade.
    """
    grade, note = [""] * len(rows), [""] * len(rows)
    if standard is not None:
        grade, note = standard.graded(rows)
    reasons = [reason if g not in ("", "good") else None for g, reason in zip(grade, note, strict=True)]
    for i in np.flatnonzero(open_cases):
        grade[i] = NOT_DETERMINABLE
        lacking, unanswered = open_cases[i] - left_open[i], left_open[i]
        why = []
        if lacking:
            why.append(f"the questions needed were not asked of {lacking:,} sampled persons in this group")
        if unanswered:
            why.append(
                f"the definition leaves {unanswered:,} sampled persons in this group open, for want of an answer"
            )
        reasons[i] = "; ".join(why)
    return grade, pd.Series(reasons, dtype="str", index=rows.index)


def relative_error(value: npt.NDArray[np.float64], se: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Coefficients of variation as a standard takes them: NaN where the estimate is 0 or does not vary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where((se > 0) & (value != 0), se / np.abs(value), np.nan))


def read_standard(name: str, *folders: Path, limits: Mapping[str, float] | None = None) -> Standard:
    """Read a reliability standard by name, compile it and prove that every cell gets a grade.

    ``limits`` replace limits of the file, by name; those the file leaves open have to be among them. Raises
    :class:`InformalityError` (``ExitCode.SPEC``).
    """
    path = find("reliability", name, *folders)
    file = load(path, StandardSpec)
    spec, chosen = file.spec, dict(limits or {})
    problems = [
        Problem(name, f"the standard has no limit `{limit}`", fix=did_you_mean(limit, spec.limits))
        for limit in chosen
        if limit not in spec.limits
    ] + [
        Problem(
            name,
            f"the standard leaves `{limit}` to each country",
            found.source,
            f"set it in the study: `reliability_limits: {{{limit}: …}}`",
        )
        for limit, found in spec.limits.items()
        if found.value is None and limit not in chosen
    ]
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    own = {"source": "set in the study", "status": "assumption"}
    named = {n: x.model_copy(update={"value": chosen[n], **own} if n in chosen else {}) for n, x in spec.limits.items()}
    spec = spec.model_copy(update={"limits": named})
    values = {limit: float(found.value) for limit, found in named.items() if found.value is not None}
    rules = [rule.model_copy(update={"why": rule.why and _quoting(rule.why, spec)}) for rule in spec.rules]
    outcomes = {str(grade): words.title for grade, words in spec.grades.items()}
    step = StepSpec(decides="grade", outcomes=outcomes, rules=rules)
    steps, problems = compile_steps([step], VARIABLES, options=values, place=file.place, loc=())
    problems = problems or prove(steps, path.name)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return Standard(spec, steps[0])


def _quoting(why: str, spec: StandardSpec) -> str:
    """A reason with the limits it quotes in braces, in the words of their unit."""
    for name, limit in spec.limits.items():
        if limit.value is not None:
            why = why.replace(f"{{{name}}}", _said(limit.value, limit.unit))
    return why


def _said(value: float, unit: str) -> str:
    """``30 per cent`` for a fraction, ``30 percentage points``, other numbers as they are."""
    whole = 100 if unit in ("fraction", "percentage points") else 1
    number = f"{whole * value:.6g}".replace(".", spoken().decimal)
    if unit == "fraction":
        return say("{number} per cent", number=number)
    return say("{number} percentage points", number=number) if unit == "percentage points" else number


def _with_unit(value: float, unit: str) -> str:
    said = _said(value, unit)
    return said if " " in said else f"{said} {unit}"
