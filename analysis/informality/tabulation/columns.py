"""The columns of the results table: every published number is a row of it."""

from __future__ import annotations

MAX_BY = 3
"""Variables a published cell may cross; the table has three pairs of dimension columns."""

COLUMNS = (
    "study", "survey", "wave", "definition", "table", "indicator", "statistic", "universe",
    "dim1", "level1", "dim2", "level2", "dim3", "level3",
    "value", "unit", "se", "ci_low", "ci_high", "confidence", "p", "n", "n_weighted", "cv", "deff", "df",
    "grade", "status", "note",
)  # fmt: skip
SCENARIO = ("scenario", "year", "scheme", "branch", "payer", "median", "lo80", "hi80", "se_parameters", "se_imputation")
"""Columns after these, of coverage scenarios only: what a number is of, and what the parameter draws say of it."""
RANGES = SCENARIO[5:]
ESTIMATES = ("value", "se", "ci_low", "ci_high", "p", "cv", "deff")
"""What is taken out of a row that may not or cannot be shown."""
