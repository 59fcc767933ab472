"""Coverage results as rows of the one long results table, with what a scenario needs beside.

The columns of tabulation's table stand first and mean the same (``se``, ``ci_low``, ``ci_high``: sampling error only). Added:
``scenario``, ``year``, ``scheme``, ``branch``, ``payer``; ``median``, ``lo80``, ``hi80`` of the parameter draws;
``se_parameters`` and ``se_imputation``. The two kinds of doubt stand side by side and are never one number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from informality.coverage.figure import Figure
from informality.coverage.measures import ALL, MONEY, Key
from informality.coverage.outcome import Outcome
from informality.inference.estimates.intervals import Method, limits

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
    "newly_insured",
    "contributions",
    "state_support",
    "state_as_employer",
    "state_cost",
    "tax_pillar",
    "benefits",
    "administration",
    "liability.0.02",
    "liability.0.03",
    "liability.0.04",
)
BY_SCHEME = ("members", "active", "contributions", "liability.0.03")
"""Of these, every year by scheme; the others in the detail years."""
BROKEN_DOWN = {"members": True, "contributions": False, "state_support": False}
"""What is shown by every breakdown in the detail years, and whether by scheme, too."""
Row = dict[str, Any]


def rows_of(
    figure: Figure,
    scenario: str,
    key: Key,
    year: int,
    by: str | None = None,
    *,
    statistic: str = "total",
    confidence: float = 0.95,
    resting: Figure | None = None,
) -> Iterator[Row]:
    """The rows of one figure; unrounded. ``resting``: whose cases and degrees of freedom they rest on, if not its own."""
    value, se = figure.value, figure.se
    other = figure.estimate if resting is None else resting.estimate
    df, n = other.df, other.n
    method: Method = "logit" if statistic == "share" else "t"
    low, high = limits(method, value, se, df, n, confidence)
    lo80, hi80, median, imputation = *figure.range(0.8), figure.median, figure.imputation
    drawn = figure.draws.std(axis=1, ddof=1) if figure.draws is not None else np.full(len(value), np.nan)
    for k in range(len(value)):
        varies = bool(se[k] > 0 and value[k] != 0)
        yield {
            "indicator": key.indicator,
            "statistic": statistic,
            "universe": "",
            "dim1": by,
            "level1": figure.levels[k] if by else None,
            "value": float(value[k]),
            "unit": figure.unit,
            "se": float(se[k]),
            "ci_low": float(low[k]),
            "ci_high": float(high[k]),
            "confidence": confidence,
            "n": int(n[k]),
            "n_weighted": float(other.n_weighted[k]),
            "cv": float(se[k] / abs(value[k])) if varies else np.nan,
            "df": float(df[k]),
            "status": figure.status,
            "scenario": scenario,
            "year": year,
            "scheme": key.scheme,
            "branch": key.branch,
            "payer": key.payer,
            "median": float(median[k]),
            "lo80": float(lo80[k]),
            "hi80": float(hi80[k]),
            "se_parameters": float(drawn[k]),
            "se_imputation": float(np.sqrt(imputation[k])),
        }


def frame_of(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a frame with all columns."""
    empty = dict.fromkeys(("dim2", "level2", "dim3", "level3", "note"))
    return pd.DataFrame(list(rows)).assign(**empty, deff=np.nan)[[*SHARED, *ADDED]]


def headline_keys(outcome: Outcome, detail: bool) -> list[Key]:
    """Headline indicators by scheme; contributions by payer, and, in detail, by branch."""
    known = outcome.known()
    accrued = [Key(k.indicator.replace("accrual.", "liability."), k.scheme) for k in known if "accrual." in k.indicator]

    def wanted(k: Key) -> bool:
        if not detail and k.scheme != ALL and k.indicator not in BY_SCHEME:
            return False
        if k.indicator == "contributions":
            return k.branch == ALL or detail
        return k.branch == k.payer == ALL

    return sorted(k for k in {*known, *accrued} if k.indicator in HEADLINE and wanted(k))


def results(
    outcome: Outcome, *, years: Iterable[int] | None = None, breakdowns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Headline indicators of every year; in the detail years by scheme, branch and payer, and with breakdowns."""
    return frame_of(headline_rows(outcome, years if years is not None else outcome.years, breakdowns))


def headline_rows(
    outcome: Outcome, years: Iterable[int], breakdowns: Sequence[str] | None = None, confidence: float = 0.95
) -> Iterator[Row]:
    name = outcome.scenario.id
    for year in years:
        detail = year in outcome.detail_years
        keys = headline_keys(outcome, detail)
        for key in keys:
            figure = outcome.figure(key.indicator, year, scheme=key.scheme, branch=key.branch, payer=key.payer)
            yield from rows_of(figure, name, key, year, confidence=confidence)
        if not detail:
            continue
        for key in (
            k for k in keys if k.branch == k.payer == ALL and (k.scheme == ALL or BROKEN_DOWN.get(k.indicator))
        ):
            if key.indicator not in BROKEN_DOWN:
                continue
            for by in breakdowns if breakdowns is not None else outcome.breakdowns:
                figure = outcome.figure(key.indicator, year, scheme=key.scheme, by=by)
                yield from rows_of(figure, name, key, year, by, confidence=confidence)


Reference = Callable[[Key, int], Figure]


def difference_rows(
    outcome: Outcome, reference: Reference, years: Iterable[int], indicators: Sequence[str], confidence: float = 0.95
) -> Iterator[Row]:
    """What a scenario changes, with the error of the change: the sample and the draws are the same on both sides."""
    for year in years:
        for indicator in indicators:
            key = Key(indicator)
            here, there = outcome.figure(indicator, year), reference(key, year)
            more = here if here.estimate.n[0] >= there.estimate.n[0] else there  # the other may have none by its rules
            change, name = here - there, outcome.scenario.id
            yield from rows_of(change, name, key, year, statistic="difference", confidence=confidence, resting=more)


def entrants(outcome: Outcome, year: int) -> pd.DataFrame:
    """Members by scheme, sex, age and earnings band, with their density: what an actuarial model is keyed from.

    scheme, sex, age (five-year group), earnings (band of monthly insurable earnings, lower end), n (sampled persons),
    members, paid_months, insurable (a month, mean), density. Cells may rest on a single person, so it is no table to publish.
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
                    "n": people.person[rows],
                    "members": weight * made.members[:, 0],
                    "paid_months": 12 * weight * made.paid[:, 0],
                    "money": weight * made.members[:, 0] * made.base.mean(axis=1),
                }
            )
        )
    records = pd.concat(parts)
    cells = records[records["members"] > 0].groupby(["scheme", "sex", "age", "earnings"], as_index=False)
    sums = dict.fromkeys(("members", "paid_months", "money"), "sum")
    out = cells.agg({"n": "nunique", **sums})  # a person of unknown earnings is several records
    out["insurable"] = out["money"] / out["members"]
    out["density"] = out["paid_months"] / 12 / out["members"]
    return out.drop(columns="money")


__all__ = ["ADDED", "MONEY", "SHARED", "entrants", "results", "rows_of"]
