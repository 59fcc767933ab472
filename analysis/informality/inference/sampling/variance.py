"""From totals of influence values by unit to a covariance matrix: the one place that knows strata.

Every statistic here is, to first order, a weighted sum over rows of an influence value (Binder 1983).
Its variance is that of the PSU totals of those values within strata:

    cov(a, b) = sum over strata h of  (1 - f_h) n_h / (n_h - 1) * sum over PSUs i in h of
                (T_a,hi - mean T_a,h) (T_b,hi - mean T_b,h)

where n_h and the means count *all* PSUs of the stratum, also those without a member of the domain, and f_h is
the share of the PSUs that was drawn (0 for drawing with replacement). Where f_h > 0 the second stage
adds f_h (1 - f_hi) m_hi / (m_hi - 1) times the scatter of the totals of each PSU's own units (Särndal,
Swensson and Wretman 1992, 4.3). Totals are kept sparse: a line for each unit that has a member of the domain.

Strata with one PSU follow R survey 4.5 (see :class:`~informality.inference.sampling.units.PrimaryUnits`). For a
domain, R looks only at strata that hold a member of it: `average` averages over those, and the mean
PSU total of `adjust` is theirs. We do the same, per domain; between two domains that hold different
strata each keeps its own rule, so that the matrix has the squared standard errors on its diagonal and
no negative variance. (R has two answers there: under `average`, the standard errors that
``svyby(covmat=TRUE)`` prints are not those of its covariance matrix, which looks at all strata.)

For replicate weights the totals are the deviations of the replicates, a line for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from informality.inference.sampling.moments import FloatArray, IntArray, add_up, compact
from informality.inference.sampling.replicates import Replicates
from informality.inference.sampling.units import PrimaryUnits, Stage

_BLOCK = 1 << 21  # numbers in a dense block: 16 MB


@dataclass(frozen=True, slots=True, eq=False)
class PsuTotals:
    """Totals of weighted influence values by PSU (or finer unit), for D domains x K statistics.

    ``psu``, ``domain``: (m,) the pairs that have rows, sorted by psu. ``values``: (m, K).
    ``explained``: (p, D x K) coefficients on the units' ``auxiliary``, to be taken off in every unit: what
    calibration explains. A domain without any line has no estimate: its variances are NaN.
    """

    psu: IntArray
    domain: IntArray
    values: FloatArray
    n_domains: int
    explained: FloatArray | None = None

    @property
    def size(self) -> int:
        """D x K, in the order of the covariance matrix: domain first, then statistic."""
        return self.n_domains * int(self.values.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """Totals at one stage: ``auxiliary`` (U, p) is that of the stage's units."""

    stage: Stage
    totals: PsuTotals
    auxiliary: FloatArray | None

    def explained(self, start: int, stop: int) -> FloatArray | None:
        """What calibration explains of some units: (units, D, K)."""
        if self.auxiliary is None or self.totals.explained is None:
            return None
        part = self.auxiliary[start:stop] @ self.totals.explained
        return part.reshape(len(part), self.totals.n_domains, -1)


@dataclass(frozen=True, slots=True, eq=False)
class _Centring:
    """What to subtract from totals, and what to multiply by.

    ``centre``: (G, D, K). ``factor``: (D,) rise for lonely strata under `average`; NaN for a domain
    without a line. ``units``: (G, D) units with a member of the domain.
    """

    centre: FloatArray
    factor: FloatArray
    units: IntArray


def variances(basis: PrimaryUnits | Replicates, totals: PsuTotals) -> FloatArray:
    """Variances (D, K): the diagonal of :func:`covariance_matrix`, without making anything dense."""
    shape = (totals.n_domains, totals.values.shape[1])
    if isinstance(basis, Replicates):
        return np.diag(covariance_matrix(basis, totals)).reshape(shape)
    out = np.zeros(shape)
    for drawing in _drawings(basis, totals):
        c, stage = _centring(drawing), drawing.stage
        if totals.explained is not None:
            for deviations in _blocks([drawing], [c]):
                out += (deviations[0] ** 2).sum(axis=0).reshape(shape)
            continue
        t = drawing.totals
        group = stage.group[t.psu]
        squares = stage.scale[group, None] * (t.values - c.centre[group, t.domain]) ** 2
        held = add_up(t.domain, squares, t.n_domains)
        absent = stage.drawn[:, None] - c.units  # units without a member: total 0
        missed = np.einsum("h,hd,hdk->dk", stage.scale, absent, c.centre**2)
        out += (held + missed) * c.factor[:, None]
    return out


