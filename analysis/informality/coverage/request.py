"""What a study asks of coverage: which scenarios of which baseline, how many parameter draws, and from what seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import Field

from informality.coverage.baseline import read_baseline
from informality.coverage.records import read_members
from informality.coverage.scenario import Scenario, known_scenarios, read_scenario
from informality.coverage.simulate import DRAWS, SEED
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import Variable
from informality.foundation.quantities import Status
from informality.foundation.specfile import SpecFile, SpecModel, Words

STATUS_QUO = "baseline"
"""What ``expects`` calls the baseline without any lever."""


class MembersFileSpec(SpecModel):
    """Members on record by an office's own file (see :mod:`informality.coverage.records`), instead of the baseline's."""

    file: Words
    source: Words
    status: Status = "verified"


class CoverageSpec(SpecModel):
    """``baseline``: what every scenario of the study is a difference from. ``focus``: the scenario that is looked into more
    closely, by default the last. ``choices``: by scheme, what to take where sources disagree.
    """

    baseline: Words
    scenarios: list[Words] = Field(min_length=1)
    draws: int = Field(default=DRAWS, ge=0)
    seed: int = SEED
    focus: Words | None = None
    choices: dict[str, dict[str, Words]] = Field(default_factory=dict)
    members: MembersFileSpec | None = None


def read_scenarios(
    file: SpecFile, spec: CoverageSpec, variables: Mapping[str, Variable], folders: Sequence[Path], data: Path
) -> tuple[Scenario, ...]:
    """The scenarios of a study, read with all they build on. ``file``: the study, for places; ``data``: where
    a file of members lies.

    Raises :class:`InformalityError` with every problem of all of them.
    """
    problems: list[Problem] = []
    code = ExitCode.SPEC
    known = known_scenarios(*folders)
    try:
        baseline = read_baseline(spec.baseline, variables, *folders, choices=spec.choices)
    except InformalityError as failure:
        if failure.problems[0].place != spec.baseline:
            raise
        raise InformalityError(
            [
                replace(p, place=file.place("coverage", "baseline"), found=f"`{spec.baseline}`")
                for p in failure.problems
            ],
            failure.code,
        ) from None
    found: list[Scenario] = []
    for i, name in enumerate(spec.scenarios):
        place = file.place("coverage", "scenarios", i)
        if name in spec.scenarios[:i]:
            problems.append(Problem(place, f"`{name}` is named twice", fix="keep one of them"))
        elif name not in known:
            problems.append(Problem(place, "there is no scenario of this name", f"`{name}`", did_you_mean(name, known)))
        else:
            try:
                found.append(read_scenario(name, variables, *folders, choices=spec.choices))
            except InformalityError as failure:
                problems += failure.problems
                continue
            if found[-1].baseline.spec.id != baseline.spec.id:
                problems.append(
                    Problem(
                        place,
                        f"`{name}` is a scenario of another baseline",
                        f"`{found[-1].baseline.spec.id}`, and this study's is `{baseline.spec.id}`",
                        "a study compares scenarios of one baseline: take it out, or make a study of its own",
                    )
                )
    if spec.focus is not None and spec.focus not in spec.scenarios:
        problems.append(
            Problem(
                file.place("coverage", "focus"),
                f"`{spec.focus}` is not among the scenarios",
                fix=did_you_mean(spec.focus, spec.scenarios),
            )
        )
    for scenario in found:
        for key, other in (scenario.file.spec.expects if scenario.file else {}).items():
            if other != STATUS_QUO and other not in spec.scenarios and scenario.file is not None:
                problems.append(
                    Problem(
                        scenario.file.place("expects", key),
                        f"this study does not run `{other}`, which `{scenario.id}` is to be compared with",
                        fix=f"add `{other}` to the scenarios of the study",
                    )
                )
    if spec.members is not None and not problems:
        found = _with_members(found, spec.members, variables, data)
    if problems:
        raise InformalityError(problems, code)
    return tuple(found)


def _with_members(
    scenarios: Sequence[Scenario], spec: MembersFileSpec, variables: Mapping[str, Variable], data: Path
) -> list[Scenario]:
    """The same scenarios with members from a file of the office in place of those of the baseline, scheme by scheme."""
    out = []
    for scenario in scenarios:
        baseline = scenario.baseline
        given = read_members(data / spec.file, baseline.schemes, variables, source=spec.source, status=spec.status)
        named = {s for entry in given for s in entry.schemes}
        kept = [e for e in baseline.spec.administrative if not named & set(e.schemes)]
        own = baseline.spec.model_copy(update={"administrative": [*kept, *given]})
        out.append(replace(scenario, baseline=replace(baseline, file=replace(baseline.file, spec=own))))
    return out
