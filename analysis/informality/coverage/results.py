"""Coverage results as rows of the one long results table, with what a scenario needs beside.

The columns of tabulation's table stand first and mean the same (``se``, ``ci_low``, ``ci_high``: sampling error only). Added:
``scenario``, ``year``, ``scheme``, ``branch``, ``payer``; ``median``, ``lo80``, ``hi80`` of the parameter draws;
``se_parameters`` and ``se_imputation``. The two kinds of doubt stand side by side and are never one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from informality.coverage.figure import Figure
from informality.coverage.measures import ALL, Key
from informality.coverage.outcome import MONEY, Outcome
from informality.inference.estimates.intervals import limits

ADDED = ("scenario", "year", "scheme", "branch", "payer", "median", "lo80", "hi80", "se_parameters", "se_imputation")
SHARED = (
    "indicator", "statistic", "universe", "dim1", "level1", "dim2", "level2", "dim3", "level3",
    "value", "unit", "se", "ci_low", "ci_high", "confidence", "n", "n_weighted", "cv", "deff", "df", "status", "note",
)  # fmt: skip
"""Columns of tabulation's results table that coverage fills; study, survey, wave, definition, table, grade are the caller's."""

HEADLINE = (
    "members",
    "members_mandatory",
    "members_voluntary",
    "active",
    "contributions",
    "state_support",
    "state_cost",
    "benefits",
    "administration",
    "liability.0.03",
)
BROKEN_DOWN = ("members", "contributions", "state_support")


def rows_of(
    figure: Figure, outcome: Outcome, key: Key, year: int, by: str | None, confidence: float = 0.95
) -> pd.DataFrame:
    """The rows of one figure; unrounded."""
    value, se = figure.value, figure.se
    df, n = figure.estimate.df, figure.estimate.n
    low, high = limits("t", value, se, df, n, confidence)
    lo80, hi80 = figure.range(0.8)
    drawn = figure.draws.std(axis=1, ddof=1) if figure.draws is not None else np.full(len(value), np.nan)
    cv = np.divide(se, np.abs(value), out=np.full(len(value), np.nan), where=(value != 0) & (se > 0))
    k = len(value)
    return pd.DataFrame(
        {
            "indicator": key.indicator,
            "statistic": "total",
            "universe": "",
            "dim1": by,
            "level1": list(figure.levels) if by else [None] * k,
            "dim2": None,
            "level2": None,
            "dim3": None,
            "level3": None,
            "value": value,
            "unit": figure.unit,
            "se": se,
            "ci_low": low,
            "ci_high": high,
            "confidence": confidence,
            "n": n,
            "n_weighted": figure.estimate.n_weighted,
            "cv": cv,
            "deff": np.nan,
            "df": df,
            "status": figure.status,
            "note": None,
            "scenario": outcome.scenario.id,
            "year": year,
            "scheme": key.scheme,
            "branch": key.branch,
            "payer": key.payer,
            "median": figure.median,
            "lo80": lo80,
            "hi80": hi80,
            "se_parameters": drawn,
            "se_imputation": np.sqrt(figure.imputation),
        },
        index=range(k),
    )


def results(
    outcome: Outcome, *, years: Iterable[int] | None = None, breakdowns: Sequence[str] | None = None
) -> pd.DataFrame:
    """All headline indicators of every year by scheme, contributions by payer and branch, and breakdowns in the detail years."""
    parts = []
    wanted = list(years if years is not None else outcome.years)
    known = set(outcome.known()) | {
        Key(k.indicator.replace("accrual.", "liability."), k.scheme)
        for k in outcome.known()
        if k.indicator.startswith("accrual.")
    }
    for year in wanted:
        keys = sorted(
            k
            for k in known
            if k.indicator in HEADLINE and (k.branch == k.payer == ALL or k.indicator == "contributions")
        )
        for key in keys:
            figure = outcome.figure(key.indicator, year, scheme=key.scheme, branch=key.branch, payer=key.payer)
            parts.append(rows_of(figure, outcome, key, year, None))
        if year in outcome.detail_years:
            for key in (k for k in keys if k.indicator in BROKEN_DOWN and k.branch == k.payer == ALL):
                for by in breakdowns if breakdowns is not None else outcome.breakdowns:
                    figure = outcome.figure(key.indicator, year, scheme=key.scheme, by=by)
                    parts.append(rows_of(figure, outcome, key, year, by))
    return pd.concat(parts, ignore_index=True)[[*SHARED, *ADDED]]


def entrants(outcome: Outcome, year: int) -> pd.DataFrame:
    """Members by scheme, sex, age and earnings band, with their density: what an actuarial model is keyed from.

    scheme, sex, age (five-year group), earnings (band of monthly insurable earnings, lower end), members, paid_months,
    insurable (a month, mean), density.
    """
    people, base = outcome.ground.people, outcome.scenario.baseline.spec.years.base
    parts = []
    for made in outcome.path[year - base].parts:
        rows = made.part.rows
        weight = people.weight[rows] * made.factor[:, 0]
        edges = np.array([0, made.rules.floor or 1, *(np.array([1.25, 1.5, 2, 3]) * (made.rules.floor or 1))])
        parts.append(
            pd.DataFrame(
                {
                    "scheme": made.part.scheme,
                    "sex": np.where(people.female[rows], "female", "male"),
                    "age": (np.nan_to_num(people.age[rows], nan=-5) // 5 * 5).astype(int),
                    "earnings": edges[np.searchsorted(edges, made.base.mean(axis=1), side="right") - 1],
                    "members": weight * made.members[:, 0],
                    "paid_months": 12 * weight * made.paid[:, 0],
                    "money": weight * made.members[:, 0] * made.base.mean(axis=1),
                }
            )
        )
    out = pd.concat(parts).groupby(["scheme", "sex", "age", "earnings"], as_index=False).sum()
    out = out[out["members"] > 0].reset_index(drop=True)
    out["insurable"] = out["money"] / out["members"]
    out["density"] = out["paid_months"] / 12 / out["members"]
    return out.drop(columns="money")


__all__ = ["ADDED", "MONEY", "SHARED", "entrants", "results", "rows_of"]
