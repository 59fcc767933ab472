"""The results table as it may be printed: withheld values dropped, with the words and symbols of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.publication.formats import WITHHELD
from informality.publication.table import Labels
from informality.tabulation.columns import COLUMNS, ESTIMATES


@dataclass(frozen=True, slots=True)
class Publication:
    """What every published table and figure shares."""

    results: pd.DataFrame
    labels: Labels
    flags: Mapping[str, str]
    """Symbol after (or in place of) a number, by grade."""
    meanings: Mapping[str, str]
    headline: str
    source: str


def publication(
    results: pd.DataFrame, labels: Labels, reliability: pd.DataFrame, headline: str, source: str
) -> Publication:
    """Check the results table and drop every value a grade forbids to print.

    Suppression happens when the results table is stored; dropping the values again here means that no
    later mistake can print one. Raises :class:`InformalityError` when columns are missing.
    """
    absent = [c for c in COLUMNS if c not in results.columns]
    if absent:
        raise InformalityError(
            Problem("results table", "columns are missing", ", ".join(absent), "run the estimation step again"),
            ExitCode.RENDER,
        )
    safe = results[list(COLUMNS)].reset_index(drop=True)
    safe[list(ESTIMATES)] = safe[list(ESTIMATES)].astype(float).mask(safe["grade"].isin(WITHHELD))
    by_grade = reliability.set_index("grade")
    flags = {str(g): str(s) for g, s in by_grade["symbol"].fillna("").items()}
    meanings = {str(g): str(m) for g, m in by_grade["meaning"].items()}
    return Publication(safe, labels, flags, meanings, headline, source)


def levels_of(row: Mapping[str, Any]) -> dict[str, str]:
    """``{variable: level}`` of one results row; the level is empty where the row stands for the whole breakdown."""
    pairs = [(row[f"dim{i}"], row[f"level{i}"]) for i in (1, 2, 3)]
    return {dim: "" if pd.isna(level) else str(level) for dim, level in pairs if pd.notna(dim)}
