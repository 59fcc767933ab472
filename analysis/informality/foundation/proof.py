"""Proof that a list of steps decides every case: no gap, no dead rule, no overlap.

The atoms of the variables are enumerated (the values a table can tell apart, nothing else), the steps are run
on that enumeration in order, and what comes out is read off: a case no rule fits is a gap; a rule that decides
no case is dead; two rules of an ``only_one`` step that fit one case overlap. A variable enters the enumeration
with the first step that tests it and leaves after the last, so a long definition is proved step by step over what
is still to be tested. Nothing is lost by that: a variable not yet tested is free, and one that is not tested again
can make no difference. The enumeration is complete, so "no problem found" is a proof, not a sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from informality.foundation.atoms import Axis
from informality.foundation.errors import Problem
from informality.foundation.grammar import NO_RULE, Codes, Word
from informality.foundation.rules import Rule, Step

LIMIT = 20_000_000
"""Cases one step may be proved over (about a second); a larger table should be cut into steps."""

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Cases:
    """What can have happened so far: one dimension per variable or outcome a later step tests, true where it can."""

    names: tuple[str, ...]
    values: tuple[tuple[Word, ...], ...]
    """Per dimension, one example of each value that is told apart."""
    reachable: Bools

    def also(self, name: str, values: tuple[Word, ...]) -> _Cases:
        """With a variable that no step has tested before: each of its values may go with every case."""
        wider = np.broadcast_to(self.reachable[..., None], (*self.reachable.shape, len(values)))
        return _Cases((*self.names, name), (*self.values, values), wider)

    def along(self, name: str, codes: Codes) -> Codes:
        """Codes of the values of one dimension, shaped to be combined with those of others."""
        shape = [1] * len(self.names)
        shape[self.names.index(name)] = len(codes)
        return codes.reshape(shape)

    def keeping(self, needed: set[str]) -> _Cases:
        """Without the dimensions that are not tested again."""
        gone = tuple(d for d, name in enumerate(self.names) if name not in needed)
        left = [d for d, name in enumerate(self.names) if name in needed]
        reachable = np.asarray(self.reachable.any(axis=gone))
        return _Cases(tuple(self.names[d] for d in left), tuple(self.values[d] for d in left), reachable)


def prove(steps: Sequence[Step], place: str) -> list[Problem]:
    """Every gap (with an example), dead rule and overlap of a list of steps that run in order."""
    outcomes = {step.decides for step in steps}
    tested = [{a.variable.name for a in step.axes} for step in steps]
    raw = {a.variable.name: a.variable for s in steps for a in s.axes if a.variable.name not in outcomes}
    fine = {n: Axis.build(v, [r.when[n] for s in steps for r in s.rules if n in r.when]) for n, v in raw.items()}
    cases = _Cases((), (), np.ones((), dtype=bool))
    problems: list[Problem] = []
    for index, step in enumerate(steps):
        new = [a.variable.name for a in step.axes if a.variable.name not in cases.names]
        size = math.prod(cases.reachable.shape) * math.prod(fine[n].size for n in new)
        if size > LIMIT:
            return [
                *problems,
                Problem(
                    place,
                    f"step `{step.decides}` is too large to be proved",
                    f"{size:,} cases that its rules and the later ones tell apart",
                    "decide part of it in an earlier step",
                ),
            ]
        for name in new:
            cases = cases.also(name, fine[name].examples)
        atoms = {a.variable.name: _atoms(a, cases, fine) for a in step.axes}
        key = np.zeros(cases.reachable.shape, dtype=np.int64)
        for axis in step.axes:
            key = key * axis.size + atoms[axis.variable.name]
        rule = step.decision.ravel()[key]
        problems += _gaps(step, rule, cases, place)
        problems += _dead(step, rule, cases, atoms)
        if step.match == "only_one":
            problems += _overlaps(step)
        cases = _after(step, rule, cases, later={name for names in tested[index + 1 :] for name in names})
    return problems


def _atoms(axis: Axis, cases: _Cases, fine: dict[str, Axis]) -> Codes:
    """The atom of a step's own axis for every value of a dimension: its own atoms may be coarser."""
    name = axis.variable.name
    if name not in fine:
        return cases.along(name, axis.lookup)
    return cases.along(name, np.array([axis.atom_of(example) for example in fine[name].examples], dtype=np.int64))


def _after(step: Step, rule: npt.NDArray[np.int16], cases: _Cases, later: set[str]) -> _Cases:
    """The cases the next steps can meet, with what this step decided."""
    decided = cases.reachable & (rule != NO_RULE)
    if step.decides in later:
        names = list(step.outcomes)
        outcome = np.array([names.index(r.then) for r in step.rules] + [0], dtype=np.int64)[rule]
        branches = np.stack([decided & (outcome == o) for o in range(len(names))], axis=-1)
        cases = _Cases((*cases.names, step.decides), (*cases.values, tuple(names)), branches)
    else:
        cases = _Cases(cases.names, cases.values, decided)
    return cases.keeping(later)


def describe(value: Word) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _gaps(step: Step, rule: npt.NDArray[np.int16], cases: _Cases, place: str) -> list[Problem]:
    open_cases = (rule == NO_RULE) & cases.reachable
    if not open_cases.any():
        return []
    first = np.unravel_index(int(np.argmax(open_cases)), open_cases.shape)
    at = {name: values[int(i)] for name, values, i in zip(cases.names, cases.values, first, strict=True)}
    found = ", ".join(f"{a.variable.name}: {describe(at[a.variable.name])}" for a in step.axes)
    return [
        Problem(
            place,
            f"step `{step.decides}` has a gap: {int(open_cases.sum()):,} of {int(cases.reachable.sum()):,} "
            "kinds of case reach no rule",
            f"for example {found}",
            "add a rule for this case, or widen one",
        )
    ]


def _dead(step: Step, rule: npt.NDArray[np.int16], cases: _Cases, atoms: dict[str, Codes]) -> list[Problem]:
    alive = set(np.unique(rule[cases.reachable]).tolist())
    problems = []
    for index, candidate in enumerate(step.rules):
        if index in alive:
            continue
        inside = cases.reachable
        for axis, allowed in zip(step.axes, step.region(candidate), strict=True):
            inside = inside & np.isin(atoms[axis.variable.name], allowed)
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
