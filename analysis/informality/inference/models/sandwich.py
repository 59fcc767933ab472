"""From a solution to its errors: information, influence and covariance, and the deviance.

The coefficients solve the weighted score equations, sum over rows of w s(b) = 0 (Binder 1983). To first order they
are b + sum of A^-1 w s, with A the information: A^-1 w s is the influence of a row, and the design turns the
totals of that by PSU into the covariance, exactly as for a mean. With replicate weights the model is fitted anew
with each set.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.models import newton
from informality.inference.models.design_matrix import Matrix
from informality.inference.models.likelihoods import Likelihood
from informality.inference.models.model_data import ModelData
from informality.inference.models.newton import Sample
from informality.inference.models.patterns import unit_totals
from informality.inference.models.several_outcomes import Multinomial, Ordered
from informality.inference.sampling.design import Design
from informality.inference.sampling.linearise import influence_covariance, replicate_covariance
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.sampling.variance import PsuTotals, covariance_matrix


def sandwich(
    data: ModelData, design: Design, theta: FloatArray, size: FloatArray, expected: bool
) -> tuple[FloatArray, FloatArray]:
    """Inverse information (k, k) for the design's weights, and the covariance (k, k) of the parameters."""
    likelihood, sample, patterns = data.likelihood, data.sample, data.patterns
    weight = patterns.sums(design.weight)
    # Calibrated weights need the influence row by row, replicates need none.
    linear = design.replicates is None and design.calibration is None
    by_unit = patterns.by_unit(design) if linear else None

    def part(rows: slice, x: FloatArray, offset: FloatArray | float) -> tuple[Any, ...]:
        y, w = sample.y[rows], weight[rows]
        eta = likelihood.predictor(theta, x, offset)
        curvature = likelihood.curvature(y, eta, expected)
        information = likelihood.gram(curvature * w.reshape(-1, *[1] * (curvature.ndim - 1)), x)
        if by_unit is None:
            return (information,)
        return information, *unit_totals(by_unit, rows, likelihood.rows(likelihood.score(y, eta), x))

    information = np.zeros((len(theta), len(theta)))
    totals = np.zeros((0 if by_unit is None else by_unit.shape[1], len(theta)))
    for more, *held in sample.each(part):
        information += more
        if held:
            totals[held[0]] += held[1]
    bread = newton.inverse(information)
    if design.replicates is not None:
        return bread, replicate_covariance(design, lambda w: refit(data, w, size, theta))
    if by_unit is None:
        return bread, influence_covariance(design, influence(data, design, theta, bread))
    occurs = np.zeros(len(totals), dtype=bool)
    occurs[design.unit[patterns.rows]] = True
    units = np.flatnonzero(occurs)
    one = np.zeros(len(units), dtype=np.intp)
    return bread, covariance_matrix(design.units, PsuTotals(units, one, totals[units] @ bread, 1))


def influence(data: ModelData, design: Design, theta: FloatArray, bread: FloatArray) -> FloatArray:
    """Weighted influence (n, k) of each row of the file on the parameters."""
    likelihood, sample, patterns = data.likelihood, data.sample, data.patterns
    parts = []
    for rows in sample.slices():
        x = sample.block(rows)
        eta = likelihood.predictor(theta, x, sample.offset_of(rows))
        parts.append(likelihood.rows(likelihood.score(sample.y[rows], eta), x) @ bread)
    out = np.zeros((data.n_file, len(theta)))
    out[patterns.rows] = patterns.spread(np.vstack(parts)) * design.weight[patterns.rows, None]
    return out


def refit(data: ModelData, weight: FloatArray, size: FloatArray, theta: FloatArray) -> FloatArray:
    """The parameters under other weights (n,), from those found before."""
    solution = newton.maximise(data.likelihood, data.sample, data.patterns.sums(weight), size, theta)
    if solution.converged:
        return solution.theta
    error = newton.separation(data.likelihood, data.sample, solution, data.place).problems[0]
    raise InformalityError(
        Problem(data.place, "the model cannot be fitted with one set of replicate weights", error.found,
                "join small levels, or use the design without replicates"), ExitCode.ESTIMATE
    )  # fmt: skip


def degrees_of_freedom(design: Design, rows: IntArray) -> int:
    """Degrees of freedom of a design over some rows (R: ``degf(subset(design, rows))``)."""
    if design.replicates is not None:
        return design.replicates.df(np.unique(design.unit[rows]))
    psus = np.flatnonzero(np.bincount(design.psu[rows]))
    return len(psus) - len(np.unique(design.units.stratum[psus]))


def sizes(likelihood: Likelihood, squares: FloatArray, weight: FloatArray) -> FloatArray:
    """(k,) root mean square of what each parameter multiplies."""
    columns = np.sqrt(np.diag(squares) / weight.sum())
    if isinstance(likelihood, Multinomial):
        return np.asarray(np.tile(columns, len(likelihood.outcomes) - 1))
    if isinstance(likelihood, Ordered):
        return np.concatenate([columns, np.ones(len(likelihood.outcomes) - 1)])
    return np.asarray(columns)


def deviance(data: ModelData, design: Design, sample: Sample, theta: FloatArray) -> float:
    """Deviance of a solution, under weights scaled to a mean of 1 over the cases."""
    return _deviance(data, sample, data.patterns.sums(design.weight), theta)


def null_deviance(data: ModelData, design: Design) -> float:
    """Deviance of the model with a constant (and the offset) only."""
    likelihood, y, offset = data.likelihood, data.sample.y, data.sample.offset
    weight = data.patterns.sums(design.weight)
    if not isinstance(offset, np.ndarray):  # cases differ in their outcome alone
        y, code = np.unique(y, return_inverse=True)
        weight = np.asarray(np.bincount(code, weight), dtype=np.float64)
    sample = Sample(cast(Matrix, _Constant(likelihood)), np.arange(len(y)), y, offset)
    squares = np.full((len(sample.matrix.names),) * 2, weight.sum())
    theta = newton.maximise(likelihood, sample, weight, sizes(likelihood, squares, weight)).theta
    return _deviance(data, sample, weight, theta)


def _deviance(data: ModelData, sample: Sample, weight: FloatArray, theta: FloatArray) -> float:
    likelihood = data.likelihood

    def part(rows: slice, x: FloatArray, offset: FloatArray | float) -> tuple[Any, ...]:
        eta = likelihood.predictor(theta, x, offset)
        return (weight[rows] @ likelihood.deviance(sample.y[rows], eta),)

    return float(sample.over(part)[0] * len(data.patterns.rows) / weight.sum())


class _Constant:
    """The design matrix of a model with a constant only; the cut points of an ordered model are its own."""

    def __init__(self, likelihood: Likelihood) -> None:
        self.names = () if isinstance(likelihood, Ordered) else ("Intercept",)

    def block(self, rows: IntArray) -> FloatArray:
        return np.ones((len(rows), len(self.names)))
