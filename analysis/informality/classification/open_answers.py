"""Which answers of which workers are open: missing for a reason that is to be completed, or hanging on one that is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.definition import Definition, Need
from informality.foundation.grammar import NOT_APPLICABLE, REASON
from informality.foundation.rules import Step

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Open:
    """What is open of some workers.

    ``free``: variables that may have any answer. ``derived``: variables that follow from these, in the order they are
    derived. ``universe``: for a free variable the open ones that decide whether its question is put at all.
    """

    free: tuple[str, ...]
    derived: tuple[str, ...]
    universe: Mapping[str, tuple[str, ...]]


def leading_to(definition: Definition, decides: str) -> tuple[Step, ...]:
    """The steps whose outcomes a step rests on, in their order, itself last."""
    wanted = {decides}
    for step in reversed(definition.steps):
        if step.decides in wanted:
            wanted |= set(names_of(step, definition.needs[step.decides]))
    return tuple(step for step in definition.steps if step.decides in wanted)


def names_of(step: Step, needs: Iterable[Need]) -> list[str]:
    """Everything a step tests, and its needs."""
    return [*(a.variable.name for a in step.axes), *(name for need in needs for name in need.who.when)]


def tested_by(steps: Sequence[Step], unmet: Mapping[str, Sequence[Need]]) -> set[str]:
    """The variables that steps and unmet needs test, without what the steps decide."""
    names = {n for step in steps for n in names_of(step, unmet.get(step.decides, ()))}
    return names - {step.decides for step in steps}


def distinct(
    work: pd.DataFrame, definition: Definition, used: Collection[str]
) -> tuple[pd.DataFrame, npt.NDArray[np.intp]]:
    """One row of each different set of answers that ``used`` rests on, and for every row the place of its like."""
    key = np.zeros(len(work), dtype=np.int64)
    columns = [n for name in sorted(rests_on(used, definition, work)) for n in (name, name + REASON) if n in work]
    for name in columns:
        column = work[name]
        codes = (
            column.cat.codes.to_numpy() if isinstance(column.dtype, pd.CategoricalDtype) else pd.factorize(column)[0]
        )
        key, _ = pd.factorize(key * (int(codes.max(initial=0)) + 2) + codes + 1)
    _, first = np.unique(key, return_index=True)
    return work[columns].iloc[first].reset_index(drop=True), key


def open_answers(
    work: pd.DataFrame, definition: Definition, used: Collection[str], completed: Collection[str]
) -> Iterator[tuple[npt.NDArray[np.intp], Open]]:
    """The workers of whom the same is open: their row numbers, and what it is; together all rows of ``work``."""
    schema = definition.schema
    known = rests_on(used, definition, work)
    is_open: dict[str, Bools] = {}
    for name in (n for n in schema.variables if n in known):
        step = schema[name].derived
        if name in definition.applies_to.when:  # who is counted is not moved
            is_open[name] = np.zeros(len(work), dtype=bool)
        elif step is not None and all(a.variable.name in is_open for a in step.axes):
            is_open[name] = np.logical_or.reduce([is_open[a.variable.name] for a in step.axes])
        else:
            is_open[name] = _missing(name, work, definition, completed, is_open)
    names = list(is_open)
    matrix = np.array([is_open[n] for n in names], dtype=bool).reshape(len(names), len(work)).T
    signatures, group = np.unique(matrix, axis=0, return_inverse=True)
    for g, bits in enumerate(signatures):
        open_here = {n for n, here in zip(names, bits, strict=True) if here}
        yield np.flatnonzero(group == g), _needed(open_here, used, definition, names)


def rests_on(used: Collection[str], definition: Definition, work: pd.DataFrame) -> set[str]:
    """Variables, what they are derived from, and what their universes test, as far as the frame has them."""
    schema = definition.schema
    known: set[str] = set()
    waiting = list(used)
    while waiting:
        name = waiting.pop()
        if name in known or name not in work.columns:
            continue
        known.add(name)
        if name in definition.applies_to.when:
            continue
        step = schema[name].derived
        waiting += [a.variable.name for a in step.axes] if step is not None else schema[name].universe.when
    return known


def _missing(
    name: str, work: pd.DataFrame, definition: Definition, completed: Collection[str], is_open: Mapping[str, Bools]
) -> Bools:
    """Whether an answer is missing, or its question was not put because of an answer that is open."""
    variable = definition.schema[name]
    reason = work[name + REASON] if variable.spec.kind == "number" else work[name]
    missing: Bools = reason.isin(list(completed)).to_numpy()
    tests = {axis.variable.name: axis for axis in variable.universe.axes}
    doubtful = [n for n in tests if n in is_open]
    if not any(is_open[n].any() for n in doubtful):
        return missing
    may_be_put = (reason == NOT_APPLICABLE).to_numpy() & np.logical_or.reduce([is_open[n] for n in doubtful])
    for n, axis in tests.items():
        if n in work.columns:
            fits = np.isin(axis.codes(work), axis.atoms_allowed(variable.universe.when[n]))
            may_be_put &= fits | is_open.get(n, np.zeros(len(work), dtype=bool))
    return np.asarray(missing | may_be_put)


def _needed(open_here: Collection[str], used: Collection[str], definition: Definition, order: Sequence[str]) -> Open:
    """Of what is open, the part that what is used rests on."""
    schema = definition.schema
    free: set[str] = set()
    derived: set[str] = set()
    universe: dict[str, tuple[str, ...]] = {}
    waiting = [n for n in used if n in open_here]
    while waiting:
        name = waiting.pop()
        if name in free or name in derived:
            continue
        step = schema[name].derived
        bases = [a.variable.name for a in step.axes] if step is not None else []
        if bases and set(bases) <= set(order) and any(n in open_here for n in bases):
            derived.add(name)
            waiting += [n for n in bases if n in open_here]
            continue
        free.add(name)
        over = tuple(n for n in schema[name].universe.when if n in open_here)
        if over:
            universe[name] = over
            waiting += over
    return Open(tuple(n for n in order if n in free), tuple(n for n in order if n in derived), universe)
