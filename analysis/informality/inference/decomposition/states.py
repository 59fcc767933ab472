"""What the parts of a gap are made of, and how each row of the sample moves it.

Each group has covariates x and coefficients beta; F is what a model makes of x beta: itself for a linear model, a
distribution function for a logit or probit. A decomposition asks for mean_g F(x beta_s): the people of group g, were
their characteristics to count as in s (the first group, the second, or a reference that stands for both).

Means, coefficients and the sizes of the groups all come from one sample, and both groups may live in one PSU. So
the influence of a row (Binder 1983) is worked out for all of them, and carried to the parts by the chain rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from informality.inference.decomposition.groups import Compared
from informality.inference.models.fitted import Fit
from informality.inference.models.model_data import ModelData
from informality.inference.models.regression import fit_data
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray

FIRST, SECOND, REFERENCE = 0, 1, 2  # whose coefficients


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """What is estimated: the ``fits`` of the first and second group, and of both together where that is wanted.

    ``both``: the data of both groups with the k columns of each. ``entry``: (k, k_f) how the coefficients of the third
    fit become those of the reference. ``by_size``: these are the average of the groups' own, weighted by the
    people in each.
    """

    compared: Compared
    both: ModelData
    fits: tuple[Fit, ...]
    entry: FloatArray
    by_size: bool

    @classmethod
    def fit(cls, compared: Compared, design: Design, reference: str) -> Models:
        """Fit what the ``reference`` needs (pooled, neumark, cotton, or a group); errors name the group (ESTIMATE).

        With the observed information the influence is the derivative of the coefficients, to the last digit. With
        the expected one, R's choice for regressions, that of a probit is not, and what a probit leaves unfitted
        is too small a number for that.
        """
        once = replace(design, replicates=None)  # a fit's own covariance is not used: no need to fit it R times
        fits = [fit_data(compared.group(which), once, information="observed") for which in (FIRST, SECOND)]
        entry = np.eye(len(fits[0].value))
        if reference in ("pooled", "neumark"):
            with_groups = reference == "pooled"
            fits.append(fit_data(compared.pooled(with_groups), once, information="observed"))
            if with_groups:
                entry = np.delete(np.eye(len(entry) + 1), compared.side, axis=0)
        return cls(compared, compared.pooled(False), tuple(fits), entry, reference == "cotton")

    @property
    def linear(self) -> bool:
        return self.both.likelihood.link == "identity"

    def values(self) -> list[FloatArray]:
        """The parameters of each fit."""
        return [fit.value for fit in self.fits]

    def refit(self, weight: FloatArray) -> list[FloatArray]:
        """The parameters of each fit under other weights (n,)."""
        return [fit.refit(weight) for fit in self.fits]

    def thetas(self, values: Sequence[FloatArray], share: float) -> FloatArray:
        """(3, k) coefficients from the parameters of the fits, and the first group's share of the people."""
        theta = [values[FIRST], values[SECOND], np.zeros_like(values[FIRST])]
        if len(values) > REFERENCE:
            theta[REFERENCE] = self.entry @ values[REFERENCE]
        elif self.by_size:
            theta[REFERENCE] = share * values[FIRST] + (1 - share) * values[SECOND]
        return np.stack(theta)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """The numbers under one set of weights.

    ``theta`` (3, k); by group the ``size`` (2,), observed mean ``y`` (2,) and mean covariates ``x`` (2, k); by group
    and coefficients the mean prediction ``p`` (2, 3) and its gradient in theta, ``slope`` (2, 3, k).
    """

    theta: FloatArray
    size: FloatArray
    y: FloatArray
    x: FloatArray
    p: FloatArray
    slope: FloatArray

    @classmethod
    def under(cls, models: Models, values: Sequence[FloatArray], weight: FloatArray) -> State:
        """The state under ``weight`` (n,), with the parameters that the fits have there."""
        data, likelihood = models.both, models.both.likelihood
        first = models.compared.first
        w = data.patterns.sums(weight)[:, None] * np.column_stack([first, ~first])
        size = w.sum(axis=0)
        w /= size
        theta = models.thetas(values, float(size[0] / size.sum()))

        def part(rows: slice, x: FloatArray, _: object) -> tuple[FloatArray, ...]:
            mine = w[rows].T
            if models.linear:
                return (mine @ x,)
            eta = x @ theta.T
            p = np.column_stack([likelihood.mean(e)[:, 0] for e in eta.T])
            slope = np.stack([(mine * likelihood.mean_score(e, 0)) @ x for e in eta.T], axis=1)
            return mine @ x, mine @ p, slope

        x, *more = data.sample.over(part)
        p, slope = more or (x @ theta.T, np.repeat(x[:, None, :], 3, axis=1))
        return cls(theta, size, w.T @ data.sample.y, x, p, slope)


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """How a :class:`State` moves for one bit of weight on each of b patterns.

    ``theta``: (b, k) for each set of coefficients; ``y`` (b, 2); ``p`` (b, 2, 3); ``x`` (b, k) of the mean covariates of
    the pattern's own group, which is the first where ``first`` (b,).
    """

    theta: tuple[FloatArray, ...]
    y: FloatArray
    x: FloatArray
    p: FloatArray
    first: NDArray[np.bool_]

    @classmethod
    def of(cls, models: Models, state: State, rows: slice) -> Moved:
        """For a block of the patterns of both groups."""
        sample, likelihood = models.both.sample, models.both.likelihood
        x, y, first = sample.block(rows), sample.y[rows], models.compared.first[rows]
        eta = x @ state.theta.T
        inside = np.column_stack([first, ~first])
        theta = [
            likelihood.rows(inside[:, g] * likelihood.score(y, eta[:, g]), x) @ models.fits[g].bread
            for g in (FIRST, SECOND)
        ]
        if len(models.fits) > REFERENCE:
            fit = models.fits[REFERENCE]
            wider = fit.data.sample.matrix.block(sample.first[rows])  # its own blocks are of other sizes
            theta.append(likelihood.rows(likelihood.score(y, wider @ fit.value), wider) @ fit.bread @ models.entry.T)
        elif models.by_size:
            share = state.size[FIRST] / state.size.sum()
            apart = state.theta[FIRST] - state.theta[SECOND]
            larger = (first - share) / state.size.sum()
            theta.append(share * theta[FIRST] + (1 - share) * theta[SECOND] + larger[:, None] * apart)
        else:
            theta.append(np.zeros_like(x))
        group = np.where(first, FIRST, SECOND)
        one = 1 / state.size[group][:, None]
        mean = np.column_stack([likelihood.mean(e)[:, 0] for e in eta.T])
        p = np.stack([on @ state.slope[:, s].T for s, on in enumerate(theta)], axis=2)
        p += inside[:, :, None] * (one * (mean - state.p[group]))[:, None, :]
        return cls(tuple(theta), inside * one * (y[:, None] - state.y), one * (x - state.x[group]), p, first)
