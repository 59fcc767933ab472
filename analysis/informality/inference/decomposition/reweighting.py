"""What one group's outcomes would be with the other group's characteristics: by reweighting, for any statistic.

DiNardo, Fortin and Lemieux 1996 (Econometrica 64: 1001-1044). Each case of the second group gets, on top of its
weight, the odds of belonging to the first group given its characteristics x: exp(x'g) of a logit of the group on x.
The second group then looks like the first in what the formula says, and its means, shares and quantiles are those
it would have if its members had the characteristics of the first, and these counted as they do in the second
group. So a gap divides, at any place of the distribution, into

    explained    the counterfactual less the second group as it is: what goes with the characteristics
    unexplained  the first group as it is less the counterfactual: what is left between people alike in them

(Fortin, Lemieux and Firpo 2011, Handbook of Labor Economics 4A: 1-102). No model of the outcome is needed, only that
people of the second group are found wherever those of the first are. That overlap is measured, printed, and insisted
on. Explained is not justified, and unexplained is not discrimination proven.

Errors: the odds are estimated from the same sample, so their influence is added to that of the counterfactual, row
by row, before the design sees it; with replicate weights the logit is fitted anew with each set. A quantile has
Woodruff's error, as in :mod:`~informality.inference.estimates.quantiles`, from the error of the (counterfactual)
share of people below it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.decomposition.groups import Compared, Groups, compare
from informality.inference.decomposition.overlap import Odds, balance, overlap, propensity, require_overlap
from informality.inference.decomposition.result import Comparison, named
from informality.inference.estimates.quantiles import weighted_quantiles
from informality.inference.models.coefficients import carried
from informality.inference.models.fitted import Fit
from informality.inference.models.model_data import Missing
from informality.inference.models.sandwich import degrees_of_freedom
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray

_CONFIDENCE = 0.95  # of Woodruff's interval, whose width is the error of a quantile

# What is shown of each statistic, as sums of that of the first group, the second, and the second reweighted.
_SHOWN = {
    "observed first": (1, 0, 0), "observed second": (0, 1, 0), "counterfactual": (0, 0, 1),
    "gap": (1, -1, 0), "explained": (0, -1, 1), "unexplained": (1, 0, -1),
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Reweighted(Comparison):
    """For each statistic both groups as they are, the second reweighted to look like the first, the gap, its parts.

    Names are ``mean: counterfactual: informal``, ``quantile 0.5: explained``; ``labels`` has the same in the columns
    ``statistic``, ``part``, ``group``. ``weight``: (n,) of the reweighted group, adding up to what it did before.

    ``overlap``: a row for each group and for the second reweighted. ``effective_n`` is the number of cases
    of equal weight that would say as much (Kish), ``largest`` the share of the weight that one case carries;
    ``near_0`` and ``near_1`` the shares of the weight with a propensity below 0.05 and above 0.95, of belonging
    to the first group, were both equally large. Those of the first group ``near_1`` hardly have a like in the second.
    ``balance``: means of the covariates in the three, and how far both groups are apart ``before`` and
    ``after``, in standard deviations; after should be next to nothing, or the formula needs more terms.
    """

    overlap: pd.DataFrame
    balance: pd.DataFrame
    weight: FloatArray

    def __str__(self) -> str:
        shown = {"n": "{:,.0f}", "effective_n": "{:,.1f}"}
        table = self.overlap.apply(lambda c: c.map(shown.get(str(c.name), "{:.2%}").format)).rename_axis(index=None)
        return f"{Comparison.__str__(self)}\n\nOverlap of the groups\n{table.to_string()}"


def reweighted(
    design: Design,
    frame: pd.DataFrame,
    formula: str,
    groups: Groups,
    statistics: Sequence[str | float] = ("mean",),
    *,
    domain: ArrayLike | None = None,
    missing: Missing = "refuse",
    fewest: float = 30.0,
    alone: float = 0.25,
) -> Reweighted:
    """The second group with the characteristics of the first: means, shares and quantiles, and what that explains.

    ``formula``: ``log(earnings) ~ sex + age + education``, the outcome left, right what people are to be alike in.
    ``groups``: ``("job", "formal", "informal")`` gives informal workers the characteristics of formal ones; or two named
    masks. ``statistics``: ``"mean"`` (a share, where the outcome is a condition) and probabilities of quantiles,
    such as 0.1, 0.5, 0.9. ``fewest``: the effective number of cases that the reweighted group must be
    worth; with fewer it rests on a handful of people who happen to look like the first group. ``alone``: the share of
    the first group that may have hardly a like in the second (``near_1``); with more, the counterfactual is
    about other people than it says.

    Raises :class:`InformalityError`: SPEC, DATA and ESTIMATE as decompositions do, and ESTIMATE where overlap fails: levels
    that only one group has, characteristics that tell the groups apart with certainty, ``fewest`` or ``alone`` not kept.
    """
    wanted = _wanted(statistics, formula)
    compared = compare("linear", design, frame, formula, groups, domain, missing, centred=False)
    fit = propensity(compared, design)
    odds = Odds.under(compared, fit, fit.value, design.weight)
    table = overlap(compared, odds, design.weight)
    balanced = balance(compared, fit, odds)
    notes = (*compared.data.notes, *require_overlap(compared, table, balanced, fewest, alone))
    members = [compared.data.patterns.among(chosen).rows for chosen in (compared.first, ~compared.first)]
    freedom = [degrees_of_freedom(design, rows) for rows in members]

    # A quantile has its error from the share of people at or below it, which is a mean (Woodruff 1952).
    y = compared.data.sample.y
    order = np.argsort(y, kind="stable")
    ascending = [(y[order], w[order]) for w in odds.weight.T]
    level = np.array([[np.nan if p is None else _quantile(*d, p) for d in ascending] for p in wanted])
    h = np.where(np.isnan(level), y[:, None, None], y[:, None, None] <= level)
    base = _means(odds, h)
    cov = compared.covariance(
        design,
        lambda w: _means(Odds.under(compared, fit, fit.refit(w), w), h).ravel(),
        lambda: _influence(compared.data.patterns.sums(design.weight), fit, odds, h - base),
    )
    se = np.sqrt(np.diag(cov)).reshape(base.shape)
    value, slope = np.where(np.isnan(level), base, level), np.ones_like(base)
    for s, d in zip(*np.nonzero(~np.isnan(level)), strict=True):
        sorted_y, w = ascending[d]
        slope[s, d] = _slope(sorted_y, w, base[s, d], se[s, d], (*freedom, min(freedom))[d])

    sums = np.kron(np.eye(len(wanted)), np.array(list(_SHOWN.values())))
    labels = _labels(wanted, compared.labels)
    size = odds.weight.sum(axis=0)
    return Reweighted(
        names=named(labels), value=sums @ value.ravel(), cov=_covariance(cov, sums, slope.ravel()), df=min(freedom),
        labels=labels, title=_title(compared), groups=compared.labels, n=(len(members[0]), len(members[1])),
        n_weighted=(float(size[0]), float(size[1])), notes=notes, overlap=table,
        balance=balanced, weight=_weight(compared, odds, design.weight),
    )  # fmt: skip


def _wanted(statistics: Sequence[str | float], formula: str) -> list[float | None]:
    """Probabilities of quantiles, None for the mean; anything else is an error (SPEC)."""
    bad = [s for s in statistics if s != "mean" and (isinstance(s, str) or not 0 < s < 1)]
    if bad or not statistics:
        raise InformalityError(
            Problem(f"reweighting of `{formula}`", "statistics are `mean` and probabilities of quantiles, above 0 and below 1",
                    ", ".join(map(str, bad)) or "none is named", "0.5 is the median; a share is the mean of a condition"),
            ExitCode.SPEC,
        )  # fmt: skip
    return [None if isinstance(s, str) else float(s) for s in statistics]


def _means(odds: Odds, h: FloatArray) -> FloatArray:
    """Means (S, 3) of ``h`` (m, S, 3) in the first group, the second, and the second reweighted."""
    return np.asarray(np.einsum("md,msd->sd", odds.shares, h))


def _influence(weight: FloatArray, fit: Fit, odds: Odds, apart: FloatArray) -> FloatArray:
    """How the means move for one bit of weight on each pattern (m, S * 3); the third also with the odds.

    ``weight`` (m,): of the patterns; ``apart`` (m, S, 3): the distance of each from the means.
    """
    sample, likelihood = fit.data.sample, fit.data.likelihood
    out = (odds.shares / weight[:, None])[:, None, :] * apart
    # the derivative of the odds exp(x theta) is x times the odds
    pull = (odds.shares[:, 2, None] * apart[:, :, 2]).T
    slope = sum((pull[:, rows] @ sample.block(rows) for rows in sample.slices()), np.zeros((len(pull), 1)))
    for rows in sample.slices():
        x = sample.block(rows)
        score = likelihood.rows(likelihood.score(sample.y[rows], x @ fit.value), x)
        out[rows, :, 2] += score @ fit.bread @ slope.T
    return out.reshape(len(out), -1)


def _quantile(y: FloatArray, weight: FloatArray, probability: float) -> float:
    return float(weighted_quantiles(y, weight, np.array([probability]))[0])


def _slope(y: FloatArray, weight: FloatArray, share: float, se: float, df: int) -> float:
    """How a quantile moves with the share below it (Francisco and Fuller 1991); NaN where Woodruff's interval is open."""
    half = special.stdtrit(df if df > 0 else np.nan, (1 + _CONFIDENCE) / 2) * se
    low, high = weighted_quantiles(y, weight, np.array([share - half, share + half]))
    return float(-(high - low) / (2 * half)) if half != 0 else 0.0


