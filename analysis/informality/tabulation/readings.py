"""Other readings of the questionnaire: the same rate when another question stands for one the survey did not put.

A survey profile names them as ``variants`` of a variable. Each is a view of the same persons in the same design, so the
difference from the profile's own reading has an error that knows that they are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from informality.foundation.quantities import Status, weakest
from informality.inference.estimates.derived import cells
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.design import Design
from informality.tabulation.differences import difference_rows
from informality.tabulation.measure import Answer, Question, ask
from informality.tabulation.plan import IndicatorSpec, Plan
from informality.tabulation.reliability import relative_error
from informality.tabulation.rows import Settings, dimensions, finished, grade
from informality.tabulation.views import View

READING = "reading"
"""The dimension of the results table that names a reading: ``variable.variant``, or ``profile`` for its own."""
OWN = "profile"


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: its name, its standing, and the persons as a definition sees them under it."""

    name: str
    status: Status
    view: View


def tabulate_readings(
    plan: Plan, views: Sequence[View], readings: Mapping[str, Sequence[Reading]], design: Design, settings: Settings
) -> pd.DataFrame | None:
    """The rows of a plan's tables of readings, for each definition (by id) that other readings touch; None without any.

    Statistics: that of the indicator, for the profile's own reading and each other; and ``difference``, each other less
    the profile's own.
    """
    parts: list[pd.DataFrame] = []
    for table_name, table in plan.spec.tables.items():
        if not table.readings:
            continue
        for seen in views:
            others = readings.get(seen.definition.id, ())
            for name in table.indicators:
                indicator = plan.spec.indicators[name]
                if others and plan.fits(indicator, seen.variables):
                    rows = _rows(plan, indicator, seen, others, design, settings)
                    more = dict(table=table_name, indicator=name, universe=indicator.among)
                    parts += [part.assign(**more, definition=seen.definition.id) for part in rows]
    return finished(parts, settings) if parts else None


def _rows(
    plan: Plan, indicator: IndicatorSpec, seen: View, others: Sequence[Reading], design: Design, settings: Settings
) -> list[pd.DataFrame]:
    where = plan.spec.universes[indicator.among].where
    question = Question(indicator.statistic, indicator.of, where, (), indicator.where)
    if seen.lacking(question.variables):
        return []
    own = ask(seen, design, question)
    if own is None:
        return []
    unit = {"total": "persons"}.get(indicator.statistic, indicator.unit or "share")
    standing = weakest("derived", settings.status, seen.definition.status)
    out = [_one(OWN, own, unit, standing, indicator.statistic, settings)]
    for reading in others:
        answer = ask(reading.view, design, question)
        assert answer is not None, "the same persons are in the universe"
        status = weakest(standing, reading.status)
        out.append(_one(reading.name, answer, unit, status, indicator.statistic, settings))
        gap = cells(answer.estimate) - cells(own.estimate)
        rows = difference_rows(dimensions([READING], [(reading.name,)]), gap, own.cases, settings)
        rows = rows.assign(statistic="difference", unit="points" if unit == "share" else unit, status=status)
        grade(rows, settings, own.open_cases + answer.open_cases, own.left_open + answer.left_open)
        out.append(rows)
    return out


def _one(name: str, answer: Answer, unit: str, status: Status, statistic: str, settings: Settings) -> pd.DataFrame:
    estimate = answer.estimate
    method = (settings.method or "logit") if statistic == "share" else "normal" if settings.method == "normal" else "t"
    low, high = interval(estimate, method, settings.confidence)
    value, se = estimate.value.ravel(), estimate.se.ravel()
    rows = dimensions([READING], [(name,)]).assign(
        value=value, se=se, ci_low=low.ravel(), ci_high=high.ravel(), p=np.nan, n=answer.cases,
        n_weighted=estimate.n_weighted.ravel(), cv=relative_error(value, se), deff=np.nan, df=estimate.df.ravel(),
        statistic=statistic, unit=unit, status=status,
    )  # fmt: skip
    grade(rows, settings, answer.open_cases, answer.left_open)
    return rows
