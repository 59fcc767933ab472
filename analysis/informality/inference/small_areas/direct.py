"""Direct estimates of areas, what is known of every area, and which of them a model can rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean, raise_errors
from informality.inference.estimates.derived import Comparable, cells
from informality.inference.estimates.intervals import interval, limits
from informality.inference.models.newton import dependent_columns
from informality.inference.sampling.moments import FloatArray
from informality.inference.sampling.units import label, named

PLACE = "small areas"

# A standard error below this share of the value is what rounding leaves of 0.
_NO_ERROR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class DirectEstimates:
    """Direct estimates of D areas: ``value`` (D,), NaN without a case, and their sampling ``covariance`` (D, D).

    ``n``: cases; ``df``: degrees of freedom of the error, NaN where that is not known. ``low``, ``high``: the ends of
    their 95 % confidence intervals.
    """

    areas: tuple[str, ...]
    value: FloatArray
    covariance: FloatArray
    n: FloatArray
    df: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, estimate: Comparable, areas: Sequence[object]) -> DirectEstimates:
        """From an estimate with a number for each area; of several columns pick one, ``cells(estimate)[1::2]``.

        ``areas`` (D,): what each cell is called. Raises :class:`InformalityError` (DATA) for an area named twice.
        """
        found = cells(estimate)
        low, high = interval(found)
        return cls._checked(areas, found.value, found.covariance(), found.n, found.df, low, high)

    @classmethod
    def published(
        cls, areas: Sequence[object], value: ArrayLike, variance: ArrayLike, n: ArrayLike | None = None
    ) -> DirectEstimates:
        """From numbers in print: ``value`` (D,), with ``variance`` (D,) or their covariance matrix (D, D).

        Raises :class:`InformalityError` (DATA) for an area named twice, and for negative variances.
        """
        numbers, squares = np.asarray(value, dtype=np.float64), np.asarray(variance, dtype=np.float64)
        covariance = np.diag(squares) if squares.ndim == 1 else squares
        unknown = np.full(len(numbers), np.nan)
        with np.errstate(invalid="ignore"):
            low, high = limits("normal", numbers, np.sqrt(np.diag(covariance)), unknown, unknown, 0.95)
        cases = unknown if n is None else np.asarray(n, dtype=np.float64)
        return cls._checked(areas, numbers, covariance, cases, unknown, low, high)

    @classmethod
    def _checked(
        cls, areas: Sequence[object], value: FloatArray, covariance: FloatArray, *rest: ArrayLike
    ) -> DirectEstimates:
        names = tuple(label(area) for area in areas)
        size = len(names)
        if value.shape != (size,) or covariance.shape != (size, size) or any(np.shape(r) != (size,) for r in rest):
            raise ValueError(f"{size} areas, but numbers of shape {value.shape} and {covariance.shape}")
        variance = np.diag(covariance)
        problems = _repeated("the direct estimates", names)
        negative = [f"{names[i]} ({variance[i]:.4g})" for i in np.flatnonzero(variance < 0)]
        if negative:
            problems.append(
                Problem(PLACE, "a sampling variance is negative", named(negative),
                        "give variances, not standard errors or covariances; 0 or above", count=len(negative))
            )  # fmt: skip
        raise_errors(problems, ExitCode.DATA)
        return cls(names, value, covariance, *(np.asarray(r, dtype=np.float64) for r in rest))

    @property
    def se(self) -> FloatArray:
        """(D,) standard errors; NaN where the error of an area cannot be measured, for then it is not 0."""
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.diag(self.covariance))
        return np.where([why == "" for why in self.unusable], se, np.nan)

    @property
    def unusable(self) -> list[str]:
        """(D,) why the direct estimate of an area cannot be in a model; empty where it can."""
        with np.errstate(invalid="ignore"):
            se = np.sqrt(np.diag(self.covariance))
        reasons = []
        for value, error, n, df in zip(self.value, se, self.n, self.df, strict=True):
            if n == 0 or not np.isfinite(value):
                reasons.append(NO_SAMPLE)
            elif df <= 0:
                reasons.append("too few sampled units (PSUs) to measure its error")
            elif not np.isfinite(error):
                reasons.append("its error is not known")
            elif error <= _NO_ERROR * abs(value):
                reasons.append("no variation among its cases, so its error cannot be measured")
            else:
                reasons.append("")
        return reasons


NO_SAMPLE = "no sample"


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """All A areas in the order of the covariates, the direct estimates put beside them.

    ``x`` (A, p) with a constant in front, ``names`` (p,). ``value``, ``se``, ``n``, ``df``, ``low``, ``high`` (A,), NaN
    without a direct estimate; ``why`` (A,) it is not in the model, empty where it is. ``sampled`` (m,): the places of those in
    the model; ``covariance`` (m, m) of their direct estimates.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    x: FloatArray
    value: FloatArray
    se: FloatArray
    n: FloatArray
    df: FloatArray
    low: FloatArray
    high: FloatArray
    why: tuple[str, ...]
    sampled: NDArray[np.intp]
    covariance: FloatArray


