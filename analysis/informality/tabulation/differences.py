"""Rows of differences: between groups, between waves, between readings; each with its own error and its test."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.inference.estimates.comparisons import t_test
from informality.inference.estimates.derived import Derived
from informality.inference.estimates.intervals import interval
from informality.tabulation.columns import ESTIMATES
from informality.tabulation.rows import Settings


def difference_rows(rows: pd.DataFrame, gap: Derived, n: npt.ArrayLike, settings: Settings) -> pd.DataFrame:
    """Rows (from ``dimensions``) with the numbers of differences ``gap``, their errors, and the test that each is 0.

    A difference is as reliable as the weaker of its two numbers, so it is graded by that one's cases ``n``; a coefficient
    of variation says nothing about a difference, which may well be 0.
    """
    low, high = interval(gap, "normal" if settings.method == "normal" else "t", settings.confidence)
    return rows.assign(
        value=gap.value, se=gap.se, ci_low=low, ci_high=high, p=t_test(gap)["p"].to_numpy(),
        n=n, n_weighted=gap.n_weighted, cv=0.0, deff=np.nan, df=gap.df,
    )  # fmt: skip


def without_difference(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose difference does not exist because one of its two groups has not a single case."""
    made = rows.copy()
    made[[*ESTIMATES, "n_weighted"]] = np.nan
    return made.assign(n=0, df=np.nan, cv=np.nan, deff=np.nan)
