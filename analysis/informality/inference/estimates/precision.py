"""How precise an estimate is, beside its standard error: CV, DEFT, effective sample size."""

from __future__ import annotations

import numpy as np

from informality.inference.estimates.estimate import Estimate
from informality.inference.estimates.intervals import Measured
from informality.inference.sampling.moments import FloatArray


def cv(estimate: Measured) -> FloatArray:
    """Coefficient of variation, se / |value|; NaN where the value is 0. Of the shape of ``value``, as all here."""
    size = np.abs(estimate.value)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(size > 0, estimate.se / size, np.nan))


def deft(estimate: Estimate) -> FloatArray:
    """Square root of the design effect (Kish 1965): how many times longer the sample design makes intervals."""
    return np.sqrt(estimate.deff)


def effective_n(estimate: Estimate) -> FloatArray:
    """The simple random sample with the same error: cases over the design effect (Kish 1965).

    NaN where the design effect is, and infinite where the error is 0. Not capped at n.
    """
    with np.errstate(divide="ignore"):
        return np.asarray(estimate.n / estimate.deff)
