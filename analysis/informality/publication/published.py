"""The results table as it may be printed: withheld values dropped, with the words and symbols of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.language import say
from informality.publication.formats import WITHHELD
from informality.publication.table import Labels
from informality.tabulation.columns import COLUMNS, ESTIMATES, RANGES, SCENARIO


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
    safe = results.reindex(columns=[*COLUMNS, *SCENARIO]).reset_index(drop=True)
    numbers = [*ESTIMATES, *RANGES]
    safe[numbers] = safe[numbers].astype(float).mask(safe["grade"].isin(WITHHELD))
    by_grade = reliability.set_index("grade")
    flags = {str(g): str(s) for g, s in by_grade["symbol"].fillna("").items()}
    meanings = {str(g): say(str(m)) for g, m in by_grade["meaning"].items()}
    return Publication(safe, labels, flags, meanings, headline, source)


def levels_of(row: Mapping[str, Any]) -> dict[str, str]:
    """``{variable: level}`` of one results row; the level is empty where the row stands for the whole breakdown.

    A row of a scenario is also by scenario and year, and by scheme, branch and payer where it is not of all of them.
    """
    pairs = [(row[f"dim{i}"], row[f"level{i}"]) for i in (1, 2, 3)]
    found = {dim: "" if pd.isna(level) else str(level) for dim, level in pairs if pd.notna(dim)}
    of = {name: row.get(name) for name in SCENARIO if name not in RANGES}
    return {name: str(value) for name, value in of.items() if pd.notna(value) and value != "all"} | found


def without_scenarios(pub: Publication) -> Publication:
    """What was estimated from the survey; scenarios have tables of their own."""
    return replace(pub, results=pub.results[pub.results["scenario"].isna()].reset_index(drop=True))
