"""What a propensity says of one characteristic: the average predicted share if everyone had it.

Partial dependence (Friedman 2001): a characteristic is set to one value for all cases, all else as it is, and the
predictions are averaged with the weights; each case is predicted by the model that has not seen its PSU. It describes
the model, not what would happen if people changed.

Its error counts that other samples would have taught other models. The models themselves are what is needed: each was
learned without one group of PSUs, so the averages they give for the cases they know are the replicates of the
delete-a-group jackknife (Kott 2001, Journal of Official Statistics 17): (K - 1) / K times the sum of squared deviations,
on K - 1 degrees of freedom for K folds. With fewer PSUs in a stratum than folds it errs on the large side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.inference.estimates.intervals import limits
from informality.inference.models import covariates
from informality.inference.sampling.moments import FloatArray
from informality.inference.segments.propensity import Propensity
from informality.inference.segments.threads import one_thread


@dataclass(frozen=True, slots=True, eq=False)
class Dependence:
    """Average predicted shares for L values of one characteristic: ``value`` (L,), ``replicates`` (K, L)."""

    model: str
    characteristic: str
    title: str
    levels: tuple[str, ...]
    labels: tuple[str, ...]
    value: FloatArray
    replicates: FloatArray
    n: int

    @property
    def covariance(self) -> FloatArray:
        """(L, L) of the values, by the delete-a-group jackknife."""
        deviations = self.replicates - self.replicates.mean(axis=0)
        return np.asarray((len(deviations) - 1) / len(deviations) * deviations.T @ deviations)

    def table(self) -> pd.DataFrame:
        """Tidy: each predicted share, and (``versus``) its difference from that of the first value."""
        df, cov = len(self.replicates) - 1, self.covariance
        gap = self.value - self.value[0]
        gap_variance = np.diag(cov) + cov[0, 0] - 2 * cov[0]
        rows = []
        for versus, value, variance in (("", self.value, np.diag(cov)), (self.labels[0], gap, gap_variance)):
            se = np.sqrt(np.maximum(variance, 0))
            low, high = limits("t" if versus else "logit", value, se, df, self.n, 0.95)
            for i in range(1 if versus else 0, len(self.levels)):
                head = {"model": self.model, "characteristic": self.characteristic, "title": self.title}
                level = {"level": self.levels[i], "label": self.labels[i], "versus": versus}
                numbers = {"value": value[i], "se": se[i], "low": low[i], "high": high[i], "n": self.n}
                rows.append({**head, **level, **numbers})
        return pd.DataFrame(rows)


def dependence(propensity: Propensity, name: str, at: Sequence[float | str] | None = None) -> Dependence:
    """Average predicted share if everyone had each level of a characteristic, or each of the values ``at``.

    Numbers need ``at``. Raises :class:`InformalityError` (ESTIMATE) for a name or a level that there is not.
    """
    place = f"dependence of {propensity.learner}"
    columns = {c.what.name: (i, c) for i, c in enumerate(propensity.cases.columns)}
    if name not in columns:
        fix = did_you_mean(name, columns)
        raise InformalityError(
            Problem(place, f"`{name}` is not one of its characteristics", fix=fix), ExitCode.ESTIMATE
        )
    i, column = columns[name]
    if column.what.kind == "number":
        if not at:
            raise InformalityError(
                Problem(place, f"`{name}` is a number, and no values are chosen", fix="choose some: at=[20, 40, 60]"),
                ExitCode.ESTIMATE,
            )
        settings = [float(v) for v in at]
        levels = labels = tuple(f"{v:g}" for v in settings)
    else:
        variable = covariates.Variable(name, column.values, column.levels)
        codes = [variable.code(level, place) for level in at or column.levels]
        settings = [float(c) for c in codes]
        levels = tuple(column.levels[c] for c in codes)
        labels = tuple(column.what.label(level) for level in levels)

    units, coded = propensity.units, propensity.coded
    size = len(propensity.models)
    weight = np.stack(
        [
            np.bincount(units.pattern, np.where(units.fold == f, units.weight, 0.0), minlength=len(coded.x))
            for f in range(size)
        ]
    )
    total = weight.sum(axis=0)
    value, replicates = np.zeros(len(settings)), np.zeros((size, len(settings)))
    with one_thread():
        for j, setting in enumerate(settings):
            x = coded.x.copy()
            x[:, i] = setting
            for f, model in enumerate(propensity.models):
                predicted = model(x)
                value[j] += weight[f] @ predicted / total.sum()
                replicates[f, j] = (total - weight[f]) @ predicted / (total - weight[f]).sum()
    return Dependence(
        propensity.learner, name, column.what.printed, levels, labels, value, replicates, len(propensity.cases.rows)
    )
