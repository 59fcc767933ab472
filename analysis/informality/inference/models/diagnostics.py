"""Does a model hold, and on what does it rest: goodness of fit, discrimination, collinearity, influence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, special

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.estimate import means
from informality.inference.models.coefficients import Coefficients
from informality.inference.models.fitted import Fit
from informality.inference.models.sandwich import degrees_of_freedom
from informality.inference.sampling.design import Design
from informality.inference.sampling.linearise import design_covariance
from informality.inference.sampling.moments import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class GoodnessOfFit:
    """Archer-Lemeshow: F on ``df`` and ``ddf``; ``groups``: share predicted and observed by group of risk."""

    statistic: float
    df: int
    ddf: int
    p: float
    groups: pd.DataFrame

    def __str__(self) -> str:
        return f"Archer-Lemeshow: F = {self.statistic:.4g} on {self.df} and {self.ddf} df, p = {self.p:.4f}"


def archer_lemeshow(fit: Fit, groups: int = 10) -> GoodnessOfFit:
    """Do shares predicted and observed differ by more than chance, over groups of equal size by risk?

    Archer and Lemeshow 2006 (Stata Journal 6), Archer, Lemeshow and Hosmer 2007: groups end at weighted quantiles of
    the prediction (equal predictions stay together); mean residuals M of the G groups have the design's
    covariance V; F = (f - G + 2) / (f G) x M' V^-1 M on G - 1 and f - G + 2 degrees of freedom, with f those
    of the design. As in the papers, V takes the coefficients as given.
    """
    y, score = _outcome_and_score(fit, "the Archer-Lemeshow test")
    rows, design = fit.data.patterns.rows, fit.design
    # twelve digits, so that predictions equal but for rounding stay together
    rounded = np.round(score, 12)
    order = np.argsort(rounded, kind="stable")
    cumulated = np.cumsum(design.weight[rows][order])
    at = np.searchsorted(cumulated, cumulated[-1] * np.arange(1, groups) / groups * (1 - 1e-12))
    edges = np.unique(rounded[order][at])
    code = np.searchsorted(edges, rounded, side="left")
    used, code = np.unique(code, return_inverse=True)
    g, f = len(used), fit.design_df
    cells = np.full(fit.data.n_file, -1)
    cells[rows] = code
    values = np.zeros((fit.data.n_file, 3))
    values[rows] = np.column_stack([y - score, score, y])
    by_group = means(design, values, cells, g)
    residual = by_group.value[:, 0]
    cov = by_group.covariance().reshape(g, 3, g, 3)[:, 0, :, 0]
    ddf = f - g + 2
    statistic, p = np.nan, np.nan
    if ddf > 0 and g > 1:
        statistic = float((ddf / (f * g)) * residual @ linalg.solve(cov, residual, assume_a="sym"))
        p = float(special.fdtrc(g - 1, ddf, statistic))
    table = pd.DataFrame(
        {
            "predicted": by_group.value[:, 1],
            "observed": by_group.value[:, 2],
            "difference": residual,
            "se": np.sqrt(np.diag(cov)),
            "n": by_group.n[:, 0],
        },
        index=pd.RangeIndex(1, g + 1, name="group"),
    )
    return GoodnessOfFit(statistic, g - 1, ddf, p, table)


@dataclass(frozen=True, slots=True, eq=False)
class Roc(Coefficients):
    """Area under the weighted ROC curve (``value[0]``) and the ``curve``: threshold, sensitivity, specificity."""

    curve: pd.DataFrame


def roc(fit: Fit) -> Roc:
    """Design-weighted ROC curve and its area (AUC): how well the predictions of a binary model tell cases apart.

    See :func:`auc`. The predictions are taken as given: the error says how the area varies from sample to sample, not how
    the model would.
    """
    y, score = _outcome_and_score(fit, "an ROC curve")
    rows, place = fit.data.patterns.rows, f"ROC of `{fit.formula}`"
    area = auc(fit.design, rows, y, score[:, None], ("AUC",), place)
    sides = _Sides.of(y, score)
    one, none, _, _ = sides.pieces(fit.design.weight[rows])
    curve = pd.DataFrame(
        {
            "threshold": sides.levels,
            "sensitivity": (one.sum() - np.cumsum(one) + one) / one.sum(),
            "specificity": (np.cumsum(none) - none) / none.sum(),
        }
    )
    return Roc(area.names, area.value, area.cov, area.df, curve)


def auc(
    design: Design, rows: IntArray, y: FloatArray, scores: FloatArray, names: Sequence[str], place: str
) -> Coefficients:
    """Areas under the weighted ROC curves of S scores of the same cases, with their covariance.

    ``rows``: (N,) file rows of the cases; ``y``: (N,) 0 or 1; ``scores``: (N, S), taken as given. The area is the share of
    pairs, one with the outcome and one without, weighted by both weights, in which the first has the higher score, ties
    counting half. Its influence is, for a case, w/W1 (share of the others below it - AUC), and the mirror of that for the
    others (DeLong, DeLong and Clarke-Pearson 1988, weighted). Raises :class:`InformalityError` (ESTIMATE) if an outcome is
    not 0 or 1.
    """
    if not np.isin(y, (0.0, 1.0)).all():
        raise InformalityError(
            Problem(place, "the outcome must be 0 or 1 for each case", fix="shares cannot be told apart"),
            ExitCode.ESTIMATE,
        )
    sides = [_Sides.of(y, score) for score in scores.T]

    def statistic(weight: FloatArray) -> FloatArray:
        return np.array([side.area(weight[rows]) for side in sides])

    value, weight = statistic(design.weight), design.weight[rows]
    influence = np.zeros((len(design.weight), len(names)))
    for s, side in enumerate(sides):
        one, none, below, above = side.pieces(weight)
        with_it, without = (below[side.place] - value[s]) / one.sum(), (above[side.place] - value[s]) / none.sum()
        influence[rows, s] = np.where(side.with_it, with_it, without) * weight
    cov = design_covariance(design, statistic, influence)
    return Coefficients(tuple(names), value, cov, degrees_of_freedom(design, rows))


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """Cases with and without an outcome (N,), and the place (N,) of each among the distinct scores ``levels``."""

    levels: FloatArray
    place: IntArray
    with_it: NDArray[np.bool_]

    @classmethod
    def of(cls, y: FloatArray, score: FloatArray) -> _Sides:
        levels, place = np.unique(np.round(score, 12), return_inverse=True)
        return cls(levels, place, y == 1)

    def pieces(self, weight: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Weight with and without the outcome at each score, and the shares beyond it on the other side."""
        one, none = (
            np.asarray(np.bincount(self.place, weight * side, minlength=len(self.levels)), dtype=np.float64)
            for side in (self.with_it, ~self.with_it)
        )
        below = (np.cumsum(none) - none / 2) / none.sum()
        above = 1 - (np.cumsum(one) - one / 2) / one.sum()
        return one, none, below, above

    def area(self, weight: FloatArray) -> float:
        one, _, below, _ = self.pieces(weight)
        return float(one @ below / one.sum())


