"""What each kind of model says about an outcome: its score, its curvature and the means it predicts.

A model has one linear predictor eta for each row, or several: the multinomial logit one for each outcome but
the first, the ordered logit one for each cut point. Everything a fit, a margin or a test needs is a sum over rows
of a derivative with respect to eta, carried to the parameters by the chain rule (``pull``, ``rows``, ``gram``).
All log-likelihoods here are concave in the parameters, so Newton's method finds the one maximum.

Formulas: McCullagh and Nelder 1989, chapters 2, 4 to 6. Rows are per unit of weight; the caller weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy import special

from informality.inference.sampling.moments import FloatArray


class Likelihood(Protocol):
    """n rows, q columns, k parameters, C means (1, or the probability of each outcome).

    ``eta`` and scores are (n,) for one predictor, (n, m) for m; curvatures (n,) or (n, m, m).
    """

    family: str
    link: str
    ratio: str  # what exp(coefficient) is called; "" when it has no name
    outcomes: tuple[str, ...]  # the C outcomes, empty for a number

    def names(self, columns: Sequence[str]) -> tuple[str, ...]: ...
    def start(self, y: FloatArray, weight: FloatArray, q: int) -> FloatArray | None: ...
    def predictor(self, theta: FloatArray, x: FloatArray, offset: FloatArray | float) -> FloatArray: ...
    def score(self, y: FloatArray, eta: FloatArray) -> FloatArray: ...
    def curvature(self, y: FloatArray, eta: FloatArray, expected: bool) -> FloatArray: ...
    def deviance(self, y: FloatArray, eta: FloatArray) -> FloatArray: ...
    def mean(self, eta: FloatArray) -> FloatArray: ...
    def mean_score(self, eta: FloatArray, outcome: int) -> FloatArray: ...
    def pearson(self, y: FloatArray, eta: FloatArray) -> FloatArray: ...
    def pull(self, score: FloatArray, x: FloatArray) -> FloatArray: ...
    def rows(self, score: FloatArray, x: FloatArray) -> FloatArray: ...
    def gram(self, curvature: FloatArray, x: FloatArray) -> FloatArray: ...


class OnePredictor:
    """One eta = x b + offset."""

    family = ""
    link = ""
    ratio = ""
    outcomes: tuple[str, ...] = ()

    def names(self, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(columns)

    def start(self, y: FloatArray, weight: FloatArray, q: int) -> FloatArray | None:
        return None  # a step of weighted least squares from ``first_eta``

    def first_eta(self, y: FloatArray, weight: FloatArray) -> FloatArray:
        """Where iterated least squares begins: an eta next to each outcome."""
        return np.zeros(len(y))

    def predictor(self, theta: FloatArray, x: FloatArray, offset: FloatArray | float) -> FloatArray:
        return np.asarray(x @ theta + offset)

    def pull(self, score: FloatArray, x: FloatArray) -> FloatArray:
        return np.asarray(score @ x)

    def rows(self, score: FloatArray, x: FloatArray) -> FloatArray:
        return np.multiply(score[:, None], x, order="C")  # by rows, as sums over units take them

    def gram(self, curvature: FloatArray, x: FloatArray) -> FloatArray:
        return np.asarray((x * curvature[:, None]).T @ x)


class Gaussian(OnePredictor):
    """Linear model: the weighted least-squares line."""

    family, link = "gaussian", "identity"

    def score(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return y - eta

    def curvature(self, y: FloatArray, eta: FloatArray, expected: bool) -> FloatArray:
        return np.ones(len(eta))

    def deviance(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return (y - eta) ** 2

    def mean(self, eta: FloatArray) -> FloatArray:
        return eta[:, None]

    def mean_score(self, eta: FloatArray, outcome: int) -> FloatArray:
        return np.ones(len(eta))

    def pearson(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return y - eta


class Poisson(OnePredictor):
    """Counts and rates, log link; any non-negative outcome (quasi-Poisson, the errors are the design's)."""

    family, link, ratio = "poisson", "log", "rate ratio"

    def first_eta(self, y: FloatArray, weight: FloatArray) -> FloatArray:
        return np.asarray(np.log((y + weight @ y / weight.sum()) / 2))

    def score(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return np.asarray(y - np.exp(eta))

    def curvature(self, y: FloatArray, eta: FloatArray, expected: bool) -> FloatArray:
        return np.asarray(np.exp(eta))

    def deviance(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        mean = np.exp(eta)
        return np.asarray(2 * (special.xlogy(y, y) - special.xlogy(y, mean) - y + mean))

    def mean(self, eta: FloatArray) -> FloatArray:
        return np.exp(eta)[:, None]

    def mean_score(self, eta: FloatArray, outcome: int) -> FloatArray:
        return np.asarray(np.exp(eta))

    def pearson(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return np.asarray((y - np.exp(eta)) * np.exp(-eta / 2))


class Logit(OnePredictor):
    """P(y = 1) = 1 / (1 + exp(-eta)); y may be any share between 0 and 1."""

    family, link, ratio = "binomial", "logit", "odds ratio"

    def first_eta(self, y: FloatArray, weight: FloatArray) -> FloatArray:
        return self._eta((y + 0.5) / 2)

    def _eta(self, p: FloatArray) -> FloatArray:
        return np.asarray(special.logit(p))

    def _p(self, eta: FloatArray) -> FloatArray:
        with np.errstate(over="ignore"):
            return np.asarray(1 / (1 + np.exp(-eta)))  # three times faster than special.expit

    def score(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        return y - self._p(eta)

    def curvature(self, y: FloatArray, eta: FloatArray, expected: bool) -> FloatArray:
        return self.mean_score(eta, 0)

    def deviance(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        log_p, log_not = self._logs(eta)
        fitted = y * log_p + (1 - y) * log_not
        return np.asarray(2 * (special.xlogy(y, y) + special.xlog1py(1 - y, -y) - fitted))

    def _logs(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """log p and log (1 - p)."""
        log_p = np.asarray(special.log_expit(eta))
        return log_p, log_p - eta

    def mean(self, eta: FloatArray) -> FloatArray:
        return self._p(eta)[:, None]

    def mean_score(self, eta: FloatArray, outcome: int) -> FloatArray:
        p = self._p(eta)
        return p * (1 - p)

    def pearson(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        log_p, log_not = self._logs(eta)
        return np.asarray((y - self._p(eta)) * np.exp(-(log_p + log_not) / 2))


class _Hazards(Logit, ABC):
    """Other links, by a = p'/p and b = p'/(1-p), which stay exact where p is next to 0 or 1."""

    ratio = ""

    @abstractmethod
    def _hazards(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The two hazards a and b."""

    @abstractmethod
    def _slopes(self, eta: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Derivatives of a and b."""

    def score(self, y: FloatArray, eta: FloatArray) -> FloatArray:
        a, b = self._hazards(eta)
        return y * a - (1 - y) * b

    def curvature(self, y: FloatArray, eta: FloatArray, expected: bool) -> FloatArray:
        a, b = self._hazards(eta)
        if expected:
            return a * b
        da, db = self._slopes(eta, a, b)
        return (1 - y) * db - y * da


class Probit(_Hazards):
    """P(y = 1) is the normal distribution function of eta."""

    link = "probit"

    def _eta(self, p: FloatArray) -> FloatArray:
        return np.asarray(special.ndtri(p))

    def _p(self, eta: FloatArray) -> FloatArray:
        return np.asarray(special.ndtr(eta))

    def _logs(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.asarray(special.log_ndtr(eta)), np.asarray(special.log_ndtr(-eta))

    def _hazards(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        density = -(eta**2) / 2 - np.log(2 * np.pi) / 2
        log_p, log_not = self._logs(eta)
        return np.exp(density - log_p), np.exp(density - log_not)

    def _slopes(self, eta: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        return -a * (eta + a), b * (b - eta)

    def mean_score(self, eta: FloatArray, outcome: int) -> FloatArray:
        return np.asarray(np.exp(-(eta**2) / 2) / np.sqrt(2 * np.pi))


class CLogLog(_Hazards):
    """P(y = 1) = 1 - exp(-exp(eta)): an event within the period, at a constant hazard."""

    link, ratio = "cloglog", "hazard ratio"

    def _eta(self, p: FloatArray) -> FloatArray:
        return np.asarray(np.log(-np.log1p(-p)))

    def _p(self, eta: FloatArray) -> FloatArray:
        return np.asarray(-np.expm1(-np.exp(eta)))

    def _logs(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        hazard = np.exp(eta)
        return np.log(-np.expm1(-hazard)), -hazard

    def _hazards(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        hazard = np.exp(eta)
        with np.errstate(over="ignore"):
            return hazard / np.expm1(hazard), hazard

    def _slopes(self, eta: FloatArray, a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        return a * (1 - b - a), b

    def mean_score(self, eta: FloatArray, outcome: int) -> FloatArray:
        return np.asarray(np.exp(eta - np.exp(eta)))
