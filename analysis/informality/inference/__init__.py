"""Design-based estimates from weighted samples; knows nothing of labour statistics.

Rows become :class:`Moments`, moments become an :class:`Estimate`, and one function of PSU totals and
strata (:mod:`~informality.inference.sampling.variance`) gives every error. Proved against R ``survey``.
"""

from informality.inference.estimates.estimate import (
    Estimate,
    covariance,
    means,
    means_of,
    ratios,
    ratios_of,
    require_cases,
    shares,
    shares_of,
    totals,
    totals_of,
)
from informality.inference.estimates.intervals import Method, interval
from informality.inference.sampling.calibration import Control
from informality.inference.sampling.design import Design, Lonely, PrimaryUnits
from informality.inference.sampling.moments import Moments
from informality.inference.sampling.replicates import Replicates

__all__ = [
    "Control",
    "Design",
    "Estimate",
    "Lonely",
    "Method",
    "Moments",
    "PrimaryUnits",
    "Replicates",
    "covariance",
    "interval",
    "means",
    "means_of",
    "ratios",
    "ratios_of",
    "require_cases",
    "shares",
    "shares_of",
    "totals",
    "totals_of",
]
