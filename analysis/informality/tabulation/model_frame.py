"""What a model is fitted on: outcome and covariates of the whole file, who among its rows is meant, who is left out.

Missing answers become missing values, which the fit leaves out and counts; a covariate that was not asked, or has one
level among the cases, is left out and named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from informality.foundation.grammar import MISSING, CellValue
from informality.inference.models.covariates import Variable
from informality.inference.models.one_sided import one_sided
from informality.tabulation.model_plan import CATEGORIES, ExplainedSpec, ModelSpec
from informality.tabulation.people import Bools
from informality.tabulation.views import View

OUTCOME = "outcome"
"""Name of the outcome's column in the frame a model is fitted on."""


@dataclass(frozen=True, slots=True)
class ModelFrame:
    """What a model is fitted on: rows of the whole file, and who among them is meant.

    ``frame``: outcome and covariates, missing where there is no usable answer. ``inside`` (n,): the universe.
    ``covariates``: those of the model that are used. ``notes``: what was left out, and why.
    """

    frame: pd.DataFrame
    inside: Bools
    covariates: list[str]
    notes: list[str]


def model_frame(
    model: ExplainedSpec, where: Mapping[str, CellValue], seen: View, between: tuple[str, Sequence[str]] | None = None
) -> ModelFrame | str:
    """The frame of a model among those who fit ``where``, or a sentence saying why there is none.

    ``between``: a variable and two levels; only their members are inside, and what holds for a model has to hold for each.
    """
    groups = [] if between is None else [between[0]]
    if missing := seen.lacking([*model.tested, *where, *groups]):
        return f"the survey did not ask: {'; '.join(missing)}"
    open_cases = seen.undetermined([*model.tested, *where, *model.on, *groups], where)
    if open_cases.any():
        return f"the questions needed were not asked of {int(open_cases.sum()):,} sampled persons in this group"
    inside = seen.mask(where).copy()
    sides = [inside] if between is None else [inside & seen.mask({between[0]: level}) for level in between[1]]
    inside = np.logical_or.reduce(sides)
    if not inside.any():
        return "nobody in the sample belongs to the group"
    columns: dict[str, Any] = {OUTCOME: _outcome(model, seen), **{n: answers(seen, n) for n in groups}}
    covariates: list[str] = []
    not_asked, alike = [], []
    for name in model.on:
        if name not in seen.asked:
            not_asked.append(name)
            continue
        column = answers(seen, name)
        known = column.notna().to_numpy()
        if any(column[side & known].nunique() < 2 for side in sides):
            alike.append(name)
            continue
        columns[name] = column
        covariates.append(name)
    notes = []
    frame = pd.DataFrame(columns)
    if len(sides) > 1:
        notes += _without_unlike(frame, inside, sides, covariates, seen)
    if isinstance(model.of, dict):
        notes += _without_foretold(frame, inside, sides, covariates, seen)
    for names, why in ((not_asked, "the survey did not ask"), (alike, "all cases are alike in")):
        if names:
            titles = ", ".join(seen.variables[n].title for n in names)
            notes.append(f"left out of the model, because {why}: {titles}")
    if not covariates:
        return "; ".join(notes)
    incomplete = {n: int((frame[n].isna() & inside).sum()) for n in frame if (frame[n].isna() & inside).any()}
    if incomplete:
        lost, n = int((frame.isna().any(axis=1).to_numpy() & inside).sum()), int(inside.sum())
        if lost == n:
            return "every case lacks an answer to one of the questions: " + _counted(model, seen, incomplete)
        notes.append(f"{lost:,} of {n:,} sampled persons are left out, without a usable answer on: "
                     + _counted(model, seen, incomplete))  # fmt: skip
    return ModelFrame(frame, inside, covariates, notes)


