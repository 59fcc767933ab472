"""From totals of influence values by PSU to a covariance matrix: the one place that knows strata.

Every statistic here is, to first order, a weighted sum over rows of an influence value (Binder 1983).
Its variance is that of the PSU totals of those values within strata, PSUs taken as drawn with replacement:

    cov(a, b) = sum over strata h of  n_h / (n_h - 1) * sum over PSUs i in h of
                (T_a,hi - mean T_a,h) (T_b,hi - mean T_b,h)

where n_h and the means count *all* PSUs of the stratum, also those without a member of the domain.
Totals are kept sparse: a line for each PSU that has a member of the domain.

Strata with one PSU follow R survey 4.5 (see :class:`~informality.inference.design.PrimaryUnits`). For a
domain, R looks only at strata that hold a member of it: `average` averages over those, and the mean
PSU total of `adjust` is theirs. We do the same, per domain; between two domains that hold different
strata each keeps its own rule, so that the matrix has the squared standard errors on its diagonal and
no negative variance. (R has two answers there: under `average`, the standard errors that
``svyby(covmat=TRUE)`` prints are not those of its covariance matrix, which looks at all strata.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from informality.inference.design import PrimaryUnits
from informality.inference.moments import FloatArray, IntArray

_BLOCK = 1 << 21  # numbers in a dense block: 16 MB


@dataclass(frozen=True, slots=True, eq=False)
class PsuTotals:
    """Totals of weighted influence values by PSU, for D domains x K statistics.

    ``psu``, ``domain``: (m,) the pairs that have rows, sorted by psu. ``values``: (m, K).
    A domain without any line has no estimate: its variances are NaN.
    """

    psu: IntArray
    domain: IntArray
    values: FloatArray
    n_domains: int

    @property
    def size(self) -> int:
        """D x K, in the order of the covariance matrix: domain first, then statistic."""
        return self.n_domains * int(self.values.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class _Centring:
    """What to subtract from PSU totals, and what to multiply by.

    ``centre``: (H, D, K). ``scale``: (H,) n_h / (n_h - 1), 1 for a lonely stratum.
    ``factor``: (D,) rise for lonely strata under `average`; NaN for a domain without a line.
    ``psus``: (H, D) PSUs with a member of the domain.
    """

    centre: FloatArray
    scale: FloatArray
    factor: FloatArray
    psus: IntArray


def _centring(units: PrimaryUnits, totals: PsuTotals) -> _Centring:
    n_h = units.psus_per_stratum
    shape = (len(n_h), totals.n_domains)
    place = units.stratum[totals.psu] * totals.n_domains + totals.domain
    psus = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    sums = np.stack(
        [np.bincount(place, v, minlength=shape[0] * shape[1]).reshape(shape) for v in totals.values.T], axis=2
    )
    present = psus > 0
    # The mean of a lonely stratum is its only total, so `certainty` and `average` leave nothing there.
    centre = sums / n_h[:, None, None]
    scale = n_h / np.maximum(n_h - 1.0, 1.0)
    factor = np.where(present.any(axis=0), 1.0, np.nan)
    lonely = n_h == 1
    if units.lonely == "adjust" and lonely.any():
        with np.errstate(invalid="ignore"):
            grand_mean = sums.sum(axis=0) / (n_h @ present)[:, None]
        centre[lonely] = np.where(present[lonely][:, :, None], grand_mean, 0.0)
    elif units.lonely == "average" and lonely.any():
        strata = present.sum(axis=0)
        measured = present[~lonely].sum(axis=0)
        factor = np.where(measured > 0, strata / np.maximum(measured, 1), np.nan)
    return _Centring(centre, scale, factor, psus)


def variances(units: PrimaryUnits, totals: PsuTotals) -> FloatArray:
    """Variances (D, K): the diagonal of :func:`covariance_matrix`, without making anything dense."""
    c = _centring(units, totals)
    stratum = units.stratum[totals.psu]
    squares = c.scale[stratum, None] * (totals.values - c.centre[stratum, totals.domain]) ** 2
    held = np.stack([np.bincount(totals.domain, s, minlength=totals.n_domains) for s in squares.T], axis=1)
    absent = units.psus_per_stratum[:, None] - c.psus  # PSUs without a member: total 0
    missed = np.einsum("h,hd,hdk->dk", c.scale, absent, c.centre**2)
    return np.asarray((held + missed) * c.factor[:, None])


def covariance_matrix(units: PrimaryUnits, a: PsuTotals, b: PsuTotals | None = None) -> FloatArray:
    """Covariance matrix (size of a, size of b) of two sets of statistics; of ``a`` with itself without b.

    PSUs are taken a block at a time, so memory does not grow with their number. Rows and columns of
    domains without a member are NaN.
    """
    parts = [a] if b is None or b is a else [a, b]
    centrings = [_centring(units, t) for t in parts]
    matrix = np.zeros((parts[0].size, parts[-1].size))
    step = max(1, _BLOCK // max(1, sum(t.size for t in parts)))
    for start in range(0, len(units.stratum), step):
        stratum = units.stratum[start : start + step]
        deviations = [_deviations(t, c, stratum, start) for t, c in zip(parts, centrings, strict=True)]
        with np.errstate(invalid="ignore"):  # NaN stands for a domain without a member
            matrix += deviations[0].T @ deviations[-1]
    return matrix


def _deviations(totals: PsuTotals, c: _Centring, stratum: IntArray, start: int) -> FloatArray:
    """Scaled deviations (PSUs, D * K) of the PSUs from ``start`` on; covariance is their cross product."""
    dense = np.zeros((len(stratum), totals.n_domains, totals.values.shape[1]))
    here = slice(*np.searchsorted(totals.psu, [start, start + len(stratum)]))
    dense[totals.psu[here] - start, totals.domain[here]] = totals.values[here]
    dense -= c.centre[stratum]
    dense *= np.sqrt(c.scale[stratum, None] * c.factor)[:, :, None]
    return dense.reshape(len(stratum), -1)
