"""A gap between two groups and what it is made of: their characteristics, and what is left between people alike in these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from informality.api.asked import Checked, Condition, of_words
from informality.api.cases import Missing, account, read_cases
from informality.api.estimates import context_of
from informality.api.printing import Shown, finer, number_format, p_words
from informality.api.results import Context
from informality.api.rows import CONFIDENCE
from informality.api.survey import Survey
from informality.foundation.errors import InformalityError, did_you_mean
from informality.inference.decomposition import gaps
from informality.inference.decomposition.result import Decomposition
from informality.publication.table import Cell, Column, RowGroup, Table

Method = Literal["twofold", "threefold"]
METHODS = ("twofold", "threefold")
WHOLE, CONSTANT = "All together", "constant"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Gap(Shown):
    """A gap, the first group less the second, and the parts that add up to it. It prints as a table, with how to read it.

    Shares are fractions of 1 and print as per cent, differences of them as points. ``core`` holds the numbers: ``value``,
    ``cov``, ``names`` and ``labels`` (k,); ``gap["explained"]`` and ``gap["explained: education"]`` are values by name, and
    ``core.as_shares()`` says what share of the gap each part is.
    """

    core: Decomposition
    title: str
    unit: str
    variable: str
    context: Context
    notes: tuple[str, ...]

    def __getitem__(self, name: str) -> float:
        return self.core[name]

    @property
    def n(self) -> tuple[int, int]:
        """Sampled persons of each group."""
        return self.core.n

    def to_pandas(self, confidence: float = CONFIDENCE) -> pd.DataFrame:
        """``part``, ``group`` and ``term`` as in ``core.labels``, then value, se, t, p, low, high in full; k rows."""
        return pd.concat([self.core.labels, self.core.table(confidence).reset_index(drop=True)], axis=1)

    @property
    def spare(self) -> tuple[str, ...]:
        return ("se",)

    def table(self) -> Table:
        """The table that is printed: what both groups have and the gap; then each part, whole and by characteristic."""
        number = number_format(self.unit, self.core.se[(self.core.labels["term"] == "").to_numpy()])
        if self.unit == "share":
            number = replace(number, heading="Per cent, points")
        around = (f"{CONFIDENCE * 100:g}% interval",)
        columns = (
            Column("label", ""),
            Column("value", number.heading, number, align="right"),
            Column("se", "Std. error", finer(number, ""), align="right"),
            Column("low", "Low", number, around, "right"),
            Column("high", "High", number, around, "right"),
            Column("p", "p", align="right"),
        )
        low, high = self.core.interval(CONFIDENCE)
        built: dict[str, list[tuple[Cell, ...]]] = {}
        for i, (part, group, term) in enumerate(self.core.labels[["part", "group", "term"]].itertuples(index=False)):
            numbers = [Cell(float(x[i])) for x in (self.core.value, self.core.se, low, high)]
            tested = Cell() if group else Cell(p_words(float(self.core.p[i])))
            heading = "" if part in ("observed", "gap") else part.capitalize()
            built.setdefault(heading, []).append((Cell(self._label(part, group, term)), *numbers, tested))
        groups = tuple(RowGroup(heading, tuple(rows)) for heading, rows in built.items())
        return Table("gap", self.title, columns, groups, self.notes, self.context.source)

    def _label(self, part: str, group: str, term: str) -> str:
        if group:
            return self.context.label(self.variable, group)
        if part == "gap":
            return "Gap"
        return WHOLE if not term else "Constant" if term == CONSTANT else self.context.title(term)


def decompose(
    survey: Survey,
    of: Condition | str,
    on: str | Sequence[str],
    between: Mapping[str, Sequence[str]],
    among: Condition | None = None,
    *,
    method: Method = "twofold",
    reference: str = "pooled",
    missing: Missing = "drop",
) -> Gap:
    """Why two groups differ on average: the gap in a number, or in the share with a condition, explained and unexplained.

    ``between``: a variable and two of its categories, the gap being the first less the second. ``on``: the
    characteristics, as for :func:`informality.logit`, which also says whom ``among`` and ``missing`` are about.
    ``twofold``: Oaxaca-Blinder for a number, Yun's decomposition with a logit for a condition; ``reference`` says how
    characteristics count when they count alike: ``pooled``, ``neumark``, ``cotton``, or one of the two categories.
    ``threefold``: endowments, coefficients, interaction, from the side of the second group, by linear models.

    Explained is not thereby justified, and unexplained is no proof of discrimination. Raises :class:`InformalityError`
    as models do, and ESTIMATE for groups that cannot be compared, such as a level that only one of them has.

    >>> gap = inf.decompose(lfs, of={"job": "informal"}, on="age + area", between={"sex": ("female", "male")})
    >>> round(gap["explained"] + gap["unexplained"] - gap["gap"], 9)
    0.0
    """
    problems = []
    variable, levels = "", ("", "")
    asked = Checked("decompose", survey)
    try:
        variable, levels = _between(asked, between, among, method)
        reference = _level(variable, reference, survey) if variable else reference
        asked.finish()
    except InformalityError as failure:
        problems.append(failure)
    people = survey.people
    universe = {**(among or {}), **({variable: list(levels)} if variable and not problems else {})}
    kinds = ("condition", "number")
    try:
        cases = read_cases("decompose", survey, of, on, universe, {}, None, missing, kinds, False)
    except InformalityError as failure:
        problems.append(failure)
    if problems:
        raise InformalityError([p for failure in problems for p in failure.problems], problems[0].code)
    frame = cases.frame.assign(**{variable: people.frame[variable].cat.set_categories(list(levels))})
    groups = (variable, *levels)
    if method == "threefold":
        core = gaps.threefold(survey.design, frame, cases.formula, groups, domain=cases.inside)
    else:
        decomposed = gaps.oaxaca if isinstance(cases.of, str) else gaps.yun
        core = decomposed(survey.design, frame, cases.formula, groups, reference, domain=cases.inside)
    context = context_of(survey)
    first, second = (context.label(variable, level) for level in levels)
    return Gap(
        core,
        f"{of_words(cases.of, people)}: {first} less {second}",
        "share" if not isinstance(cases.of, str) else survey.units.get(cases.of, ""),
        variable,
        context,
        (
            *account(cases, people),
            *(f"{note.what[:1].upper()}{note.what[1:]}." for note in core.notes),
            *survey.definition_notes([*cases.names, variable]),
            *core.reading,
        ),
    )


def _between(asked: Checked, between: object, among: Condition | None, method: str) -> tuple[str, tuple[str, str]]:
    """The variable that makes the groups and the two categories, by identifier or printed label; mistakes are kept."""
    if method not in METHODS:
        asked.problem("method", f"`{method}` is not a way to take a gap apart", "", f"use {' or '.join(METHODS)}")
    example = 'write it like {"sex": ("female", "male")}'
    if not isinstance(between, Mapping) or len(between) != 1:
        asked.problem("between", "`between` must be one variable and two of its categories", repr(between), example)
        return "", ("", "")
    ((name, wanted),) = between.items()
    if not asked.by("between", str(name)) or name not in asked.people.variables:
        return "", ("", "")
    variable = asked.people.variables[name]
    if variable.kind != "category":
        return "", ("", "")
    if isinstance(wanted, str) or len(wanted) != 2 or wanted[0] == wanted[1]:
        asked.problem("between", f"`{name}` needs two of its categories", repr(wanted), example)
        return "", ("", "")
    found = [next((c for c in variable.categories if w in (c, variable.label(c))), "") for w in wanted]
    for word in [w for w, level in zip(wanted, found, strict=True) if not level]:
        near = did_you_mean(str(word), variable.categories)
        asked.problem("between", f"`{word}` is not a level of `{name}`", "", near)
    if among is not None and name in among:
        asked.problem("among", f"`{name}` makes the groups", "", "leave it out of `among`")
    return str(name), (found[0], found[1])


def _level(variable: str, wanted: str, survey: Survey) -> str:
    """A category by its printed label, as ``reference`` may name it; anything else as it is."""
    of = survey.people.variables[variable]
    return next((level for level in of.categories if wanted == of.label(level)), wanted)
