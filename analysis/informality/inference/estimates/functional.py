"""Statistics that need every case in order, by domain: quantiles, Gini and their like.

Tables of totals, means and shares go by sums over PSUs (:mod:`~informality.inference.estimates.estimate`). Here a statistic
is a function of the values and weights of the cases, with its derivative with respect to each weight
(the influence: Binder 1983; Deville 1999). The result, :class:`Functional`, keeps influence by PSU as an
``Estimate`` does, so both have covariances with each other, whatever the design.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.inference.sampling.design import Design
from informality.inference.sampling.linearise import replicate_estimates
from informality.inference.sampling.moments import FloatArray, IntArray, add_up, compact
from informality.inference.sampling.replicates import Replicates
from informality.inference.sampling.units import PrimaryUnits
from informality.inference.sampling.variance import PsuTotals, covariance_matrix, variances

Recompute = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Kernel:
    """K numbers of the cases of one domain, whose values ``v`` (m, c) ascend in the first column.

    ``value``: from v and weights w (m,) to (K,). ``derivative``: from v, w and the value to (m, K), the
    change of each number for one more bit of weight on each case.
    """

    value: Callable[[FloatArray, FloatArray], FloatArray]
    derivative: Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class Functional:
    """Statistics for D domains: arrays (D,), or (D, K); NaN (n: 0) for a domain without a case.

    The fields mean what they do in :class:`~informality.inference.estimates.estimate.Estimate`. There is no design
    effect: what a simple random sample would have given has no plain formula.
    """

    statistic: str
    value: FloatArray
    se: FloatArray
    n: IntArray
    n_weighted: FloatArray
    df: FloatArray
    influence: PsuTotals
    units: PrimaryUnits | Replicates

    def covariance(self) -> FloatArray:
        """Covariance matrix of all cells, in the order of ``value.ravel()``."""
        return covariance_matrix(self.units, self.influence)


@dataclass(frozen=True, slots=True, eq=False)
class Domains:
    """The cases of each of D domains: ``rows``, D arrays of row numbers, ascending in the first value."""

    design: Design
    values: FloatArray  # (n rows, c)
    rows: Sequence[IntArray]
    what: str

    @classmethod
    def of(cls, design: Design, y: ArrayLike, domain: ArrayLike | None, n_domains: int | None, what: str) -> Domains:
        """``y`` (n,) or (n, c), NaN is outside; ``domain`` (n,) integer codes, negative is outside.

        Rows of weight 0 are outside, too. Raises :class:`InformalityError` (DATA) for infinite values.
        """
        values = _columns(y, what)
        codes = np.zeros(len(values), dtype=np.intp) if domain is None else np.asarray(domain)
        if not len(design.weight) == len(values) == len(codes):
            raise ValueError(
                f"{what}: the design has {len(design.weight):,} rows, the values {len(values):,}, "
                f"the domain {len(codes):,}"
            )
        if codes.dtype.kind not in "iub":
            raise TypeError(f"domain must hold integer codes, not {codes.dtype}")
        size = n_domains if n_domains is not None else max(1, int(codes.max(initial=-1)) + 1)
        if codes.max(initial=-1) >= size:
            raise ValueError(f"domain has code {codes.max()}, but there are only {size}")
        inside = np.flatnonzero((codes >= 0) & ~np.isnan(values).any(axis=1) & (design.weight != 0))
        order = inside[np.lexsort((values[inside, 0], codes[inside]))]
        return cls(design, values, np.split(order, np.searchsorted(codes[order], np.arange(1, size))), what)

    def require_ordered(self) -> None:
        """For what cumulates weights from the smallest value on: one column of values, no negative weight.

        Raises :class:`InformalityError` (ESTIMATE) for negative weights, which calibration can leave behind.
        """
        if self.values.shape[1] != 1:
            raise ValueError(f"{self.what}: one column of values is needed, not {self.values.shape[1]}")
        negative = sum(int((self.design.weight[rows] < 0).sum()) for rows in self.rows)
        if negative:
            raise InformalityError(
                Problem(
                    place=self.what,
                    what="some weights are negative, so the cases cannot be ranked and counted",
                    found=f"{negative:,} cases",
                    fix="calibrate with bounds, or with raking, so that no weight falls below 0",
                    count=negative,
                ),
                ExitCode.ESTIMATE,
            )

    def parts(self, weights: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
        """Values (m, c) and weights (m,) of the cases of each domain."""
        return [(self.values[rows], weights[rows]) for rows in self.rows]

    def compute(self, weights: FloatArray, value: Callable[[FloatArray, FloatArray], FloatArray]) -> FloatArray:
        """The numbers of each domain from other weights: (D, K), NaN where all are 0."""
        parts = [value(v, w) if w.any() else None for v, w in self.parts(weights)]
        width = max((len(part) for part in parts if part is not None), default=1)
        return np.array([np.full(width, np.nan) if part is None else part for part in parts])

    def functional(self, statistic: str, kernel: Kernel) -> Functional:
        """The statistic of each domain."""
        weight = self.design.weight
        numbers = self.compute(weight, kernel.value)
        blocks = [
            w[:, None] * kernel.derivative(v, w, number) if len(w) else np.zeros((0, numbers.shape[1]))
            for (v, w), number in zip(self.parts(weight), numbers, strict=True)
        ]
        return self.linearised(
            statistic, numbers, self.rows, blocks, lambda weights: self.compute(weights, kernel.value)
        )

    def linearised(
        self,
        statistic: str,
        value: FloatArray,
        rows: Sequence[IntArray],
        influence: Sequence[FloatArray],
        recompute: Recompute,
    ) -> Functional:
        """From ``value`` (D, K) and, for each domain, rows (m,) and their weighted influence (m, K).

        Of a design with replicate weights, ``recompute`` is used instead: from weights (n,) to (D, K).
        """
        if self.design.replicates is not None:
            return self.replicated(statistic, value, recompute)
        return self.measured(statistic, value, totals_by_unit(self.design, rows, influence))

    def replicated(self, statistic: str, value: FloatArray, recompute: Recompute) -> Functional:
        """From ``value`` (D, K), computed anew with every set of replicate weights."""
        replicates = self.design.replicates
        if replicates is None:
            raise ValueError(f"{self.what}: the design has no replicate weights")
        theta = replicate_estimates(self.design, lambda weights: recompute(weights).ravel())
        theta = np.where(np.isnan(value.ravel()), np.nan, theta)
        return self.measured(statistic, value, replicate_lines(replicates.deviations(theta, value.ravel()), len(value)))

    def measured(
        self, statistic: str, value: FloatArray, totals: PsuTotals, se: FloatArray | None = None
    ) -> Functional:
        """From ``value`` (D, K) and its totals by unit. One number for each domain makes a plain vector."""
        basis, weight = self.design.basis, self.design.weight
        shape = value.shape if value.shape[1] > 1 else value.shape[:1]
        if se is None:
            se = np.where(np.isnan(value), np.nan, np.sqrt(variances(basis, totals)))

        def by_domain(numbers: Sequence[float]) -> FloatArray:
            return np.broadcast_to(np.array(numbers)[:, None], value.shape).reshape(shape)

        return Functional(
            statistic=statistic,
            value=value.reshape(shape),
            se=se.reshape(shape),
            n=by_domain([len(rows) for rows in self.rows]).astype(np.intp),
            n_weighted=by_domain([weight[rows].sum() for rows in self.rows]),
            df=by_domain(self.degrees_of_freedom),
            influence=totals,
            units=basis,
        )

    @property
    def degrees_of_freedom(self) -> list[float]:
        """(D,) PSUs minus strata among the cases of each domain, or of the replicate weights there (R ``degf``)."""
        design = self.design
        if design.replicates is not None:
            units = [np.unique(design.unit[rows]) for rows in self.rows]
            return [float(design.replicates.df(unit)) if len(unit) else np.nan for unit in units]
        psus = [np.unique(design.psu[rows]) for rows in self.rows]
        return [len(p) - float(len(np.unique(design.units.stratum[p]))) if len(p) else np.nan for p in psus]


def totals_by_unit(design: Design, rows: Sequence[IntArray], influence: Sequence[FloatArray]) -> PsuTotals:
    """Totals by unit of weighted influence: for each of D domains rows (m,) and values (m, K)."""
    size = len(rows)
    domain = np.repeat(np.arange(size), [len(r) for r in rows])
    z, row = np.concatenate(influence), np.concatenate(rows)
    code, keys = compact(design.unit[row] * size + domain, (int(design.unit.max()) + 1) * size)
    explained = None
    if design.calibration is not None and design.units.known is not None:
        instrument = design.calibration.instrument
        crossed = [instrument[r].T @ part for r, part in zip(rows, influence, strict=True)]
        explained = design.units.known.explained(np.hstack(crossed))
    return PsuTotals(keys // size, keys % size, add_up(code, z, len(keys)), size, explained)


def replicate_lines(deviations: FloatArray, n_domains: int) -> PsuTotals:
    """Deviations (R, D * K) of replicates in the form of totals: a line for each replicate and domain."""
    number = len(deviations)
    return PsuTotals(
        psu=np.repeat(np.arange(number), n_domains),
        domain=np.tile(np.arange(n_domains), number),
        values=deviations.reshape(number * n_domains, -1),
        n_domains=n_domains,
    )


def scaled(totals: PsuTotals, factor: FloatArray) -> PsuTotals:
    """Totals times one factor (D, K) for each domain and statistic; totals of one domain make those of D."""
    if totals.n_domains == 1 and len(factor) > 1:
        size = len(factor)
        totals = PsuTotals(
            np.repeat(totals.psu, size),
            np.tile(np.arange(size), len(totals.psu)),
            np.repeat(totals.values, size, axis=0),
            size,
            None if totals.explained is None else np.tile(totals.explained, size),
        )
    return replace(
        totals,
        values=totals.values * factor[totals.domain],
        explained=None if totals.explained is None else totals.explained * factor.ravel(),
    )


def added(a: PsuTotals, b: PsuTotals) -> PsuTotals:
    """Totals of the sum of two influences, in the same domains."""
    size = a.n_domains
    key = np.concatenate([t.psu * size + t.domain for t in (a, b)])
    code, keys = compact(key, int(key.max(initial=-1)) + 1)
    values = add_up(code, np.concatenate([a.values, b.values]), len(keys))
    explained = None if a.explained is None or b.explained is None else a.explained + b.explained
    return PsuTotals(keys // size, keys % size, values, size, explained)


def require_known(name: object, allowed: Sequence[str], what: str) -> None:
    """Raise :class:`InformalityError` (ESTIMATE) if ``name`` is not one of the allowed words."""
    if name not in allowed:
        raise InformalityError(
            Problem(
                place="estimation",
                what=f"`{name}` is not a {what} we know",
                found="we know " + ", ".join(allowed),
                fix=did_you_mean(name, allowed),
            ),
            ExitCode.ESTIMATE,
        )


def _columns(y: ArrayLike, what: str) -> FloatArray:
    """Values as a float matrix (n, c); pandas' missing values become NaN."""
    if hasattr(y, "to_numpy"):
        y = y.to_numpy(dtype=np.float64, na_value=np.nan)
    values = np.asarray(y, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    infinite = int(np.isinf(values).any(axis=1).sum())
    if infinite:
        raise InformalityError(
            Problem(
                place=what,
                what="a value is infinite",
                found=f"{infinite:,} rows",
                fix="set such values to missing, or look for a division by zero",
            ),
            ExitCode.DATA,
        )
    return values
