"""Published figures against ours: what the survey profile promises to reproduce, and what it explains."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import Variable
from informality.foundation.rules import compile_filter
from informality.inference.estimates.estimate import means, totals
from informality.inference.sampling.design import Design
from informality.survey.official import BenchmarkSpec, ComparisonSpec, PublishedSpec
from informality.survey.profile import Profile
from informality.tabulation.views import View

COLUMNS = (
    "id",
    "title",
    "official",
    "ours",
    "se",
    "difference",
    "tolerance",
    "unit",
    "verdict",
    "source",
    "status",
    "note",
)
COMPARED = ("id", "title", "official", "ours", "se", "difference", "unit", "definition", "source", "status", "why")
REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE = "reproduced", "not reproduced", "not comparable"


def compare(
    profile: Profile, wave: str, views: Mapping[str, View], flags: pd.DataFrame, design: Design
) -> pd.DataFrame:
    """One row per benchmark of this wave (columns :data:`COLUMNS`), in the order of the profile.

    ``views`` by definition id; ``flags`` are the agency's own variables, row by row. A benchmark whose definition
    the study does not use is ``not comparable``, and says so. Raises :class:`InformalityError` (``ExitCode.SPEC``) for
    conditions that name unknown variables.
    """
    found = _figures(profile, "benchmarks", profile.spec.benchmarks, wave, views, flags, design)
    return pd.DataFrame([_row(*figure) for figure in found], columns=list(COLUMNS))


def beside(profile: Profile, wave: str, views: Mapping[str, View], flags: pd.DataFrame, design: Design) -> pd.DataFrame:
    """One row per figure of another source that the profile sets beside ours (columns :data:`COMPARED`).

    Ours is missing, and ``why`` says so, where the study does not use the definition, nobody fits, or a job
    cannot be told from the questions of the survey. Raises as :func:`compare`.
    """
    found = _figures(profile, "comparisons", profile.spec.comparisons, wave, views, flags, design)
    return pd.DataFrame([_beside(*figure) for figure in found], columns=list(COMPARED))


def unexplained(profile: Profile, wave: str) -> list[Problem]:
    """A warning for each published figure of this wave whose difference from ours the profile does not explain."""
    return [
        Problem(
            profile.file.place("comparisons", name),
            f"{figure.title}: the difference from ours is not explained",
            fix="find out why it differs, and write it down as `why`",
            severity="warning",
        )
        for name, figure in profile.spec.comparisons.items()
        if figure.why is None and (figure.waves is None or wave in figure.waves)
    ]


Published = TypeVar("Published", bound=PublishedSpec)


def _figures(
    profile: Profile,
    part: str,
    figures: Mapping[str, Published],
    wave: str,
    views: Mapping[str, View],
    flags: pd.DataFrame,
    design: Design,
) -> list[tuple[str, Published, float, float, str]]:
    """Name, figure, our value, its standard error and why there is none, for each figure of a wave."""
    rows = []
    problems: list[Problem] = []
    for name, figure in figures.items():
        if figure.waves is not None and wave not in figure.waves:
            continue
        seen = next(iter(views.values())) if figure.definition is None else views.get(figure.definition)
        if seen is None:
            rows.append((name, figure, np.nan, np.nan, f"the study does not use the definition {figure.definition}"))
            continue
        grammar: dict[str, Variable] = {**seen.variables, **profile.flag_variables}
        if figure.definition is None:
            grammar = {n: v for n, v in grammar.items() if n not in seen.definition.outcomes}
        full = replace(seen, frame=seen.frame.assign(**{n: flags[n] for n in flags}), variables=grammar)
        found = _problems(profile, part, name, figure, grammar, seen.definition.outcomes)
        problems += found
        if not found:
            rows.append((name, figure, *_ours(figure, full, design)))
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return rows


def failures(table: pd.DataFrame, profile: Profile) -> list[Problem]:
    """A problem for each official figure that is not reproduced, or that nobody in the file belongs to."""
    return [
        Problem(profile.file.place("benchmarks", row.id), f"{row.title} {what}", found, fix)
        for row in table.itertuples()
        if row.verdict == NOT_REPRODUCED
        for what, found, fix in [_failure(row)]
    ]


def _failure(row: Any) -> tuple[str, str, str]:
    """What is wrong with a figure, the evidence, and what to do."""
    if np.isnan(row.ours):
        official = f"official {row.official:,.6g} {row.unit}"
        return "cannot be computed", f"{official}; {row.note}", "correct `of` and `among`, or the mapping they rest on"
    found = f"official {row.official:,.6g} {row.unit}, ours {row.ours:,.6g}, allowed difference {row.tolerance:g}"
    return "is not reproduced", found, "find out why before anything else, and write the reason down in the profile"


def _problems(
    profile: Profile,
    part: str,
    name: str,
    benchmark: PublishedSpec,
    grammar: Mapping[str, Variable],
    steps: Collection[str],
) -> list[Problem]:
    place, loc = profile.file.place, (part, name)
    problems = compile_filter(benchmark.among, grammar, place=place, loc=(*loc, "among"))[1]
    if benchmark.step is not None and benchmark.step not in steps:
        problems.append(
            Problem(
                place(*loc, "step"),
                f"`{benchmark.step}` is not a step of `{benchmark.definition}`",
                fix=did_you_mean(benchmark.step, steps),
            )
        )
    if isinstance(benchmark.of, dict):
        problems += compile_filter(benchmark.of, grammar, place=place, loc=(*loc, "of"))[1]
    elif benchmark.of is not None and benchmark.of not in grammar:
        problems.append(
            Problem(place(*loc, "of"), f"`{benchmark.of}` is not a variable", fix=did_you_mean(benchmark.of, grammar))
        )
    elif benchmark.of is not None and grammar[benchmark.of].kind != "number":
        problems.append(
            Problem(
                place(*loc, "of"),
                f"`{benchmark.of}` is not a number",
                fix="write a condition, such as {employed: yes}, or name a number",
            )
        )
    return problems


def _ours(benchmark: PublishedSpec, seen: View, design: Design) -> tuple[float, float, str]:
    """Our value, its standard error, and why there is none."""
    inside = seen.mask(benchmark.among)
    if not inside.any():
        return np.nan, np.nan, "nobody in the file fits the conditions of this figure"
    decided = set(benchmark.of or ()) & seen.decided if isinstance(benchmark.of, dict) else set()
    untold = sum(int((seen.frame.loc[inside, name] == NOT_DETERMINABLE).sum()) for name in decided)
    if untold:
        return np.nan, np.nan, f"not determinable: the questions needed were not asked of {untold:,} sampled persons"
    if benchmark.statistic == "agreement":
        assert benchmark.definition and benchmark.step and benchmark.flag
        ours = seen.frame[benchmark.step].astype("str").to_numpy()[inside]
        theirs = seen.frame[benchmark.flag].astype("str").to_numpy()[inside]
        return float((ours == theirs).sum()), np.nan, ""
    domain = np.where(inside, 0, -1)
    if isinstance(benchmark.of, dict):
        y = seen.mask(benchmark.of).astype(float)
    else:
        y = seen.frame[benchmark.of].to_numpy(dtype=float)
    estimate = (totals if benchmark.statistic == "total" else means)(design, y, domain, 1)
    return float(estimate.value[0]), float(estimate.se[0]), ""


def _row(name: str, benchmark: BenchmarkSpec, ours: float, se: float, missing: str) -> tuple[object, ...]:
    difference = ours - benchmark.value
    reproduced = REPRODUCED if abs(difference) <= benchmark.tolerance else NOT_REPRODUCED
    if missing.startswith("the study does not use"):
        reproduced = NOT_COMPARABLE  # anything else without a value must not switch an official figure off
    return (
        name,
        benchmark.title,
        benchmark.value,
        ours,
        se,
        difference,
        benchmark.tolerance,
        benchmark.unit,
        reproduced,
        benchmark.source,
        benchmark.status,
        missing or benchmark.note or "",
    )


def _beside(name: str, figure: ComparisonSpec, ours: float, se: float, missing: str) -> tuple[object, ...]:
    why = ". ".join(text.rstrip(".") for text in (f"Ours: {missing}" if missing else "", figure.why or "") if text)
    return (
        name,
        figure.title,
        figure.value,
        ours,
        se,
        ours - figure.value,
        figure.unit,
        figure.definition or "",
        figure.source,
        figure.status,
        f"{why}." if why else "not explained yet",
    )
