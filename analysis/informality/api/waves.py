"""Several waves in one survey, so that change has an error that knows who was in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from informality.api import units
from informality.api.combining import in_order_of
from informality.api.results import Result
from informality.api.rows import index_of, number_rows
from informality.api.survey import Survey
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.grammar import MISSING, Variable
from informality.foundation.quantities import weakest
from informality.inference.estimates import comparisons
from informality.inference.sampling.waves import pooled
from informality.tabulation.people import People

WAVE = "wave"


def pool(surveys: Sequence[Survey], names: Sequence[str], *, overlapping: bool) -> Survey:
    """One survey from several waves or several surveys, with the category variable ``wave`` (its levels: ``names``).

    Estimate ``by="wave"`` and compare. ``overlapping``: strata and sampling units that have the same codes in two waves
    are the same, visited twice, and the error of a change knows it; otherwise the samples were drawn independently.
    A total over all waves adds them up: it is not that of a year. The waves must have been classified by the same
    definitions; a variable that one of them did not ask is not asked in the pooled survey.

    Raises :class:`InformalityError`: USAGE for surveys that do not fit together, DATA for their designs.

    >>> halves = [inf.from_frame(lfs.frame[["weight", "stratum", "psu", "sex"]], weight="weight",
    ...                          stratum="stratum", psu="psu", lonely="adjust") for _ in "ab"]
    >>> both = inf.pool(halves, ["2022", "2023"], overlapping=True)
    >>> women = inf.share(both, of={"sex": "female"}, by="wave")
    >>> float(women["2023"] - women["2022"]), (women["2023"] - women["2022"]).se < 1e-15
    (0.0, True)
    """
    problems = _problems(surveys, names)
    if problems:
        raise InformalityError(problems, ExitCode.USAGE)
    first = surveys[0]
    design, code = pooled([s.drawn for s in surveys], overlapping=overlapping, lonely=first.design.units.lonely)
    shared = [n for n in first.people.variables if all(n in s.people.variables for s in surveys)]
    variables = {name: _union([s.people.variables[name] for s in surveys]) for name in shared}
    frames = [_with_categories(s.frame[[c for c in first.frame if c in s.frame]], variables) for s in surveys]
    frame = pd.concat(frames, ignore_index=True)
    wave = pd.Categorical.from_codes(code, categories=list(names))
    variables[WAVE] = Variable(WAVE, "category", tuple(names), "Wave")
    people = People(
        frame.assign(**{WAVE: wave}),
        variables,
        frozenset([WAVE, *(n for n in shared if all(n in s.people.asked for s in surveys))]),
        first.people.schema,
        first.people.decided & frozenset(shared),
        left_open={
            name: np.concatenate([s.people.left_open[name] for s in surveys])
            for name in shared
            if all(name in s.people.left_open for s in surveys)
        },
    )
    return replace(
        first,
        title="; ".join(dict.fromkeys(s.title for s in surveys)),
        people=people,
        design=design,
        drawn={},
        status=weakest(*(s.status for s in surveys)),
        made_up=" ".join(dict.fromkeys(s.made_up for s in surveys if s.made_up)),
        account=None,
        remarks=tuple(remark for s in surveys for remark in s.remarks),
        harmonised=False,
    )


def trend(result: Result, when: Sequence[float]) -> Result:
    """Change per unit of time: the slope of the least-squares line through the waves of a result by ``wave``.

    ``when``: the time of each wave, in the order of ``pool``, in years say. The slope is a fixed linear contrast of the
    estimates, so its error holds the covariance of the waves and rests on no model; that of a share is in points
    per unit of time. Raises :class:`InformalityError` (USAGE, or ESTIMATE where a wave has no number).

    >>> halves = [inf.from_frame(lfs.frame[["weight", "stratum", "psu", "sex"]], weight="weight",
    ...                          stratum="stratum", psu="psu", lonely="adjust") for _ in "ab"]
    >>> women = inf.share(inf.pool(halves, ["2022", "2023"], overlapping=True), of={"sex": "female"}, by="wave")
    >>> float(inf.trend(women, when=[2022, 2023]))
    0.0
    """
    waves: list[str] = []
    if WAVE in result.dims:
        present = {cell[result.dims.index(WAVE)] for cell in result.cells}
        waves = [level for level in result.context.variables[WAVE].categories if level in present]
    if len(waves) < 2 or len(when) != len(waves):
        found = f"waves in the result: {len(waves)}; times: {len(when)}"
        fix = 'estimate from a pooled survey with by="wave", and give a time for each wave'
        what = "a trend takes two waves or more, and a time for each"
        raise InformalityError(Problem("trend", what, found, fix), ExitCode.USAGE)
    last = _wave_of(result, waves[-1])
    parts = [last if wave == waves[-1] else in_order_of(last, _wave_of(result, wave)) for wave in waves]
    slope = comparisons.trend([part.numbers for part in parts], when)
    unit = units.POINTS if result.unit == units.SHARE else result.unit
    rows = number_rows(slope, last.rows.index, unit, last.rows["status"].iloc[0])
    return replace(last, title=f"Change per unit of time: {result.title}", unit=unit, numbers=slope, rows=rows)


def _wave_of(result: Result, wave: str) -> Result:
    """The cells of one wave, without that dimension."""
    at = result.dims.index(WAVE)
    places = [i for i, cell in enumerate(result.cells) if cell[at] == wave]
    dims = (*result.dims[:at], *result.dims[at + 1 :])
    left = tuple((*result.cells[i][:at], *result.cells[i][at + 1 :]) for i in places)
    rows = result.rows.iloc[places].set_axis(index_of(dims, left))
    return replace(result, dims=dims, cells=left, numbers=result.numbers[places], rows=rows)


def _problems(surveys: Sequence[Survey], names: Sequence[str]) -> list[Problem]:
    """What keeps surveys from being pooled."""
    place = "pool"
    if len(surveys) < 2 or len(names) != len(surveys) or len(set(names)) < len(names):
        found = f"surveys: {len(surveys)}; names: {', '.join(map(str, names)) or 'none'}"
        return [Problem(place, "pooling takes two surveys or more, and a name of its own for each", found)]
    problems = []
    if any(not s.drawn for s in surveys):
        what = "surveys with replicate weights, and surveys that are pooled already, cannot be pooled"
        problems.append(
            Problem(place, what, fix="pool all waves at once; with replicates, compare as independent samples")
        )
    rules = list(dict.fromkeys(s.design.units.lonely for s in surveys))
    if len(rules) > 1:
        fix = "open them with the same `lonely`"
        problems.append(Problem(place, "the surveys have different rules for lonely strata", ", ".join(rules), fix))
    used = [
        ", ".join(d.id + (" with other options" if d.overridden else "") for d in s.definitions) or "none"
        for s in surveys
    ]
    if len(set(used)) > 1:
        found = "; ".join(f"{name}: {said}" for name, said in zip(names, used, strict=True))
        fix = "classify each by the same definitions, in the same order"
        problems.append(Problem(place, "the surveys were classified by different definitions", found, fix))
    if len(bases := list(dict.fromkeys(s.basis for s in surveys))) > 1:
        what = "the surveys follow different concepts of employment"
        fix = "open them with the same `basis`"
        problems.append(Problem(place, what, " and ".join(f"{b}th ICLS" if b else "none" for b in bases), fix))
    for name in dict.fromkeys(n for s in surveys for n in s.people.variables):
        kinds = list(dict.fromkeys(s.people.variables[name].kind for s in surveys if name in s.people.variables))
        if name == WAVE:
            problems.append(Problem(place, f"a survey has a variable called `{WAVE}` already", fix="rename it"))
        elif len(kinds) > 1:
            fix = "make it one or the other in all"
            problems.append(
                Problem(place, f"`{name}` is a {kinds[0]} in one survey and a {kinds[1]} in another", fix=fix)
            )
    return problems


def _union(same: Sequence[Variable]) -> Variable:
    """One variable with the categories and labels of the same variable in several surveys."""
    categories = list(dict.fromkeys(c for v in same for c in v.categories))
    ordered = [c for c in categories if c not in MISSING] + [c for c in categories if c in MISSING]
    labels = {level: words for v in reversed(same) for level, words in v.labels.items()}
    return replace(same[0], categories=tuple(ordered), labels=labels)


def _with_categories(frame: pd.DataFrame, variables: Mapping[str, Variable]) -> pd.DataFrame:
    """The frame with all categories of the variables, so that frames can be put below each other."""
    columns = {n: v for n, v in variables.items() if v.kind == "category"}
    return frame.assign(**{name: frame[name].cat.set_categories(list(v.categories)) for name, v in columns.items()})
