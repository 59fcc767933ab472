"""A result as it is printed: estimates with their flag, interval, standard error, n, CV or p, and notes below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from informality.api.combining import ALL
from informality.api.printing import finer, number_format, p_words
from informality.api.rows import CONFIDENCE
from informality.classification.classify import NOT_DETERMINABLE
from informality.inference.estimates.comparisons import t_test
from informality.publication.formats import COUNT, NumberFormat
from informality.publication.notes import STANDING_WORDS
from informality.publication.table import Cell, Column, RowGroup, Table

if TYPE_CHECKING:
    from informality.api.results import Result

PERCENT = NumberFormat("CV %", 100, 1)
STANDING = {"recall": STANDING_WORDS["recall"], "assumption": "Rests in part on an assumption."}


def table_of(result: Result) -> Table:
    """The table that is printed: labels, estimates with their flag, interval, standard error, n, CV."""
    number = number_format(result.unit, result.rows["se"].to_numpy())
    around = (f"{CONFIDENCE * 100:g}% interval",)
    columns = (
        Column("label", result.context.title(result.dims[-1]) if result.dims else ""),
        Column("value", number.heading, number, align="right"),
        Column("low", "Low", number, around, "right"),
        Column("high", "High", number, around, "right"),
        Column("se", "Std. error", finer(number, "Std. error"), align="right"),
        Column("n", COUNT.heading, COUNT, align="right"),
        Column("p", "p", align="right") if _tested(result) else Column("cv", PERCENT.heading, PERCENT, align="right"),
    )
    p = t_test(result.numbers)["p"] if _tested(result) else [np.nan] * len(result)
    groups: dict[str, list[tuple[Cell, ...]]] = {}
    for cell, row, chance in zip(result.cells, result.rows.to_dict("records"), p, strict=True):
        labels = [result.context.label(dim, level) for dim, level in zip(result.dims, cell, strict=True)]
        label = Cell(labels[-1] if labels else result.name or ALL)
        groups.setdefault(", ".join(labels[:-1]), []).append((label, *_measures(result, row, chance)))
    built = tuple(RowGroup(heading, tuple(made)) for heading, made in groups.items())
    title = result.full_title if result.dims else result.title
    return Table("result", title, columns, built, _notes(result), result.context.source)


def _tested(result: Result) -> bool:
    """Whether the question whether the numbers are 0 makes sense."""
    return result.numbers.statistic in ("difference", "trend")


def _measures(result: Result, row: Mapping[str, Any], p: float) -> tuple[Cell, ...]:
    n = Cell(row["n"])
    if row["grade"] == NOT_DETERMINABLE:
        return (Cell(words="not determinable"), Cell(), Cell(), Cell(), n, Cell())
    shown = ("value", "ci_low", "ci_high", "se", "cv")
    value, low, high, se, cv = (Cell(row[c] if pd.notna(row[c]) else None) for c in shown)
    flagged = replace(value, flag=_sign(result, row["grade"]))
    return (flagged, low, high, se, n, Cell(p_words(p)) if _tested(result) else cv)


def _sign(result: Result, grade: str) -> str:
    grades = {} if result.context.standard is None else result.context.standard.spec.grades
    return next((spec.symbol for name, spec in grades.items() if name == grade), "")


def _notes(result: Result) -> tuple[str, ...]:
    """What the flags in the table mean, why numbers are missing, whom they leave out, and on what they rest."""
    rows, notes = result.rows, []
    flagged = rows[~rows["grade"].isin(["", "good", NOT_DETERMINABLE])]
    for grade, reasons in flagged.groupby("grade", sort=False)["note"]:
        assert result.context.standard is not None
        title = next(s.title for g, s in result.context.standard.spec.grades.items() if g == grade)
        meaning = "Too few cases to publish" if grade == "suppressed" else title
        notes.append(f"{_sign(result, str(grade))}: {meaning} ({' or '.join(dict.fromkeys(map(str, reasons)))}).")
    if reasons := list(dict.fromkeys(rows.loc[rows["grade"] == NOT_DETERMINABLE, "note"])):
        notes.append(f"Not determinable: {'; '.join(reasons)}.")
    standing = STANDING.get(rows["status"].iloc[0], "") if not result.context.made_up else ""
    return (*notes, *result.notes, *([standing] if standing else []))
