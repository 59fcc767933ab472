"""Quantile regression of a weighted sample: what earnings at the median, or the lowest tenth, go with.

The coefficients minimise the weighted sum of tau r+ + (1 - tau) r- (Koenker and Bassett 1978), a linear programme
that is solved exactly. Only rows near the line are in doubt about their side, so those far from a first guess are
put on theirs, the programme is solved for the others, and rows found on the wrong side join them
(Portnoy and Koenker 1997). statsmodels' QuantReg takes no weights and stops at 1e-6; it is what the tests compare with.

The influence of a row is w D^-1 x (tau - 1[y < x b]) with D = sum of w f(0|x) x x', where the density of the residuals
at 0 is Powell's kernel estimate (Koenker 2005, 3.4.2; Hall and Sheather's bandwidth for the effective number of
cases, (sum w)^2 / sum w^2; a normal kernel with the spread of Powell's uniform one, since a wider one overstates
the errors). Replicate weights need no density. Where many cases share an outcome (heaped
wages), the line and its errors are rough, whichever way they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np
import pandas as pd
from scipy import optimize, special

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.models import newton
from informality.inference.models.coefficients import Coefficients
from informality.inference.models.model_data import ModelData, read_model_data
from informality.inference.models.regression import Options, independent
from informality.inference.models.sandwich import degrees_of_freedom
from informality.inference.sampling.design import Design
from informality.inference.sampling.linearise import design_covariance
from informality.inference.sampling.moments import FloatArray

_AT_ONCE = 5_000  # rows in doubt that a linear programme takes at first


@dataclass(frozen=True, slots=True, eq=False)
class QuantileFit(Coefficients):
    """A quantile regression: coefficients with their covariance. Fields as of a ``Fit``; ``tau``: the quantile."""

    tau: float
    n: int
    n_weighted: float
    design_df: int
    bandwidth: float
    design: Design
    data: ModelData

    def __str__(self) -> str:
        title = f"{self.data.parsed.text}   (quantile {self.tau:g})"
        counts = f"{self.n:,} cases standing for {self.n_weighted:,.0f}; {self.design_df} degrees of freedom"
        return "\n".join([title, counts, "", self.format(), *(f"Note: {note.what}." for note in self.data.notes)])


def quantile(
    design: Design, frame: pd.DataFrame, formula: str, tau: float = 0.5, **options: Unpack[Options]
) -> QuantileFit:
    """Regression of the quantile ``tau`` of a number on covariates; arguments and errors as of ``regression.fit``.

    R: ``quantreg::rq(weights=)`` for the coefficients. No ``offset``: take it from the outcome.
    """
    if not 0 < tau < 1:
        raise ValueError(f"tau must lie between 0 and 1, not {tau}")
    if options.get("offset"):
        raise InformalityError(
            Problem(f"model `{formula}`", "a quantile regression has no offset", fix="subtract it from the outcome"),
            ExitCode.SPEC,
        )
    data = read_model_data(
        "linear", design, frame, formula, options.get("domain"), None,
        options.get("reference", {}), options.get("missing", "refuse"),
    )  # fmt: skip
    weight = data.patterns.sums(design.weight)
    data, _ = independent(data, weight, options.get("collinear", "refuse"))
    sample, rows = data.sample, data.patterns.rows
    x = np.vstack([sample.block(part) for part in sample.slices()])
    theta, side = _solve(x, sample.y, weight, tau, None)
    density, bandwidth = _density(sample.y - x @ theta, weight, tau)
    bread = newton.inverse((x * (weight * density)[:, None]).T @ x)
    influence = np.zeros((data.n_file, len(theta)))
    influence[rows] = data.patterns.spread((side[:, None] * x) @ bread) * design.weight[rows, None]

    def statistic(weights: FloatArray) -> FloatArray:
        mine = data.patterns.sums(weights)
        return _solve(x[mine > 0], sample.y[mine > 0], mine[mine > 0], tau, theta)[0]

    cov = design_covariance(design, statistic, influence)
    df = degrees_of_freedom(design, rows)
    return QuantileFit(
        sample.matrix.names, theta, cov, df + 1 - len(theta), tau, len(rows), float(weight.sum()), df,
        bandwidth, design, data,
    )  # fmt: skip


def _solve(
    x: FloatArray, y: FloatArray, weight: FloatArray, tau: float, guess: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """Coefficients (k,), and for each row (m,) tau - 1 below the line, tau above, in between on it."""
    weight = weight / weight.mean()
    m = len(x)
    if guess is None and m > 2 * _AT_ONCE:
        few = slice(None, None, m // _AT_ONCE)
        guess = _solve(x[few], y[few], weight[few], tau, None)[0]
    doubt = np.ones(m, dtype=bool)
    residual = y
    if guess is not None and m > 2 * _AT_ONCE:
        residual = y - x @ guess
        doubt = np.abs(residual) <= np.partition(np.abs(residual), _AT_ONCE)[_AT_ONCE]
    side = np.where(residual > 0, tau, tau - 1)
    while True:
        # The dual: one number for each row in doubt, between its bounds, so that sum of w side x = 0.
        fixed = -(x[~doubt] * (weight * side)[~doubt, None]).sum(axis=0)
        w = weight[doubt]
        scale = np.abs(x).max(axis=0)
        answer = optimize.linprog(
            -y[doubt], A_eq=(x[doubt] / scale).T, b_eq=fixed / scale,
            bounds=np.column_stack([(tau - 1) * w, tau * w]), method="highs-ds",
        )  # fmt: skip
        if answer.status == 2:  # the rows set aside cannot be balanced: more are in doubt than was thought
            doubt |= np.abs(residual) <= 2 * np.abs(residual[doubt]).max()
            continue
        if answer.status != 0:
            raise InformalityError(
                Problem("quantile regression", "the linear programme has no solution", answer.message,
                        "check the outcome for extreme values"), ExitCode.ESTIMATE
            )  # fmt: skip
        theta = -answer.eqlin.marginals / scale
        theta = _exactly(x[doubt], y[doubt], theta, answer.x / w, tau)
        residual = y - x @ theta
        wrong = ~doubt & (np.where(residual > 0, tau, tau - 1) != side)
        side[doubt] = answer.x / w
        if not wrong.any():
            return theta, side
        doubt |= wrong


def _exactly(x: FloatArray, y: FloatArray, theta: FloatArray, side: FloatArray, tau: float) -> FloatArray:
    """The line through the k rows that the programme leaves on it, to the last digit."""
    slack = np.minimum(side - (tau - 1), tau - side)
    on = np.flatnonzero(slack > 1e-9)
    if len(on) != len(theta) or np.linalg.matrix_rank(x[on]) < len(theta):
        return theta  # ties: the programme's own answer
    return np.asarray(np.linalg.solve(x[on], y[on]))


def _density(residual: FloatArray, weight: FloatArray, tau: float) -> tuple[FloatArray, float]:
    """Kernel weights whose weighted mean is the density of residuals at 0, and the bandwidth."""
    share = weight / weight.sum()
    n = 1 / (share**2).sum()
    z = special.ndtri(tau)
    height = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    # Hall and Sheather 1988, for intervals at 95 %
    h = n ** (-1 / 3) * special.ndtri(0.975) ** (2 / 3) * (1.5 * height**2 / (2 * z**2 + 1)) ** (1 / 3)
    h = min(h, (1 - 1e-3) * min(tau, 1 - tau))
    order = np.argsort(residual)
    cumulated = np.cumsum(share[order])
    quarters = residual[order][np.searchsorted(cumulated, [0.25, 0.75])]
    centred = residual - share @ residual
    spread = min(np.sqrt(share @ centred**2), (quarters[1] - quarters[0]) / 1.34)
    bandwidth = float(spread * (special.ndtri(tau + h) - special.ndtri(tau - h)) / np.sqrt(3))
    if not bandwidth > 0:
        raise InformalityError(
            Problem("quantile regression", "most cases lie exactly on the line, so its error cannot be measured",
                    fix="use another quantile, or a design with replicate weights"), ExitCode.ESTIMATE
        )  # fmt: skip
    return np.exp(-((residual / bandwidth) ** 2) / 2) / (np.sqrt(2 * np.pi) * bandwidth), bandwidth
