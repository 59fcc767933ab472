"""Classify every worker by a definition, and keep the rule that decided.

For each step two columns are made: ``<definition>.<step>`` holds the outcome, and
``<definition>.<step>.rule`` the id of the rule behind it. Persons to whom the definition does not
apply are ``not_applicable``. Where a survey never asked what a step needs, the outcome is
``not_determinable``, and it stays so in later steps unless they come out the same whatever the
missing outcome might have been. A definition may also say so itself, where an answer it needs was not given.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.definition import Definition
from informality.classification.person import SUFFIX, person_steps
from informality.classification.second_job import has_second_job, kind_of_job, second_answers
from informality.foundation.grammar import NO_RULE, NOT_APPLICABLE, NOT_ASKED, REASON, UNKNOWN
from informality.foundation.reading import tally
from informality.foundation.rules import Step

NOT_DETERMINABLE = "not_determinable"


def column(definition: str, step: str, *, rule: bool = False) -> str:
    """The name of an outcome column, or of its deciding-rule column."""
    return f"{definition}.{step}.rule" if rule else f"{definition}.{step}"


def classify(frame: pd.DataFrame, definition: Definition, asked: Iterable[str]) -> pd.DataFrame:
    """Outcome and deciding rule of every step, one row per row of ``frame`` and in its order.

    ``frame`` is a harmonised frame (categories as in the schema, numbers with their reason for missing);
    ``asked`` are the variables the survey measured at all. A definition that tells informal jobs also decides on the
    second job, by the answers about it, and on the person (:mod:`informality.classification.second_job`). Returns new
    columns only; ``frame`` is not changed.
    """
    known = frozenset(asked)
    out = _steps(frame, definition, known)
    if definition.of_person:
        out |= _person(frame, definition, known, out)
    return pd.DataFrame(out, index=frame.index)


def classify_jobs(frame: pd.DataFrame, definition: Definition, asked: Iterable[str]) -> pd.DataFrame:
    """The same for the main job alone: without the second job and what follows for the person."""
    return pd.DataFrame(_steps(frame, definition, frozenset(asked)), index=frame.index)


def _steps(frame: pd.DataFrame, definition: Definition, known: frozenset[str]) -> dict[str, pd.Categorical]:
    inside = definition.applies_to.mask(frame)
    used = [n for n in definition.variables()]
    used += [n + REASON for n in used if n + REASON in frame.columns]
    work = frame.loc[inside, used].reset_index(drop=True)
    out: dict[str, pd.Categorical] = {}
    undetermined: dict[str, npt.NDArray[np.bool_]] = {}
    for step in definition.steps:
        rule, outcome, open_cases = _decide(step, work, undetermined)
        for need in definition.needs[step.decides]:
            if not need.met(known):
                open_cases = open_cases | need.who.mask(work)
        rule = np.where(open_cases, NO_RULE, rule).astype(np.int16)
        undetermined[step.decides] = open_cases
        work[step.decides] = pd.Categorical.from_codes(outcome, categories=list(step.outcomes))
        categories = _with_missing(step.outcomes)
        codes = np.full(len(frame), categories.index(NOT_APPLICABLE), dtype=np.int8)
        codes[inside] = np.where(open_cases, categories.index(NOT_DETERMINABLE), outcome)
        out[column(definition.id, step.decides)] = pd.Categorical.from_codes(codes, categories=categories)
        rules = np.full(len(frame), NO_RULE, dtype=np.int16)
        rules[inside] = rule
        out[column(definition.id, step.decides, rule=True)] = pd.Categorical.from_codes(
            rules, categories=[r.id for r in step.rules]
        )
    return out


def _with_missing(outcomes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*outcomes, NOT_DETERMINABLE, NOT_APPLICABLE]))


def _person(
    frame: pd.DataFrame, definition: Definition, known: frozenset[str], main: dict[str, pd.Categorical]
) -> dict[str, pd.Categorical]:
    """The second job, where there is one, and what follows from both for the person."""
    id, steps = definition.id, [s for s in definition.steps if s.decides + SUFFIX in definition.of_person]
    applies = main[column(id, "job")] != NOT_APPLICABLE
    has = has_second_job(frame).to_numpy()
    holds = applies & (has == "yes")
    answers, now_asked = second_answers(frame.loc[holds], definition.variables(), definition.schema, known)
    decided = _steps(answers, definition, now_asked)
    out: dict[str, pd.Categorical] = {}
    for step in steps:
        second = decided[column(id, step.decides)]
        categories = list(second.categories)
        codes = np.full(len(frame), categories.index(NOT_APPLICABLE), dtype=np.int8)
        codes[applies & np.isin(has, [UNKNOWN, NOT_ASKED])] = categories.index(NOT_DETERMINABLE)
        codes[holds] = second.codes
        out[column(id, step.decides + SUFFIX)] = pd.Categorical.from_codes(codes, categories=categories)
        by = decided[column(id, step.decides, rule=True)]
        rules = np.full(len(frame), NO_RULE, dtype=np.int16)
        rules[holds] = by.codes
        out[column(id, step.decides + SUFFIX, rule=True)] = pd.Categorical.from_codes(rules, categories=by.categories)
    # where a question was not put, no rule decided: not of the job, and so not of the person
    unasked = np.zeros(len(frame), dtype=bool)
    for name, columns in (("job", main), ("job" + SUFFIX, out)):
        unasked |= (columns[column(id, name)] == NOT_DETERMINABLE) & (columns[column(id, name, rule=True)].codes < 0)
    jobs = pd.DataFrame({"job": kind_of_job(main[column(id, "job")]), "job_2": kind_of_job(out[column(id, "job_2")])})
    for step in person_steps():
        rule = step.decide(jobs)
        codes = step.outcome_of(rule, NOT_APPLICABLE).codes
        categories = _with_missing(step.outcomes)
        codes = np.where(applies, codes, categories.index(NOT_APPLICABLE)).astype(np.int8)
        out[column(id, step.decides)] = pd.Categorical.from_codes(codes, categories=categories)
        open_cases = unasked & (codes == categories.index(NOT_DETERMINABLE))
        out[column(id, step.decides, rule=True)] = pd.Categorical.from_codes(
            np.where(applies & ~open_cases, rule, NO_RULE), categories=[r.id for r in step.rules]
        )
    return out


def _decide(
    step: Step, work: pd.DataFrame, undetermined: dict[str, npt.NDArray[np.bool_]]
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16], npt.NDArray[np.bool_]]:
    """Rule and outcome code per row, and the rows left open by an undetermined earlier step."""
    names = list(step.outcomes)
    outcome_of = np.array([names.index(r.then) for r in step.rules], dtype=np.int16)
    rule = step.decide(work)
    assert (rule != NO_RULE).all(), f"step {step.decides} has a gap that its proof did not show"
    open_cases = np.zeros(len(work), dtype=bool)
    tested = [
        a.variable.name for a in step.axes if a.variable.name in undetermined and undetermined[a.variable.name].any()
    ]
    if tested:
        doubtful = np.logical_or.reduce([undetermined[n] for n in tested])
        part = work.loc[doubtful].copy()
        first = np.full(len(part), NO_RULE, dtype=np.int16)
        differs = np.zeros(len(part), dtype=bool)
        for combination in itertools.product(*(part[n].cat.categories for n in tested)):
            for name, value in zip(tested, combination, strict=True):
                here = undetermined[name][doubtful]
                codes = part[name].cat.codes.to_numpy().copy()
                codes[here] = part[name].cat.categories.get_loc(value)
                part[name] = pd.Categorical.from_codes(codes, dtype=part[name].dtype)
            decided = step.decide(part)  # no rule: outcomes that cannot come together
            outcome = np.where(decided == NO_RULE, NO_RULE, outcome_of[decided])
            differs |= (outcome != NO_RULE) & (first != NO_RULE) & (outcome != first)
            first = np.where(first == NO_RULE, outcome, first)
        open_cases[doubtful] = differs
    return rule, outcome_of[rule], open_cases


def rule_counts(workers: pd.DataFrame, definition: Definition, among: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """How many workers each rule decided, for the rows ``among``; one row per rule, all steps.

    Columns as :func:`informality.foundation.reading.tally`; workers whose outcome is not determinable are
    a row of their own with an empty rule, so that each step adds up to the workers counted.
    """
    weight = workers["weight"].to_numpy()[among]
    parts = []
    for step in definition.steps:
        rule = workers[column(definition.id, step.decides, rule=True)].cat.codes.to_numpy()[among].astype(np.int16)
        table = tally(step, rule, weight)
        left = rule == NO_RULE
        if left.any():
            table.loc[len(table)] = [
                step.decides,
                step.title,
                "",
                "Not determinable",
                "the survey lacks the questions",
                False,
                int(left.sum()),
                float(weight[left].sum()),
                float(weight[left].sum() / weight.sum()),
            ]
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def decided(
    workers: pd.DataFrame, definition: Definition
) -> Iterator[tuple[tuple[str, str, bool], npt.NDArray[np.bool_]]]:
    """Step, rule and whether it assumes something, with (n,) True for the workers it decided, as :func:`rule_counts` has them.

    The rule is empty for the workers whose outcome is not determinable.
    """
    for step in definition.steps:
        by = workers[column(definition.id, step.decides, rule=True)].cat.codes.to_numpy()
        for number, rule in enumerate(step.rules):
            yield (step.decides, rule.id, rule.assumed), by == number
        yield (step.decides, "", False), by == NO_RULE
