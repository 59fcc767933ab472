"""The one entry by rows: from influence values, or a statistic of weights, to a covariance matrix.

Everything that is not a total, mean, ratio or share (models, tests, quantiles, decompositions) gets its errors
here, whatever the design. A statistic says how it answers to one more bit of weight on each row
(its influence, Binder 1983), or how it is computed from weights; the design does the rest.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, add_up
from informality.inference.sampling.replicates import Replicates
from informality.inference.sampling.variance import PsuTotals, covariance_matrix

Statistic = Callable[[FloatArray], FloatArray]


def influence_covariance(
    design: Design, influence: ArrayLike, *, inside: NDArray[np.bool_] | None = None
) -> FloatArray:
    """Covariance matrix (k, k) of k statistics from their influence (n, k), the weight included.

    ``influence``: z = w u, where a statistic's value moves by u dw when the weight of the row moves by dw;
    0 for rows outside the domain (never leave rows out). ``inside`` (n,) says which rows are in the
    domain; by default those with a value other than 0. It only matters to lonely strata. With
    replicate weights, the covariance is that of the linearised statistic over the replicates.
    """
    z = np.asarray(influence, dtype=np.float64)
    z = z[:, None] if z.ndim == 1 else z
    if len(z) != len(design.weight):
        raise ValueError(f"the influence has {len(z):,} rows, the design {len(design.weight):,}")
    unit = design.unit
    rows = (z != 0).any(axis=1) if inside is None else inside
    occurs = np.zeros(int(unit.max()) + 1, dtype=bool)
    occurs[unit[rows] if rows.any() else unit] = True
    held = np.flatnonzero(occurs)
    sums = add_up(unit, z, len(occurs))[held]
    one = np.zeros(len(held), dtype=np.intp)
    if design.replicates is not None:
        theta = design.replicates.totals(held, one, 1, sums)[:, 0]
        deviations = design.replicates.deviations(theta, z.sum(axis=0))
        return design.replicates.covariance(deviations, deviations)
    explained = None
    if design.calibration is not None and design.units.known is not None:
        explained = design.units.known.explained(design.calibration.instrument.T @ z)
    return covariance_matrix(design.units, PsuTotals(held, one, sums, 1, explained))


def replicate_estimates(design: Design, statistic: Statistic) -> FloatArray:
    """The statistic (R, k) computed anew with each set of replicate weights (n,)."""
    unit, factors = design.unit, _replicates(design).factors
    return np.stack([np.atleast_1d(statistic(design.weight * f[unit])) for f in factors.T])


def replicate_covariance(design: Design, statistic: Statistic) -> FloatArray:
    """Covariance matrix (k, k) of a statistic computed anew with each set of replicate weights (n,).

    ``statistic`` takes weights and returns (k,) values. One that is not defined in a replicate is NaN there,
    and the replicate is left out for it, as in R.
    """
    replicates = _replicates(design)
    theta = replicate_estimates(design, statistic)
    centre = np.atleast_1d(statistic(design.weight)) if replicates.mse else theta[0]
    deviations = replicates.deviations(theta, centre)
    return replicates.covariance(deviations, deviations)


def design_covariance(design: Design, statistic: Statistic, influence: ArrayLike) -> FloatArray:
    """Covariance matrix (k, k) in the way of the design: from replicates, or else from the influence (n, k)."""
    if design.replicates is not None:
        return replicate_covariance(design, statistic)
    return influence_covariance(design, influence)


def _replicates(design: Design) -> Replicates:
    if design.replicates is None:
        raise ValueError("the design has no replicate weights; see Design.to_replicates")
    return design.replicates
