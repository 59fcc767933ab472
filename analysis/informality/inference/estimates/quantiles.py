"""Quantiles and medians, with errors by Woodruff's method or from replicate weights.

The share of cases at or below a quantile has an ordinary standard error; Woodruff (1952) makes an interval
for that share and reads its ends off the distribution function. The standard error is the width of the
interval over twice the t quantile, as in R ``svyquantile``. Dividing it by that of the share gives the slope of
the quantile function at this place (Francisco and Fuller 1991), hence the influence of each row: so
quantiles have covariances with each other and with everything else.

Wages and hours are heaped on round numbers. There the interval may begin and end at one number: `se` is 0,
which says that the answer would not change, not that nothing is uncertain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from informality.inference.estimates.functional import Domains, Functional, require_known, scaled
from informality.inference.estimates.intervals import Method, limits
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray

Rule = Literal["math", "school"]
Errors = Literal["woodruff", "logit", "beta", "asin", "replicates"]

RULES = ("math", "school")
_INTERVAL: dict[str, Method] = {"woodruff": "t", "logit": "logit", "beta": "beta", "asin": "asin"}
ERRORS = (*_INTERVAL, "replicates")

# Sums of weights this near to each other, relative to their total, are the same: they differ by the order in
# which they were added up. (R compares without tolerance: the tenth percentile of 200 equal weights is
# then the 20th or the 21st value, depending on the weight.)
_SAME = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles(Functional):
    """Quantiles (D,) for one probability, or (D, Q), with the ends of their confidence intervals."""

    probabilities: tuple[float, ...]
    low: FloatArray
    high: FloatArray


def medians(
    design: Design,
    y: ArrayLike,
    domain: ArrayLike | None = None,
    n_domains: int | None = None,
    *,
    rule: Rule = "math",
    errors: Errors = "woodruff",
    confidence: float = 0.95,
    df: float | None = None,
) -> Quantiles:
    """The median of ``y`` in each domain; see :func:`quantiles`."""
    return quantiles(design, y, 0.5, domain, n_domains, rule=rule, errors=errors, confidence=confidence, df=df)


def quantiles(
    design: Design,
    y: ArrayLike,
    probabilities: float | Sequence[float],
    domain: ArrayLike | None = None,
    n_domains: int | None = None,
    *,
    rule: Rule = "math",
    errors: Errors = "woodruff",
    confidence: float = 0.95,
    df: float | None = None,
) -> Quantiles:
    """Quantiles of ``y`` (n,) in each domain, for probabilities strictly between 0 and 1.

    ``domain``: (n,) integer codes, negative is outside; NaN in y is outside.
    ``rule``: ``math`` is the smallest value with at least the share p of the weight at or below it; ``school``
    takes the mean of that value and the next when the share is met exactly. R ``svyquantile(qrule=)``.
    ``errors``: the kind of interval for the share, R's ``interval.type``: ``woodruff`` (symmetric, R `"mean"`),
    ``logit`` (`"xlogit"`), ``beta``, ``asin``; or ``replicates``: the quantile of every replicate, for designs
    with replicate weights that suit quantiles (BRR, bootstrap; not the jackknife).
    ``df``: degrees of freedom to use instead of those of each domain.

    ``low`` or ``high`` is NaN, and with it ``se``, where that end lies beyond the smallest or largest value, and
    where there are no degrees of freedom. Raises :class:`InformalityError` (ESTIMATE) for unknown names.
    """
    require_known(rule, RULES, "rule for quantiles")
    require_known(errors, ERRORS, "way to measure the error of a quantile")
    wanted = np.atleast_1d(np.asarray(probabilities, dtype=np.float64))
    if not ((wanted > 0) & (wanted < 1)).all():
        raise ValueError(f"probabilities must lie strictly between 0 and 1, not {probabilities}")
    cases = Domains.of(design, y, domain, n_domains, "quantile")
    cases.require_ordered()

    def value(v: FloatArray, w: FloatArray) -> FloatArray:
        return weighted_quantiles(v[:, 0], w, wanted, rule)

    def at(shares: FloatArray) -> FloatArray:
        """The quantiles (D, Q) at other shares (D, Q)."""
        parts = zip(cases.parts(design.weight), shares, strict=True)
        return np.array([weighted_quantiles(v[:, 0], w, p, rule) for (v, w), p in parts])

    numbers = at(np.tile(wanted, (len(cases.rows), 1)))
    freedom = np.array(cases.degrees_of_freedom)[:, None] if df is None else np.full((len(numbers), 1), float(df))
    t = special.stdtrit(np.where(freedom > 0, freedom, np.nan), (1 + confidence) / 2)
    if errors == "replicates":
        found = cases.replicated("quantile", numbers, lambda weights: cases.compute(weights, value))
        half = t * found.se.reshape(numbers.shape)
        return _with_ends(found, wanted, numbers - half, numbers + half)

    share = _shares_below(cases, numbers)
    shape = numbers.shape
    p, share_se, n = share.value.reshape(shape), share.se.reshape(shape), share.n.reshape(shape)
    low, high = (at(end) for end in limits(_INTERVAL[errors], p, share_se, freedom, n, confidence))
    se = (high - low) / (2 * t)
    # With more weight below the quantile the share rises and the quantile falls.
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(share_se > 0, -se / share_se, np.where(np.isnan(se), np.nan, 0.0))
    found = cases.measured("quantile", numbers, scaled(share.influence, slope), se)
    return _with_ends(found, wanted, low, high)


def _shares_below(cases: Domains, levels: FloatArray) -> Functional:
    """The shares of cases at or below fixed ``levels`` (D, Q) of the values of each domain."""

    def shares(weights: FloatArray) -> FloatArray:
        parts = zip(cases.parts(weights), levels, strict=True)
        blank = np.full(levels.shape[1], np.nan)
        return np.array([w @ (v <= level) / w.sum() if w.any() else blank for (v, w), level in parts])

    weight = cases.design.weight
    value = shares(weight)
    parts = zip(cases.parts(weight), levels, value, strict=True)
    influence = [(w / w.sum())[:, None] * ((v <= level) - p) if len(w) else v * p for (v, w), level, p in parts]
    return cases.linearised("share", value, cases.rows, influence, shares)


def weighted_quantiles(y: FloatArray, weight: FloatArray, probabilities: FloatArray, rule: Rule = "math") -> FloatArray:
    """Quantiles (Q,) of ascending values ``y`` (m,) by a rule; NaN for probabilities not between 0 and 1."""
    outside = ~((probabilities >= -_SAME) & (probabilities <= 1 + _SAME))
    counted = weight > 0
    if not counted.any():
        return np.full(len(probabilities), np.nan)
    y, weight = y[counted], weight[counted]
    first = np.flatnonzero(np.append(True, y[1:] != y[:-1]))
    values, cumulated = y[first], np.cumsum(np.add.reduceat(weight, first))
    needed = np.where(outside, 0.5, np.clip(probabilities, 0, 1)) * cumulated[-1]
    same = _SAME * cumulated[-1]
    place = np.searchsorted(cumulated, needed - same)
    found = values[place]
    if rule == "school":
        exact = np.abs(cumulated[place] - needed) <= same
        following = values[np.minimum(place + 1, len(values) - 1)]
        found = np.where(exact, (found + following) / 2, found)
    return np.where(outside, np.nan, found)


def _with_ends(found: Functional, wanted: FloatArray, low: FloatArray, high: FloatArray) -> Quantiles:
    fields = {name: getattr(found, name) for name in Functional.__slots__}
    shape = found.value.shape
    return Quantiles(**fields, probabilities=tuple(wanted.tolist()), low=low.reshape(shape), high=high.reshape(shape))
