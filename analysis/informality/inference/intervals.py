"""Confidence intervals from estimates, their standard errors and degrees of freedom."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import special

from informality.inference.estimate import Estimate
from informality.inference.moments import FloatArray

Method = Literal["logit", "wilson", "beta", "t", "normal"]


def interval(
    estimate: Estimate, method: Method | None = None, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper confidence limits, each of the shape of ``estimate.value``.

    ``method`` defaults to ``logit`` for shares and ``t`` for all else.

    - ``logit``: symmetric on the logit scale, t quantile; R ``svyciprop(method="logit")``;
    - ``wilson``: Wilson's with the effective sample size p(1-p)/var, t quantile; R `"wilson"`;
    - ``beta``: Korn and Graubard's 1998, exact binomial limits with the effective sample size corrected for
      the degrees of freedom (and not capped at n); R `"beta"`;
    - ``t``: value -+ t quantile x se; R ``confint(df=degf(design))``, `"mean"`;
    - ``normal``: value -+ normal quantile x se, never cut off at 0 or 1; R ``confint`` as it stands.

    All but ``normal`` use ``estimate.df`` and are NaN where it is not positive: then there is no measure of
    error, and a line of width zero would claim the opposite. The first three are for values between
    0 and 1, and are NaN *at* 0 and 1 for the same reason. A sample in which nobody has the property has
    a standard error of 0 because it shows no variation, not because the population is known. (R's
    `"logit"` answers with limits near 1e-11 there, which depend on where its iteration stopped.)
    """
    if method is None:
        method = "logit" if estimate.statistic == "share" else "t"
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    value, se = estimate.value, estimate.se
    upper_tail = (1 + confidence) / 2
    df = np.where(estimate.df > 0, estimate.df, np.nan)
    t = special.stdtrit(df, upper_tail)
    if method == "normal":
        half = special.ndtri(upper_tail) * se
        return value - half, value + half
    if method == "t":
        return value - t * se, value + t * se

    p = np.where((value > 0) & (value < 1), value, np.nan)
    if method == "logit":
        half = t * se / (p * (1 - p))
        return special.expit(special.logit(p) - half), special.expit(special.logit(p) + half)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective_n = p * (1 - p) / se**2
        if method == "wilson":
            centre = (p + t**2 / (2 * effective_n)) / (1 + t**2 / effective_n)
            half = t * np.sqrt(p * (1 - p) / effective_n + (t / (2 * effective_n)) ** 2)
            half /= 1 + t**2 / effective_n
            return centre - half, centre + half
        if method == "beta":
            cases = np.where(estimate.n > 1, estimate.n - 1.0, np.nan)
            effective_n *= (special.stdtrit(cases, upper_tail) / t) ** 2
            x = effective_n * p
            low = special.betaincinv(x, effective_n - x + 1, 1 - upper_tail)
            high = special.betaincinv(x + 1, effective_n - x, upper_tail)
            return low, high
    raise ValueError(f"method must be logit, wilson, beta, t or normal, not {method!r}")
