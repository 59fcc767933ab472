"""How good propensities are, on cases whose PSU the model has not seen, and whether a black box buys anything.

Three measures, weighted: the mean log loss (surprise), the Brier score (mean squared error of the probability, Brier
1950), both better when smaller, and the area under the ROC curve, better when larger. Errors are the design's and **take
the scores as given**: they say how the measure varies over samples of people to score, not over samples to learn from, of
which no unbiased error exists (Bengio and Grandvalet 2004). Differences between models on the same cases have the error
of the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.derived import Derived, cells
from informality.inference.estimates.estimate import Estimate, means
from informality.inference.estimates.intervals import Method, interval, limits
from informality.inference.models.coefficients import Coefficients
from informality.inference.models.diagnostics import auc
from informality.inference.segments.propensity import Propensity, log_loss

_MEASURES = ("log loss", "Brier score", "AUC")
_CURVE: tuple[tuple[str, Method], ...] = (("predicted", "logit"), ("observed", "logit"), ("difference", "t"))


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Measures of S models of the same outcome, joint covariance and all.

    ``losses``: means (1, 2 S), log loss and Brier score of each model. ``areas``: AUC of each. ``reference``: the model
    the others are compared with.
    """

    models: tuple[str, ...]
    losses: Estimate
    areas: Coefficients
    reference: int | None

    def table(self) -> pd.DataFrame:
        """Tidy: each measure of each model, and (``versus``) its difference from that of the reference model."""
        rows = [row for s in range(len(self.models)) for row in self._of(s)]
        return pd.DataFrame(rows)

    def value(self, model: str, measure: str) -> float:
        """One number, by the names printed in the table."""
        row = self.table().query("model == @model and measure == @measure and versus == ''")
        return float(row["value"].iloc[0])

    def _of(self, s: int) -> list[dict[str, object]]:
        losses = cells(self.losses)
        numbers: list[tuple[str, str, Derived | Coefficients, int]] = [
            (_MEASURES[0], "", losses, 2 * s),
            (_MEASURES[1], "", losses, 2 * s + 1),
            (_MEASURES[2], "", self.areas, s),
        ]
        if self.reference is not None and s != self.reference:
            r, versus = self.reference, self.models[self.reference]
            gained = (losses[2 * s : 2 * s + 2] - losses[2 * r : 2 * r + 2]).named("difference")
            names = self.areas.names
            numbers += [
                (_MEASURES[0], versus, gained, 0),
                (_MEASURES[1], versus, gained, 1),
                (_MEASURES[2], versus, self.areas.differences([(names[s], names[r])]), 0),
            ]
        n = int(self.losses.n.ravel()[0])
        return [
            {"model": self.models[s], "measure": measure, "versus": versus, **_numbers(of, at), "n": n}
            for measure, versus, of, at in numbers
        ]


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationCurve:
    """Predicted and observed shares by group of propensity.

    ``estimate``: means (B, 3) of what is predicted, of what is observed, and of observed less predicted.
    """

    model: str
    estimate: Estimate

    def table(self) -> pd.DataFrame:
        """Tidy: for each group the predicted share, the observed one with its interval, and their difference.

        A group in which all, or none, have the outcome shows no variation, and so has no interval.
        """
        of, rows = self.estimate, []
        shown = np.where((of.value[:, 1] > 0) & (of.value[:, 1] < 1), of.df[:, 1], 0)
        for j, (measure, method) in enumerate(_CURVE):
            df = of.df[:, j] if measure == "predicted" else shown
            low, high = limits(method, of.value[:, j], of.se[:, j], df, of.n[:, j], 0.95)
            for b in range(len(of.value)):
                numbers = {
                    "value": of.value[b, j],
                    "se": of.se[b, j],
                    "low": low[b],
                    "high": high[b],
                    "n": int(of.n[b, j]),
                }
                rows.append({"model": self.model, "group": b + 1, "measure": measure, **numbers})
        return pd.DataFrame(rows).sort_values("group", kind="stable").reset_index(drop=True)


def scores(propensities: Sequence[Propensity], reference: str | None = None) -> Scores:
    """Measures of one or more sets of propensities of the same cases and outcome, out of fold.

    A model that gives everyone the share of all is put beside them (`everyone alike`): what is not better than that has
    learned nothing. ``reference``: the name of the learner the others are compared with. Raises
    :class:`InformalityError` (ESTIMATE) for propensities that are not of the same cases.
    """
    first = propensities[0]
    for other in propensities[1:]:
        same = np.array_equal(first.outcome, other.outcome, equal_nan=True) and first.design is other.design
        if not same or not np.array_equal(first.fold, other.fold):
            raise InformalityError(
                Problem("comparison of propensities", "they are not of the same cases, outcome and folds",
                        f"{first.learner} and {other.learner}",
                        "make them with the same design, domain, outcome, folds and seed"), ExitCode.ESTIMATE
            )  # fmt: skip
    names = [*(p.learner for p in propensities), "everyone alike"]
    if len(set(names)) < len(names):
        raise ValueError(f"two learners have one name: {', '.join(names)}")
    if reference is not None and reference not in names:
        raise ValueError(f"reference must be one of {', '.join(names)}, not {reference!r}")
    rows, design = first.cases.rows, first.design
    y = first.outcome[rows]
    alike = np.full(len(rows), np.average(y, weights=design.weight[rows]))
    p = np.column_stack([*(q.value[rows] for q in propensities), alike])
    losses = np.full((len(design.weight), 2 * p.shape[1]), np.nan)
    losses[rows, 0::2] = np.column_stack([log_loss(y, column) for column in p.T])
    losses[rows, 1::2] = (y[:, None] - p) ** 2
    areas = auc(design, rows, y, p, names, "comparison of propensities")
    return Scores(tuple(names), means(design, losses), areas, None if reference is None else names.index(reference))


def calibration_curve(propensity: Propensity, groups: int = 10) -> CalibrationCurve:
    """Predicted and observed shares in ``groups`` of equal size by propensity; those with the same one stay together."""
    if groups < 2:
        raise ValueError(f"a calibration curve takes at least 2 groups, not {groups}")
    rows, design = propensity.cases.rows, propensity.design
    # twelve digits, so that propensities equal but for rounding stay together
    p, y = np.round(propensity.value[rows], 12), propensity.outcome[rows]
    order = np.argsort(p, kind="stable")
    cumulated = np.cumsum(design.weight[rows][order])
    at = np.searchsorted(cumulated, cumulated[-1] * np.arange(1, groups) / groups * (1 - 1e-12))
    code = np.searchsorted(np.unique(p[order][at]), p, side="left")
    used, code = np.unique(code, return_inverse=True)
    values = np.full((len(design.weight), 3), np.nan)
    values[rows] = np.column_stack([p, y, y - p])
    domain = propensity.cases.in_file(code, -1)
    return CalibrationCurve(propensity.learner, means(design, values, domain, len(used)))


def _numbers(of: Derived | Coefficients, at: int) -> dict[str, float]:
    low, high = of.interval() if isinstance(of, Coefficients) else interval(of, "t")
    return {"value": of.value[at], "se": of.se[at], "low": low[at], "high": high[at]}