def covariance_matrix(basis: PrimaryUnits | Replicates, a: PsuTotals, b: PsuTotals | None = None) -> FloatArray:
    """Covariance matrix (size of a, size of b) of two sets of statistics; of ``a`` with itself without b.

    Units are taken a block at a time, so memory does not grow with their number. Rows and columns of
    domains without a member are NaN.
    """
    parts = [a] if b is None or b is a else [a, b]
    if isinstance(basis, Replicates):
        dense = [t.values.reshape(len(basis), t.size) for t in parts]
        return basis.covariance(dense[0], dense[-1])
    matrix = np.zeros((parts[0].size, parts[-1].size))
    for drawings in zip(*(_drawings(basis, t) for t in parts), strict=True):
        for deviations in _blocks(drawings, [_centring(d) for d in drawings]):
            with np.errstate(invalid="ignore"):  # NaN stands for a domain without a member
                matrix += deviations[0].T @ deviations[-1]
    return matrix


def _drawings(units: PrimaryUnits, totals: PsuTotals) -> list[_Drawing]:
    """The totals at each stage that adds to the variance."""
    stages = units.stages()
    auxiliary = None if units.known is None else units.known.auxiliary
    if units.second is None:
        return [_Drawing(stages[0], totals, auxiliary)]
    key = units.second.psu[totals.psu] * totals.n_domains + totals.domain
    code, keys = compact(key, len(units.stratum) * totals.n_domains)
    first = PsuTotals(
        keys // totals.n_domains,
        keys % totals.n_domains,
        add_up(code, totals.values, len(keys)),
        totals.n_domains,
        totals.explained,
    )
    by_psu = None if auxiliary is None else add_up(units.second.psu, auxiliary, len(units.stratum))
    return [_Drawing(stages[0], first, by_psu), _Drawing(stages[1], totals, auxiliary)]


def _centring(drawing: _Drawing) -> _Centring:
    stage, totals = drawing.stage, drawing.totals
    shape = (len(stage.drawn), totals.n_domains)
    place = stage.group[totals.psu] * totals.n_domains + totals.domain
    units = np.bincount(place, minlength=shape[0] * shape[1]).reshape(shape)
    sums = add_up(place, totals.values, shape[0] * shape[1]).reshape(*shape, -1)
    present = units > 0
    factor = np.where(present.any(axis=0), 1.0, np.nan)
    if drawing.auxiliary is not None and totals.explained is not None:
        by_group = add_up(stage.group, drawing.auxiliary, shape[0])
        sums = sums - (by_group @ totals.explained).reshape(sums.shape)
        present = np.ones_like(present)  # a row outside the domain has a residual, too
    # The mean of a lonely stratum is its only total, so `certainty` and `average` leave nothing there.
    centre = sums / stage.drawn[:, None, None]
    lonely = stage.alone
    if stage.lonely == "adjust" and lonely.any():
        with np.errstate(invalid="ignore", divide="ignore"):
            grand_mean = sums.sum(axis=0) / (stage.drawn @ present)[:, None]
        centre[lonely] = np.where(present[lonely][:, :, None], grand_mean, 0.0)
    elif stage.lonely == "average" and lonely.any():
        strata = present.sum(axis=0)
        measured = present[~lonely].sum(axis=0)
        factor *= np.where(measured > 0, strata / np.maximum(measured, 1), np.nan)
    return _Centring(centre, factor, units)


def _blocks(drawings: tuple[_Drawing, ...] | list[_Drawing], c: list[_Centring]) -> Iterator[list[FloatArray]]:
    """Scaled deviations (units, D x K) a block of units at a time; covariance is their cross product."""
    group = drawings[0].stage.group
    step = max(1, _BLOCK // max(1, sum(d.totals.size for d in drawings)))
    for start in range(0, len(group), step):
        stop = min(start + step, len(group))
        yield [_deviations(d, centring, start, stop) for d, centring in zip(drawings, c, strict=True)]


def _deviations(drawing: _Drawing, c: _Centring, start: int, stop: int) -> FloatArray:
    stage, totals = drawing.stage, drawing.totals
    group = stage.group[start:stop]
    dense = np.zeros((len(group), totals.n_domains, totals.values.shape[1]))
    here = slice(*np.searchsorted(totals.psu, [start, stop]))
    dense[totals.psu[here] - start, totals.domain[here]] = totals.values[here]
    explained = drawing.explained(start, stop)
    if explained is not None:
        dense -= explained
    dense -= c.centre[group]
    dense *= np.sqrt(stage.scale[group, None] * c.factor)[:, :, None]
    return dense.reshape(len(group), -1)
