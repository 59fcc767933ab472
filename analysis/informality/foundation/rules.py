"""The one grammar: decision tables that run, check themselves and print themselves.

A *step* decides one outcome from a list of rules; a rule is a mapping from variables to allowed
values (``status: [employee, other]``, ``size_min: ">= 6"``); an absent variable means "any". Under
``match: first`` the first rule that fits wins; under ``match: only_one`` no two rules may fit the
same case, so each row can be read alone. A later step may test the outcome of an earlier one.

The values of a variable that a table cannot tell apart are one *atom*. A step compiles to a small
array over the atoms of its variables, so deciding a million rows is one look-up per row, and the
proof that nothing falls through (:mod:`informality.foundation.proof`) runs over the same array.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from informality.foundation.atoms import Axis
from informality.foundation.errors import Problem, did_you_mean
from informality.foundation.grammar import (
    NO_RULE,
    CellValue,
    Choice,
    Condition,
    Place,
    StepSpec,
    Variable,
    parse_when,
    split_choices,
)
from informality.foundation.specfile import Loc

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    when: Mapping[str, Condition]
    then: str
    why: str
    cite: str
    assumed: bool
    place: str
    options: tuple[str, ...] = ()
    """Options that are choices and put this rule in force."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled condition on several variables: who is in a universe, what a share is of."""

    when: Mapping[str, Condition]
    axes: tuple[Axis, ...]

    def mask(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """True for the rows that fit every condition, shape (rows,); no condition fits every row."""
        inside = np.ones(len(frame), dtype=bool)
        for axis in self.axes:
            allowed = np.zeros(axis.size, dtype=bool)
            allowed[axis.atoms_allowed(self.when[axis.variable.name])] = True
            inside &= allowed[axis.codes(frame)]
        return inside


def compile_filter(
    when: Mapping[str, CellValue],
    variables: Mapping[str, Variable],
    *,
    options: Mapping[str, float] | None = None,
    place: Place,
    loc: Loc = (),
) -> tuple[Filter, list[Problem]]:
    """Compile one condition; problems name unknown variables and values."""
    conditions, problems = parse_when(when, variables, options or {}, place, loc)
    return Filter(conditions, tuple(Axis.build(variables[n], [c]) for n, c in conditions.items())), problems


@dataclass(frozen=True, slots=True)
class Step:
    """A compiled step: ``decision`` has one axis per variable and holds the deciding rule's index."""

    decides: str
    title: str
    match: Literal["first", "only_one"]
    outcomes: Mapping[str, str]
    rules: tuple[Rule, ...]
    axes: tuple[Axis, ...]
    decision: npt.NDArray[np.int16]

    def decide(self, frame: pd.DataFrame) -> npt.NDArray[np.int16]:
        """The index of the deciding rule for every row, shape (rows,); :data:`NO_RULE` if none fits."""
        if not self.axes:
            return np.zeros(len(frame), dtype=np.int16)
        key = np.zeros(len(frame), dtype=np.int64)
        for axis in self.axes:
            key *= axis.size
            key += axis.codes(frame)
        return self.decision.ravel()[key]

    def outcome_of(self, rule: npt.NDArray[np.int16], otherwise: str) -> pd.Categorical:
        """Outcomes as a categorical, ``otherwise`` where no rule decided."""
        import pandas as pd

        categories = list(self.outcomes)
        if otherwise not in categories:
            categories.append(otherwise)
        table = np.array([categories.index(r.then) for r in self.rules] + [categories.index(otherwise)], dtype=np.int16)
        return pd.Categorical.from_codes(table[rule], categories=categories)

    def region(self, rule: Rule) -> tuple[npt.NDArray[np.int64], ...]:
        """The atoms of each axis that a rule allows, ready for ``np.ix_``."""
        return tuple(axis.atoms_allowed(rule.when.get(axis.variable.name)) for axis in self.axes)


def compile_steps(
    specs: Sequence[StepSpec],
    variables: Mapping[str, Variable],
    *,
    options: Mapping[str, float] | None = None,
    choices: Mapping[str, Choice] | None = None,
    place: Place,
    loc: Loc = ("steps",),
) -> tuple[tuple[Step, ...], list[Problem]]:
    """Compile steps against the variables they may test.

    ``options`` are the named quantities a comparison may use (``">= size_threshold"``), ``choices`` the named
    options that are words: a rule that tests one is compiled only where it asks for what was chosen. ``place``
    turns a location in the file into words; ``loc`` is where the list of steps stands. Returns the steps that
    compile and every problem found (unknown variables, categories, outcomes, quantities, choices).
    """
    known = dict(variables)
    steps: list[Step] = []
    problems: list[Problem] = []
    for s, spec in enumerate(specs):
        here = (*loc, s) if len(specs) > 1 or loc == ("steps",) else loc
        rules = []
        for r, rule in enumerate(spec.rules):
            at = (*here, "rules", r)
            asked = split_choices(rule.when, choices or {}, place, (*at, "when"))
            when, found = parse_when(asked.rest, known, options or {}, place, (*at, "when"))
            problems += [*asked.problems, *found]
            if rule.then not in spec.outcomes:
                problems.append(
                    Problem(
                        place(*at, "then"),
                        f"`{rule.then}` is not an outcome of `{spec.decides}`",
                        fix=did_you_mean(rule.then, spec.outcomes),
                    )
                )
            if not asked.in_force:
                continue
            rules.append(
                Rule(
                    rule.id or f"{spec.decides}-{r + 1}",
                    when,
                    rule.then,
                    rule.why or "",
                    rule.cite or "",
                    rule.assumed,
                    place(*at),
                    asked.tested,
                )
            )
        for duplicate in sorted({r.id for r in rules if [x.id for x in rules].count(r.id) > 1}):
            problems.append(
                Problem(
                    place(*here),
                    f"two rules of `{spec.decides}` have the id `{duplicate}`",
                    fix="give each rule its own id",
                )
            )
        if spec.decides in known and known[spec.decides].kind != "code":
            problems.append(
                Problem(
                    place(*here, "decides"),
                    f"`{spec.decides}` is already the name of a variable",
                    fix="choose another name for what this step decides",
                )
            )
        if not problems:
            steps.append(_compile(spec, tuple(rules), known))
        known[spec.decides] = Variable(
            spec.decides, "category", tuple(spec.outcomes), spec.title or spec.decides, spec.outcomes
        )
    return tuple(steps), problems


def _compile(spec: StepSpec, rules: tuple[Rule, ...], known: Mapping[str, Variable]) -> Step:
    names = list(dict.fromkeys(name for rule in rules for name in rule.when))
    axes = tuple(Axis.build(known[n], [r.when[n] for r in rules if n in r.when]) for n in names)
    decision = np.full([a.size for a in axes], NO_RULE, dtype=np.int16)
    step = Step(spec.decides, spec.title or spec.decides, spec.match, dict(spec.outcomes), rules, axes, decision)
    for index in range(len(rules) - 1, -1, -1):
        decision[np.ix_(*step.region(rules[index]))] = index
    return step