def vif(fit: Fit) -> pd.DataFrame:
    """Variance inflation of each term, from the weighted correlations of the columns of the model.

    ``gvif``: how much larger the joint confidence region of the term's coefficients is than if it were unrelated to
    the others (Fox and Monette 1992), for a single column 1 / (1 - R2). ``per_coefficient``: gvif to the power
    1 / (2 df), comparable between terms; 2 is a common alarm.
    """
    sample = fit.data.sample
    weight = fit.data.patterns.sums(fit.design.weight)

    def part(rows: slice, x: FloatArray, offset: Any) -> tuple[Any, ...]:
        return weight[rows] @ x, (x * weight[rows, None]).T @ x

    sums, squares = sample.over(part)
    mean = sums / weight.sum()
    columns = [i for i, name in enumerate(fit.matrix.names) if name != "Intercept"]
    spread = (squares / weight.sum() - np.outer(mean, mean))[np.ix_(columns, columns)]
    size = np.sqrt(np.diag(spread))
    correlation = spread / np.outer(size, size)
    terms = [fit.matrix.terms[i] for i in columns]
    rows = []
    for term in dict.fromkeys(terms):
        mine = np.array([t == term for t in terms])
        parts = [np.linalg.slogdet(correlation[np.ix_(m, m)])[1] for m in (mine, ~mine)]
        gvif = float(np.exp(sum(parts) - np.linalg.slogdet(correlation)[1]))
        rows.append((term, int(mine.sum()), gvif, gvif ** (1 / (2 * mine.sum()))))
    return pd.DataFrame(rows, columns=["term", "df", "gvif", "per_coefficient"]).set_index("term")


def influential(fit: Fit, by: Literal["psu", "row"] = "psu", top: int = 10) -> pd.DataFrame:
    """The PSUs (or rows) whose absence would move the coefficients most, to first order.

    ``distance``: t' V^-1 t / k with t the influence of the PSU, Cook's distance under the design. ``most_moved``:
    the coefficient it moves most, ``dfbetas``: by how many standard errors (dropping the PSU moves it the other
    way).
    """
    if by not in ("psu", "row"):
        raise ValueError(f"by must be psu or row, not {by!r}")
    rows, design, influence = fit.data.patterns.rows, fit.design, fit.influence()
    key = design.psu[rows] if by == "psu" else rows
    units, place = np.unique(key, return_inverse=True)
    totals = np.column_stack([np.bincount(place, column, minlength=len(units)) for column in influence[rows].T])
    distance = np.einsum("ij,ji->i", totals, linalg.pinvh(fit.cov) @ totals.T) / len(fit.names)
    order = np.argsort(-distance, kind="stable")[:top]
    scaled = totals / fit.se
    most = np.abs(scaled).argmax(axis=1)
    table = pd.DataFrame(
        {
            **_labels(design, by, units[order]),
            "cases": np.bincount(place)[order],
            "distance": distance[order],
            "most_moved": [fit.names[i] for i in most[order]],
            "dfbetas": scaled[order, most[order]],
        }
    )
    return table.reset_index(drop=True)


def _labels(design: Design, by: str, units: IntArray) -> dict[str, Any]:
    if by == "row":
        return {"row": units}
    return {"stratum": design.units.stratum_labels[design.units.stratum[units]], "psu": design.units.psu_labels[units]}


def _outcome_and_score(fit: Fit, what: str) -> tuple[FloatArray, FloatArray]:
    """Outcome and prediction (N,) of the model's rows, for models of a share."""
    if fit.family != "binomial":
        raise InformalityError(
            Problem(f"model `{fit.formula}`", f"{what} is for models of a 0/1 outcome", fit.family,
                    "fit a logit, probit or complementary log-log model"), ExitCode.ESTIMATE
        )  # fmt: skip
    patterns = fit.data.patterns
    return patterns.spread(fit.data.sample.y), fit.predict()[patterns.rows]
