"""Confidence intervals for a number of which only bounds can be estimated."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from informality.inference.sampling.moments import FloatArray

_STEPS = 60  # halvings: beyond the last digit


def identified_interval(
    lower: ArrayLike, upper: ArrayLike, se_lower: ArrayLike, se_upper: ArrayLike, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Limits that hold the true number, wherever between the bounds it lies, with the stated confidence.

    ``lower`` - C ``se_lower`` to ``upper`` + C ``se_upper``, C being the solution of
    Phi(C + (upper - lower) / max(se_lower, se_upper)) - Phi(-C) = confidence: Imbens and Manski (2004), Econometrica
    72(6), equations 6 and 7. C is the two-sided quantile where the bounds meet, and falls to the one-sided one as they
    part, since the number cannot be beyond both. All arrays of one shape; with errors of 0 the limits are
    the bounds. Large samples are meant: C is that of the normal distribution.
    """
    low, high, a, b = (np.asarray(x, dtype=np.float64) for x in (lower, upper, se_lower, se_upper))
    largest = np.maximum(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.where(largest > 0, (high - low) / largest, 0.0)
    near, far = (
        special.ndtri(confidence) * np.ones_like(apart),
        special.ndtri((1 + confidence) / 2) * np.ones_like(apart),
    )
    for _ in range(_STEPS):
        middle = (near + far) / 2
        enough = special.ndtr(middle + apart) - special.ndtr(-middle) >= confidence
        near, far = np.where(enough, near, middle), np.where(enough, middle, far)
    return low - far * a, high + far * b
