"""Totals, means, ratios and shares for the cells of a table, with standard errors.

Each statistic says only two things (:mod:`~informality.inference.estimates.sums`): its value from sums, and from the
same sums the influence of a PSU; errors and covariances then come from
:mod:`~informality.inference.sampling.variance`. With replicate weights the value is computed from the sums of each
replicate, instead. A domain is a code, never a filter: all PSUs stay in the design. For each statistic
there is a function of a design and row arrays, and one ending in ``_of`` for moments that were collected
chunk by chunk; these take ``design.basis``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.inference.estimates.sums import MEAN, RATIO, TOTAL, Formula, positive
from informality.inference.sampling.design import Design
from informality.inference.sampling.moments import FloatArray, IntArray, Moments
from informality.inference.sampling.replicates import Replicates
from informality.inference.sampling.units import PrimaryUnits
from informality.inference.sampling.variance import PsuTotals, covariance_matrix, variances

Statistic = Literal["total", "mean", "ratio", "share"]

Basis = PrimaryUnits | Replicates

_Number = TypeVar("_Number", np.intp, np.float64)

# Squares are summed as they are (see Moments): a relative variance below this is rounding.
_SPREAD_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Estimates for D domains, arrays of shape (D,), or (D, K) for K categories or several values.

    ``value``, ``se``: NaN for a domain without a case. ``n``: cases (rows with a weight) in the
    domain, for a share its denominator; ``n_numerator``: those with a value other than 0, for a share the
    cases in the category. ``n_weighted``: sum of weights in the domain. ``df``: PSUs with a case in the
    domain minus strata with one (R: ``degf(subset(design, domain))``), with replicate weights the rank
    of those of the domain less 1. ``deff``: variance over that of a
    simple random sample without replacement of the same n (R: ``deff=TRUE``); NaN where the value does
    not vary or the weights do not add up to more than n.
    ``influence``, ``units``: the PSU totals (or replicates) behind ``se``, for covariances.
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
    units: Basis

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
                found=f"one has {_size(a.units)}, the other {_size(b.units)}",
                fix="build the design once, from all the rows that are compared, and make both from it",
            ),
            ExitCode.ESTIMATE,
        )
    return covariance_matrix(a.units, a.influence, b.influence)


def _size(basis: Basis) -> str:
    if isinstance(basis, Replicates):
        return f"{len(basis):,} {basis.kind} replicates"
    return f"{len(basis.stratum):,} PSUs"


def totals(design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None) -> Estimate:
    """Weighted totals of ``y`` (n,) or (n, k) in each domain.

    ``domain``: (n,) integer codes, negative is outside; ``n_domains`` defaults to the largest code + 1.
    NaN in y puts a row outside. A count of persons is the total of an indicator over all persons (then the
    design effect is that of the indicator), or of ones over a domain (then it is undefined).
    """
    return totals_of(_from_arrays(design, y, domain, n_domains), design.basis)


def means(design: Design, y: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None) -> Estimate:
    """Weighted means of ``y`` (n,) or (n, k) in each domain; see :func:`totals` for the arguments."""
    return means_of(_from_arrays(design, y, domain, n_domains), design.basis)


def ratios(
    design: Design, y: ArrayLike, x: ArrayLike, domain: ArrayLike | None = None, n_domains: int | None = None
) -> Estimate:
    """Ratios, total of ``y`` over total of ``x``, in each domain; NaN in either puts a row outside.

    ``n`` counts the cases of the domain; put rows that cannot be in the denominator outside it.
    """
    cells = _n_domains(domain, n_domains)
    moments = Moments.from_pair(design.weight, design.unit, domain, cells, y, x, _instrument(design))
    return ratios_of(moments, design.basis)


def shares(
    design: Design, outcome: ArrayLike, n_outcomes: int, domain: ArrayLike | None = None, n_domains: int | None = None
) -> Estimate:
    """Shares of the K = ``n_outcomes`` categories within each domain, (D, K), in one pass.

    ``outcome``: (n,) integer codes; a negative code is outside the universe (neither numerator nor
    denominator). The shares of a domain add up to 1.
    """
    cells = _n_domains(domain, n_domains)
    moments = Moments.from_codes(design.weight, design.unit, domain, cells, outcome, n_outcomes, _instrument(design))
    return shares_of(moments, design.basis)


def _from_arrays(design: Design, y: ArrayLike, domain: ArrayLike | None, n_domains: int | None) -> Moments:
    cells = _n_domains(domain, n_domains)
    return Moments.from_arrays(design.weight, design.unit, domain, cells, y, _instrument(design))


def _instrument(design: Design) -> sparse.csr_array | None:
    return None if design.calibration is None else design.calibration.instrument


def totals_of(moments: Moments, basis: Basis) -> Estimate:
    """Totals from moments of values (:meth:`Moments.from_arrays`) or categories (`from_codes`)."""
    sums = _by_domain(moments, moments.sums)
    weight = _by_domain(moments, moments.weight)
    spread = _spread(_by_domain(moments, moments.products) / positive(weight), sums / positive(weight))
    return _estimate("total", moments, basis, spread * weight**2, TOTAL)


def means_of(moments: Moments, basis: Basis) -> Estimate:
    """Means from moments of values."""
    return _means("mean", moments, basis)


def shares_of(moments: Moments, basis: Basis) -> Estimate:
    """Shares from moments of categories (:meth:`Moments.from_codes`): means of indicators."""
    return _means("share", moments, basis)


def ratios_of(moments: Moments, basis: Basis) -> Estimate:
    """Ratios from moments of a numerator and a denominator (:meth:`Moments.from_pair`)."""
    sums = _by_domain(moments, moments.sums)
    weight = positive(_by_domain(moments, moments.weight))
    value = RATIO.value(sums, weight)
    yy, yx, xx = np.hsplit(_by_domain(moments, moments.products), 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = yy - 2 * value * yx + value**2 * xx
        # The residuals y - ratio x have mean zero; they are compared with y, out of which they came.
        spread = np.where(residual > _SPREAD_FLOOR * yy, residual / weight, np.nan) * (weight / sums[:, 1:]) ** 2
    return _estimate("ratio", moments, basis, spread, RATIO)


def _means(statistic: Statistic, moments: Moments, basis: Basis) -> Estimate:
    sums = _by_domain(moments, moments.sums)
    weight = positive(_by_domain(moments, moments.weight))
    spread = _spread(_by_domain(moments, moments.products) / weight, sums / weight)
    return _estimate(statistic, moments, basis, spread, MEAN)


def _estimate(statistic: Statistic, moments: Moments, basis: Basis, spread: FloatArray, formula: Formula) -> Estimate:
    """Finish (D, K) estimates from the formula of a statistic.

    ``spread`` (D, K) is the variance of the estimate from a simple random sample of one.
    """
    n = _by_domain(moments, moments.n)
    sums, weight = _by_domain(moments, moments.sums), _by_domain(moments, moments.weight)
    value = np.where(n > 0, formula.value(sums, weight), np.nan)
    if isinstance(basis, Replicates):
        psu_totals = _replicate_deviations(moments, basis, value, formula)
    else:
        at = moments.cell
        lines = formula.influence(moments.sums, moments.weight[:, None], sums[at], weight[at])
        lines = np.where(n[at] > 0, lines, np.nan)
        explained = None
        if basis.known is not None:
            if moments.cross is None:
                raise ValueError("moments of calibrated weights need the design's calibration.instrument")
            crossed = formula.influence(moments.cross[..., :-1], moments.cross[..., -1:], sums, weight)
            explained = basis.known.explained(crossed.reshape(len(crossed), -1))
        psu_totals = PsuTotals(moments.psu, moments.cell, lines, moments.n_cells, explained)
    variance = variances(basis, psu_totals)
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
        df=np.broadcast_to(_degrees_of_freedom(moments, basis), full).reshape(shape),
        influence=psu_totals,
        units=basis,
    )


def _replicate_deviations(moments: Moments, replicates: Replicates, value: FloatArray, formula: Formula) -> PsuTotals:
    """The deviation of each replicate, in place of PSU totals: lines for R x D, all domains in each."""
    lines = np.column_stack([moments.sums, moments.weight])
    totals = replicates.totals(moments.psu, moments.cell, moments.n_cells, lines)
    theta = formula.value(totals[..., :-1], totals[..., -1:])
    theta = np.where(np.isnan(value), np.nan, theta)
    number = len(replicates)
    deviations = replicates.deviations(theta.reshape(number, -1), value.ravel())
    return PsuTotals(
        psu=np.repeat(np.arange(number), moments.n_cells),
        domain=np.tile(np.arange(moments.n_cells), number),
        values=deviations.reshape(number * moments.n_cells, -1),
        n_domains=moments.n_cells,
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


def _degrees_of_freedom(moments: Moments, basis: Basis) -> IntArray:
    """(D, 1) PSUs with a case in the domain minus strata with one; or of the domain's replicates."""
    cases = moments.n > 0
    unit, domain = moments.psu[cases], moments.cell[cases]
    if isinstance(basis, Replicates):
        order = np.argsort(domain, kind="stable")
        parts = np.split(unit[order], np.searchsorted(domain[order], np.arange(1, moments.n_cells)))
        return np.array([[basis.df(part)] for part in parts])
    psu = basis.psu_of(unit)
    if basis.second is not None:  # several units of a PSU are one PSU
        pair = np.unique(psu * moments.n_cells + domain)
        psu, domain = pair // moments.n_cells, pair % moments.n_cells
    psus = np.bincount(domain, minlength=moments.n_cells)
    held = np.zeros((len(basis.stratum_labels), moments.n_cells), dtype=bool)
    held[basis.stratum[psu], domain] = True
    return np.asarray(psus - held.sum(axis=0))[:, None]


def _spread(mean_square: FloatArray, mean: FloatArray) -> FloatArray:
    """Weighted variance of the values; NaN where they do not vary."""
    variance = mean_square - mean**2
    return np.where(variance > _SPREAD_FLOOR * mean_square, variance, np.nan)