def _covariance(cov: FloatArray, sums: FloatArray, slope: FloatArray) -> FloatArray:
    """Covariance of ``sums`` (q, b) of numbers that move by ``slope`` (b,); NaN where one of them has no error."""
    unknown = np.isnan(slope) | np.isnan(np.diag(cov))
    out = carried(sums * np.where(unknown, 0.0, slope), np.where(unknown | unknown[:, None], 0.0, cov))
    lost = np.abs(sums) @ unknown > 0
    out[lost], out[:, lost] = np.nan, np.nan
    return out


def _labels(wanted: Sequence[float | None], groups: tuple[str, str]) -> pd.DataFrame:
    of = {"observed first": groups[0], "observed second": groups[1], "counterfactual": groups[1]}
    rows = [
        ("mean" if p is None else f"quantile {p:g}", part.split()[0], of.get(part, ""))
        for p, part in itertools.product(wanted, _SHOWN)
    ]
    return pd.DataFrame(rows, columns=["statistic", "part", "group"])


def _title(compared: Compared) -> str:
    first, second = compared.labels
    return f"Reweighting of {compared.title}; counterfactual: {second} with the characteristics of {first}"


def _weight(compared: Compared, odds: Odds, weight: FloatArray) -> FloatArray:
    """(n,) the weights of the reweighted group, 0 for all others."""
    patterns = compared.data.patterns
    out = np.zeros(len(weight))
    factor = odds.weight[:, 2] / patterns.sums(weight)
    out[compared.rows] = weight[compared.rows] * patterns.spread(factor)
    return out
