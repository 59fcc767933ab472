"""Replicate weights: the sample drawn again and again on paper, and the spread of the answers.

A statistic is computed with each of R sets of weights; its variance is

    scale * sum over r of  rscales_r * (theta_r - centre)^2

with the mean of the theta_r as centre, or the estimate itself under ``mse`` (Wolter, *Introduction to
Variance Estimation*, 2007). Weights are kept as factors on the sample weight, by PSU where a whole PSU
shares them: then sums by PSU are enough for every replicate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy import linalg, sparse

from informality.foundation.errors import ExitCode, InformalityError, Problem, raise_errors
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.sampling.units import PrimaryUnits, label, named

Kind = Literal["BRR", "Fay", "JK1", "JKn", "bootstrap", "SDR"]

_PLACE = "sample design, replicate weights"
_RANK = 1e-5  # R's tolerance for the rank of the replicate weights


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """R sets of weights. ``factors``: (U, R) replicate weight over sample weight for each unit.

    ``by_row``: the units are the rows of the sample; otherwise its PSUs. ``scale`` and ``rscales`` (R,)
    stand in front of the squared deviations; ``mse``: these are taken from the estimate and not from
    the mean of the replicates.
    """

    kind: Kind
    factors: FloatArray
    by_row: bool
    scale: float
    rscales: FloatArray
    mse: bool = False

    def __len__(self) -> int:
        return int(self.factors.shape[1])

    def totals(self, unit: IntArray, cell: IntArray, n_cells: int, sums: FloatArray) -> FloatArray:
        """Totals (R, n_cells, k) of sums (m, k) kept by unit and cell, with each set of weights."""
        shape = (n_cells, len(self.factors))
        columns = [sparse.csr_array((column, (cell, unit)), shape=shape) @ self.factors for column in sums.T]
        return np.stack([column.T for column in columns], axis=2)

    def deviations(self, theta: FloatArray, value: FloatArray) -> FloatArray:
        """Deviations (R, k) of the replicates ``theta`` (R, k) from their centre; NaN where undefined."""
        if self.mse:
            return theta - value
        counted = np.where(self.rscales[:, None] > 0, theta, np.nan)
        number = np.maximum(np.isfinite(counted).sum(axis=0), 1)
        return np.asarray(theta - np.nansum(counted, axis=0) / number)

    def covariance(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Covariance matrix (k, l) from deviations (R, k) and (R, l).

        A replicate in which a statistic is not defined (a domain it has no member of) is left out for it,
        as R does; a statistic defined in none has NaN.
        """
        matrix = self.scale * (np.nan_to_num(a) * self.rscales[:, None]).T @ np.nan_to_num(b)
        matrix[np.isnan(a).all(axis=0)] = np.nan
        matrix[:, np.isnan(b).all(axis=0)] = np.nan
        return np.asarray(matrix)

    def df(self, unit: IntArray) -> int:
        """Degrees of freedom over some units: the rank of their weights less 1 (R's ``degf``)."""
        rows = self.factors[unit]
        if not rows.size:
            return -1
        gram = rows @ rows.T if rows.shape[0] < rows.shape[1] else rows.T @ rows
        _, _, rank, _ = linalg.lapack.dpstrf(gram, tol=_RANK**2 * gram.diagonal().max())
        return int(rank) - 1