def read_areas(direct: DirectEstimates, covariates: pd.DataFrame) -> Areas:
    """Put direct estimates beside the covariates of all areas; every problem with them at once.

    Raises :class:`InformalityError`: DATA for areas named twice or without covariates, and for covariates that are
    missing or no numbers; ESTIMATE for too few areas and covariates that follow from each other.
    """
    labels = tuple(label(area) for area in covariates.index)
    problems = _repeated("the covariates", labels)
    stray = [area for area in direct.areas if area not in labels]
    if stray:
        problems.append(
            Problem(PLACE, "an area has a direct estimate but no covariates", named(stray),
                    did_you_mean(stray[0], labels) if len(stray) == 1 else "give a row of covariates for each area",
                    count=len(stray))
        )  # fmt: skip
    x = _matrix(covariates, labels, problems)
    raise_errors(problems, ExitCode.DATA)

    place = [labels.index(area) for area in direct.areas]
    why = np.full(len(labels), NO_SAMPLE, dtype=object)
    why[place] = direct.unusable
    sampled = np.flatnonzero(why == "")
    columns = {}
    for name in ("value", "se", "n", "df", "low", "high"):
        columns[name] = np.full(len(labels), np.nan)
        columns[name][place] = getattr(direct, name)
    of_direct = [direct.areas.index(labels[i]) for i in sampled]
    names = ("Intercept", *map(str, covariates.columns))
    _require_enough(len(sampled), names, labels, why)
    _require_independent(x[sampled], names)
    covariance = direct.covariance[np.ix_(of_direct, of_direct)]
    return Areas(labels, names, x, why=tuple(why), sampled=sampled, covariance=covariance, **columns)


def _matrix(covariates: pd.DataFrame, labels: Sequence[str], problems: list[Problem]) -> FloatArray:
    x = np.ones((len(labels), 1 + covariates.shape[1]))
    for j, (name, column) in enumerate(covariates.items(), 1):
        if not pd.api.types.is_numeric_dtype(column.dtype):
            problems.append(
                Problem(PLACE, f"the covariate `{name}` is not a number", f"such as {column.iloc[0]!r}",
                        "make a column of 0 and 1 for each of its categories but one")
            )  # fmt: skip
            continue
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)
        bad = [area for area, value in zip(labels, values, strict=True) if not np.isfinite(value)]
        if bad:
            problems.append(
                Problem(PLACE, f"the covariate `{name}` is missing or infinite in some areas", named(bad),
                        "fill it in, or leave the covariate (or these areas) out", count=len(bad))
            )  # fmt: skip
        x[:, j] = values
    return x


def _require_enough(m: int, names: Sequence[str], labels: Sequence[str], why: NDArray[np.object_]) -> None:
    needed = len(names) + 1  # a constant, the covariates, and one more to tell the areas' variance from their errors
    if m >= needed:
        return
    out = [f"{area} ({reason})" for area, reason in zip(labels, why, strict=True) if reason]
    raise InformalityError(
        Problem(PLACE, "too few areas have a direct estimate with a known error for so many covariates",
                f"{m} areas for {len(names) - 1} covariates, which need {needed}"
                + (f"; not in the model: {named(out)}" if out else ""),
                "leave covariates out, or use larger areas"), ExitCode.ESTIMATE
    )  # fmt: skip


def _require_independent(x: FloatArray, names: Sequence[str]) -> None:
    problems = []
    for j, line in dependent_columns(x.T @ x):
        others = [f"`{name}`" for name, part in zip(names, line, strict=True) if abs(part) > 1e-6]
        constant = others == ["`Intercept`"]
        what = "is the same in every area of the model" if constant else f"follows from {named(others)}"
        problems.append(
            Problem(PLACE, f"the covariate `{names[j]}` {what}, so it has no coefficient of its own (collinear)",
                    fix="leave it out")
        )  # fmt: skip
    raise_errors(problems, ExitCode.ESTIMATE)


def _repeated(what: str, names: Sequence[str]) -> list[Problem]:
    twice = [f"{name} ({count} times)" for name, count in Counter(names).items() if count > 1]
    if not twice:
        return []
    what = f"{what} name an area more than once"
    return [Problem(PLACE, what, named(twice), "give each area one row", count=len(twice))]
