"""Rows of the results table: graded, with nothing in them that may not or cannot be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE
from informality.foundation.quantities import Status
from informality.inference.estimates.comparisons import t_test
from informality.inference.estimates.derived import Comparable, Derived
from informality.inference.estimates.intervals import Method, interval
from informality.tabulation.columns import COLUMNS, ESTIMATES, MAX_BY, RANGES, SCENARIO
from informality.tabulation.reliability import Standard, graded, relative_error


@dataclass(frozen=True, slots=True)
class Settings:
    """How a study wants its estimates: who they belong to, intervals, grading."""

    study: str
    survey: str
    wave: str
    status: Status
    method: Method | None
    confidence: float
    standard: Standard


def dimensions(dims: Sequence[str], cells: Sequence[Sequence[str | None]]) -> pd.DataFrame:
    """A row for each cell with its variables and levels: ``dims`` names up to three, each cell gives their levels."""
    out: dict[str, object] = {}
    for d in range(MAX_BY):
        out[f"dim{d + 1}"] = dims[d] if d < len(dims) else None
        out[f"level{d + 1}"] = [cell[d] for cell in cells] if d < len(dims) else None
    return pd.DataFrame(out, index=range(len(cells))).astype("str")


def numbers(
    rows: pd.DataFrame,
    statistic: str,
    unit: str,
    settings: Settings,
    *,
    value: npt.ArrayLike,
    n: npt.ArrayLike,
    n_weighted: npt.ArrayLike = np.nan,
    se: npt.ArrayLike = np.nan,
    low: npt.ArrayLike = np.nan,
    high: npt.ArrayLike = np.nan,
    p: npt.ArrayLike = np.nan,
    df: npt.ArrayLike = np.nan,
) -> pd.DataFrame:
    """Graded rows of numbers that may well be 0 (effects, parts of a gap): their coefficient of variation says nothing
    and the cases alone decide. ``rows``: from :func:`dimensions`; the others (rows,) or one for all."""
    out = rows.assign(
        value=value, se=se, ci_low=low, ci_high=high, p=p, n=n, n_weighted=n_weighted, cv=0.0, deff=np.nan, df=df,
        statistic=statistic, unit=unit,
    )  # fmt: skip
    grade(out, settings)
    return out.assign(cv=np.nan)


def estimated(
    rows: pd.DataFrame,
    estimate: Comparable,
    statistic: str,
    unit: str,
    settings: Settings,
    *,
    n: npt.ArrayLike | None = None,
    open_cases: npt.NDArray[np.int64] | None = None,
    left_open: npt.NDArray[np.int64] | None = None,
) -> pd.DataFrame:
    """Graded rows of estimated shares and totals of persons, a row for each cell in the order of ``value.ravel()``.

    Totals have intervals on the log scale: these may be few persons, and never fewer than none.
    ``n``: the cases a number rests on, where they are not those of the estimate; ``open_cases`` and ``left_open`` as in
    :func:`~informality.tabulation.reliability.graded`.
    """
    method: Method = (settings.method or "logit") if unit == "share" or settings.method == "normal" else "log"
    value, se = estimate.value.ravel(), estimate.se.ravel()
    low, high = interval(estimate, method, settings.confidence)
    out = rows.assign(
        value=value, se=se, ci_low=low.ravel(), ci_high=high.ravel(), p=np.nan,
        n=estimate.n.ravel() if n is None else n, n_weighted=estimate.n_weighted.ravel(),
        cv=relative_error(value, se), deff=np.nan, df=estimate.df.ravel(), statistic=statistic, unit=unit,
    )  # fmt: skip
    grade(out, settings, open_cases, left_open)
    return out


def differing(
    rows: pd.DataFrame,
    gap: Derived,
    settings: Settings,
    open_cases: npt.NDArray[np.int64],
    left_open: npt.NDArray[np.int64],
) -> pd.DataFrame:
    """Graded rows of differences of shares, with the test that they are 0; graded by cases, as :func:`numbers`."""
    low, high = interval(gap, "normal" if settings.method == "normal" else "t", settings.confidence)
    out = rows.assign(
        value=gap.value, se=gap.se, ci_low=low, ci_high=high, p=t_test(gap)["p"].to_numpy(), n=gap.n,
        n_weighted=gap.n_weighted, cv=0.0, deff=np.nan, df=gap.df, statistic="rate_difference", unit="points",
    )  # fmt: skip
    grade(out, settings, open_cases, left_open)
    return out.assign(cv=np.nan)


def finished(parts: Sequence[pd.DataFrame], settings: Settings) -> pd.DataFrame:
    """The parts as one table with the columns of all results, those of the study filled in."""
    out = pd.concat(parts, ignore_index=True)
    out["study"], out["survey"], out["wave"] = settings.study, settings.survey, settings.wave
    out["confidence"] = settings.confidence
    return out[list(COLUMNS)]


def complete(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with all columns of the results table in their order; those of scenarios are empty where there are none."""
    out = rows.reindex(columns=[*COLUMNS, *SCENARIO])
    words = [c for c in SCENARIO if c not in (*RANGES, "year")]
    return out.astype(dict.fromkeys(words, "str") | dict.fromkeys(RANGES, "float64") | {"year": "Int64"})


def grade(
    rows: pd.DataFrame,
    settings: Settings,
    open_cases: npt.NDArray[np.int64] | None = None,
    left_open: npt.NDArray[np.int64] | None = None,
) -> None:
    """Grade every row; take the numbers out of those that may not or cannot be shown."""
    none = np.zeros(len(rows), dtype=np.int64)
    open_cases, left_open = (none if counts is None else counts for counts in (open_cases, left_open))
    rows["grade"], rows["note"] = graded(rows, open_cases, left_open, settings.standard)
    hidden = rows["grade"].isin(["suppressed", NOT_DETERMINABLE])
    rows.loc[hidden, list(ESTIMATES)] = np.nan
    rows["n"] = rows["n"].astype("Int64").mask(rows["grade"] == "suppressed")
    rows["n_weighted"] = rows["n_weighted"].mask(hidden)
    rows["df"] = rows["df"].astype("Int64").mask(hidden)


def without_value(dims: Sequence[str], statistic: str, unit: str, status: Status, note: str) -> pd.DataFrame:
    """The one row of a breakdown that cannot be determined, and why."""
    numbers: dict[str, object] = dict.fromkeys((*ESTIMATES, "n_weighted"), np.nan)
    rows = dimensions(dims, [[None] * len(dims)]).assign(
        **numbers, n=pd.NA, df=pd.NA, statistic=statistic, unit=unit, status=status, grade=NOT_DETERMINABLE, note=note
    )
    return rows.astype({"n": "Int64", "df": "Int64", "note": "str"})
