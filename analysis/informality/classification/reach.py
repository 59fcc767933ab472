"""Which outcomes a worker can still have when unanswered questions may have any answer.

For each worker the answers that are missing are *open*: each may turn out to be any substantive category (or number).
What follows from the answers follows again: derived variables are derived anew, and a question that was not put
because of an open answer (own insurance, when the status is not known) may be put or not as the answer has it. The
outcomes that some completion leads to are found exactly: the definition is run step by step over a table with one
dimension for every open variable that a later step still tests, for all workers with the same answers at once. A
variable enters with the first step that tests it and leaves after the last, as in :mod:`informality.foundation.proof`.

The bounds that follow are those of Manski (2003), Partial Identification of Probability Distributions, ch. 1: nothing
is assumed of the answers that are missing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.definition import Definition, Need
from informality.classification.open_answers import Open, distinct, leading_to, names_of, open_answers, tested_by
from informality.foundation.atoms import Axis
from informality.foundation.grammar import MISSING, NO_RULE, NOT_APPLICABLE, NOT_ASKED, Condition, Word
from informality.foundation.rules import Step

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

LIMIT = 4_000_000
"""Cells of the table that is held at once; workers are taken in parts where it would be larger."""


def reachable(
    frame: pd.DataFrame, definition: Definition, decides: str, asked: Iterable[str], completed: Collection[str]
) -> Bools:
    """Which outcomes of a step each worker can have, shape (rows, outcomes of the step).

    ``frame`` is harmonised, ``asked`` as in :func:`~informality.classification.classify.classify`. ``completed``: which
    kinds of missing answers may be anything, of ``unknown`` and ``not_asked``; the others stay as they are. Where a
    question that a step needs was not asked and is not completed, every outcome of that step is possible. Rows to
    which the definition does not apply have no outcome; who they are is not moved by what is not known of them.
    """
    steps = leading_to(definition, decides)
    known = frozenset(asked)
    unmet = {
        step.decides: [need for need in definition.needs[step.decides] if not need.met(known)]
        for step in steps
        if NOT_ASKED not in completed
    }
    inside = definition.applies_to.mask(frame)
    used = tested_by(steps, unmet)
    kinds, kind = distinct(frame.loc[inside], definition, used)
    possible = np.zeros((len(kinds), len(steps[-1].outcomes)), dtype=bool)
    for rows, open_here in open_answers(kinds, definition, used, completed):
        possible[rows] = _Run(kinds.iloc[rows].reset_index(drop=True), definition, steps, unmet, open_here).outcomes()
    out = np.zeros((len(frame), possible.shape[1]), dtype=bool)
    out[inside] = possible[kind]
    return out


@dataclass(frozen=True, slots=True)
class _Cases:
    """What can have happened so far to each kind of worker: the first dimension, then one per open variable or outcome."""

    names: tuple[str, ...]
    values: tuple[tuple[Word, ...], ...]
    possible: Bools

    def along(self, name: str, codes: npt.NDArray) -> npt.NDArray:
        """Something per value of one dimension, shaped to be combined with the others."""
        shape = [1] * self.possible.ndim
        shape[self.names.index(name) + 1] = len(codes)
        return codes.reshape(shape)

    def of_worker(self, codes: npt.NDArray) -> npt.NDArray:
        return codes.reshape((-1, *[1] * len(self.names)))

    def also(self, name: str, values: tuple[Word, ...]) -> _Cases:
        wider = np.repeat(self.possible[..., None], len(values), axis=-1)
        return _Cases((*self.names, name), (*self.values, values), wider)

    def keeping(self, needed: Collection[str]) -> _Cases:
        gone = tuple(d + 1 for d, name in enumerate(self.names) if name not in needed)
        left = [d for d, name in enumerate(self.names) if name in needed]
        possible = np.asarray(self.possible.any(axis=gone)) if gone else self.possible
        return _Cases(tuple(self.names[d] for d in left), tuple(self.values[d] for d in left), possible)


class _Run:
    """The steps run over workers of whom the same variables are open."""

    def __init__(
        self,
        work: pd.DataFrame,
        definition: Definition,
        steps: Sequence[Step],
        unmet: dict[str, list[Need]],
        open_here: Open,
    ) -> None:
        self.schema, self.open, self.unmet = definition.schema, open_here, unmet
        derived = [step for name in open_here.derived if (step := self.schema[name].derived) is not None]
        self.steps = [*derived, *steps]
        self.new = self._order_of_entry()
        self.needed = [self._tested(k) for k in range(len(self.steps))]
        self.values = {name: self._values(name) for name in open_here.free}
        self.kinds, self.kind_of = self._kinds(work)

    def outcomes(self) -> Bools:
        """(rows, outcomes of the last step)."""
        most = max(
            math.prod(len(self.values[n]) for n in live if n in self.values)
            * math.prod(len(self._step(n).outcomes) for n in live if n not in self.values)
            for live in self._live()
        )
        part = max(1, LIMIT // most)
        parts = [self._run(self.kinds.iloc[i : i + part]) for i in range(0, len(self.kinds), part)]
        return np.concatenate(parts)[self.kind_of]

    def _step(self, name: str) -> Step:
        return next(s for s in self.steps if s.decides == name)

    def _dimensions(self) -> set[str]:
        """What is not the same for all workers of a kind: open variables, and the outcomes of steps."""
        return {*self.open.free, *(s.decides for s in self.steps)}

    def _order_of_entry(self) -> list[list[str]]:
        """For each step the open variables it is the first to need, each after those its universe tests."""
        entered: dict[str, None] = {}
        order = []
        for step in self.steps:
            before = len(entered)
            for name in names_of(step, self.unmet.get(step.decides, ())):
                self._enter(name, entered)
            order.append(list(entered)[before:])
        return order

    def _enter(self, name: str, entered: dict[str, None]) -> None:
        if name in self.open.free and name not in entered:
            for other in self.open.universe.get(name, ()):
                self._enter(other, entered)
            entered[name] = None

    def _tested(self, k: int) -> set[str]:
        """The dimensions that step ``k`` looks at."""
        step = self.steps[k]
        names = {*names_of(step, self.unmet.get(step.decides, ())), *self.new[k]}
        names |= {other for name in self.new[k] for other in self.open.universe.get(name, ())}
        return names & self._dimensions()

    def _later(self, k: int) -> set[str]:
        last = {self.steps[-1].decides}
        return last.union(*self.needed[k + 1 :])

    def _live(self) -> list[set[str]]:
        """The dimensions there are while each step runs, with what it decides."""
        live: set[str] = set()
        out = []
        for k, step in enumerate(self.steps):
            live = live | set(self.new[k]) | {step.decides}
            out.append(live)
            live = live & self._later(k)
        return out

    def _values(self, name: str) -> tuple[Word, ...]:
        """One example of each value of an open variable that is told apart: answers, and "does not apply" where it may be."""
        tests = [rule.when[name] for step in self.steps for rule in step.rules if name in rule.when]
        tests += [need.who.when[name] for needs in self.unmet.values() for need in needs if name in need.who.when]
        tests += [
            self.schema[other].universe.when[name]
            for other in self.open.free
            if name in self.schema[other].universe.when
        ]
        axis = Axis.build(self.schema[name].grammar, [*tests, Condition((NOT_APPLICABLE,))])
        return tuple(
            example
            for example in axis.examples
            if example not in MISSING or (example == NOT_APPLICABLE and name in self.open.universe)
        )

    def _kinds(self, work: pd.DataFrame) -> tuple[pd.DataFrame, Codes]:
        """One worker of each kind that the steps tell apart by what is not open, and the kind of every worker."""
        fixed = [a.codes(work) for s in self.steps for a in s.axes if a.variable.name not in self._dimensions()]
        fixed += [
            axis.codes(work)
            for needs in self.unmet.values()
            for need in needs
            for axis in need.who.axes
            if axis.variable.name not in self._dimensions()
        ]
        key = np.zeros(len(work), dtype=np.int64)
        for codes in fixed:
            key, _ = pd.factorize(key * (int(codes.max(initial=0)) + 1) + codes)
        _, first = np.unique(key, return_index=True)
        return work.iloc[first].reset_index(drop=True), key

    def _run(self, kinds: pd.DataFrame) -> Bools:
        cases = _Cases((), (), np.ones(len(kinds), dtype=bool))
        for k, step in enumerate(self.steps):
            for name in self.new[k]:
                cases = self._with(cases, name)
            key: Codes = np.zeros([1] * cases.possible.ndim, dtype=np.int64)
            for axis in step.axes:
                key = key * axis.size + self._atoms(axis, cases, kinds)
            rule = np.broadcast_to(step.decision.ravel()[key], cases.possible.shape)
            later = self._later(k)
            if step.decides in later:
                cases = self._branched(step, rule, cases, kinds)
            else:
                cases = _Cases(cases.names, cases.values, cases.possible & (rule != NO_RULE))
            cases = cases.keeping(later)
        return cases.possible

    def _with(self, cases: _Cases, name: str) -> _Cases:
        """With an open variable: any answer; and where its universe is open too, an answer only inside of it."""
        cases = cases.also(name, self.values[name])
        if name not in self.open.universe:
            return cases
        put: npt.NDArray = np.ones([1] * cases.possible.ndim, dtype=bool)
        for other in self.open.universe[name]:
            test = self.schema[name].universe.when[other]
            values = cases.values[cases.names.index(other)]
            put = put & cases.along(other, np.array([test.allows(v) for v in values]))
        answered = cases.along(name, np.array([v != NOT_APPLICABLE for v in self.values[name]]))
        return _Cases(cases.names, cases.values, cases.possible & (put == answered))

    def _atoms(self, axis: Axis, cases: _Cases, kinds: pd.DataFrame) -> Codes:
        name = axis.variable.name
        if name not in cases.names:
            return cases.of_worker(axis.codes(kinds))
        values = cases.values[cases.names.index(name)]
        return cases.along(name, np.array([axis.atom_of(v) for v in values], dtype=np.int64))

    def _branched(self, step: Step, rule: npt.NDArray[np.int16], cases: _Cases, kinds: pd.DataFrame) -> _Cases:
        """With what the step decided; all it can decide where it needs a question that was not asked."""
        names = list(step.outcomes)
        outcome = np.array([names.index(r.then) for r in step.rules] + [0], dtype=np.int64)[rule]
        decided = cases.possible & (rule != NO_RULE)
        branches = np.stack([decided & (outcome == o) for o in range(len(names))], axis=-1)
        for need in self.unmet.get(step.decides, ()):
            who = np.ones([1] * cases.possible.ndim, dtype=bool)
            for name, test in need.who.when.items():
                if name in cases.names:
                    values = cases.values[cases.names.index(name)]
                    who = who & cases.along(name, np.array([test.allows(v) for v in values]))
                else:
                    axis = next(a for a in need.who.axes if a.variable.name == name)
                    allowed = np.isin(axis.codes(kinds), axis.atoms_allowed(test))
                    who = who & cases.of_worker(allowed)
            branches |= (cases.possible & who)[..., None]
        return _Cases((*cases.names, step.decides), (*cases.values, tuple(names)), branches)
