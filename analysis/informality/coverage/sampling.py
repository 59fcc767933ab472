"""Sampling errors of a scenario: influence by unit, and how results move with what the sample was tied by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from informality.coverage.engine import run
from informality.coverage.parts import Part
from informality.coverage.people import People
from informality.coverage.policy import Parameters
from informality.inference.estimates.functional import Functional
from informality.inference.sampling.variance import PsuTotals, variances

if TYPE_CHECKING:
    from informality.coverage.outcome import Outcome

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

Slopes = dict[str, list[list[tuple[Floats, Floats, Floats]]]]
"""By number of theta, year and part: change of membership, of paying and of what is newly insured, (m, 1) each."""
_STEP = 1e-4
_ROUNDING = 1e-12
_SOLVED = 1e-10  # to which members meet their record with each set of replicate weights


def slopes_of(outcome: Outcome) -> Slopes:
    """Central differences, all numbers of theta in one run: a column for each of them up, and one for each down."""
    names = list(outcome.theta.influence)
    out: Slopes = {n: [] for n in names}
    if not names:
        return out
    steps = np.concatenate([np.eye(len(names)), -np.eye(len(names))]) * _STEP
    values = {n: v + steps[:, names.index(n)] if n in names else v for n, v in outcome.theta.values.items()}
    theta = replace(outcome.theta, values=values)
    years = run(outcome.ground, outcome.scenario, theta, Parameters(), parts=outcome.merged)
    for central, year in zip(outcome.path, years, strict=True):
        found: list[list[Floats]] = []
        for made, kinds in zip(central.parts, year.parts, strict=True):
            moved = []
            for x in (kinds.members, kinds.paid, kinds.members - kinds.before):
                up, down = np.hsplit(np.broadcast_to(x, (len(x), len(steps))), 2)
                moved.append(_of_rows(made.part, kinds.part, (up - down) / (2 * _STEP)))
            found.append(moved)
        for i, n in enumerate(names):
            out[n].append([(a[:, i : i + 1], b[:, i : i + 1], c[:, i : i + 1]) for a, b, c in found])
    return out


def _of_rows(part: Part, kinds: Part, values: Floats) -> Floats:
    """Values of kinds (kinds, k) for every row of the part (m, k); 0 for those left out for having no earnings."""
    out = np.zeros((len(part.rows), values.shape[1]))
    whole = kinds.merged
    rows = kinds.rows if whole is None else whole.everybody
    out[np.searchsorted(part.rows, rows)] = values if whole is None else values[whole.kind[whole.into]]
    return out


def by_unit(people: People, values: Floats, codes: Ints, size: int) -> Floats:
    """Weighted sums (units, size) by unit of the design and group of what each row adds (r,)."""
    counted = np.flatnonzero((values != 0) & (codes >= 0))
    unit, units = people.design.unit[people.person[counted]], int(people.design.unit.max()) + 1
    weighted = people.weight[counted] * values[counted]
    sums = np.bincount(unit * size + codes[counted], weighted, minlength=units * size)
    return sums.astype(np.float64).reshape(units, size)


def totals_of(
    people: People, values: Floats, influence: Floats, codes: Ints, size: int, name: str, *,
    everywhere: bool, replicated: Floats | None = None, known: Floats | None = None,
) -> Functional:  # fmt: skip
    """Totals by group of what each row adds (r,), with the ``influence`` (units, size) of the units.

    ``everywhere``: influence may lie in any unit, not only where a group has people. ``replicated`` (R, size): the totals with
    each set of replicate weights, where they were computed anew; otherwise those of the influence are taken. ``known``
    (size,): numbers that are no totals, with their influence.
    """
    design = people.design
    counted = np.flatnonzero((values != 0) & (codes >= 0))
    person, group_of = people.person[counted], codes[counted]
    value = np.bincount(group_of, people.weight[counted] * values[counted], minlength=size).astype(np.float64)
    value = value if known is None else known
    # What a record fixes has no error: what is left of the difference is its rounding.
    influence = np.where(np.abs(influence) < _ROUNDING * np.abs(value).max(initial=0.0), 0.0, influence)
    occurs = np.zeros(influence.shape, dtype=bool)
    if everywhere:
        occurs[design.unit] = True
    else:
        inside = codes >= 0
        occurs[design.unit[people.person[inside]], codes[inside]] = True
    at, group = np.nonzero(occurs)
    totals = PsuTotals(at, group, influence[at, group][:, None], size)
    if design.replicates is not None:
        number = len(design.replicates)
        if replicated is None:
            sums = design.replicates.totals(at, group, size, influence[at, group][:, None])[..., 0]
            deviations = design.replicates.deviations(sums.reshape(number, -1), influence.sum(axis=0))
        else:
            deviations = design.replicates.deviations(replicated, value)
        deviations[np.abs(deviations) < _SOLVED * np.abs(value)] = 0.0
        lines, columns = np.repeat(np.arange(number), size), np.tile(np.arange(size), number)
        totals = PsuTotals(lines, columns, deviations.reshape(number * size, 1), size)
    case = np.zeros((size, len(people.frame)), dtype=bool)
    case[group_of, person] = True
    spread = variances(design.basis, totals)[:, 0]
    return Functional(
        statistic=name,
        value=value,
        se=np.sqrt(np.maximum(spread, 0.0)),
        n=case.sum(axis=1).astype(np.intp),
        n_weighted=case @ design.weight,
        df=_degrees(people, group_of, person, size),
        influence=totals,
        units=design.basis,
    )


def _degrees(people: People, group: Ints, person: Ints, size: int) -> Floats:
    """(size,) degrees of freedom of each group: PSUs less strata; with replicate weights those of the design."""
    design = people.design
    psus = np.zeros((size, len(design.units.stratum)), dtype=bool)
    psus[group, design.psu[person]] = True
    if design.replicates is not None:
        return np.where(psus.any(axis=1), float(design.df), np.nan)
    strata = [len(np.unique(design.units.stratum[row])) for row in psus]
    return np.array([float(row.sum() - h) if row.any() else np.nan for row, h in zip(psus, strata, strict=True)])
