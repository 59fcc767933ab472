"""Who gains and who pays: concentration, shares of the poorest, poverty before and after.

Ranks are weighted, from poorest to richest; people of equal means share one rank, so the order of rows does not matter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


def fractional_rank(means: npt.ArrayLike, weight: npt.ArrayLike) -> Floats:
    """The share of people who are poorer, plus half of those of equal means (n,), between 0 and 1."""
    x, w = np.asarray(means, dtype=float), np.asarray(weight, dtype=float)
    values, place = np.unique(x, return_inverse=True)
    mass = np.bincount(place, w, minlength=len(values))
    below = np.cumsum(mass) - mass
    return np.asarray(((below + mass / 2) / mass.sum())[place])


def concentration(amount: npt.ArrayLike, means: npt.ArrayLike, weight: npt.ArrayLike) -> float:
    """Concentration index 2 cov(amount, rank) / mean: positive when the rich get more (3.5, 21). NaN if all is 0."""
    a, w = np.asarray(amount, dtype=float), np.asarray(weight, dtype=float)
    rank = fractional_rank(means, w)
    total = float(w @ a)
    if total == 0:
        return float("nan")
    mean = total / w.sum()
    return float(2 * (w @ ((a - mean) * (rank - (w @ rank) / w.sum()))) / w.sum() / mean)


def share_of_poorest(amount: npt.ArrayLike, means: npt.ArrayLike, weight: npt.ArrayLike, part: float = 0.4) -> float:
    """The share of an amount that goes to the poorest ``part`` of people; NaN if there is none."""
    x, w = np.asarray(means, dtype=float), np.asarray(weight, dtype=float)
    a = np.asarray(amount, dtype=float) * w
    if a.sum() == 0:
        return float("nan")
    place = np.unique(x, return_inverse=True)[1]
    mass, sums = np.bincount(place, w), np.bincount(place, a)
    reached = np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum()
    got = np.concatenate([[0.0], np.cumsum(sums)]) / a.sum()
    return float(np.interp(part, reached, got))


def quantile_groups(means: npt.ArrayLike, weight: npt.ArrayLike, groups: int = 5) -> Ints:
    """The group of each person, 0 the poorest; -1 where means are unknown. Those of equal means are together."""
    x, w = np.asarray(means, dtype=float), np.asarray(weight, dtype=float)
    out = np.full(len(x), -1, dtype=np.intp)
    known = ~np.isnan(x)
    if known.any():
        out[known] = np.minimum((fractional_rank(x[known], w[known]) * groups).astype(np.intp), groups - 1)
    return out


def line_at_headcount(means: npt.ArrayLike, weight: npt.ArrayLike, headcount: float) -> float:
    """The line below which a published share of people live, for a measure of means with its own level."""
    x, w = np.asarray(means, dtype=float), np.asarray(weight, dtype=float)
    known = ~np.isnan(x)
    values, place = np.unique(x[known], return_inverse=True)
    reached = np.cumsum(np.bincount(place, w[known])) / w[known].sum()
    return float(values[np.searchsorted(reached, headcount, side="left").clip(0, len(values) - 1)])


def poverty(means: npt.ArrayLike, weight: npt.ArrayLike, line: float) -> tuple[float, float]:
    """Headcount and poverty gap (mean shortfall as a share of the line); people of unknown means are left out."""
    x, w = np.asarray(means, dtype=float), np.asarray(weight, dtype=float)
    known = ~np.isnan(x)
    x, w = x[known], w[known]
    poor = x < line
    return float(w @ poor / w.sum()), float(w @ np.where(poor, (line - x) / line, 0.0) / w.sum())