def from_weights(
    weight: FloatArray, replicates: Any, kind: Kind, scale: float | None, rscales: Any, rho: float | None, mse: bool
) -> Replicates:
    """Replicates from columns (n, R) of replicate weights; see ``Design.from_replicates``."""
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, not {kind!r}")
    columns = _columns(replicates)
    problems = _column_problems(weight, columns)
    number = columns.shape[1]
    if kind == "bootstrap" and scale is None:
        problems.append(_missing("scale", "the producer's documentation gives it; for a plain bootstrap it is 1/(R-1)"))
    if kind == "JKn" and rscales is None:
        problems.append(
            _missing("rscales", "one for each replicate: (n_h - 1)/n_h of the stratum it leaves a PSU out of")
        )
    if kind == "Fay" and rho is None and scale is None:
        problems.append(_missing("rho", "the share of its weight that a PSU keeps, often 0.5"))
    if rho is not None and not 0 <= rho < 1:
        raise ValueError(f"rho must be at least 0 and less than 1, not {rho}")
    r = np.ones(number) if rscales is None else np.asarray(rscales, dtype=np.float64)
    r = np.full(number, float(r)) if r.ndim == 0 else r
    if len(r) != number:
        problems.append(
            Problem(
                _PLACE,
                "the rscales do not fit the replicate weights",
                f"{len(r)} rscales, {number} columns of replicate weights",
                "give one rscale for each column",
            )
        )
    elif not (np.isfinite(r) & (r >= 0)).all() or not (scale is None or 0 < scale < np.inf):
        problems.append(
            Problem(
                _PLACE,
                "scale and rscales must be numbers above 0",
                f"scale {scale}, smallest rscale {r.min()}",
                "take them from the documentation of the survey",
            )
        )
    raise_errors(problems, ExitCode.DATA)
    weights = weight[:, None]
    factors = np.divide(columns, weights, out=np.zeros_like(columns), where=weights != 0)
    known = default_scale(kind, number, rho) if scale is None else scale
    return Replicates(kind, factors, True, float(known), r, mse)


def default_scale(kind: Kind, number: int, rho: float | None) -> float:
    """The scale that follows from the kind: R survey's, and Fay and Train 1995 for SDR."""
    if kind == "Fay":
        return 1 / (number * (1 - (rho or 0.0)) ** 2)
    return {"BRR": 1 / number, "JK1": (number - 1) / number, "SDR": 4 / number}.get(kind, 1.0)


def made(units: PrimaryUnits, kind: Kind, number: int | None, seed: int, rho: float, mse: bool) -> Replicates:
    """Replicates of a stratified sample of PSUs; see ``Design.to_replicates``."""
    if units.second is not None:
        raise _cannot_make(
            "the design has a second stage, which these replicates cannot carry",
            "declare the first stage alone (its finite population correction may stay), or keep the design as it is",
        )
    drawn = units.psus_per_stratum
    fraction = np.zeros(len(drawn)) if units.fraction is None else units.fraction
    if units.lonely == "adjust" and units.stages()[0].alone.any():
        raise _cannot_make(
            "strata with one PSU have no replicates under the lonely rule `adjust`",
            "set the lonely rule to `certainty` or `average`, or join such strata",
        )
    if kind == "JKn":
        return _jackknife(units, fraction, mse)
    if kind == "bootstrap":
        return _bootstrap(units, fraction, number or 500, seed, mse)
    if kind in ("BRR", "Fay"):
        return _half_samples(units, fraction, kind, rho if kind == "Fay" else 0.0, mse)
    raise ValueError(f"replicates can be made as JKn, bootstrap, BRR or Fay, not {kind!r}")


def _jackknife(units: PrimaryUnits, fraction: FloatArray, mse: bool) -> Replicates:
    """One replicate for each PSU that was left to chance: without it, the others carrying its weight."""
    stage = units.stages()[0]
    left_out = np.flatnonzero(((stage.drawn > 1) & (stage.scale > 0))[units.stratum])
    if not len(left_out):
        raise _cannot_make(
            "no PSU was left to chance, so there is none to leave out",
            "check the finite population correction: it says that every PSU was taken",
        )
    h = units.stratum[left_out]
    stretch = stage.drawn[h] / (stage.drawn[h] - 1.0)
    factors = np.where(units.stratum[:, None] == h, stretch, 1.0)
    factors[left_out, np.arange(len(left_out))] = 0
    rscales = (1 - fraction[h]) / stretch
    return Replicates("JKn", factors, False, _average_factor(units), rscales, mse)


def _bootstrap(units: PrimaryUnits, fraction: FloatArray, number: int, seed: int, mse: bool) -> Replicates:
    """Rescaled bootstrap: n_h - 1 PSUs of each stratum with replacement (Rao and Wu 1988).

    A PSU drawn r times gets 1 - a + a r n_h / (n_h - 1), with a = sqrt(1 - f_h) for the finite population.
    """
    if number < 2:
        raise ValueError(f"a bootstrap needs at least 2 replicates, not {number}")
    rng = np.random.default_rng(seed)
    factors = np.ones((len(units.stratum), number))
    for h, drawn in enumerate(units.psus_per_stratum):
        if drawn > 1:
            psus = np.flatnonzero(units.stratum == h)
            times = rng.multinomial(drawn - 1, np.full(drawn, 1 / drawn), size=number).T
            share = np.sqrt(1 - fraction[h])
            factors[psus] = 1 - share + share * times * drawn / (drawn - 1)
    scale = _average_factor(units) / (number if mse else number - 1)
    return Replicates("bootstrap", factors, False, scale, np.ones(number), mse)


