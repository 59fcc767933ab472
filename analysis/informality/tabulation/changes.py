"""What changed between waves: the later less the earlier, with an error that knows the PSUs visited in both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from informality.foundation.grammar import Variable
from informality.foundation.quantities import weakest
from informality.inference.estimates.derived import cells
from informality.inference.sampling.design import Design
from informality.survey.series import BreakSpec
from informality.tabulation.differences import difference_rows, without_difference
from informality.tabulation.measure import Question, ask
from informality.tabulation.plan import IndicatorSpec, Plan
from informality.tabulation.rows import Settings, dimensions, finished, grade, without_value
from informality.tabulation.views import View

WAVE = "wave"
CHANGE = "change"
"""The statistic of a change, whose wave is named ``later-earlier``."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two waves that are compared, and the breaks in series that lie between them.

    ``marked``: the study wants changes across a break, with the break named; otherwise there are none.
    """

    earlier: str
    later: str
    breaks: tuple[BreakSpec, ...] = ()
    marked: bool = False

    @property
    def name(self) -> str:
        return f"{self.later}-{self.earlier}"

    def broken(self, variables: Sequence[str]) -> str:
        """The breaks that concern a result which rests on these variables; empty when there are none."""
        found = [b for b in self.breaks if not b.variables or set(b.variables) & set(variables)]
        return "; ".join(b.words for b in found)


def across(view: View, waves: Sequence[str]) -> View:
    """A view of the persons of all waves in which the wave is a variable to tabulate by."""
    wave = Variable(WAVE, "category", tuple(waves), "Wave")
    return replace(view, variables={**view.variables, WAVE: wave}, asked=view.asked | {WAVE})


def tabulate_changes(
    plan: Plan, views: Sequence[View], headline: str, design: Design, pairs: Sequence[Pair], settings: Settings
) -> list[pd.DataFrame]:
    """The changes of a plan's shares, means and totals, as a whole and by one variable at a time.

    ``views`` (:func:`across`) hold the persons of all waves and ``design`` is the joint one, so that the error of a change
    holds the covariance of the two waves. Compositions, crossed breakdowns and differences between groups are left out.
    """
    parts: list[pd.DataFrame] = []
    for table_name, table in plan.spec.tables.items():
        if table.universes or table.compare or table.readings:
            continue
        for seen in views:
            if table.definitions == "headline" and seen.definition.id != headline:
                continue
            for name in table.indicators:
                indicator = plan.spec.indicators[name]
                if indicator.statistic == "composition" or not plan.fits(indicator, seen.variables):
                    continue
                for by in table.by:
                    if len(by) > 1 or set(by) & set(indicator.of):
                        continue
                    rows = pd.concat(_changes(plan, indicator, by, seen, design, pairs, settings), ignore_index=True)
                    parts.append(
                        rows.assign(
                            table=table_name, indicator=name, universe=indicator.among, definition=seen.definition.id
                        )
                    )
    return parts


def _changes(
    plan: Plan,
    indicator: IndicatorSpec,
    by: Sequence[str],
    seen: View,
    design: Design,
    pairs: Sequence[Pair],
    settings: Settings,
) -> list[pd.DataFrame]:
    where = plan.spec.universes[indicator.among].where
    question = Question(indicator.statistic, indicator.of, where, (WAVE, *by), indicator.where)
    named = [*question.variables, *by]
    standing = [seen.definition.status] if any(n in seen.decided for n in named) else []
    status = weakest("derived", settings.status, *standing)
    unit = {"total": "persons"}.get(indicator.statistic, indicator.unit or "share")
    unit = "points" if unit == "share" else unit
    missing = seen.lacking(named)
    answer = None if missing else ask(seen, design, question)
    if answer is None:
        why = f"not every wave asked: {'; '.join(missing)}" if missing else "nobody is in the universe of this figure"
        return [without_value(by, CHANGE, unit, status, why).assign(wave=pair.name) for pair in pairs]
    numbers, place = cells(answer.estimate), {cell: i for i, cell in enumerate(answer.cells)}
    out = []
    for pair in pairs:
        broken = pair.broken(named)
        if broken and not pair.marked:
            out.append(without_value(by, CHANGE, unit, status, f"the series breaks: {broken}").assign(wave=pair.name))
            continue
        levels = list(dict.fromkeys(cell[1:] for cell in answer.cells if cell[0] in (pair.earlier, pair.later)))
        both = [x for x in levels if (pair.earlier, *x) in place and (pair.later, *x) in place]
        late, early = (np.array([place[(w, *x)] for x in both], dtype=int) for w in (pair.later, pair.earlier))
        made = (
            [
                difference_rows(
                    dimensions(by, both),
                    numbers[late] - numbers[early],
                    np.minimum(answer.cases[late], answer.cases[early]),
                    settings,
                )
            ]
            if both
            else []
        )
        open_cases, left_open = (
            np.concatenate([counts[late] + counts[early], np.zeros(len(levels) - len(both), dtype=np.int64)])
            for counts in (answer.open_cases, answer.left_open)
        )
        if one_sided := [x for x in levels if x not in both]:
            made.append(without_difference(dimensions(by, one_sided)))
        rows = pd.concat(made, ignore_index=True).assign(statistic=CHANGE, unit=unit, status=status)
        grade(rows, settings, open_cases, left_open)
        if broken:
            rows["note"] = [
                "; ".join(filter(None, (None if pd.isna(note) else note, f"across a break in series: {broken}")))
                for note in rows["note"]
            ]
        out.append(rows.assign(wave=pair.name))
    return out


def change_rows(parts: Sequence[pd.DataFrame], settings: Settings) -> pd.DataFrame:
    """The parts as rows of the results table, each with the pair of waves it is about."""
    waves = pd.concat([part["wave"] for part in parts], ignore_index=True)
    return finished(parts, settings).assign(wave=waves)
