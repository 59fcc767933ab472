"""Whom a model is about: its universe, who is left out of it for want of an answer, and its columns.

What a reader expects of "the logit of an informal job" is a model of the persons who have a job: those to whom the
outcome does not apply are outside its universe. Item non-response (``unknown``) leaves a person out, as in every
regression program, but here it is counted and printed. A covariate that does not apply to some of the universe, or
was not put to them, is another matter: leaving them out would change whom the model is about, so that is refused
until the user narrows ``among``, or keeps such answers as levels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from informality.api.asked import Checked, Condition
from informality.api.survey import Survey
from informality.classification.classify import NOT_DETERMINABLE
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean, raise_errors
from informality.foundation.grammar import MISSING, NOT_APPLICABLE, NOT_ASKED, UNKNOWN, CellValue
from informality.inference.models.covariates import read_variable
from informality.inference.models.formula import Parsed, parse
from informality.inference.models.one_sided import OneSided, main_factors, one_sided
from informality.tabulation.people import Bools, Of, People

Missing = Literal["drop", "level", "refuse"]
MISSING_RULES = ("drop", "level", "refuse")


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """The rows and columns of a model, and the account of its persons.

    ``frame``: n rows, the outcome and the variables of the formula; ``inside``: (n,) the cases. ``universe``: sampled
    persons among whom it is asked and to whom the outcome applies; ``outside``: those of the former to whom it does
    not; ``unknown``: by variable, and ``unanswered``: in all, those of the universe without a usable answer;
    ``separated``: levels left out.
    """

    formula: str
    outcome: str
    frame: pd.DataFrame
    inside: Bools
    reference: Mapping[str, str]
    universe: int
    outside: int
    unknown: Mapping[str, int]
    unanswered: int
    separated: tuple[OneSided, ...]
    of: Of
    among: Mapping[str, CellValue]
    names: tuple[str, ...]


def read_cases(
    call: str,
    survey: Survey,
    of: Condition | str,
    on: str | Sequence[str],
    among: Condition | None,
    reference: Mapping[str, str],
    offset: str | None,
    missing: Missing,
    kinds: Sequence[Any],
    separated: bool,
) -> Cases:
    """Check what is asked of a model and make its columns; all mistakes are told at once.

    ``kinds``: what the outcome may be (see ``Checked.of``); ``separated``: take out one-sided levels. Raises
    :class:`InformalityError`: USAGE or SPEC for the call, DATA for missing answers, ESTIMATE for an empty universe.
    """
    asked = Checked(call, survey)
    people = survey.people
    if missing not in MISSING_RULES:
        asked.problem(
            "missing", f"`{missing}` is not a way to treat missing answers", "", f"use {', '.join(MISSING_RULES)}"
        )
    measured = asked.of("of", of, *kinds)
    universe = asked.condition("among", among)
    outcome = _outcome_name(measured, people)
    right = on if isinstance(on, str) else " + ".join(n if n.isidentifier() else f'Q("{n}")' for n in on)
    formula = f"{outcome} ~ {right}"
    parsed = _parsed(asked, formula, right, outcome, measured, people, offset)
    covariates = [name for name in parsed.variables if name != outcome] if parsed else []
    levels = {name: _level(asked, name, level, people) for name, level in reference.items() if name in people.variables}
    asked.use(covariates)
    asked.finish()
    assert parsed is not None
    where = people.mask(universe)
    if not where.any():
        raise asked.nobody(universe)
    if (open_cases := people.undetermined(asked.names, universe)).any():
        raise asked.undetermined(open_cases)
    applies = where & ~people.inapplicable(measured, where)
    unknown, inside = _complete(asked, people, measured, covariates, applies, missing)
    unanswered = int((applies & ~inside).sum())
    frame = _columns(people, measured, outcome, covariates, missing)
    gone: list[OneSided] = []
    if separated and np.isin(frame[outcome].to_numpy()[inside], (0.0, 1.0)).all():
        read = {name: read_variable(name, frame[name], name in parsed.factors, call) for name in parsed.covariates}
        factors = {n: read[n] for n in main_factors(parsed, read) if people.variables[n].kind == "category"}
        cases = inside & (survey.design.weight != 0)
        gone = one_sided(np.nan_to_num(frame[outcome].to_numpy()), factors, cases, levels)
        for level in gone:
            inside = inside & (frame[level.name] != level.level).to_numpy()
            frame[level.name] = frame[level.name].cat.remove_categories(level.level)
    named = tuple(dict.fromkeys(asked.names))
    return Cases(
        formula, outcome, frame, inside, {**reference, **levels}, int(applies.sum()), int((where & ~applies).sum()),
        unknown, unanswered, tuple(gone), measured, universe, named,
    )  # fmt: skip


def _outcome_name(of: Of, people: People) -> str:
    """A name for the outcome in the formula: of the variable itself, or made from the condition."""
    if isinstance(of, str) and of.isidentifier():
        return of
    said = [of] if isinstance(of, str) else [str(part) for item in of.items() for part in item]
    name = re.sub(r"\W+", "_", "_".join(said)).strip("_") or "outcome"
    name = name if name.isidentifier() else f"outcome_{name}"
    return name if name not in people.variables else f"{name}_"


def _parsed(
    asked: Checked, formula: str, right: str, outcome: str, of: Of, people: People, offset: str | None
) -> Parsed | None:
    if "~" in right:
        asked.problem("on", "`on` is the right side of the formula only", right, 'write it like "sex + age_group"')
        return None
    try:
        parsed = parse(formula, [*people.variables, outcome], offset)
    except InformalityError as failure:
        for problem in failure.problems:
            fix = 'write it like "sex + age + I(age**2)"' if "~" in problem.fix else problem.fix
            asked.problem("on", problem.what, problem.found, fix)
        return None
    explained = {outcome, *([of] if isinstance(of, str) else of)} & parsed.covariates
    if explained:
        what = f"`{', '.join(sorted(explained))}` is what the model explains, and cannot explain itself"
        asked.problem("on", what, "", "leave it out of `on`")
        return None
    return parsed


def _level(asked: Checked, name: str, wanted: str, people: People) -> str:
    """The level that is meant by its identifier or its printed label."""
    variable = people.variables[name]
    for level in variable.categories:
        if str(wanted) in (level, variable.label(level)):
            return level
    near = did_you_mean(wanted, variable.categories)
    asked.problem("reference", f"`{wanted}` is not a level of `{name}`", "", near)
    return str(wanted)


def _complete(
    asked: Checked, people: People, of: Of, covariates: Sequence[str], applies: Bools, missing: Missing
) -> tuple[dict[str, int], Bools]:
    """How many have no usable answer, by title of the variable, and the persons with all of them; or an error."""
    unknown: dict[str, int] = {}
    inside = applies.copy()
    problems = []
    for part in [*covariates, of]:
        kept = missing == "level" and part is not of and people.variables[str(part)].kind == "category"
        for reason in () if kept else MISSING:
            who = applies & people.missing(part, (reason,))
            if not (count := int(who.sum())):
                continue
            if reason == UNKNOWN and missing != "refuse":
                unknown[_titles(part, people)] = count
                inside &= ~who
                continue
            what, fix = _WHY[reason]
            if part is not of and people.variables[str(part)].kind == "category":
                fix += ', or keep them as a level of their own with missing="level"'
            name = part if isinstance(part, str) else "`, `".join(part)
            found = f"{count:,} of {int(applies.sum()):,} sampled persons"
            place = f"{asked.call}, {'of' if part is of else 'on'}"
            problems.append(Problem(place, f"`{name}` {what} some of the universe", found, fix, count=count))
    raise_errors(problems, ExitCode.DATA)
    return unknown, inside


_WHY = {
    UNKNOWN: ("is not known of", 'say missing="drop" to leave them out'),
    NOT_ASKED: ("was not asked of", "narrow `among` to those it was asked of"),
    NOT_APPLICABLE: ("does not apply to", "narrow `among` to those it applies to"),
}
"""Why an answer is missing, and what can be done about it."""


def _columns(people: People, of: Of, outcome: str, covariates: Sequence[str], missing: Missing) -> pd.DataFrame:
    """The columns of the formula: numbers, and factors with the levels that may occur."""
    columns: dict[str, Any] = {}
    for name in covariates:
        drop = () if missing == "level" else MISSING
        columns[name] = _factor(people, name, drop) if people.variables[name].kind == "category" else people.frame[name]
    if not isinstance(of, str):
        columns[outcome] = people.mask(of).astype(np.float64)
    elif people.variables[of].kind == "category":
        columns[outcome] = _factor(people, of, MISSING)
    else:
        columns[outcome] = people.frame[of]
    return pd.DataFrame(columns, index=people.frame.index)


def _factor(people: People, name: str, drop: Sequence[str]) -> pd.Series:
    """A category variable without some of its categories, which become blanks."""
    column = people.frame[name]
    kept = [c for c in column.cat.categories if c not in (*drop, NOT_DETERMINABLE)]
    return column.cat.set_categories(kept)


def account(cases: Cases, people: People) -> list[str]:
    """Sentences on who is in the model and who is not."""
    said = []
    if cases.outside:
        said.append(
            f"{cases.outside:,} sampled persons to whom {_titles(cases.of, people)} does not apply are "
            "outside the universe of the model."
        )
    if cases.unknown:
        parts = ", ".join(f"{title}: {count:,}" for title, count in cases.unknown.items())
        said.append(
            f"{cases.unanswered:,} of {cases.universe:,} sampled persons {'is' if cases.unanswered == 1 else 'are'} left "
            f"out, because an answer is not known ({parts})."
        )
    for level in cases.separated:
        variable = people.variables[level.name]
        have = "have the outcome" if level.outcome else "lack the outcome"
        said.append(
            f"{variable.title}: {variable.label(level.level)}: all {level.cases:,} cases {have}, so there is no finite "
            "coefficient; they are left out, and the others are what they would be with them."
        )
    return said


def _titles(of: Of, people: People) -> str:
    """Titles of the variables an outcome is made of."""
    names = [of] if isinstance(of, str) else list(of)
    return " or ".join(people.variables[name].title for name in names)