def _half_samples(units: PrimaryUnits, fraction: FloatArray, kind: Kind, rho: float, mse: bool) -> Replicates:
    """Balanced half samples: of the two PSUs of each stratum one gets 2 - rho, the other rho."""
    if not 0 <= rho < 1:
        raise ValueError(f"rho must be at least 0 and less than 1, not {rho}")
    odd = np.flatnonzero(units.psus_per_stratum != 2)
    if len(odd) or fraction.any():
        found = named([f"stratum {label(units.stratum_labels[h])} has {units.psus_per_stratum[h]}" for h in odd])
        raise _cannot_make(
            f"{kind} replicates need two PSUs in each stratum, drawn with replacement",
            "make JKn or bootstrap replicates instead",
            found or "finite population corrections",
        )
    strata = len(units.psus_per_stratum)
    order = 1 << int(strata).bit_length()  # a column for each stratum beside the one of ones
    sign = linalg.hadamard(order)[:, 1 : strata + 1].astype(np.float64)
    _, first = np.unique(units.stratum, return_index=True)
    side = np.where(np.isin(np.arange(len(units.stratum)), first), 1.0, -1.0)
    factors = 1 + (1 - rho) * side[:, None] * sign.T[units.stratum]
    return Replicates(kind, factors, False, default_scale("Fay", order, rho), np.ones(order), mse)


def _average_factor(units: PrimaryUnits) -> float:
    """What `average` makes of lonely strata: the others stand for them, as in linearisation.

    (R counts strata when it linearises, but PSUs when it makes a jackknife.)
    """
    stage = units.stages()[0]
    if units.lonely != "average" or not stage.alone.any():
        return 1.0
    return len(stage.drawn) / float((~stage.alone).sum())


def _columns(replicates: Any) -> FloatArray:
    columns = np.asarray(replicates, dtype=np.float64)
    if columns.ndim != 2:
        raise ValueError("replicate weights come as a table, a row for each row of the sample")
    return columns


def _column_problems(weight: FloatArray, columns: FloatArray) -> list[Problem]:
    if len(columns) != len(weight):
        return [
            Problem(
                _PLACE,
                "the replicate weights have another length than the weights",
                f"{len(columns):,} rows of replicate weights, but {len(weight):,} weights",
                "give one row of replicate weights for each row of the sample",
            )
        ]
    if columns.shape[1] < 2:
        return [Problem(_PLACE, "there must be at least two columns", f"{columns.shape[1]} column")]
    problems = []
    bad = (~np.isfinite(columns)).any(axis=1)
    if bad.any():
        first = f"{int(bad.sum()):,} rows, the first is row {int(bad.argmax()) + 1:,}"
        problems.append(Problem(_PLACE, "replicate weights are missing or infinite", first, "correct them"))
        return problems
    orphans = (weight == 0) & columns.any(axis=1)
    if orphans.any():
        problems.append(
            Problem(
                _PLACE,
                "rows of weight 0 have replicate weights",
                f"{int(orphans.sum()):,} rows",
                "set the replicate weights of such rows to 0, or correct the weight",
            )
        )
    ratio = columns.sum(axis=0).mean() / weight.sum()
    if not 0.5 < ratio < 2:
        problems.append(
            Problem(
                _PLACE,
                "the replicate weights do not add up to what the weights do",
                f"they add up to {ratio:.4g} times the sum of the weights, on average",
                "if the columns hold factors, multiply them by the weight first",
            )
        )
    return problems


def _missing(what: str, fix: str) -> Problem:
    return Problem(_PLACE, f"the {what} of the replicate weights is not declared", fix=fix)


def _cannot_make(what: str, fix: str, found: str = "") -> InformalityError:
    return InformalityError(Problem(_PLACE, what, found, fix), ExitCode.ESTIMATE)
