"""Workers whom no rule can tell apart are run as one, so that time goes with their kinds and not with the draws times the sample.

Two workers of a part are *alike* if they have the same earnings, answers and covariates, and every condition that a scenario
ever asks of people is true of both or of neither. Age and sex come in later, in rights and benefits: groups of the same age and
sex within a kind are a finer division. Which conditions are asked is not listed anywhere: the central path is run over people
with an empty memory, and what they remember afterwards is what was asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from informality.coverage.ground import Ground, Theta
from informality.coverage.levers import DomesticWorkers
from informality.coverage.parts import Merged, Part
from informality.coverage.scenario import Scenario

Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


def forgetful(ground: Ground) -> Ground:
    """The same ground over people who remember no condition; those they are asked from now on stay with them."""
    return replace(ground, people=replace(ground.people, _masks={}))


def merged(
    ground: Ground, asked: Ground, scenario: Scenario, parts: Sequence[Part], theta: Theta, apart: Sequence[Bools] = ()
) -> list[Part]:
    """Parts whose ``rows`` are one of each kind. ``asked``: a forgetful ground after the run of the central path; ``apart``
    (r,): what else must be the same for all of a group of one age and sex.

    Where the household's means decide who can join, nobody is like anybody else, and parts stay as they are.
    """
    if {"household", "food"} & set(scenario.baseline.spec.capacity.applied):
        return list(parts)
    people, years = ground.people, scenario.baseline.spec.years
    shared: list[npt.NDArray[np.generic]] = [people.earnings, *asked.people._masks.values()]
    shared += [ground.covariate(name) for name in scenario.baseline.spec.takeup.covariates]
    for part in parts:
        if part.mandate is not None:
            inside = np.zeros(len(people.person), dtype=bool)
            inside[part.rows] = True
            shared.append(inside)
    aged = [people.age, people.female, *(ground.factor(y) for y in range(years.base, years.last + 1)), *apart]
    out = []
    for part in parts:
        rows = part.rows
        own: list[npt.NDArray[np.generic]] = [part.employee, ground.answers[part.scheme][rows]]
        lever = None if part.mandate is None else part.mandate.lever
        if isinstance(lever, DomesticWorkers) or scenario.baseline.schemes[part.scheme].spec.base.full_time_hours:
            own.append(people.hours[rows])  # the floor goes by hours
        if part.scheme in theta.cells:
            own.append(theta.cells[part.scheme][rows])
        kind, of_row = _first_of([*own, *(c[rows] for c in shared)])
        group, into = _first_of([of_row, *(c[rows] for c in aged)])
        whole = Merged(rows, into, rows[group], part.employee[group], of_row[group])
        out.append(replace(part, rows=rows[kind], employee=part.employee[kind], merged=whole))
    return out


def _first_of(columns: Iterable[npt.NDArray[np.generic]]) -> tuple[Ints, Ints]:
    """A row of each distinct combination of columns (n,), and of which combination each row is."""
    code: Ints | None = None
    for column in columns:
        own = np.unique(column, return_inverse=True)[1].ravel().astype(np.intp)
        code = own if code is None else np.unique(code * (own.max() + 1) + own, return_inverse=True)[1].ravel()
    assert code is not None
    _, first, into = np.unique(code, return_index=True, return_inverse=True)
    return first.astype(np.intp), into.ravel().astype(np.intp)
