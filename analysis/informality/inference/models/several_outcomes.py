"""Models of more than two outcomes: several linear predictors at once (see :mod:`~informality.inference.models.likelihoods`).

Score and curvature are those of McCullagh and Nelder 1989, 5.2 and 5.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from informality.inference.sampling.moments import FloatArray


class Multinomial:
    """P(y = c) proportional to exp(x b_c), b of the first outcome 0; parameters stacked by outcome."""

    family, link, ratio = "multinomial", "logit", "relative risk ratio"

    def __init__(self, outcomes: Sequence[str]) -> None:
        self.outcomes = tuple(outcomes)

    def names(self, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{outcome} | {column}" for outcome in self.outcomes[1:] for column in columns)

    def start(self, y: FloatArray, weight: FloatArray, q: int) -> FloatArray | None:
        return np.zeros(q * (len(self.outcomes) - 1))

    def predictor(self, theta: FloatArray, x: FloatArray, offset: FloatArray | float) -> FloatArray:
        return np.asarray(x @ theta.reshape(len(self.outcomes) - 1, -1).T)

    def score(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        chosen = y[:, None] == np.arange(1, len(self.outcomes))
        return np.asarray(chosen - self.mean(eta)[:, 1:])

    def curvature(self, y: FloatArray, eta: FloatArray, expected: bool) -> FloatArray:
        p = self.mean(eta)[:, 1:]
        return np.asarray(p[:, :, None] * (np.eye(p.shape[1]) - p[:, None, :]))

    def deviance(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        logits = np.column_stack([np.zeros(len(eta)), eta])
        chosen = np.take_along_axis(logits, y.astype(np.intp)[:, None], axis=1)[:, 0]
        return np.asarray(2 * (special.logsumexp(logits, axis=1) - chosen))

    def mean(self, eta: FloatArray) -> FloatArray:
        return np.asarray(special.softmax(np.column_stack([np.zeros(len(eta)), eta]), axis=1))

    def mean_score(self, eta: FloatArray, outcome: int) -> FloatArray:
        p = self.mean(eta)
        chosen = np.arange(1, p.shape[1]) == outcome
        return np.asarray(p[:, [outcome]] * (chosen - p[:, 1:]))

    def pearson(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return np.full(len(y), np.nan)

    def pull(self, score: FloatArray, x: FloatArray) -> FloatArray:
        return np.asarray((score.T @ x).ravel())

    def rows(self, score: FloatArray, x: FloatArray) -> FloatArray:
        return np.asarray((score[:, :, None] * x[:, None, :]).reshape(len(x), -1))

    def gram(self, curvature: FloatArray, x: FloatArray) -> FloatArray:
        m, q = curvature.shape[1], x.shape[1]
        out = np.empty((m, q, m, q))
        for r in range(m):
            for s in range(r + 1):
                out[r, :, s] = (x * curvature[:, r, s, None]).T @ x
                out[s, :, r] = out[r, :, s].T
        return out.reshape(m * q, m * q)


class Ordered:
    """P(y <= c) = 1 / (1 + exp(-(cut_c - x b))) (McCullagh 1980); parameters b, then the cut points.

    A positive b moves the outcome up the order; exp(b) multiplies the odds of a higher category.
    """

    family, link, ratio = "ordered", "logit", "odds ratio"

    def __init__(self, outcomes: Sequence[str]) -> None:
        self.outcomes = tuple(outcomes)

    def names(self, columns: Sequence[str]) -> tuple[str, ...]:
        pairs = zip(self.outcomes[:-1], self.outcomes[1:], strict=True)
        return (*columns, *(f"{low} | {high}" for low, high in pairs))

    def start(self, y: FloatArray, weight: FloatArray, q: int) -> FloatArray | None:
        shares = np.bincount(y.astype(np.intp), weight, minlength=len(self.outcomes)) / weight.sum()
        return np.concatenate([np.zeros(q), special.logit(np.cumsum(shares)[:-1])])

    def predictor(self, theta: FloatArray, x: FloatArray, offset: FloatArray | float) -> FloatArray:
        q = x.shape[1]
        line = x @ theta[:q] + offset
        return np.asarray(theta[q:] - np.broadcast_to(line, len(x))[:, None])

    def _around(self, y: FloatArray, eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Density at the cut points above and below y, and the probability between them."""
        edge = np.full((len(eta), 1), np.inf)
        cuts = np.hstack([-edge, eta, edge])
        place = y.astype(np.intp)[:, None]
        low = np.take_along_axis(cuts, place, axis=1)[:, 0]
        high = np.take_along_axis(cuts, place + 1, axis=1)[:, 0]
        with np.errstate(invalid="ignore"):
            # F(high) - F(low) without loss of digits where both are next to 1
            between = special.expit(high) * special.expit(-low) * -np.expm1(low - high)
        density = [special.expit(c) * special.expit(-c) for c in (high, low)]
        return density[0], density[1], between

    def _spread(self, y: FloatArray, eta: FloatArray, high: FloatArray, low: FloatArray) -> FloatArray:
        """Numbers for the cut points above and below y, in their columns (n, m)."""
        out = np.zeros((len(eta), eta.shape[1] + 2))
        place = y.astype(np.intp)
        rows = np.arange(len(eta))
        out[rows, place], out[rows, place + 1] = low, high
        return out[:, 1:-1]

    def score(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        high, low, between = self._around(y, eta)
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._spread(y, eta, high / between, -low / between)

    def curvature(self, y: FloatArray, eta: FloatArray, expected: bool) -> FloatArray:
        """The observed curvature: the expected one is not in use for this model (as in R's svyolr)."""
        high, low, between = self._around(y, eta)
        m = eta.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            a, b = high / between, low / between
        p = special.expit(eta)
        turn = 1 - 2 * p  # density' = density (1 - 2F)
        turned = np.zeros((len(eta), m + 2))
        turned[:, 1:-1] = turn
        place, rows = y.astype(np.intp), np.arange(len(eta))
        above = a**2 - a * turned[rows, place + 1]
        below = b**2 + b * turned[rows, place]
        out = np.zeros((len(eta), m + 2, m + 2))
        out[rows, place + 1, place + 1] = above
        out[rows, place, place] = below
        out[rows, place, place + 1] = out[rows, place + 1, place] = -a * b
        return out[:, 1:-1, 1:-1]

    def deviance(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return np.asarray(-2 * np.log(self._around(y, eta)[2]))

    def mean(self, eta: FloatArray) -> FloatArray:
        columns = [self._around(np.full(len(eta), float(c)), eta)[2] for c in range(len(self.outcomes))]
        return np.column_stack(columns)

    def mean_score(self, eta: FloatArray, outcome: int) -> FloatArray:
        y = np.full(len(eta), float(outcome))
        high, low, _ = self._around(y, eta)
        return self._spread(y, eta, high, -low)

    def pearson(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return np.full(len(y), np.nan)

    def pull(self, score: FloatArray, x: FloatArray) -> FloatArray:
        return np.concatenate([-score.sum(axis=1) @ x, score.sum(axis=0)])

    def rows(self, score: FloatArray, x: FloatArray) -> FloatArray:
        return np.hstack([-score.sum(axis=1)[:, None] * x, score])

    def gram(self, curvature: FloatArray, x: FloatArray) -> FloatArray:
        by_cut = curvature.sum(axis=2)
        slopes = (x * by_cut.sum(axis=1)[:, None]).T @ x
        mixed = -(x.T @ by_cut)
        return np.block([[slopes, mixed], [mixed.T, curvature.sum(axis=0)]])
