"""Differences, ratios, growth and averages of estimates, with the error that follows from their covariance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.derived import Comparable, Derived, cells


def difference(a: Comparable, b: Comparable) -> Derived:
    """a - b, cell by cell (or all cells of one with the only cell of the other)."""
    return cells(a) - cells(b)


def ratio(a: Comparable, b: Comparable) -> Derived:
    """a / b, cell by cell; NaN where b is 0."""
    return cells(a) / cells(b)


def growth(before: Comparable, after: Comparable, years: float = 1.0) -> Derived:
    """Relative growth after / before - 1, over more than one year as the rate per year.

    Raises :class:`InformalityError` (ESTIMATE) unless all values are positive.
    """
    if not years > 0:
        raise ValueError(f"the time between two waves must be positive, not {years}")
    start, end = cells(before), cells(after)
    bad = int((start.value <= 0).sum() + (end.value <= 0).sum())
    if bad:
        raise InformalityError(
            Problem(
                place="growth",
                what="a number is 0 or negative, so there is no growth rate",
                found=f"{bad} of {len(start) + len(end)} numbers",
                fix="report the difference instead, or leave the group out",
                count=bad,
            ),
            ExitCode.ESTIMATE,
        )
    per_year: Derived = (end / start) ** (1 / years)
    return (per_year - 1.0).named("growth")


def weighted_mean(waves: Sequence[Comparable], weights: ArrayLike | None = None) -> Derived:
    """Weighted mean of several waves, cell by cell: the year from its quarters.

    ``weights``: one fixed number for each wave, not negative (equal, without it); they are divided by their sum.
    """
    parts = [cells(wave) for wave in waves]
    share = np.ones(len(parts)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not parts or share.shape != (len(parts),) or (share < 0).any() or not share.sum() > 0:
        raise ValueError(f"{len(parts)} waves need as many weights, not negative and not all 0")
    total: Derived = parts[0] * float(share[0] / share.sum())
    for part, weight in zip(parts[1:], share[1:] / share.sum(), strict=True):
        total = total + part * weight
    return total.named("weighted_mean")
