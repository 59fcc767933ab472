"""Comparing estimates: t, rank and Wald tests, all pairs of domains with corrected p values, trend over waves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.association import HypothesisTest, f_tail, wald_statistic
from informality.inference.estimates.derived import Comparable, Derived, cells, joined
from informality.inference.estimates.estimate import means
from informality.inference.estimates.functional import require_known
from informality.inference.sampling.design import Design
from informality.inference.sampling.linearise import influence_covariance
from informality.inference.sampling.moments import FloatArray

Correction = Literal["none", "holm", "benjamini-hochberg"]
CORRECTIONS = ("none", "holm", "benjamini-hochberg")


def t_test(estimate: Comparable, df: float | None = None) -> pd.DataFrame:
    """Test for each number that it is 0, two-sided: value, se, t, df, p; a row for each.

    For a difference this is the test that two estimates are equal. ``df``: degrees of freedom to use instead of
    those of the estimate (R ``svyttest`` takes those of the design less 1). p is NaN where df is not positive,
    and 1 for a difference that is 0 by construction, with an error of 0.
    """
    tested = cells(estimate)
    value, se = tested.value, tested.se
    return _t_tested(value, se, tested.df if df is None else np.full(len(value), float(df)))


def _t_tested(value: FloatArray, se: FloatArray, df: FloatArray) -> pd.DataFrame:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where((value == 0) & (se == 0), 0.0, value / se)
    p = 2 * special.stdtr(np.where(df > 0, df, np.nan), -np.abs(t))
    return pd.DataFrame({"value": value, "se": se, "t": t, "df": df, "p": p})


def rank_test(
    design: Design, y: ArrayLike, group: ArrayLike, *, inside: ArrayLike | None = None, df: float | None = None
) -> pd.DataFrame:
    """Wilcoxon's test that two groups (codes 0 and 1, negative is outside) have one distribution of ``y`` (n,).

    The rank of a case is the share of the population below it, plus half of that with its value; compared are the mean
    ranks of the groups, so that what is tested does not hang on the tail (wages, hours). ``value``, their difference,
    is the chance that someone of group 1 has more than someone of group 0, less a half (ties count half). The ranks are
    estimates, but under the hypothesis their error has no part in that of the difference, which is the linearised one for
    replicate weights, too (Lumley and Scott 2013; R ``svyranktest``, which gives tied cases of unequal weight a rank
    that depends on the order of the rows).

    NaN in y is outside; ``inside`` (n,) flags a domain. Value, se, t, df and p as in :func:`t_test`.
    Raises :class:`InformalityError` (ESTIMATE) for a group without a case.
    """
    values = np.asarray(y, dtype=np.float64)
    codes = np.where(np.isnan(values) | (design.weight == 0), -1, np.asarray(group))
    if inside is not None:
        codes = np.where(np.asarray(inside, dtype=bool), codes, -1)
    if codes.max(initial=-1) > 1:
        raise ValueError("a rank test compares two groups, with codes 0 and 1")
    weight = np.where(codes >= 0, design.weight, 0.0)
    ranks = population_ranks(values, weight)
    ranked = cells(means(design, ranks, codes, 2))
    _require_known_numbers(ranked, ["group 0", "group 1"], "rank test")
    of_mean = np.nan_to_num(weight * (ranks - ranked.value[codes]) / ranked.n_weighted[codes])
    covariance = influence_covariance(design, np.where(codes == 1, of_mean, -of_mean), inside=codes >= 0)
    difference, se = np.diff(ranked.value), np.sqrt(np.diag(covariance))
    return _t_tested(difference, se, np.array([ranked.df.min() if df is None else float(df)]))


def population_ranks(y: FloatArray, weight: FloatArray) -> FloatArray:
    """(n,) the share of ``weight`` below each y, plus half of that at it; NaN where y is."""
    order = np.argsort(y, kind="stable")
    _, value = np.unique(y[order], return_inverse=True)
    at = np.bincount(value, weight[order])
    ranks = np.empty(len(y))
    ranks[order] = ((np.cumsum(at) - at / 2) / weight.sum())[value]
    return np.where(np.isnan(y), np.nan, ranks)


def wald_test(estimate: Comparable, df: float | None = None, *, adjusted: bool = False) -> HypothesisTest:
    """Test that all k numbers are 0 together: F = theta' V^-1 theta / k on k and df degrees of freedom.

    ``adjusted`` takes into account that V has few degrees of freedom (Korn and Graubard 1990):
    F (df - k + 1) / df on k and df - k + 1. ``df`` defaults to the smallest of the numbers.
    Raises :class:`InformalityError` (ESTIMATE) for a number without cases, and for numbers that determine each
    other, as all the shares of a distribution do: leave one out.
    """
    tested = cells(estimate)
    _require_known_numbers(tested, [f"number {i + 1}" for i in range(len(tested))], "Wald test")
    freedom = float(tested.df.min()) if df is None else float(df)
    statistic, df1, df2 = wald_statistic(tested.value, tested.covariance(), freedom, adjusted, "Wald test")
    name = "wald-adjusted" if adjusted else "wald"
    return HypothesisTest(name, statistic, df1, df2, f_tail(statistic, df1, df2))


def pairwise(
    estimate: Comparable, labels: Sequence[str], correction: Correction = "holm", *, df: float | None = None
) -> pd.DataFrame:
    """All pairs of domains compared: first, second, difference, se, t, df, p, p_corrected; k (k - 1) / 2 rows.

    ``labels``: what the reader calls each of the k numbers. ``correction``: ``holm`` keeps the chance of any false
    finding below the level (Holm 1979), ``benjamini-hochberg`` the share of false ones among the
    findings (1995); ``none``. Raises :class:`InformalityError` (ESTIMATE) naming domains without a case, and
    for an unknown correction.
    """
    require_known(correction, CORRECTIONS, "correction for many comparisons")
    compared = cells(estimate)
    if len(labels) != len(compared):
        raise ValueError(f"{len(labels)} labels for {len(compared)} numbers")
    if len(compared) < 2:
        raise ValueError("comparing takes two numbers or more")
    _require_known_numbers(compared, labels, "pairwise comparison")
    first, second = np.triu_indices(len(compared), 1)
    tested = t_test(compared[first] - compared[second], df).rename(columns={"value": "difference"})
    names = np.asarray(labels, dtype=object)
    tested.insert(0, "first", names[first])
    tested.insert(1, "second", names[second])
    tested["p_corrected"] = corrected(tested["p"], correction)
    return tested


def corrected(p: ArrayLike, correction: Correction = "holm") -> FloatArray:
    """p values (m,) corrected for their number; NaN stay NaN and are not counted. R ``p.adjust``."""
    require_known(correction, CORRECTIONS, "correction for many comparisons")
    raw = np.asarray(p, dtype=np.float64)
    out = raw.copy()
    known = np.flatnonzero(~np.isnan(raw))
    m = len(known)
    if correction == "none" or m == 0:
        return out
    order = known[np.argsort(raw[known], kind="stable")]
    rank = np.arange(1, m + 1)
    if correction == "holm":
        stepped = np.maximum.accumulate(raw[order] * (m - rank + 1))
    else:
        stepped = np.minimum.accumulate((raw[order] * (m / rank))[::-1])[::-1]
    out[order] = np.minimum(stepped, 1.0)
    return out


def trend(waves: Sequence[Comparable], when: ArrayLike) -> Derived:
    """Change per unit of time: the slope of the least-squares line through the waves, cell by cell.

    ``waves``: the same cells in T >= 2 waves, from one pooled design; ``when``: (T,) times, in years say. The slope is
    a fixed linear contrast, sum of (t - mean t) estimate_t / sum of (t - mean t)^2, so its error holds
    the covariance of the waves and needs no model; test it with :func:`t_test`. For relative growth per year give
    the logarithms of the estimates. Raises :class:`InformalityError` (ESTIMATE) for waves without a case.
    """
    parts = [cells(wave) for wave in waves]
    times = np.asarray(when, dtype=np.float64)
    if len(parts) < 2 or times.shape != (len(parts),) or len({len(part) for part in parts}) > 1:
        raise ValueError("a trend takes two waves or more, with the same cells, and a time for each")
    centred = times - times.mean()
    if not centred.any():
        raise ValueError("all waves have the same time")
    size = len(parts[0])
    labels = [f"number {i + 1} at {t:g}" for t in times for i in range(size)]
    together = joined(parts)
    _require_known_numbers(together, labels, "trend")
    slopes = np.kron(centred / (centred @ centred), np.eye(size))
    return together.linear(slopes).named("trend")


def _require_known_numbers(tested: Derived, labels: Sequence[str], place: str) -> None:
    empty = [label for label, n in zip(labels, tested.n, strict=True) if n == 0]
    undefined = [
        label
        for label, n, value in zip(labels, tested.n, tested.value, strict=True)
        if n > 0 and not np.isfinite(value)
    ]
    problems = []
    if empty:
        problems.append(
            Problem(
                place,
                "nobody in the sample belongs to "
                + ("this group" if len(empty) == 1 else f"{len(empty)} of the groups"),
                "; ".join(empty),
                "join the group with another, or leave it out of the comparison",
                count=len(empty),
            )
        )
    if undefined:
        problems.append(
            Problem(
                place,
                "some numbers are not defined (a division by 0, a logarithm of 0)",
                "; ".join(undefined),
                "compare the numbers themselves, or leave these groups out",
                count=len(undefined),
            )
        )
    if problems:
        raise InformalityError(problems, ExitCode.ESTIMATE)
