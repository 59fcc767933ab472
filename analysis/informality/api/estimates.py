"""Totals, shares, means, ratios, quantiles, Gini, compositions: one question each, answered with its error.

All of them take ``among``, a condition that says of whom, and ``by``, one or more category variables. Nobody is
taken out of the sample for that: groups are codes, and every sampling unit counts in the error. What the survey
did not ask is an error, never a number; a group in which the outcome of somebody is not determinable prints "not
determinable" with the reason. Persons without a usable answer are counted below the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from informality.api import units
from informality.api.asked import By, Checked, Condition, condition_words, of_words
from informality.api.results import Context, Result
from informality.api.rows import index_of, number_rows
from informality.api.survey import Survey
from informality.foundation.grammar import Variable
from informality.inference.estimates.derived import Derived, cells
from informality.inference.estimates.estimate import Estimate
from informality.inference.estimates.quantiles import Quantiles
from informality.tabulation.measure import Answer, Question, ask
from informality.tabulation.people import Of
from informality.tabulation.reliability import graded

QUANTILE = "quantile"


def total(survey: Survey, of: Condition | str, among: Condition | None = None, by: By = None) -> Result:
    """Number of persons that fit ``of``, or the total of a number variable: sum of w y.

    Error: that of the totals by sampling unit (Särndal, Swensson and Wretman 1992, 4.3). For persons, ``n`` counts those
    who fit. Missing answers: persons not known to fit are not counted; for a variable they are left out.

    >>> jobs = inf.total(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="sex")
    >>> jobs.unit, len(jobs)
    ('persons', 2)
    """
    asked = Checked("total", survey)
    measured = asked.of("of", of, "condition", "number")
    universe, groups = asked.condition("among", among), asked.by("by", by)
    asked.finish()
    persons = not isinstance(measured, str)
    unit = units.PERSONS if persons else _unit(survey, measured)
    what = f"Persons with {of_words(measured, survey.people)}" if persons else f"Total of {_name(survey, measured)}"
    what = "Persons" if not measured else what
    return _answer(survey, asked, Question("total", measured, universe, groups), what, unit)


def share(survey: Survey, of: Condition, among: Condition | None = None, by: By = None) -> Result:
    """Share of the persons ``among`` that fit ``of``: sum of w over those who do, by sum of w over all, from 0 to 1.

    Error: linearised (Binder 1983), R ``svymean``; interval on the logit scale. Missing answers: persons not known to fit
    are in the base and not counted as having it; print ``{"job": "unknown"}`` to see how many they are.

    >>> rate = inf.share(lfs, of={"job": "informal"}, among={"employed": "yes"}, by="sex")
    >>> gap = rate["female"] - rate["male"]
    >>> gap.unit, gap.se > 0
    ('points', True)
    >>> (rate["female"] - rate["female"]).se
    0.0
    """
    asked = Checked("share", survey)
    measured = asked.of("of", of, "condition")
    universe, groups = asked.condition("among", among), asked.by("by", by)
    asked.finish()
    question = Question("share", measured, universe, groups)
    return _answer(survey, asked, question, f"Share with {of_words(measured, survey.people)}", units.SHARE)


def mean(survey: Survey, of: str, among: Condition | None = None, by: By = None) -> Result:
    """Mean of a number variable, in its unit: sum of w y by sum of w; R ``svymean``. Missing answers are left out.

    >>> hours = inf.mean(lfs, of="hours_usual", among={"employed": "yes"}, by=["area", "sex"])
    >>> hours["rural", "female"].unit
    'hours'
    """
    asked = Checked("mean", survey)
    measured = asked.of("of", of, "number")
    universe, groups = asked.condition("among", among), asked.by("by", by)
    asked.finish()
    title = f"Mean of {_name(survey, measured)}"
    return _answer(survey, asked, Question("mean", measured, universe, groups), title, _unit(survey, measured))


def ratio(
    survey: Survey,
    of: Condition | str,
    to: Condition | str | None = None,
    among: Condition | None = None,
    by: By = None,
    *,
    where: Condition | None = None,
) -> Result:
    """Ratio of two totals, of number variables or of persons that fit a condition: sum of w y by sum of w x; R ``svyratio``.

    ``where`` keeps the part of ``of`` that fits, and without ``to`` the ratio is that part to the whole of ``of``: the share
    of hours that are worked in informal jobs. Missing answers in either are left out.

    >>> informal_hours = inf.ratio(lfs, of="hours_usual", where={"job": "informal"}, among={"employed": "yes"})
    >>> women_per_man = inf.ratio(lfs, of={"sex": "female"}, to={"sex": "male"}, among={"job": "informal"})
    >>> informal_hours.unit, women_per_man.unit
    ('share', 'ratio')
    """
    asked = Checked("ratio", survey)
    measured = asked.of("of", of, "condition", "number")
    against = None if to is None else asked.of("to", to, "condition", "number")
    universe, groups, part = asked.condition("among", among), asked.by("by", by), asked.condition("where", where)
    if to is None and not where:
        asked.problem(
            "to", "a ratio is to something", "", "name `to`, or with `where` the part of the whole that is meant"
        )
    asked.finish()
    title = f"Ratio of {_name(survey, measured)}"
    title += f" with {condition_words(part, survey.people)}" if part else ""
    title += f" to {'all' if against is None else _name(survey, against)}"
    question = Question("ratio", measured, universe, groups, part, against)
    return _answer(survey, asked, question, title, units.SHARE if against is None else units.RATIO)


def quantile(
    survey: Survey, of: str, p: float | Sequence[float] = 0.5, among: Condition | None = None, by: By = None
) -> Result:
    """Quantiles of a number variable, in its unit; with several ``p`` they are the first dimension of the result.

    The smallest value with at least the share p of the weight at or below it. Error and interval by Woodruff's method
    (1952), R ``svyquantile``: NaN where an end of the interval lies beyond the largest or smallest value, and where
    values are heaped an error of 0 says that the answer would not change. Missing answers are left out.

    >>> pay = inf.quantile(lfs, of="hours_usual", p=[0.25, 0.75], among={"employed": "yes"}, by="sex")
    >>> (pay[0.75, "female"] - pay[0.25, "female"]).unit
    'hours'
    """
    probabilities = tuple(float(q) for q in np.atleast_1d(np.asarray(p, dtype=np.float64)))
    return _quantiles("quantile", survey, of, probabilities, among, by)


def median(survey: Survey, of: str, among: Condition | None = None, by: By = None) -> Result:
    """The median of a number variable, in its unit; see :func:`quantile`.

    >>> inf.median(lfs, of="hours_usual", among={"employed": "yes"}).unit
    'hours'
    """
    return _quantiles("median", survey, of, (0.5,), among, by)


def gini(survey: Survey, of: str, among: Condition | None = None, by: By = None) -> Result:
    """Gini index of a number variable, 0 (equality) to 1: half the mean difference of two persons, over the mean.

    Error: linearised (Deville 1999; Langel and Tillé 2013). Values of 0 count; negative ones are an error (DATA). Missing
    answers are left out.

    >>> inf.gini(lfs, of="hours_usual", among={"employed": "yes"}).unit
    'index'
    """
    asked = Checked("gini", survey)
    measured = asked.of("of", of, "number")
    universe, groups = asked.condition("among", among), asked.by("by", by)
    asked.finish()
    title = f"Gini index of {_name(survey, measured)}"
    return _answer(survey, asked, Question("gini", measured, universe, groups), title, units.INDEX)


def composition(survey: Survey, of: str, among: Condition | None = None, by: By = None) -> Result:
    """Shares of all categories of a variable; they add up to 1 in each group, missing answers included as such.

    The categories are the first dimension of the result. Error as of :func:`share`; the covariance knows that the
    shares of one group add up.

    >>> parts = inf.composition(lfs, of="component", among={"employed": "yes"})
    >>> bool(abs(parts.value.sum() - 1) < 1e-12)
    True
    """
    asked = Checked("composition", survey)
    measured = asked.of("of", of, "category")
    universe, groups = asked.condition("among", among), asked.by("by", by)
    if measured in groups:
        asked.problem("by", f"`{measured}` is crossed with itself", "", "leave it out of `by`")
    asked.finish()
    title = f"Composition by {_name(survey, measured)}"
    return _answer(survey, asked, Question("composition", measured, universe, groups), title, units.SHARE)


def _quantiles(
    call: str, survey: Survey, of: str, probabilities: tuple[float, ...], among: Condition | None, by: By
) -> Result:
    asked = Checked(call, survey)
    measured = asked.of("of", of, "number")
    universe, groups = asked.condition("among", among), asked.by("by", by)
    if not probabilities or not all(0 < q < 1 for q in probabilities):
        asked.problem(
            "p", "a quantile lies strictly between 0 and 1", ", ".join(f"{q:g}" for q in probabilities), "try 0.5"
        )
    asked.finish()
    several = len(probabilities) > 1
    kind = "Quantiles" if several else "Median" if probabilities == (0.5,) else f"Quantile {probabilities[0]:g}"
    title = f"{kind} of {_name(survey, measured)}"
    question = Question("quantile", measured, universe, groups, probabilities=probabilities)
    return _answer(survey, asked, question, title, _unit(survey, measured), (QUANTILE,) if several else ())


def _answer(
    survey: Survey, asked: Checked, question: Question, title: str, unit: str, first: tuple[str, ...] = ()
) -> Result:
    """The answer to a checked question, with its labels."""
    answer = ask(survey.people, survey.design, question)
    if answer is None:
        raise asked.nobody(question.among)
    dims = (*first, *question.dims)
    index = index_of(dims, answer.cells)
    numbers, rows = _numbers(answer, index, unit, survey.standing(asked.names))
    rows["grade"], rows["note"] = graded(rows, answer.open_cases, answer.left_open, survey.standard)
    rows["remark"] = pd.Series([remark or None for remark in answer.remarks()], index=index, dtype="str")
    if question.among:
        title += f", among {condition_words(question.among, survey.people)}"
    said = answer.remark()
    notes = [*([f"{said}."] if said else []), *survey.definition_notes(asked.names)]
    context = context_of(survey)
    if first:
        labels = {f"{p:g}": f"Quantile {p:g}" for p in question.probabilities}
        named = Variable(QUANTILE, "category", tuple(labels), "Quantile", labels)
        context = replace(context, variables={**context.variables, QUANTILE: named})
    return Result(title, dims, answer.cells, unit, numbers, rows, context, tuple(notes))


def _numbers(answer: Answer, index: pd.Index, unit: str, status: str) -> tuple[Derived, pd.DataFrame]:
    """The numbers of an answer, NaN where they are not determinable, and what is shown of them."""
    estimate, unknown = answer.estimate, answer.open_cases > 0
    found = cells(estimate)
    value, se = (np.where(unknown, np.nan, array) for array in (found.value, estimate.se.ravel()))
    statistic = "share" if answer.question.statistic in ("share", "composition") else found.statistic
    numbers = replace(found, statistic=statistic, value=value, n=answer.cases)
    rows = number_rows(numbers, index, unit, status, se)
    if answer.question.counts_persons:
        rows["n_weighted"] = value
    if isinstance(estimate, Estimate):
        rows["deff"] = np.where(unknown, np.nan, estimate.deff.ravel())
    if isinstance(estimate, Quantiles):
        rows["ci_low"], rows["ci_high"] = estimate.low.ravel(), estimate.high.ravel()
        rows.loc[unknown, ["ci_low", "ci_high"]] = np.nan
    return numbers, rows


def context_of(survey: Survey) -> Context:
    """What the results of a survey are printed with."""
    return Context(survey.title, survey.people.variables, survey.standard, survey.made_up)


def _name(survey: Survey, of: Of) -> str:
    return of_words(of, survey.people)


def _unit(survey: Survey, variable: Of) -> str:
    return survey.units.get(str(variable), "")
