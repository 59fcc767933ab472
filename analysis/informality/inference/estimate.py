"""Totals, means, ratios and shares for the cells of a table, with standard errors.

Each statistic says only two things: its value, and the total by PSU of its influence values; errors and
covariances then come from :mod:`~informality.inference.variance`. A domain is a code, never a filter:
all PSUs stay in the design. For each statistic there is a function of a design and row arrays, and one
ending in ``_of`` for moments that were collected chunk by chunk.

Influence of a case with weight w, in a domain with weights adding up to W:
total: w y; mean and share: w (y - mean) / W; ratio y/x: w (y - ratio x) / X.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.design import Design, PrimaryUnits
from informality.inference.moments import FloatArray, IntArray, Moments
from informality.inference.variance import PsuTotals, covariance_matrix, variances

Statistic = Literal["total", "mean", "ratio", "share"]

_Number = TypeVar("_Number", np.intp, np.float64)

# Squares are summed as they are (see Moments): a relative variance below this is rounding.
_SPREAD_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Estimates for D domains, arrays of shape (D,), or (D, K) for K categories or several values.

    ``value``, ``se``: NaN for a domain without a case. ``n``: cases (rows with positive weight) in the
    domain, for a share its denominator; ``n_numerator``: those with a value other than 0, for a share the
    cases in the category. ``n_weighted``: sum of weights in the domain. ``df``: PSUs with a case in the
    domain minus strata with one (R: ``degf(subset(design, domain))``). ``deff``: variance over that of a
    simple random sample without replacement of the same n (R: ``deff=TRUE``); NaN where the value does
    not vary or the weights do not add up to more than n.
    ``influence``, ``units``: the PSU totals behind ``se``, for covariances.
    """

    statistic: Statistic
    value: FloatArray
    se: FloatArray
    n: IntArray
    n_numerator: IntArray
    n_weighted: FloatArray
    deff: FloatArray
    df: IntArray
    influence: PsuTotals
    units: PrimaryUnits

    def covariance(self) -> FloatArray:
        """Covariance matrix of all cells, in the order of ``value.ravel()``."""
        return covariance_matrix(self.units, self.influence)


def covariance(a: Estimate, b: Estimate) -> FloatArray:
    """Covariance (cells of a, cells of b) of two sets of estimates from the same sample.

    Any statistics, domains and definitions, but estimated from one :class:`Design`, or an
    :class:`InformalityError` is raised: that two designs hold the same PSUs cannot be seen from them.
    """
    if a.units is not b.units:
        raise InformalityError(
            Problem(
                place="comparison",
                what="the two estimates were not made from one sample design",
                found=f"one has {len(a.units.stratum):,} PSUs, the other {len(b.units.stratum):,}",
                fix="build the design once, from all the rows that are compared, and make both from it",
            ),
            ExitCode.ESTIMATE,
        )
    return covariance_matrix(a.units, a.influence, b.influence)


def totals(design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None) -> Estimate:
    """Weighted totals of ``y`` (n,) or (n, k) in each domain.

    ``domain``: (n,) integer codes, negative is outside; ``n_domains`` defaults to the largest code + 1.
    NaN in y puts a row outside. A count of persons is the total of an indicator over all persons (then the
    design effect is that of the indicator), or of ones over a domain (then it is undefined).
    """
    cells = _n_domains(domain, n_domains)
    return totals_of(Moments.from_arrays(design.weight, design.psu, domain, cells, y), design.units)


def means(design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None) -> Estimate:
    """Weighted means of ``y`` (n,) or (n, k) in each domain; see :func:`totals` for the arguments."""
    cells = _n_domains(domain, n_domains)
    return means_of(Moments.from_arrays(design.weight, design.psu, domain, cells, y), design.units)


def ratios(
    design: Design, y: ArrayLike, x: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None
) -> Estimate:
    """Ratios, total of ``y`` over total of ``x``, in each domain; NaN in either puts a row outside.

    ``n`` counts the cases of the domain; put rows that cannot be in the denominator outside it.
    """
    cells = _n_domains(domain, n_domains)
    return ratios_of(Moments.from_pair(design.weight, design.psu, domain, cells, y, x), design.units)


def shares(
    design: Design, outcome: ArrayLike, n_outcomes: int, domain: ArrayLike | None = None, n_domains: int | None = None
) -> Estimate:
    """Shares of the K = ``n_outcomes`` categories within each domain, (D, K), in one pass.

    ``outcome``: (n,) integer codes; a negative code is outside the universe (neither numerator nor
    denominator). The shares of a domain add up to 1.
    """
    cells = _n_domains(domain, n_domains)
    moments = Moments.from_codes(design.weight, design.psu, domain, cells, outcome, n_outcomes)
    return shares_of(moments, design.units)


def totals_of(moments: Moments, units: PrimaryUnits) -> Estimate:
    """Totals from moments of values (:meth:`Moments.from_arrays`) or categories (`from_codes`)."""
    sums = _by_domain(moments, moments.sums)
    weight = _by_domain(moments, moments.weight)
    spread = _spread(_by_domain(moments, moments.products) / _positive(weight), sums / _positive(weight))
    return _estimate("total", moments, units, sums, moments.sums, spread * weight**2)


def means_of(moments: Moments, units: PrimaryUnits) -> Estimate:
    """Means from moments of values."""
    return _means("mean", moments, units)


def shares_of(moments: Moments, units: PrimaryUnits) -> Estimate:
    """Shares from moments of categories (:meth:`Moments.from_codes`): means of indicators."""
    return _means("share", moments, units)


