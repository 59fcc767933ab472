"""Totals, means and ratios as functions of sums, and their influence.

Influence of a case with weight w, in a domain with weights adding up to W:
total: w y; mean and share: w (y - mean) / W; ratio y/x: w (y - ratio x) / X.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from informality.inference.sampling.moments import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """``value`` of sums (..., D, k) of w*y and sums (..., D, 1) of w, for the sample or for each replicate.

    ``influence`` of some cases, by their own sums and weight, and by the sums and weight of their domain; it is
    linear in the first two. Arrays broadcast against each other.
    """

    value: Callable[[FloatArray, FloatArray], FloatArray]
    influence: Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]


def positive(weight: FloatArray) -> FloatArray:
    """Sums of weights to divide by; NaN where there are none."""
    return np.where(weight > 0, weight, np.nan)


def _mean(sums: FloatArray, weight: FloatArray) -> FloatArray:
    return np.asarray(sums / positive(weight))


def _mean_influence(sums: FloatArray, weight: FloatArray, of_sums: FloatArray, of_weight: FloatArray) -> FloatArray:
    return np.asarray((sums - _mean(of_sums, of_weight) * weight) / positive(of_weight))


def _ratio(sums: FloatArray, weight: FloatArray) -> FloatArray:
    y, x = sums[..., :1], sums[..., 1:]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x != 0, y / x, np.nan)


def _ratio_influence(sums: FloatArray, weight: FloatArray, of_sums: FloatArray, of_weight: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((sums[..., :1] - _ratio(of_sums, of_weight) * sums[..., 1:]) / of_sums[..., 1:])


TOTAL = Formula(lambda sums, weight: sums, lambda sums, weight, of_sums, of_weight: sums)
MEAN = Formula(_mean, _mean_influence)
RATIO = Formula(_ratio, _ratio_influence)
