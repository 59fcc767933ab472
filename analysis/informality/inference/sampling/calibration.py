"""Calibration: weights as near as possible to those of the design that meet known totals.

The new weight of row i is w_i F(x_i'lambda), with lambda such that the weighted totals of the auxiliary x
are the known ones (Deville and Särndal 1992). F is 1 + u for ``linear`` (the regression estimator, GREG), exp(u)
for ``raking``, and an S-shaped curve between the bounds for ``logit``; bounds cut the first two off.
Post-stratification is one control with a category for each cell; there all methods are one.

The variance is that of the residuals of the regression of a statistic's influence on x with the
weights before calibration, for every method (Deville and Särndal 1992, result 5): what the known
totals explain has no sampling error. R's ``rake`` does otherwise: it removes unweighted margin means, and its
standard errors can be several times those of R's own ``calibrate(calfun="raking")`` with the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import linalg, sparse, special

from informality.foundation.errors import ExitCode, InformalityError, Problem, raise_errors
from informality.inference.sampling.moments import FloatArray, IntArray
from informality.inference.sampling.units import KnownTotals, label, named

CalibrationMethod = Literal["linear", "raking", "logit"]
Bounds = tuple[float, float]

_PLACE = "calibration"
MET = 1e-9  # a total is met when it is this near, relative to its size
_EXACT = 1e-14  # where the search stops
_STEPS = 100
_RANK = 1e-11  # below this share of the largest, an eigenvalue is a margin said twice


@dataclass(frozen=True, slots=True, eq=False)
class Control:
    """Something known about the population, and the column of the sample that it speaks of.

    With a mapping, ``column`` (n,) holds categories and ``totals`` has the number of persons in each; several
    columns (a DataFrame) make crossed cells, with tuples as keys. With a number, ``column`` is a numeric
    variable and ``totals`` its sum over the population.
    """

    name: str
    column: Any
    totals: Mapping[Any, float] | float


@dataclass(frozen=True, slots=True, eq=False)
class Auxiliary:
    """The controls as columns: ``x`` (n, p), the known ``totals`` (p,) and their ``labels``."""

    x: sparse.csr_array
    totals: FloatArray
    labels: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What the variance needs to know of one or several calibrations, the last one first.

    ``instrument``: (n, p) x over the change of the weight; ``weighted``: (n, p) calibrated weight times x;
    ``solve``: (p, p), so that weighted influence z leaves z - weighted @ solve @ (instrument' z) unexplained.
    """

    instrument: sparse.csr_array
    weighted: sparse.csr_array
    solve: FloatArray

    @classmethod
    def after(
        cls, x: sparse.csr_array, before: FloatArray, weight: FloatArray, earlier: Calibration | None
    ) -> Calibration:
        """The calibration of weights ``before`` (n,) to ``weight`` (n,), in addition to an earlier one.

        Rows that end with weight 0 take no part in the regression.
        """
        kept = weight != 0
        change = np.divide(before, weight, out=np.zeros_like(weight), where=kept)
        instrument = sparse.csr_array(x.multiply(change[:, None]))
        weighted = sparse.csr_array(x.multiply(weight[:, None]))
        solve = inverse((x.T @ x.multiply(np.where(kept, before, 0.0)[:, None])).toarray())
        if earlier is None:
            return cls(instrument, weighted, solve)
        # What is left after this calibration is what the earlier one is asked to explain.
        passed = earlier.solve @ (earlier.instrument.T @ weighted).toarray() @ solve
        corner = np.zeros((len(solve), len(earlier.solve)))
        return cls(
            sparse.csr_array(sparse.hstack([instrument, earlier.instrument])),
            sparse.csr_array(sparse.hstack([weighted, earlier.weighted])),
            np.block([[solve, corner], [-passed, earlier.solve]]),
        )

    def known(self, unit: IntArray, size: int) -> KnownTotals:
        """The same by unit, for a number of units."""
        rows = np.arange(len(unit))
        sums = sparse.csr_array((np.ones(len(unit)), (unit, rows)), shape=(size, len(unit)))
        return KnownTotals(np.asarray((sums @ self.weighted).toarray()), self.solve)


