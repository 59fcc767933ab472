"""Rows of coverage scenarios, graded like all others and with nothing in them that may not be shown or be worked out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from informality.tabulation.columns import RANGES
from informality.tabulation.disclosure import ALSO, FEW, SUPPRESSED, hide
from informality.tabulation.rows import Settings, complete, grade
from informality.tabulation.scenario_disclosure import also_hidden

NOBODY = "nobody has any of it in this scenario"
"""Note of a 0 that the rules make, not the sample."""


def graded_scenarios(
    rows: pd.DataFrame, settings: Settings, fewest_cases: int, surveyed: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Rows of scenarios, with their table and definition, as rows of the results table.

    ``fewest_cases``: sampled persons from which on a number is no secret (``PolicySpec.fewest_cases``); ``surveyed``:
    the finished results of the survey itself, which may tell or hide the same groups.

    The grade is of the sampling error alone: what nobody has measured is shown by its range and by the status. A change
    may well be 0, so the cases alone decide. A 0 for the whole country of which the rules give nobody any is known.
    """
    out = rows.assign(study=settings.study, survey=settings.survey, wave=settings.wave, p=np.nan)
    change = out["statistic"] == "difference"
    cv = out["cv"].copy()
    out["cv"] = cv.mask(change, 0.0)
    known = (out["n"] == 0) & (out["value"] == 0) & out["dim1"].isna()
    cases = out["n"].copy()
    grade(out, settings)
    out["cv"] = out["cv"].mask(change)
    out.loc[known, ["value", "grade", "note"]] = 0.0, "good", NOBODY
    out.loc[known, "n"] = cases[known].astype("Int64")
    out.loc[known, "n_weighted"] = 0.0
    for row in np.flatnonzero(out["value"].notna() & cases.between(1, fewest_cases - 1)):
        hide(out, out.index[row], FEW)  # the standard would show them
    for row in np.flatnonzero(also_hidden(out, cases, fewest_cases, surveyed)):
        hide(out, out.index[row], ALSO)
    hidden = out["grade"].isin([SUPPRESSED, "not_determinable"])
    out.loc[hidden, list(RANGES)] = np.nan
    return complete(out)


def hidden_scenarios(results: pd.DataFrame) -> pd.DataFrame:
    """What disclosure control took from a finished results table, and why; empty without scenarios."""
    if "scenario" not in results:
        return pd.DataFrame()
    rows = results[results["scenario"].notna() & results["note"].isin([FEW, ALSO])]
    named = ["wave", "definition", "table", "indicator", "scenario", "year", "scheme", "dim1", "level1"]
    return rows[named].assign(why=rows["note"])
