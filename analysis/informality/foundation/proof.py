"""Proof that a list of steps decides every case: no gap, no dead rule, no overlap.

The atoms of all variables are enumerated together (the values a table can tell apart, nothing
else), the steps are run on that enumeration in order, and what comes out is read off: a case no
rule fits is a gap; a rule that decides no case is dead; two rules of an ``only_one`` step that fit
one case overlap. The enumeration is complete, so "no problem found" is a proof, not a sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from informality.foundation.atoms import Axis
from informality.foundation.errors import Problem
from informality.foundation.grammar import NO_RULE, Codes, Word
from informality.foundation.rules import Rule, Step

LIMIT = 20_000_000
"""Cases one proof may enumerate (about a second); a larger table should be cut into steps."""


def prove(steps: Sequence[Step], place: str) -> list[Problem]:
    """Every gap (with an example), dead rule and overlap of a list of steps that run in order."""
    outcomes = {step.decides for step in steps}
    names = list(dict.fromkeys(a.variable.name for s in steps for a in s.axes if a.variable.name not in outcomes))
    conditions = {n: [r.when[n] for s in steps for r in s.rules if n in r.when] for n in names}
    variables = {a.variable.name: a.variable for s in steps for a in s.axes}
    grid = [Axis.build(variables[n], conditions[n]) for n in names]
    cases = math.prod(a.size for a in grid)
    if cases > LIMIT:
        return [
            Problem(
                place,
                "the table is too large to be proved",
                f"{cases:,} cases that its rules tell apart",
                "decide part of it in an earlier step",
            )
        ]
    where = np.unravel_index(np.arange(cases), [a.size for a in grid]) if grid else ()
    coordinate = {n: w for n, w in zip(names, where, strict=True)}
    axis_of = {a.variable.name: a for a in grid}
    decided: dict[str, npt.NDArray[np.int64]] = {}
    reachable = np.ones(cases, dtype=bool)
    problems: list[Problem] = []
    for step in steps:
        atoms: dict[str, Codes] = {}
        for axis in step.axes:
            name = axis.variable.name
            if name in outcomes:
                atoms[name] = axis.lookup[decided[name]]
            else:
                atoms[name] = _coarsen(axis_of[name], axis)[coordinate[name]]
        key = np.zeros(cases, dtype=np.int64)
        for axis in step.axes:
            key = key * axis.size + atoms[axis.variable.name]
        rule = step.decision.ravel()[key] if step.axes else np.zeros(cases, dtype=np.int16)
        problems += _gaps(step, rule, reachable, coordinate, axis_of, decided, steps, place)
        problems += _dead(step, rule, reachable, atoms)
        if step.match == "only_one":
            problems += _overlaps(step)
        reachable &= rule != NO_RULE
        names_of = list(step.outcomes)
        table = np.array([names_of.index(r.then) for r in step.rules] + [0], dtype=np.int64)
        decided[step.decides] = table[rule]
    return problems


def _coarsen(fine: Axis, coarse: Axis) -> Codes:
    """For each atom of the joint axis, the atom of a step's own axis that holds it."""
    return np.array([coarse.atom_of(example) for example in fine.examples], dtype=np.int64)


def describe(value: Word) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _gaps(
    step: Step,
    rule: npt.NDArray[np.int16],
    reachable: npt.NDArray[np.bool_],
    coordinate: dict[str, Codes],
    axis_of: dict[str, Axis],
    decided: dict[str, Codes],
    steps: Sequence[Step],
    place: str,
) -> list[Problem]:
    open_cases = np.flatnonzero((rule == NO_RULE) & reachable)
    if not len(open_cases):
        return []
    first = open_cases[0]
    case = {}
    for axis in step.axes:
        name = axis.variable.name
        if name in decided:
            outcomes = list(next(s for s in steps if s.decides == name).outcomes)
            case[name] = outcomes[decided[name][first]]
        else:
            case[name] = describe(axis_of[name].examples[coordinate[name][first]])
    found = ", ".join(f"{n}: {v}" for n, v in case.items())
    return [
        Problem(
            place,
            f"step `{step.decides}` has a gap: {len(open_cases):,} of {int(reachable.sum()):,} kinds of case reach no rule",
            f"for example {found}",
            "add a rule for this case, or widen one",
        )
    ]


def _dead(
    step: Step, rule: npt.NDArray[np.int16], reachable: npt.NDArray[np.bool_], atoms: dict[str, Codes]
) -> list[Problem]:
    alive = set(np.unique(rule[reachable]).tolist())
    problems = []
    for index, candidate in enumerate(step.rules):
        if index in alive:
            continue
        inside = reachable.copy()
        for axis, allowed in zip(step.axes, step.region(candidate), strict=True):
            inside &= np.isin(atoms[axis.variable.name], allowed)
        taken = [step.rules[i].id for i in np.unique(rule[inside]) if i != NO_RULE and i != index]
        found = f"every case it fits is decided by {', '.join(taken)}" if taken else "no case can ever fit it"
        problems.append(
            Problem(
                candidate.place,
                f"rule `{candidate.id}` of step `{step.decides}` can never fire",
                found,
                "remove it, or move it above the rules that take its cases",
            )
        )
    return problems


def _overlaps(step: Step) -> list[Problem]:
    taken = np.full(step.decision.shape, NO_RULE, dtype=np.int16)
    problems = []
    for index, rule in enumerate(step.rules):
        region = np.ix_(*step.region(rule))
        before = taken[region]
        for other in np.unique(before[before != NO_RULE]):
            problems.append(_overlap(step, rule, step.rules[other]))
        taken[region] = index
    return problems


def _overlap(step: Step, rule: Rule, other: Rule) -> Problem:
    both = {
        axis.variable.name: sorted(
            set(axis.atoms_allowed(rule.when.get(axis.variable.name)).tolist())
            & set(axis.atoms_allowed(other.when.get(axis.variable.name)).tolist())
        )
        for axis in step.axes
    }
    case = ", ".join(f"{a.variable.name}: {describe(a.examples[both[a.variable.name][0]])}" for a in step.axes)
    return Problem(
        rule.place,
        f"rules `{other.id}` and `{rule.id}` of step `{step.decides}` fit the same case",
        f"for example {case}",
        "with `match: only_one` each case belongs to one rule: narrow one of them",
    )