def _without_unlike(
    frame: pd.DataFrame, inside: Bools, sides: Sequence[Bools], covariates: list[str], seen: View
) -> list[str]:
    """Take out of the universe, in place, the levels that only one of two groups has, and say so.

    They have no like in the other group, so no difference with it can be put down to anything.
    """
    notes = []
    for name in covariates:
        if seen.variables[name].kind != "category":
            continue
        used = inside & frame.notna().all(axis=1).to_numpy()
        first, second = (set(frame.loc[used & side, name].unique()) for side in sides)
        for level in (c for c in frame[name].cat.categories if c in first ^ second):
            cases = inside & (frame[name] == level).to_numpy()
            inside &= ~cases
            words = f"{seen.variables[name].title}: {seen.variables[name].label(level)}"
            notes.append(
                f"{int(cases.sum()):,} sampled persons are left out because only one of the groups has such ({words})"
            )
    return notes


def _without_foretold(
    frame: pd.DataFrame, inside: Bools, sides: Sequence[Bools], covariates: list[str], seen: View
) -> list[str]:
    """Take out of the universe, in place, the levels all of whose cases on a side have the same outcome, and say so.

    No finite coefficient tells them apart from the others (perfect separation); what can be said of them is said by
    their share, which is 0 or 100 per cent.
    """
    y = np.nan_to_num(frame[OUTCOME].to_numpy())
    factors = {
        name: Variable(name, frame[name].cat.codes.to_numpy(), tuple(frame[name].cat.categories))
        for name in covariates
        if seen.variables[name].kind == "category"
    }
    complete = frame.notna().all(axis=1).to_numpy()
    notes = []
    searching = True
    while searching:  # taking out a level of one side may leave another of the other side
        searching = False
        for side in sides:
            for gone in one_sided(y, factors, inside & side & complete, {}):
                cases = inside & complete & (frame[gone.name] == gone.level).to_numpy()
                inside &= ~cases
                having = "all have" if gone.outcome else "none has"
                where = " in one of the groups" if len(sides) > 1 else ""
                words = f"{seen.variables[gone.name].title}: {seen.variables[gone.name].label(gone.level)}"
                notes.append(
                    f"{int(cases.sum()):,} sampled persons are left out because {having} the outcome{where} ({words})"
                )
                searching = True
    return notes


def _counted(model: ExplainedSpec, seen: View, counts: dict[str, int]) -> str:
    """The variables with missing answers, and how many."""
    titles = {n: seen.variables[n].title for n in counts if n != OUTCOME}
    titles[OUTCOME] = " and ".join(seen.variables[n].title for n in model.tested)
    return ", ".join(f"{titles[n]} ({count:,})" for n, count in counts.items())


def answers(seen: View, name: str) -> pd.Series:
    """A variable with nothing but answers: the three kinds of missing become missing values."""
    column = seen.frame[name]
    if seen.variables[name].kind == "number":
        return column
    return column.cat.set_categories([c for c in column.cat.categories if c not in MISSING])


def _outcome(model: ExplainedSpec, seen: View) -> pd.Series:
    if isinstance(model.of, dict):
        everybody = np.ones(len(seen.frame), dtype=bool)
        return pd.Series(seen.mask(model.of).astype(float)).mask(seen.unanswered(model.of, everybody))
    if isinstance(model, ModelSpec) and model.kind in CATEGORIES:
        return seen.frame[model.of].cat.set_categories(model.outcomes)
    values = seen.frame[model.of].astype(float)
    if model.per:
        divisor = seen.frame[model.per].astype(float)
        values = values / divisor.where(divisor > 0)
    if model.log:  # nothing earned has no logarithm: such persons are counted among those without a usable answer
        values = np.log(values.where(values > 0))
    return values.reset_index(drop=True)


def readable(text: str, seen: View) -> str:
    """A sentence of a fit in the words of the survey: ``age_group[25_34]`` becomes Age group: 25–34."""

    def words(found: re.Match[str]) -> str:
        variable = seen.variables.get(found[1])
        return found[0] if variable is None else f"{variable.title}: {variable.label(found[2])}"

    text = re.sub(r"`?(\w+)\[(\w+)\]`?", words, text)
    return re.sub(r"`?\b(\w+) = (\w+)`?", words, text)
