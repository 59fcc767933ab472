"""Rows of coverage scenarios, graded like all others and with nothing in them that may not be shown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from informality.tabulation.columns import RANGES
from informality.tabulation.rows import Settings, complete, grade

NOBODY = "nobody has any of it in this scenario"
"""Note of a 0 that the rules make, not the sample."""


def graded_scenarios(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Rows of scenarios, with their table and definition, as rows of the results table.

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
    hidden = out["grade"].isin(["suppressed", "not_determinable"])
    out.loc[hidden, list(RANGES)] = np.nan
    return complete(out)
