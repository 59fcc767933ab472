"""Official figures against ours: what the survey profile promises to reproduce, tried on the data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import Variable
from informality.foundation.rules import compile_filter
from informality.inference.estimates.estimate import means, totals
from informality.inference.sampling.design import Design
from informality.survey.profile import BenchmarkSpec, Profile
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
REPRODUCED, NOT_REPRODUCED, NOT_COMPARABLE = "reproduced", "not reproduced", "not comparable"


def compare(
    profile: Profile, wave: str, views: Mapping[str, View], flags: pd.DataFrame, design: Design
) -> pd.DataFrame:
    """One row per benchmark of this wave (columns :data:`COLUMNS`), in the order of the profile.

    ``views`` by definition id; ``flags`` are the agency's own variables, row by row. A benchmark whose definition
    the study does not use is ``not comparable``, and says so. Raises :class:`InformalityError` (``ExitCode.SPEC``) for
    conditions that name unknown variables.
    """
    rows = []
    problems: list[Problem] = []
    for name, benchmark in profile.spec.benchmarks.items():
        if benchmark.waves is not None and wave not in benchmark.waves:
            continue
        seen = next(iter(views.values())) if benchmark.definition is None else views.get(benchmark.definition)
        if seen is None:
            rows.append(
                _row(name, benchmark, np.nan, np.nan, f"the study does not use the definition {benchmark.definition}")
            )
            continue
        grammar: dict[str, Variable] = {**seen.variables, **profile.flag_variables}
        if benchmark.definition is None:
            grammar = {n: v for n, v in grammar.items() if n not in seen.definition.outcomes}
        full = replace(seen, frame=seen.frame.assign(**{n: flags[n] for n in flags}), variables=grammar)
        found = _problems(profile, name, benchmark, grammar, seen.definition.outcomes)
        problems += found
        if not found:
            rows.append(_row(name, benchmark, *_ours(benchmark, full, design)))
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def failures(table: pd.DataFrame, profile: Profile) -> list[Problem]:
    """A problem for each official figure that is not reproduced."""
    return [
        Problem(
            profile.file.place("benchmarks", row.id),
            f"{row.title} is not reproduced",
            f"official {row.official:,.6g} {row.unit}, ours {row.ours:,.6g}, allowed difference {row.tolerance:g}",
            "find out why before anything else, and write the reason down in the profile",
        )
        for row in table.itertuples()
        if row.verdict == NOT_REPRODUCED
    ]


def _problems(
    profile: Profile, name: str, benchmark: BenchmarkSpec, grammar: Mapping[str, Variable], steps: Collection[str]
) -> list[Problem]:
    place, loc = profile.file.place, ("benchmarks", name)
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


def _ours(benchmark: BenchmarkSpec, seen: View, design: Design) -> tuple[float, float]:
    """Our value and its standard error."""
    inside = seen.mask(benchmark.among)
    if benchmark.statistic == "agreement":
        assert benchmark.definition and benchmark.step and benchmark.flag
        ours = seen.frame[benchmark.step].astype("str").to_numpy()[inside]
        theirs = seen.frame[benchmark.flag].astype("str").to_numpy()[inside]
        return float((ours == theirs).sum()), np.nan
    domain = np.where(inside, 0, -1)
    if isinstance(benchmark.of, dict):
        y = seen.mask(benchmark.of).astype(float)
    else:
        y = seen.frame[benchmark.of].to_numpy(dtype=float)
    estimate = (totals if benchmark.statistic == "total" else means)(design, y, domain, 1)
    return float(estimate.value[0]), float(estimate.se[0])


def _row(name: str, benchmark: BenchmarkSpec, ours: float, se: float, note: str = "") -> tuple[object, ...]:
    difference = ours - benchmark.value
    reproduced = REPRODUCED if abs(difference) <= benchmark.tolerance else NOT_REPRODUCED
    if np.isnan(ours) and not note:
        note = "nobody in the file fits the conditions of this figure"
    elif np.isnan(ours):
        reproduced = NOT_COMPARABLE
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
        note or benchmark.note or "",
    )
