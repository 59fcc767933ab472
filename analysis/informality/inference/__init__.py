"""Design-based estimates from weighted samples; knows nothing of labour statistics.

Rows become :class:`Moments`, moments become an :class:`Estimate`, and one function of PSU totals and
strata (:mod:`~informality.inference.variance`) gives every error. Proved against R ``survey``.
"""

from informality.inference.calibration import Control
from informality.inference.design import Design, Lonely, PrimaryUnits
from informality.inference.estimate import (
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
from informality.inference.intervals import Method, interval
from informality.inference.moments import Moments
from informality.inference.replicates import Replicates

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
