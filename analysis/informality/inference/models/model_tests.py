"""Is a term needed? Wald and likelihood-ratio tests of coefficients under a sample design.

The Wald test divides by the covariance of the design. It needs as many degrees of freedom as it tests, and is
unsteady when the design has few. The working tests treat the weighted likelihood as if it were one, and refer the
statistic to what it is distributed as under the design: a sum of chi-squares with weights lambda, the eigenvalues
of (working covariance)^-1 x (design covariance), the "generalised design effects" of Rao and Scott 1984; with few
degrees of freedom, to the ratio of that to a chi-square of them (Lumley and Scott 2014; R ``regTermTest``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import linalg, optimize, special

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.inference.models import newton
from informality.inference.models.coefficients import Coefficients
from informality.inference.models.fitted import Fit
from informality.inference.models.sandwich import deviance, sizes
from informality.inference.models.several_outcomes import Multinomial
from informality.inference.sampling.moments import FloatArray

Reference = Literal["saddlepoint", "satterthwaite"]


@dataclass(frozen=True, slots=True, eq=False)
class ModelTest:
    """A test that ``df`` coefficients are all 0. ``ddf``: denominator degrees of freedom; NaN p without any.

    ``statistic``: an F for Wald, else the working chi-square. ``deffs``: the lambdas, empty for Wald.
    """

    method: str
    names: tuple[str, ...]
    statistic: float
    df: int
    ddf: int
    p: float
    deffs: FloatArray

    def __str__(self) -> str:
        shown = "F" if self.method == "Wald" else "chi-square"
        p = "< 0.0001" if self.p < 0.0001 else f"= {self.p:.4f}"
        effects = f"; design effects {', '.join(f'{d:.3g}' for d in self.deffs)}" if len(self.deffs) else ""
        return (
            f"{self.method} test of {', '.join(self.names)}: "
            f"{shown} = {self.statistic:.4g} on {self.df} and {self.ddf} df, p {p}{effects}"
        )


def wald(result: Coefficients, names: str | Sequence[str]) -> ModelTest:
    """Are these coefficients (or terms of a fit, or margins, or contrasts) all 0? F = b' V^-1 b / q."""
    places, tested = _places(result, names)
    value, cov = result.value[places], result.cov[np.ix_(places, places)]
    if np.linalg.matrix_rank(cov / np.sqrt(np.outer(np.diag(cov), np.diag(cov)))) < len(places):
        raise InformalityError(
            Problem(
                "Wald test",
                f"{len(places)} coefficients cannot be tested together with this design",
                f"their covariance has a lower rank; {result.df} degrees of freedom are left",
                "test fewer at a time, or use the working likelihood-ratio test",
            ),
            ExitCode.ESTIMATE,
        )
    f = float(value @ linalg.solve(cov, value, assume_a="pos") / len(places))
    p = float(special.fdtrc(len(places), result.df, f)) if result.df > 0 else np.nan
    return ModelTest("Wald", tested, f, len(places), result.df, p, np.array([]))


def working_wald(fit: Fit, names: str | Sequence[str], reference: Reference = "saddlepoint") -> ModelTest:
    """b' V0^-1 b with the working covariance V0, referred to its distribution under the design."""
    places, tested = _places(fit, names)
    value = fit.value[places]
    working, deffs = _working(fit, places)
    statistic = float(value @ linalg.solve(working, value, assume_a="pos"))
    p = _tail(statistic, deffs, fit.df, reference)
    return ModelTest("working Wald", tested, statistic, len(places), fit.df, p, deffs)


