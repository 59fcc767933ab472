"""From classified workers and a plan of tables to the one long results table.

Every published number is a row: what, of whom, by what, value, error, grade, and which definition it
rests on. Suppression and "not determinable" happen here, once, so no view can undo them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.quantities import weakest
from informality.inference.estimates.derived import cells
from informality.inference.estimates.estimate import Estimate
from informality.inference.estimates.intervals import interval
from informality.inference.sampling.design import Design
from informality.tabulation.differences import difference_rows, without_difference
from informality.tabulation.measure import Answer, Question, ask
from informality.tabulation.plan import IndicatorSpec, Plan
from informality.tabulation.reliability import relative_error
from informality.tabulation.rows import Settings, dimensions, finished, grade, without_value
from informality.tabulation.views import View, words


def tabulate(plan: Plan, views: Sequence[View], headline: str, design: Design, settings: Settings) -> pd.DataFrame:
    """All tables of a plan as rows of the results table (columns :data:`COLUMNS`), in plan order.

    ``views`` holds one view per definition; tables marked ``each`` are made for every definition that decides
    what they need. Raises :class:`InformalityError` (``ExitCode.ESTIMATE``) naming every empty universe.
    """
    parts: list[pd.DataFrame] = []
    problems: list[Problem] = []
    for table_name, table in plan.spec.tables.items():
        for seen in views if not table.readings else ():
            if table.definitions == "headline" and seen.definition.id != headline:
                continue
            for name, among in itertools.product(table.indicators, table.universes or [""]):
                indicator = plan.spec.indicators[name]
                if among:
                    indicator = indicator.model_copy(update={"among": among})
                if not plan.fits(indicator, seen.variables):
                    continue  # another definition of the study decides this
                for by in table.by or [[variable] for variable in table.compare]:
                    if _answers_itself(indicator, by):
                        continue
                    pair = table.compare.get(by[0], ()) if table.compare else ()
                    rows = _indicator(plan, indicator, by, seen, design, settings, pair)
                    if rows is None:
                        problems.append(
                            Problem(
                                f"{plan.path.name}, table `{table_name}`",
                                f"nobody is in the universe `{indicator.among}` of `{name}`",
                                words(plan.spec.universes[indicator.among].where),
                                "widen the universe, or leave the table out",
                            )
                        )
                        break
                    rows["table"], rows["indicator"], rows["universe"] = table_name, name, indicator.among
                    rows["definition"] = seen.definition.id
                    parts.append(rows)
    if problems:
        raise InformalityError(problems, ExitCode.ESTIMATE)
    return finished(parts, settings)


def estimate_one(
    plan: Plan, indicator: IndicatorSpec, by: Sequence[str], seen: View, design: Design, settings: Settings
) -> pd.DataFrame:
    """One indicator by some variables, outside any table: what ``informality table`` shows on request."""
    rows = _indicator(plan, indicator, by, seen, design, settings)
    if rows is None:
        raise InformalityError(
            Problem(
                f"universe `{indicator.among}`", "nobody is in it", words(plan.spec.universes[indicator.among].where)
            ),
            ExitCode.ESTIMATE,
        )
    return rows


def _indicator(
    plan: Plan,
    indicator: IndicatorSpec,
    by: Sequence[str],
    seen: View,
    design: Design,
    settings: Settings,
    pair: Sequence[str] = (),
) -> pd.DataFrame | None:
    """Rows for one indicator by some variables, or for the difference of a ``pair`` of levels of the only one.

    None when its universe is empty.
    """
    where = plan.spec.universes[indicator.among].where
    question = Question(indicator.statistic, indicator.of, where, tuple(by), indicator.where)
    named = [*question.variables, *by]
    standing = [seen.definition.status] if any(n in seen.decided for n in named) else []
    status = weakest("derived", settings.status, *standing)
    unit = {"total": "persons"}.get(indicator.statistic, indicator.unit or "share")
    statistic = "difference" if pair else "share" if indicator.statistic == "composition" else indicator.statistic
    if pair and unit == "share":
        unit = "points"
    if missing := seen.lacking(named):
        return without_value(question.dims, statistic, unit, status, f"the survey did not ask: {'; '.join(missing)}")
    answer = ask(seen, design, question)
    if answer is None:
        return None
    rows, places = _difference(answer, pair, settings) if pair else (_rows(answer, settings), None)
    open_cases, left_open = (
        counts if places is None else counts[places].sum(keepdims=True)
        for counts in (answer.open_cases, answer.left_open)
    )
    rows["statistic"], rows["unit"], rows["status"] = statistic, unit, status
    grade(rows, settings, open_cases, left_open)
    if not pair:
        _note(rows, answer.remarks())
    return rows


def _difference(answer: Answer, pair: Sequence[str], settings: Settings) -> tuple[pd.DataFrame, list[int]]:
    """The first level less the second, with the error of the difference and the test that it is 0.

    A level without a case has no difference. Also the places of the two numbers.
    """
    level = "-".join(pair)
    places = [answer.cells.index((one,)) if (one,) in answer.cells else None for one in pair]
    made = dimensions(answer.question.dims, [(level,)])
    if places[0] is None or places[1] is None:
        return without_difference(made), []
    both = [places[0], places[1]]
    gap = cells(answer.estimate)[both[:1]] - cells(answer.estimate)[both[1:]]
    return difference_rows(made, gap, answer.cases[both].min(), settings), both


def _note(rows: pd.DataFrame, remarks: Sequence[str]) -> None:
    """Say beside each shown number what else a reader should know of the persons behind it."""
    for i, remark in enumerate(remarks):
        if remark and pd.notna(rows.loc[i, "value"]):
            before = rows.loc[i, "note"]
            rows.loc[i, "note"] = remark if pd.isna(before) else f"{before}; {remark}"


def _answers_itself(indicator: IndicatorSpec, by: Sequence[str]) -> bool:
    """Whether a breakdown is by what the indicator tests: the share of informal jobs among informal jobs."""
    tested = set(indicator.where) | (set(indicator.of) if isinstance(indicator.of, dict) else {indicator.of})
    return bool(tested & set(by))


def _rows(answer: Answer, settings: Settings) -> pd.DataFrame:
    estimate, question = answer.estimate, answer.question
    share = question.statistic in ("share", "composition")
    counted = share or question.counts_persons
    method = settings.method if settings.method is not None else ("logit" if share else "t")
    if method != "normal" and not share:
        method = "t"
    low, high = interval(estimate, method, settings.confidence)
    value, se = estimate.value.ravel(), estimate.se.ravel()
    return dimensions(question.dims, answer.cells).assign(
        value=value,
        se=se,
        ci_low=low.ravel(),
        ci_high=high.ravel(),
        p=np.nan,
        n=answer.cases,
        cases=estimate.n_numerator.ravel() if isinstance(estimate, Estimate) and counted else np.nan,
        n_weighted=value if question.counts_persons else estimate.n_weighted.ravel(),
        cv=relative_error(value, se),
        deff=estimate.deff.ravel() if isinstance(estimate, Estimate) else np.nan,
        df=estimate.df.ravel(),
    )