def auxiliary(controls: Sequence[Control], n: int) -> Auxiliary:
    """Columns and totals of the controls, over n rows; every problem with them at once (DATA)."""
    if not controls:
        raise ValueError("calibration needs at least one control")
    problems: list[Problem] = []
    blocks: list[sparse.csr_array] = []
    totals: list[float] = []
    labels: list[str] = []
    counts: dict[str, float] = {}
    for control in controls:
        made = _columns(control, n, problems)
        if made is not None:
            x, known, names = made
            blocks.append(x)
            totals.extend(known)
            labels.extend(names)
            if isinstance(control.totals, Mapping):
                counts[control.name] = sum(known)
    size = max(counts.values(), default=0.0)
    if any(abs(size - count) > MET * size for count in counts.values()):
        problems.append(
            Problem(
                _PLACE,
                "the known totals contradict each other: they add up to different populations",
                ", ".join(f"{name} adds up to {count:,.12g}" for name, count in counts.items()),
                "take all totals from one source, or scale them to one population",
            )
        )
    raise_errors(problems, ExitCode.DATA)
    return Auxiliary(sparse.csr_array(sparse.hstack(blocks)), np.array(totals), labels)


def averaged(aux: Auxiliary, weight: FloatArray, group: IntArray, size: int) -> Auxiliary:
    """The controls averaged over the rows of each group, so that their weights change alike.

    Calibration to the averages gives one change for a group (Lemaître and Dufour 1987) and the same totals.
    """
    rows = np.arange(len(group))
    sums = sparse.csr_array((weight, (group, rows)), shape=(size, len(group)))
    total = np.bincount(group, weight, minlength=size)
    mean = (sums @ aux.x).multiply(np.divide(1.0, total, out=np.zeros(size), where=total != 0)[:, None])
    return replace(aux, x=sparse.csr_array(mean)[group])


def _columns(
    control: Control, n: int, problems: list[Problem]
) -> tuple[sparse.csr_array, list[float], list[str]] | None:
    """Columns (n, p) of one control, its totals and their labels; None where they cannot be made."""
    place = f"{_PLACE}, {control.name}"
    crossed = isinstance(control.column, pd.DataFrame)
    column = control.column if crossed else pd.Series(control.column)
    before = len(problems)
    if len(column) != n:
        found = f"{len(column):,} rows, but the sample has {n:,}"
        problems.append(
            Problem(place, "the column has another length than the sample", found, "give a value for each row")
        )
    missing = int((column.isna().any(axis=1) if crossed else column.isna()).sum())
    if missing:
        problems.append(
            Problem(
                place,
                "the column is missing in some rows",
                f"{missing:,} rows",
                "give such rows a category of their own with its total, or fill them in",
                count=missing,
            )
        )
    if not isinstance(control.totals, Mapping):
        values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
        if not np.isfinite(control.totals) or not np.isfinite(values[~column.isna().to_numpy()]).all():
            found = f"total {control.totals}"
            problems.append(Problem(place, "the column and its total must be numbers", found, "correct them"))
        if len(problems) > before:
            return None
        return sparse.csr_array(values[:, None]), [float(control.totals)], [control.name]
    known = {key: float(total) for key, total in control.totals.items()}
    wrong = [f"{key}: {total}" for key, total in known.items() if not 0 <= total < np.inf]
    if wrong:
        problems.append(Problem(place, "a total must be a number from 0 on", named(wrong), "correct it"))
    keys = pd.MultiIndex.from_frame(column) if crossed else column
    codes, found_keys = pd.factorize(keys)
    unknown = [str(key) for key in found_keys if key not in known]
    if unknown:
        problems.append(
            Problem(
                place,
                "the sample holds categories without a known total",
                named(unknown),
                f"give their totals; there are totals for {named([str(k) for k in known])}",
            )
        )
    absent = [f"{key} ({total:,.12g})" for key, total in known.items() if total > 0 and key not in found_keys]
    if absent:
        problems.append(
            Problem(
                place,
                "nobody in the sample is in a category that has a known total",
                named(absent),
                "join the category with another, in the sample and in the totals",
            )
        )
    if len(problems) > before:
        return None
    x = sparse.csr_array((np.ones(n), (np.arange(n), codes)), shape=(n, len(found_keys)))
    names = [f"{control.name} {_key(key)}" for key in found_keys]
    return x, [known[key] for key in found_keys], names