def ratios_of(moments: Moments, units: PrimaryUnits) -> Estimate:
    """Ratios from moments of a numerator and a denominator (:meth:`Moments.from_pair`)."""
    y, x = np.hsplit(_by_domain(moments, moments.sums), 2)
    weight = _positive(_by_domain(moments, moments.weight))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(x != 0, y / x, np.nan)
        influence = (moments.sums[:, :1] - value[moments.cell] * moments.sums[:, 1:]) / x[moments.cell]
        yy, yx, xx = np.hsplit(_by_domain(moments, moments.products), 3)
        residual = yy - 2 * value * yx + value**2 * xx
        # The residuals y - ratio x have mean zero; they are compared with y, out of which they came.
        spread = np.where(residual > _SPREAD_FLOOR * yy, residual / weight, np.nan) * (weight / x) ** 2
    return _estimate("ratio", moments, units, value, influence, spread)


def _means(statistic: Statistic, moments: Moments, units: PrimaryUnits) -> Estimate:
    weight = _positive(_by_domain(moments, moments.weight))
    value = _by_domain(moments, moments.sums) / weight
    influence = (moments.sums - value[moments.cell] * moments.weight[:, None]) / weight[moments.cell]
    spread = _spread(_by_domain(moments, moments.products) / weight, value)
    return _estimate(statistic, moments, units, value, influence, spread)


def _estimate(
    statistic: Statistic,
    moments: Moments,
    units: PrimaryUnits,
    value: FloatArray,
    influence: FloatArray,
    spread: FloatArray,
) -> Estimate:
    """Finish (D, K) estimates from values, PSU totals of influence values (m, K) and ``spread``.

    ``spread`` (D, K) is the variance of the estimate from a simple random sample of one.
    """
    n = _by_domain(moments, moments.n)
    weight = _by_domain(moments, moments.weight)
    value = np.where(n > 0, value, np.nan)
    influence = np.where(n[moments.cell] > 0, influence, np.nan)
    psu_totals = PsuTotals(moments.psu, moments.cell, influence, moments.n_cells)
    variance = variances(units, psu_totals)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Kish's design effect as R's svymean(deff=TRUE): n/(n-1) in the variance, (N-n)/N for the fpc.
        simple = np.where((n > 1) & (weight > n), (weight - n) / weight / (n - 1.0), np.nan)
        deff = variance / (spread * simple)
    # One column of values makes a plain vector; shares keep their category axis.
    full = value.shape
    shape = full if statistic == "share" or full[1] > 1 else full[:1]
    return Estimate(
        statistic=statistic,
        value=value.reshape(shape),
        se=np.sqrt(variance).reshape(shape),
        n=np.broadcast_to(n, full).reshape(shape),
        n_numerator=_by_domain(moments, moments.nonzero)[:, : full[1]].reshape(shape),
        n_weighted=np.broadcast_to(weight, full).reshape(shape),
        deff=deff.reshape(shape),
        df=np.broadcast_to(_degrees_of_freedom(moments, units), full).reshape(shape),
        influence=psu_totals,
        units=units,
    )


def require_cases(estimate: Estimate, labels: Sequence[str], place: str = "table") -> None:
    """Raise :class:`InformalityError` (ESTIMATE) naming every domain without a case.

    ``labels``: (D,) what the reader calls each domain.
    """
    n = estimate.n.reshape(len(labels), -1)[:, 0]
    empty = [label for label, cases in zip(labels, n, strict=True) if cases == 0]
    if empty:
        raise InformalityError(
            Problem(
                place=place,
                what="nobody in the sample belongs to "
                + ("this group" if len(empty) == 1 else f"{len(empty)} of the groups"),
                found="; ".join(empty),
                fix="join the group with another, or leave it out of the table",
                count=len(empty),
            ),
            ExitCode.ESTIMATE,
        )


def _n_domains(domain: ArrayLike | None, n_domains: int | None) -> int:
    if n_domains is not None:
        return n_domains
    return 1 if domain is None else int(np.max(np.asarray(domain), initial=0)) + 1


def _by_domain(moments: Moments, lines: NDArray[_Number]) -> NDArray[_Number]:
    """Sums of the lines (m,) or (m, k) of each domain: (D, 1) or (D, k)."""
    columns = (lines[:, None] if lines.ndim == 1 else lines).T
    out = [np.bincount(moments.cell, column, minlength=moments.n_cells) for column in columns]
    return np.stack(out, axis=1).astype(lines.dtype)


def _degrees_of_freedom(moments: Moments, units: PrimaryUnits) -> IntArray:
    """(D, 1) PSUs with a case in the domain minus strata with one."""
    cases = moments.n > 0
    psu, domain = moments.psu[cases], moments.cell[cases]
    psus = np.bincount(domain, minlength=moments.n_cells)
    held = np.zeros((len(units.stratum_labels), moments.n_cells), dtype=bool)
    held[units.stratum[psu], domain] = True
    return np.asarray(psus - held.sum(axis=0))[:, None]


def _positive(weight: FloatArray) -> FloatArray:
    """Sums of weights to divide by; NaN where there are none."""
    return np.where(weight > 0, weight, np.nan)


def _spread(mean_square: FloatArray, mean: FloatArray) -> FloatArray:
    """Weighted variance of the values; NaN where they do not vary."""
    variance = mean_square - mean**2
    return np.where(variance > _SPREAD_FLOOR * mean_square, variance, np.nan)