def likelihood_ratio(fit: Fit, names: str | Sequence[str], reference: Reference = "saddlepoint") -> ModelTest:
    """Working likelihood-ratio (Rao-Scott) test: the model is fitted again without these terms.

    ``reference``: the distribution of the sum of chi-squares by Kuonen's saddlepoint, which keeps its
    relative accuracy far in the tail, or by Satterthwaite's F (the second-order Rao-Scott correction).
    """
    places, tested = _places(fit, names)
    data, columns = fit.data, len(fit.matrix.names)
    outcomes = len(fit.outcomes) - 1 if isinstance(data.likelihood, Multinomial) else 1
    whole = [j for j in range(columns) if all(j + r * columns in set(places) for r in range(outcomes))]
    if len(whole) * outcomes != len(places):
        raise InformalityError(
            Problem("likelihood-ratio test", "only whole columns of the model can be left out", ", ".join(tested),
                    "name terms, not single coefficients or cut points"), ExitCode.ESTIMATE
        )  # fmt: skip
    weight = data.patterns.sums(fit.design.weight)
    smaller = data.sample.reduced(fit.matrix.without(whole))
    squares = newton.gram(smaller, weight)
    size = sizes(data.likelihood, squares, weight)
    theta = newton.maximise(data.likelihood, smaller, weight, size).theta
    statistic = deviance(data, fit.design, smaller, theta) - fit.deviance
    _, deffs = _working(fit, places)
    p = _tail(statistic, deffs, fit.df, reference)
    return ModelTest("working likelihood-ratio", tested, statistic, len(places), fit.df, p, deffs)


def _places(result: Coefficients, names: str | Sequence[str]) -> tuple[list[int], tuple[str, ...]]:
    """Places of the parameters called by name or by term."""
    tested = (names,) if isinstance(names, str) else tuple(names)
    terms = result.terms if isinstance(result, Fit) else result.names
    places: list[int] = []
    for name in tested:
        mine = [i for i, (a, b) in enumerate(zip(result.names, terms, strict=True)) if name in (a, b)]
        if not mine:
            allowed = dict.fromkeys([*terms, *result.names])
            raise InformalityError(
                Problem("test of coefficients", f"there is no `{name}`", fix=did_you_mean(name, allowed)),
                ExitCode.ESTIMATE,
            )
        places += [i for i in mine if i not in places]
    return places, tested


def _working(fit: Fit, places: list[int]) -> tuple[FloatArray, FloatArray]:
    """Working covariance of some parameters, for weights with a mean of 1, and the design effects."""
    working = fit.bread[np.ix_(places, places)] * fit.n_weighted / fit.n
    deffs = linalg.eigh(fit.cov[np.ix_(places, places)], working, eigvals_only=True)[::-1]
    return working, np.asarray(deffs)


def _tail(statistic: float, deffs: FloatArray, ddf: int, reference: Reference) -> float:
    """P(sum of deffs x chi-square(1) > statistic x chi-square(ddf) / ddf)."""
    if reference not in ("saddlepoint", "satterthwaite"):
        raise ValueError(f"reference must be saddlepoint or satterthwaite, not {reference!r}")
    if ddf <= 0:
        return np.nan
    if statistic <= 0:
        return 1.0
    if reference == "saddlepoint":
        p = _saddlepoint(np.append(deffs, -statistic / ddf), np.append(np.ones(len(deffs)), ddf))
        if np.isfinite(p):
            return p
    mean, square = deffs.mean(), (deffs**2).mean()
    return float(special.fdtrc(len(deffs) * mean**2 / square, ddf, statistic / deffs.sum()))


def _saddlepoint(weights: FloatArray, df: FloatArray) -> float:
    """P(sum of weights x chi-square(df) > 0) (Kuonen 1999); NaN next to the mean, where it is not defined."""
    weights = weights / weights.max()

    def slope(t: float) -> float:
        return float(np.sum(df * weights / (1 - 2 * t * weights)))

    low = 1 / (2 * weights[weights < 0].min()) * (1 - 1e-12)
    t = optimize.brentq(slope, low, 0.5 * (1 - 1e-12), xtol=1e-15, rtol=1e-14, maxiter=500)
    if abs(t) < 1e-4:
        return np.nan
    height = -np.sum(df * np.log1p(-2 * t * weights)) / 2
    w = np.sign(t) * np.sqrt(-2 * height)
    v = t * np.sqrt(np.sum(2 * df * weights**2 / (1 - 2 * t * weights) ** 2))
    return float(special.ndtr(-(w + np.log(v / w) / w)))
