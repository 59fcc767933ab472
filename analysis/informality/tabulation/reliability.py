"""Reliability standards as decision tables: each cell gets a grade, and no cell falls through.

A standard tests ``n`` (sampled cases), ``cv`` (standard error over estimate; not applicable where the
estimate is zero or does not vary) and ``width`` (of the confidence interval of a share, as a fraction; not
applicable to other statistics and where there is no interval) in the same grammar as a definition of informality, so holes are
found by machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from informality.classification.classify import NOT_DETERMINABLE
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.grammar import NOT_APPLICABLE, REASON, RuleSpec, StepSpec, Variable
from informality.foundation.library import find
from informality.foundation.proof import prove
from informality.foundation.quantities import Status
from informality.foundation.reading import words
from informality.foundation.rules import Step, compile_steps
from informality.foundation.specfile import SpecModel, Words, load

Grade = Literal["good", "caution", "unreliable", "suppressed", "not_determinable"]


class GradeSpec(SpecModel):
    title: Words
    symbol: str


class StandardSpec(SpecModel):
    id: Words
    title: Words
    summary: Words
    sources: list[Words] = Field(min_length=1)
    status: Status
    grades: dict[Grade, GradeSpec]
    rules: list[RuleSpec]


@dataclass(frozen=True, slots=True)
class Standard:
    """A compiled reliability standard."""

    spec: StandardSpec
    step: Step

    def grade(
        self, n: npt.NDArray[np.int64], cv: npt.NDArray[np.float64], width: npt.NDArray[np.float64]
    ) -> tuple[list[str], list[str]]:
        """Grade and reason of every cell; ``cv`` and ``width`` are NaN where not defined. Shapes (cells,)."""
        frame = pd.DataFrame({"n": n.astype(float), "cv": cv, "width": width})
        for name in ("n", "cv", "width"):
            reason = frame[name].isna().map({True: NOT_APPLICABLE})
            frame[name + REASON] = pd.Categorical(reason, categories=[NOT_APPLICABLE])
        rule = self.step.decide(frame)
        return [self.step.rules[r].then for r in rule], [self.step.rules[r].why for r in rule]

    def legend(self) -> pd.DataFrame:
        """grade, symbol, meaning, rule: one row per rule, for the annex."""
        grades: dict[str, GradeSpec] = {str(g): s for g, s in self.spec.grades.items()}
        rows = [
            (
                r.then,
                grades[r.then].symbol,
                grades[r.then].title,
                r.why or "; ".join(f"{n} {words(c)}" for n, c in r.when.items()),
            )
            for r in self.step.rules
        ]
        rows.append(
            (
                "not_determinable",
                grades["not_determinable"].symbol,
                grades["not_determinable"].title,
                "the survey lacks the questions that are needed",
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
        width = (rows["ci_high"] - rows["ci_low"]).where(rows["unit"] == "share")
        grade, note = standard.grade(rows["n"].to_numpy(), rows["cv"].to_numpy(), width.to_numpy())
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


def read_standard(name: str, *folders: Path) -> Standard:
    """Read a reliability standard by name, compile it and prove that every cell gets a grade."""
    path = find("reliability", name, *folders)
    file = load(path, StandardSpec)
    outcomes = {str(grade): spec.title for grade, spec in file.spec.grades.items()}
    step = StepSpec(decides="grade", outcomes=outcomes, rules=file.spec.rules)
    tested = {
        "n": Variable("n", "number", (), "Cases"),
        "cv": Variable("cv", "number", (NOT_APPLICABLE,), "Coefficient of variation"),
        "width": Variable("width", "number", (NOT_APPLICABLE,), "Width of the confidence interval"),
    }
    steps, problems = compile_steps([step], tested, place=file.place, loc=())
    problems = problems or prove(steps, path.name)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return Standard(file.spec, steps[0])
