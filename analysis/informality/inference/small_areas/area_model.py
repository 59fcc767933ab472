"""The area-level model of Fay and Herriot (1979): its variance, its predictions and their mean squared error.

A direct estimate is the truth and its sampling error, y = theta + e, with e ~ N(0, Psi) and Psi taken as known; the
truth is a line in covariates and what is peculiar to the area, theta = X beta + u, with u ~ N(0, s I). The
predictor (EBLUP) of an area weighs its direct estimate against the line by gamma = s / (s + psi).

Psi need not be diagonal. With Psi = Q diag(lambda) Q', the rotated numbers Q'y and Q'X follow the same model with
independent errors of variances lambda, because u has the same distribution in all directions. So all there is to
know of s, and the bias and variance of its estimators, is that of the published diagonal case in lambda; the
predictions are rotated back. Then an area also learns from the sampling errors of the others.

``theta~ = X beta~ + s V^-1 (y - X beta~)`` with V = s I + Psi has the mean squared error g1 + g2 + g3: of the predictor
itself, of beta, of s. It is estimated without bias to the order of 1/m as (Rao and Molina 2015, section 6.2)

- ``reml``: g1 + g2 + 2 g3 (Datta and Lahiri 2000);
- ``moment``, from ordinary least squares: likewise (Prasad and Rao 1990). It weighs imprecise areas like precise ones, so where
  sampling variances differ much it is the least precise, and its mean squared errors come out too large;
- ``ml``: less the bias of s times the slope of g1 (Datta and Lahiri 2000);
- ``fay-herriot``, their own moment equation y'Py = m - p: likewise (Datta, Rao and Smith 2005);
- ``adjusted``: as for REML; the restricted likelihood times (arctan of the sum of the gammas)^(1/m), which
  is 0 where s is, so that s is always positive, at the price of a bias of smaller order (Yoshimori and Lahiri 2014).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import linalg, optimize

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.sampling.moments import FloatArray

Method = Literal["reml", "ml", "fay-herriot", "moment", "adjusted"]
METHODS = ("reml", "ml", "fay-herriot", "moment", "adjusted")

_GRID = 100  # places where the slope of the likelihood is looked at before its maximum is pinned down
_RANGE = 1e-9  # of the largest model variance that is possible: the smallest but 0 that is looked at


@dataclass(frozen=True, slots=True, eq=False)
class AreaModel:
    """A fitted model of m areas with p coefficients. Units are those of y, and their square for variances.

    ``variance``: of what is peculiar to an area, s; ``variance_se``: its asymptotic standard error; ``variance_bias``: its
    asymptotic bias, which ``mse`` takes into account. ``beta`` (p,), ``beta_cov`` (p, p). For each area (m,):
    ``eblup``, ``mse``, ``gamma`` (the weight of its own direct estimate), ``synthetic`` (the line), ``g1`` (the mean squared
    error if s and beta were known), ``residual`` (direct less the line, over the standard error of that).
    ``log_likelihood``: of the direct estimates, at these parameters.
    """

    method: Method
    variance: float
    variance_se: float
    variance_bias: float
    beta: FloatArray
    beta_cov: FloatArray
    eblup: FloatArray
    mse: FloatArray
    gamma: FloatArray
    synthetic: FloatArray
    g1: FloatArray
    residual: FloatArray
    log_likelihood: float

    @property
    def aic(self) -> float:
        """Akaike's criterion for models of the same direct estimates; the p coefficients and s are counted."""
        return -2 * self.log_likelihood + 2 * (len(self.beta) + 1)

    def line(self, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """For areas without a direct estimate (k, p): the synthetic estimate (k,), its mse, and its g1.

        What is peculiar to them stays unknown, so the model variance is part of their error.
        """
        without_bias = max(self.variance - self.variance_bias, 0.0)
        mse = without_bias + np.einsum("dj,jk,dk->d", x, self.beta_cov, x)
        return x @ self.beta, mse, np.full(len(x), self.variance)


@dataclass(frozen=True, slots=True, eq=False)
class _Rotated:
    """The model in the directions in which sampling errors are independent: ``y`` (m,), ``x`` (m, p), ``psi`` (m,)."""

    y: FloatArray
    x: FloatArray
    psi: FloatArray

    def at(self, s: float) -> _At:
        return _At.of(self, s)


@dataclass(frozen=True, slots=True, eq=False)
class _At:
    """What a model variance implies. ``v`` (m,) = s + psi; ``root`` (p, p) with root root' = (X'V^-1 X)^-1."""

    v: FloatArray
    root: FloatArray
    beta: FloatArray
    r: FloatArray
    projected: FloatArray  # (m, p) V^-1/2 X root: orthonormal columns

    @classmethod
    def of(cls, data: _Rotated, s: float) -> _At:
        v = data.psi + s
        scale = 1 / np.sqrt(v)
        q, upper = linalg.qr(data.x * scale[:, None], mode="economic")
        root = linalg.solve_triangular(upper, np.eye(len(upper)))
        beta = linalg.solve_triangular(upper, q.T @ (data.y * scale))
        return cls(v, root, beta, data.y - data.x @ beta, q)

    @property
    def squares(self) -> float:
        """y'Py."""
        return float(self.r @ (self.r / self.v))

    @property
    def slope(self) -> float:
        """y'PPy: how fast ``squares`` falls with s."""
        return float(self.r @ (self.r / self.v**2))

    @property
    def trace_of_inverse(self) -> float:
        """tr V^-1."""
        return float((1 / self.v).sum())

    @property
    def lost_trace(self) -> float:
        """tr V^-1 - tr P."""
        return float((self.projected**2 / self.v[:, None]).sum())

    @property
    def log_likelihood(self) -> float:
        return -0.5 * (len(self.v) * float(np.log(2 * np.pi)) + float(np.log(self.v).sum()) + self.squares)

    @property
    def restricted(self) -> float:
        """The restricted log-likelihood, up to a constant."""
        return self.log_likelihood + float(np.log(np.abs(np.diag(self.root))).sum())


def fit_area_model(y: FloatArray, psi: FloatArray, x: FloatArray, method: Method = "reml") -> AreaModel:
    """The model of direct estimates ``y`` (m,) with covariates ``x`` (m, p), which hold the constant.

    ``psi``: their sampling variances (m,), or covariance matrix (m, m); positive, and known. Raises
    :class:`InformalityError` (ESTIMATE) for a covariance matrix that is not positive definite.
    """
    m, p = x.shape
    if m <= p or method not in METHODS:
        raise ValueError(f"{m} areas for {p} coefficients by {method!r}")
    back = None
    data = _Rotated(y, x, psi)
    if psi.ndim == 2:
        eigenvalues, back = _directions(psi)
        data = _Rotated(back.T @ y, back.T @ x, eigenvalues)
    s = _model_variance(data, method)
    here = data.at(s)
    v, lam = here.v, data.psi
    trace, squares = here.trace_of_inverse, float((1 / v**2).sum())
    spread, bias = 2 / squares, 0.0
    if method == "ml":
        bias = -here.lost_trace / squares
    elif method == "fay-herriot":
        spread = 2 * m / trace**2
        bias = 2 * (m * squares - trace**2) / trace**3
    elif method == "moment":
        spread = 2 * float((v**2).sum()) / m**2

    def turned(diagonal: FloatArray) -> FloatArray:
        """The diagonal of Q diag(.) Q'."""
        return diagonal if back is None else back**2 @ diagonal

    shrunk = s / v * here.r  # s V^-1 (y - X beta)
    left = (lam / v)[:, None] * data.x @ here.root  # (I - s V^-1) X root
    if back is not None:
        shrunk, left = back @ shrunk, back @ left
    g1, g2, g3 = turned(s * lam / v), (left**2).sum(axis=1), turned(lam**2 / v**3) * spread
    synthetic = x @ here.beta
    root = x @ here.root
    return AreaModel(
        method=method,
        variance=s,
        variance_se=float(np.sqrt(spread)),
        variance_bias=bias,
        beta=here.beta,
        beta_cov=here.root @ here.root.T,
        eblup=synthetic + shrunk,
        mse=g1 + g2 + 2 * g3 - bias * turned((lam / v) ** 2),
        gamma=turned(s / v),
        synthetic=synthetic,
        g1=g1,
        residual=(y - synthetic) / np.sqrt(turned(v) - (root**2).sum(axis=1)),
        log_likelihood=here.log_likelihood,
    )


def _directions(psi: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues (m,) and vectors (m, m) of a covariance matrix, which must be positive definite."""
    values, vectors = linalg.eigh(psi)
    size = np.sqrt(np.diag(psi))
    smallest = linalg.eigvalsh(psi / np.outer(size, size))[0]
    if smallest < 1e-10:
        raise InformalityError(
            Problem(
                place="small areas, sampling covariance",
                what="the direct estimates determine each other (their covariance matrix is singular), "
                "so the model cannot tell sampling errors apart",
                found=f"{len(psi)} areas; the smallest eigenvalue of the correlation matrix is {smallest:.2g}",
                fix='use the variances alone, sampling="variances": '
                "a design with fewer degrees of freedom than areas cannot measure all the correlations",
            ),
            ExitCode.ESTIMATE,
        )
    return values, vectors


def _model_variance(data: _Rotated, method: Method) -> float:
    m, p = data.x.shape
    ordinary = _Rotated(data.y, data.x, np.ones(m)).at(0.0)
    residual_variance = ordinary.squares / (m - p)
    if not residual_variance > 0:
        return 0.0
    if method == "moment":
        explained = float(data.psi @ (1 - (ordinary.projected**2).sum(axis=1)))
        return float(max(residual_variance - explained / (m - p), 0.0))
    # Beyond this y'Py is below m - p, and the (restricted) likelihood falls.
    end = 2 * residual_variance + 2 * float(np.sqrt(residual_variance * data.psi.max()))
    if method == "fay-herriot":
        gap = data.at(0.0).squares - (m - p)
        return _crossing(lambda s: data.at(s).squares - (m - p), 0.0, end) if gap > 0 else 0.0

    def height(s: float) -> float:
        here = data.at(s)
        if method == "ml":
            return here.log_likelihood
        return here.restricted + (_adjustment(s, here) if method == "adjusted" else 0.0)

    def score(s: float) -> float:
        here = data.at(s)
        trace = here.trace_of_inverse - (0.0 if method == "ml" else here.lost_trace)
        return 0.5 * (here.slope - trace) + (_adjustment_slope(s, here) if method == "adjusted" else 0.0)

    start = end * _RANGE
    if method == "adjusted":  # its score falls from infinity at 0
        while score(start) <= 0:
            start *= _RANGE
        while score(end) >= 0:
            end *= 2
    # The likelihood may have several maxima; each lies where the score falls through 0.
    places = np.geomspace(start, end, _GRID)
    candidates: list[float] = []
    if method != "adjusted":
        places = np.append(0.0, places)
        candidates = [0.0] if score(0.0) <= 0 else []
    signs = np.array([score(s) for s in places]) > 0
    candidates += [_crossing(score, places[i], places[i + 1]) for i in np.flatnonzero(signs[:-1] & ~signs[1:])]
    return max(candidates, key=height)


def _crossing(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that is positive at ``low`` and not at ``high`` crosses 0, to the last digit."""
    return float(optimize.brentq(function, low, high, xtol=np.finfo(float).tiny, rtol=4 * np.finfo(float).eps))


def _adjustment(s: float, here: _At) -> float:
    """Logarithm of what the restricted likelihood is multiplied by (Yoshimori and Lahiri 2014)."""
    return float(np.log(np.arctan((s / here.v).sum()))) / len(here.v)


def _adjustment_slope(s: float, here: _At) -> float:
    """Its derivative with respect to s."""
    total = float((s / here.v).sum())
    rise = float(((here.v - s) / here.v**2).sum())
    return rise / ((1 + total**2) * float(np.arctan(total)) * len(here.v))
