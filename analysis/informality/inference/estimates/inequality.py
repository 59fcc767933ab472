"""Spread and inequality of a value: variance, standard deviation, Gini, Theil, quintile share ratio, low pay.

Each is a smooth function of the weights with a derivative in closed form, so its errors follow from any design
(Deville 1999; Langel and Tillé 2013 for the Gini). The definitions are written out below because programs
differ in them: R's convey adds half a person's own weight to the Gini, which moves it by some 1e-4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.functional import Domains, Functional, Kernel, added, scaled, totals_by_unit
from informality.inference.estimates.quantiles import weighted_quantiles
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray
from informality.inference.sampling.variance import PsuTotals

# Silverman (1986, eq. 3.31): the density of a normal sample, guarded against long tails.
_SILVERMAN = 0.9
_IQR_OF_NORMAL = 1.349


def population_variances(
    design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None
) -> Functional:
    """Variance of ``y`` (n,) among the population of each domain: n/(n-1) sum w (y - mean)^2 / sum w.

    n is the number of cases, as in R ``svyvar``; NaN for a domain of one case.
    """
    return Domains.of(design, y, domain, n_domains, "variance").functional("variance", VARIANCE)


def standard_deviations(
    design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None
) -> Functional:
    """Standard deviation of ``y`` among the population: the root of :func:`population_variances`.

    Of pay, whose top has a heavy tail, its intervals hold the truth far less often than they say
    (:func:`~informality.inference.estimates.intervals.interval`): prefer the Gini index or quantiles.
    """
    cases = Domains.of(design, y, domain, n_domains, "standard deviation")
    return cases.functional("standard_deviation", STANDARD_DEVIATION)


def gini(design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None) -> Functional:
    """Gini index of ``y`` (n,) in each domain: half the mean difference of two persons, over the mean.

    G = sum over i, j of w_i w_j |y_i - y_j| / (2 W^2 mean), W the sum of weights: the area definition for the
    weighted distribution, in which nobody differs from himself and ties need no rule. 0 is equality; the value
    does not change with the unit of y or the scale of the weights. Its derivative is exact (no density).

    A value of 0 is an income of nothing and counts. Raises :class:`InformalityError` (DATA) for negative
    values, and for a domain in which all values are 0: the index has no meaning there.
    """
    cases = Domains.of(design, y, domain, n_domains, "Gini index")
    cases.require_ordered()
    _require_incomes(cases, zeros=True)
    return cases.functional("gini", GINI)


def theil(design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None) -> Functional:
    """Theil index of ``y`` (n,) in each domain: weighted mean of (y/mean) log(y/mean); R convey ``svygei(1)``.

    It hangs on the few who earn most, whom a sample may miss, so its intervals hold the truth less often than they say, on
    the ``log`` scale a little more often (:func:`~informality.inference.estimates.intervals.interval`).

    Raises :class:`InformalityError` (DATA) for values that are not positive.
    """
    cases = Domains.of(design, y, domain, n_domains, "Theil index")
    cases.require_ordered()
    _require_incomes(cases, zeros=False)
    return cases.functional("theil", THEIL)


def quintile_share_ratios(
    design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None, *, tail: float = 0.2
) -> Functional:
    """What the top fifth of each domain has in total, over what the bottom fifth has (S80/S20); any ``tail`` up to a half.

    Fifths of persons: where many have the value at the end of a fifth (a minimum wage), as many of them are in it as fill
    it, so the ratio is (1 - L(0.8)) / L(0.2) of the Lorenz curve L (Langel and Tillé 2011). R convey's ``svyqsr``
    takes all or none of them: next to no difference where values are all different, but then equal pay gives 0 and
    not 1. The influence of a case on the sum of the share p with the smallest values is
    (y - q) 1(y <= q) + p q, with q their quantile; no density is needed (Osier 2009).

    Raises :class:`InformalityError` (DATA) for negative values, and for a domain whose bottom fifth has nothing.
    """
    if not 0 < tail <= 0.5:
        raise ValueError(f"tail must be above 0 and at most 0.5, not {tail}")
    cases = Domains.of(design, y, domain, n_domains, "quintile share ratio")
    cases.require_ordered()
    _require_incomes(cases, zeros=True)
    ends = np.array([tail, 1 - tail])

    def up_to(v: FloatArray, w: FloatArray) -> FloatArray:
        """(m, 2) what each case adds to the sums of the bottom and of all but the top."""
        q = weighted_quantiles(v[:, 0], w, ends)
        return np.asarray((v - q) * (v <= q) + ends * q)

    def value(v: FloatArray, w: FloatArray) -> FloatArray:
        bottom, rest = w @ up_to(v, w)
        return np.array([(w @ v[:, 0] - rest) / bottom if bottom > 0 else np.nan])

    def slopes(v: FloatArray, w: FloatArray, number: FloatArray) -> FloatArray:
        part = up_to(v, w)
        return np.asarray((v - part[:, 1:] - number * part[:, :1]) / (w @ part[:, 0]))

    parts = cases.parts(design.weight)
    nothing = [str(d) for d, (v, w) in enumerate(parts) if len(w) and not w @ up_to(v, w)[:, 0] > 0]
    if nothing:
        raise InformalityError(
            Problem(
                place="quintile share ratio",
                what="those at the bottom of a group have nothing in total, so there is nothing to divide by",
                found="groups " + ", ".join(nothing),
                fix="leave the group out, take a larger tail, or report the Gini index",
            ),
            ExitCode.DATA,
        )
    return cases.functional("quintile_share_ratio", Kernel(value, slopes))


def _variance(v: FloatArray, w: FloatArray) -> FloatArray:
    n = len(w)
    if n < 2:
        return np.full(v.shape[1], np.nan)
    return np.asarray(n / (n - 1.0) * (w @ (v - w @ v / w.sum()) ** 2) / w.sum())


def _variance_slopes(v: FloatArray, w: FloatArray, value: FloatArray) -> FloatArray:
    n = len(w)
    return np.asarray((n / max(n - 1.0, 1.0) * (v - w @ v / w.sum()) ** 2 - value) / w.sum())


def _deviation_slopes(v: FloatArray, w: FloatArray, value: FloatArray) -> FloatArray:
    half = np.divide(0.5, value, out=np.zeros_like(value), where=value > 0)
    return half * _variance_slopes(v, w, value**2)


def _distances(y: FloatArray, w: FloatArray) -> FloatArray:
    """Sum over j of w_j |y_i - y_j| for ascending y."""
    return np.asarray(y * (2 * np.cumsum(w) - w.sum()) - (2 * np.cumsum(w * y) - w @ y))


def _gini(v: FloatArray, w: FloatArray) -> FloatArray:
    y = v[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):  # a replicate may leave nothing but zeros
        return np.atleast_1d(w @ _distances(y, w) / (2 * w.sum() * (w @ y)))


def _gini_slopes(v: FloatArray, w: FloatArray, value: FloatArray) -> FloatArray:
    y = v[:, 0]
    weight, total = w.sum(), w @ y
    return np.asarray(_distances(y, w) / (weight * total) - value * (1 / weight + y / total))[:, None]


def _theil(v: FloatArray, w: FloatArray) -> FloatArray:
    y = v[:, 0]
    return np.atleast_1d((w * y) @ np.log(y * w.sum() / (w @ y)) / (w @ y))


def _theil_slopes(v: FloatArray, w: FloatArray, value: FloatArray) -> FloatArray:
    y = v[:, 0]
    weight, total = w.sum(), w @ y
    return np.asarray(y / total * (np.log(y * weight / total) - value - 1) + 1 / weight)[:, None]


VARIANCE = Kernel(_variance, _variance_slopes)
STANDARD_DEVIATION = Kernel(lambda v, w: np.sqrt(_variance(v, w)), _deviation_slopes)
GINI = Kernel(_gini, _gini_slopes)
THEIL = Kernel(_theil, _theil_slopes)


@dataclass(frozen=True, slots=True, eq=False)
class LowPay(Functional):
    """Shares of low pay (D,), and the ``threshold`` below which pay is low."""

    threshold: float


def low_pay_shares(
    design: Design,
    y: ArrayLike,
    domain: ArrayLike | None = None,
    n_domains: int | None = None,
    *,
    among: ArrayLike | None = None,
    fraction: float = 2 / 3,
    inclusive: bool = False,
    bandwidth: float | None = None,
) -> LowPay:
    """Share of each domain with ``y`` (n,) below a fraction of the median; by default two thirds (ILO, OECD).

    The median is that of all who have a y, or of ``among`` (n,) flags: not of each domain, so that domains are
    measured with one yardstick. ``inclusive`` counts a value at the threshold as low; with it and ``fraction=0.6``, of
    an income, this is the at-risk-of-poverty rate (R convey ``svyarpr``).

    The median is an estimate, and its error is part of the share's: with densities f_d at the threshold in the
    domain and f at the median, the influence is that of the share, plus fraction f_d / f times that of
    the share below the median (Deville 1999; Berger and Skinner 2003). Densities are smoothed by a normal
    kernel of ``bandwidth``, by default Silverman's (see :func:`kernel_density`), so that neither the scale of the
    weights nor heaping decides the answer. Raises :class:`InformalityError` (DATA) for negative values.
    """
    if not fraction > 0 or not (bandwidth is None or bandwidth > 0):
        raise ValueError(f"fraction and bandwidth must be positive, not {fraction} and {bandwidth}")
    cases = Domains.of(design, y, domain, n_domains, "low-pay share")
    cases.require_ordered()
    yardstick = _Yardstick.of(design, y, among, "low-pay share")

    def low(v: FloatArray, threshold: float) -> FloatArray:
        return (v <= threshold if inclusive else v < threshold).astype(np.float64)

    def shares(weights: FloatArray) -> FloatArray:
        threshold = fraction * yardstick.median(weights)
        return cases.compute(weights, lambda v, w: w @ low(v, threshold) / w.sum())

    weight = design.weight
    value = shares(weight)
    threshold = fraction * yardstick.median(weight)
    if design.replicates is not None:
        found = cases.replicated("low_pay_share", value, shares)
    else:
        parts = cases.parts(weight)
        density = [kernel_density(v[:, 0], w, threshold, bandwidth) if len(w) else np.nan for v, w in parts]
        own = [
            (w / w.sum())[:, None] * (low(v, threshold) - share) if len(w) else v
            for (v, w), share in zip(parts, value, strict=True)
        ]
        of_share = totals_by_unit(design, cases.rows, own)
        of_threshold = scaled(yardstick.influence(bandwidth), np.array([[fraction]]))
        found = cases.measured(
            "low_pay_share", value, added(of_share, scaled(of_threshold, np.array(density)[:, None]))
        )
    return LowPay(**{name: getattr(found, name) for name in Functional.__slots__}, threshold=threshold)


def low_pay_threshold(
    design: Design,
    y: ArrayLike,
    *,
    among: ArrayLike | None = None,
    fraction: float = 2 / 3,
    bandwidth: float | None = None,
) -> Functional:
    """The threshold of :func:`low_pay_shares` (1,), with its error: ``fraction`` times the median of ``y`` (n,).

    At 0.6 it is the at-risk-of-poverty threshold (R convey ``svyarpt``). The influence of a case is that of the share below
    the median over the density there; ``fraction`` times :func:`~informality.inference.estimates.quantiles.medians` has
    Woodruff's error instead, which needs no density and is to be preferred where only the threshold is reported.
    """
    if not fraction > 0 or not (bandwidth is None or bandwidth > 0):
        raise ValueError(f"fraction and bandwidth must be positive, not {fraction} and {bandwidth}")
    yardstick = _Yardstick.of(design, y, among, "low-pay threshold")
    cases = yardstick.cases

    def threshold(weights: FloatArray) -> FloatArray:
        return np.array([[fraction * yardstick.median(weights)]])

    value = threshold(design.weight)
    if design.replicates is not None:
        return cases.replicated("low_pay_threshold", value, threshold)
    return cases.measured("low_pay_threshold", value, scaled(yardstick.influence(bandwidth), np.array([[fraction]])))


@dataclass(frozen=True, slots=True, eq=False)
class _Yardstick:
    """Those whose median pay is compared with, as one domain."""

    cases: Domains

    @classmethod
    def of(cls, design: Design, y: ArrayLike, among: ArrayLike | None, what: str) -> _Yardstick:
        everyone = None if among is None else np.where(np.asarray(among, dtype=bool), 0, -1)
        cases = Domains.of(design, y, everyone, 1, what)
        cases.require_ordered()
        _require_incomes(cases, zeros=True)
        if not len(cases.rows[0]):
            raise InformalityError(
                Problem(what, "nobody has a value, so there is no median to compare with"), ExitCode.ESTIMATE
            )
        return cls(cases)

    def median(self, weights: FloatArray) -> float:
        v, w = self.cases.parts(weights)[0]
        return float(weighted_quantiles(v[:, 0], w, np.array([0.5]))[0])

    def influence(self, bandwidth: float | None) -> PsuTotals:
        """Totals by unit of the influence on the median: less where more weight lies below it."""
        design = self.cases.design
        median = self.median(design.weight)
        v, w = self.cases.parts(design.weight)[0]
        density = kernel_density(v[:, 0], w, median, bandwidth)
        below = totals_by_unit(design, self.cases.rows, [(w / w.sum())[:, None] * ((v <= median) - 0.5)])
        return scaled(below, np.array([[-1 / density if density > 0 else 0.0]]))


def kernel_density(y: FloatArray, weight: FloatArray, at: float, bandwidth: float | None = None) -> float:
    """Weighted density of ascending values ``y`` at one place, by a normal kernel.

    ``bandwidth`` defaults to 0.9 min(sd, interquartile range / 1.349) m^(-1/5) with the effective number of values
    m = (sum w)^2 / sum w^2, where w is the weight of a distinct value: heaps count once, and a row may be split.
    """
    total = weight.sum()
    if bandwidth is None and y[0] == y[-1]:
        return 0.0  # everybody has the same value: nothing moves across a threshold elsewhere
    if bandwidth is None:
        sd = np.sqrt(weight @ (y - weight @ y / total) ** 2 / total)
        quarter, three_quarters = weighted_quantiles(y, weight, np.array([0.25, 0.75]))
        iqr = (three_quarters - quarter) / _IQR_OF_NORMAL
        width = min(sd, iqr) if iqr > 0 else sd
        of_value = np.add.reduceat(weight, np.flatnonzero(np.append(True, y[1:] != y[:-1])))
        bandwidth = _SILVERMAN * float(width) * (total**2 / (of_value @ of_value)) ** -0.2
    z = (y - at) / bandwidth
    return float(weight @ np.exp(-(z**2) / 2) / (total * bandwidth * np.sqrt(2 * np.pi)))


def _require_incomes(cases: Domains, zeros: bool) -> None:
    """All values must be positive, or with ``zeros`` at least 0 and not all 0 in a domain."""
    values = [cases.values[rows, 0] for rows in cases.rows]
    bad = sum(int((v < 0).sum() if zeros else (v <= 0).sum()) for v in values)
    word = "negative" if zeros else "0 or negative"
    problem = None
    if bad:
        problem = Problem(
            place=cases.what,
            what=f"some values are {word}, and for these it is not defined",
            found=f"{bad:,} of {sum(map(len, values)):,} cases",
            fix="set such values to missing if they are codes, or leave these persons outside",
            count=bad,
        )
    elif any(len(v) and not v.any() for v in values):
        problem = Problem(
            place=cases.what,
            what="all values of a group are 0, so there is nothing to share",
            found="groups " + ", ".join(str(d) for d, v in enumerate(values) if len(v) and not v.any()),
            fix="leave the group out, or check the variable",
        )
    if problem is not None:
        raise InformalityError(problem, ExitCode.DATA)