def calibrated(
    weight: FloatArray, aux: Auxiliary, method: CalibrationMethod, bounds: Bounds | None
) -> tuple[FloatArray, FloatArray]:
    """Calibrated weights (n,), and by how much each total is still missed, relative to its size (p,)."""
    change, slope = _distance(method, bounds)
    x = aux.x
    size = np.maximum(np.abs(aux.totals), abs(x).T @ np.abs(weight))
    size = np.where(size > 0, size, 1.0)
    lam = np.zeros(len(aux.totals))
    u = np.zeros(len(weight))
    new = weight * change(u)
    missed = (aux.totals - x.T @ new) / size
    for _ in range(_STEPS):
        if np.abs(missed).max() < _EXACT:
            break
        hessian = (x.T @ x.multiply((weight * slope(u))[:, None])).toarray()
        step = inverse(hessian) @ (missed * size)
        for halved in range(30):  # a full step may overshoot: halve it until it helps
            trial = lam + step / 2**halved
            u_trial = x @ trial
            with np.errstate(over="ignore", invalid="ignore"):
                new_trial = weight * change(u_trial)
                missed_trial = (aux.totals - x.T @ new_trial) / size
            if np.abs(missed_trial).max() < np.abs(missed).max():
                break
        else:
            break
        lam, u, new, missed = trial, u_trial, new_trial, missed_trial
    return new, missed


def require_met(missed: FloatArray, aux: Auxiliary, bounds: Bounds | None) -> None:
    """Raise :class:`InformalityError` (ESTIMATE), naming the totals that cannot be met."""
    far = np.flatnonzero(~(np.abs(missed) <= MET))
    if len(far):
        order = far[np.argsort(-np.abs(missed[far]))]
        raise InformalityError(
            Problem(
                _PLACE,
                "no weights meet all the known totals"
                + (f" within the bounds {bounds[0]:g} to {bounds[1]:g}" if bounds else ""),
                named([f"{aux.labels[j]} is missed by {missed[j]:.2%}" for j in order]),
                "check that the totals do not contradict each other"
                + ("; widen the bounds" if bounds else "")
                + "; join small categories",
                count=len(far),
            ),
            ExitCode.ESTIMATE,
        )


def require_positive(weight: FloatArray, before: FloatArray) -> None:
    """Raise :class:`InformalityError` (ESTIMATE) for negative calibrated weights, saying how many."""
    negative = weight < 0
    if negative.any():
        raise InformalityError(
            Problem(
                _PLACE,
                "some calibrated weights are negative",
                f"{int(negative.sum()):,} of {len(weight):,} rows, with {before[negative].sum() / before.sum():.2%} "
                f"of the weight; the smallest weight is {weight.min():.4g}",
                "use raking or bounds, such as (0.3, 3); or allow negative weights",
                count=int(negative.sum()),
            ),
            ExitCode.ESTIMATE,
        )


def inverse(matrix: FloatArray) -> FloatArray:
    """Generalised inverse of a symmetric matrix (p, p): margins that add up to the same may stand together."""
    diagonal = np.diag(matrix)
    unit = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = linalg.eigh(matrix * unit[:, None] * unit)
    kept = values > _RANK * values.max(initial=0.0)
    vectors = vectors[:, kept]
    return np.asarray((vectors / values[kept]) @ vectors.T * unit[:, None] * unit)


def _distance(
    method: CalibrationMethod, bounds: Bounds | None
) -> tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]:
    """F, the change of a weight, and its derivative (Deville and Särndal 1992, table 1)."""
    if method not in get_args(CalibrationMethod):
        raise ValueError(f"method must be linear, raking or logit, not {method!r}")
    low, high = bounds if bounds is not None else (-np.inf, np.inf)
    if bounds is not None and not 0 <= low < 1 < high:
        raise ValueError(f"bounds must hold 1, and the lower one must not be negative: {bounds}")
    if method == "logit":
        if not high < np.inf:
            raise ValueError("logit calibration needs bounds")
        steep = (high - low) / ((1 - low) * (high - 1))
        start = np.log((1 - low) / (high - 1))
        span = high - low

        def share(u: FloatArray) -> FloatArray:
            return np.asarray(special.expit(steep * u + start))

        return (lambda u: low + span * share(u), lambda u: span * steep * share(u) * (1 - share(u)))
    if method == "linear":
        return (lambda u: np.clip(1 + u, low, high), lambda u: ((1 + u > low) & (1 + u < high)).astype(np.float64))
    return (
        lambda u: np.clip(np.exp(u), low, high),
        lambda u: np.where((np.exp(u) > low) & (np.exp(u) < high), np.exp(u), 0.0),
    )


def _key(key: Any) -> str:
    return ", ".join(label(part) for part in key) if isinstance(key, tuple) else label(key)
