"""Do two groups hold people alike? The odds of belonging to the first, and what reweighting by them rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.decomposition.groups import Compared
from informality.inference.models.fitted import Fit
from informality.inference.models.likelihoods import Logit
from informality.inference.models.regression import fit_data
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray

_NEAR = 0.05  # a propensity this near to 0 or 1: like them, twenty of one group for each of the other
_MUCH = 0.05  # a share of the weight, on such people or on one case, that is worth a warning
_UNEVEN = (
    0.1  # standard deviations between groups that should be alike (Austin 2009, Statistics in Medicine 28: 3083-3107)
)


def propensity(compared: Compared, design: Design) -> Fit:
    """The logit of who is in the first group and not in the second; separation is an error (ESTIMATE)."""
    first, second = compared.labels
    data = compared.pooled(False)
    sample = replace(data.sample, y=compared.first.astype(np.float64))
    place = f"reweighting of `{compared.text}`, model of who is {first} and not {second}"
    # its own covariance is not used: no need to fit it once for each set of replicate weights
    once = replace(design, replicates=None)
    return fit_data(replace(data, likelihood=Logit(), sample=sample, place=place), once)


@dataclass(frozen=True, slots=True, eq=False)
class Odds:
    """``relative`` (m,): by pattern, the log of how much more common such people are in the first group.

    ``weight`` (m, 3): of the first group, of the second, and of the second with the odds, adding up to the same.
    """

    relative: FloatArray
    weight: FloatArray

    @classmethod
    def under(cls, compared: Compared, fit: Fit, theta: FloatArray, weight: FloatArray) -> Odds:
        """With parameters ``theta`` of the propensity, and weights (n,)."""
        sample = fit.data.sample
        eta = np.concatenate([sample.block(rows) @ theta for rows in sample.slices()])
        w = compared.data.patterns.sums(weight)
        second = np.flatnonzero(~compared.first)
        eta -= special.logsumexp(eta[second], b=w[second] / w[second].sum())  # 1 on average over the second group
        out = np.zeros((len(w), 3))
        out[:, 0], out[:, 1] = w * compared.first, w * ~compared.first
        out[second, 2] = w[second] * np.exp(eta[second])
        return cls(eta, out)

    @property
    def shares(self) -> FloatArray:
        """(m, 3) the weights as shares of each column."""
        return np.asarray(self.weight / self.weight.sum(axis=0))


def overlap(compared: Compared, odds: Odds, weight: FloatArray) -> pd.DataFrame:
    """For both groups and the second reweighted: cases, effective cases, largest weight, propensities near 0 and 1.

    Kish's effective number is (sum of w)^2 / sum of w^2, over rows. The propensity is that of the first group, were
    both equally large, so that a small group is not taken for a strange one.
    """
    patterns = compared.data.patterns
    first = patterns.spread(compared.first)
    w = weight[compared.rows]
    balanced = patterns.spread(special.expit(odds.relative))
    with np.errstate(over="ignore"):
        relative = np.where(first, 0.0, np.exp(patterns.spread(odds.relative)))
    rows = []
    for inside in (w * first, w * ~first, w * relative):
        share = inside / inside.sum()
        near = [share @ (balanced < _NEAR), share @ (balanced > 1 - _NEAR)]
        rows.append((int(np.count_nonzero(inside)), 1 / (share @ share), share.max(), *near))
    names = [*compared.labels, f"{compared.labels[1]}, reweighted"]
    columns = ["n", "effective_n", "largest", "near_0", "near_1"]
    return pd.DataFrame(rows, columns=columns, index=pd.Index(names, name="group"))


def require_overlap(
    compared: Compared, table: pd.DataFrame, balanced: pd.DataFrame, fewest: float, alone: float
) -> list[Problem]:
    """Warnings about thin overlap, from the tables here; an error (ESTIMATE) where it fails by ``fewest`` or ``alone``."""
    place, (first, second) = f"reweighting of `{compared.text}`", compared.labels
    last, lone = table.iloc[2], table["near_1"].iloc[0]
    evidence = (
        f"{last['n']:,.0f} cases of {second}, reweighted, say as much as {last['effective_n']:.1f} equal ones "
        f"(before: {table['effective_n'].iloc[1]:.1f}); {lone:.1%} of {first} have hardly a like in {second}"
    )
    if last["effective_n"] < fewest or lone > alone:
        raise InformalityError(
            Problem(place, f"{second} cannot be made to look like {first}: too few of them are alike (no overlap)",
                    evidence, "narrow the domain to people found in both groups, or leave out what sets them apart; "
                    f"at least {fewest:g} equal cases (`fewest`) and at most {alone:.0%} without a like (`alone`) "
                    "are insisted on"), ExitCode.ESTIMATE
        )  # fmt: skip
    notes = []
    if lone > _MUCH:
        notes.append(
            f"{lone:.1%} of {first} have characteristics that hardly occur in {second} "
            f"(propensity above {1 - _NEAR:g}), so the counterfactual rests on few cases there"
        )
    if last["largest"] > _MUCH:
        notes.append(f"one case carries {last['largest']:.1%} of the reweighted group")
    off = balanced["after"][balanced["after"].abs() > _UNEVEN]
    if len(off):
        most = ", ".join(f"`{name}` by {distance:+.2f}" for name, distance in off.items())
        notes.append(f"reweighted, the groups still differ in {most} standard deviations")
    return [Problem(place, note, evidence, severity="warning") for note in notes]


def balance(compared: Compared, fit: Fit, odds: Odds) -> pd.DataFrame:
    """Means of the covariates in both groups and in the second reweighted, and their distances before and after.

    Distances from the first group, over the root of the mean of both groups' variances (Rosenbaum and Rubin 1985).
    """
    sample, shares = fit.data.sample, odds.shares
    mean, square = sample.over(lambda rows, x, _: (shares[rows].T @ x, shares[rows, :2].T @ x**2))
    spread = np.sqrt(np.maximum((square - mean[:2] ** 2).mean(axis=0), 0.0))
    before, after = (np.divide(mean[0] - m, spread, out=np.zeros_like(spread), where=spread > 0) for m in mean[1:])
    first, second = compared.labels
    columns = {first: mean[0], second: mean[1], f"{second}, reweighted": mean[2], "before": before, "after": after}
    table = pd.DataFrame(columns, index=pd.Index(sample.matrix.names, name="covariate"))
    return table.drop(index="Intercept")
