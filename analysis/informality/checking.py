"""``informality check``: one survey read, harmonised, classified and held against official figures."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from informality.classification.definition import Definition, read_definition
from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.grammar import NOT_APPLICABLE
from informality.foundation.library import LIBRARY, find
from informality.steps import Progress, raw_file, read_harmonised, sample_design_of
from informality.study import Workspace, profile_and_wave, read_study
from informality.survey.profile import Profile
from informality.survey.quality import Quality, check_quality
from informality.survey.unfinished import MARK, marks
from informality.tabulation import benchmarks
from informality.tabulation.consistency import check_official
from informality.tabulation.views import view


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found."""

    profile: Profile
    wave: str
    file: str
    accounting: pd.DataFrame
    asked: int
    not_asked: list[str]
    left_open: list[str]
    quality: Quality
    benchmarks: pd.DataFrame
    comparisons: pd.DataFrame
    failures: list[Problem]


def waves_to_check(name: str, workspace: Workspace, wave: str | None) -> list[str | None]:
    """The wave that was asked for; without one, every wave of a study, or the only one of a profile."""
    surveys = workspace.folder("surveys")
    profiles = [surveys / f"{name}.yml", LIBRARY / "surveys" / f"{name}.yml"]
    study = workspace.folder("studies") / f"{name}.yml"
    if wave is None and study.is_file() and not any(path.is_file() for path in profiles):
        return [*read_study(study, workspace).spec.each_wave]
    return [wave]


def check_survey(
    name: str,
    workspace: Workspace,
    wave: str | None,
    tell: Callable[[str], None],
    progress: Progress = lambda name, done, total: None,
) -> Check:
    """Check a survey profile (or the survey of a study) against its file and its official figures.

    Leaves no file. Raises :class:`InformalityError` for errors of the profile, the file or the data; official
    figures that are not reproduced are returned in ``failures``.
    """
    profile, wave = profile_and_wave(name, workspace, wave)
    bases = profile.spec.waves[wave].bases or profile.spec.bases
    profile = profile.of_wave(wave)
    definitions = _definitions(profile, workspace)
    with TemporaryDirectory() as folder:
        raw = raw_file(profile, wave, workspace, tell, Path(folder))
        tell("reading and harmonising")
        survey = read_harmonised(profile, wave, raw, bases[-1], progress)
    tell("classifying and comparing with official figures")
    from informality.classification.classify import classify

    workers = pd.concat([survey.frame, *(classify(survey.frame, d, survey.asked) for d in definitions)], axis=1)
    seen = {d.id: view(workers, d, profile.schema, survey.asked) for d in definitions}
    design = sample_design_of(profile, workers, profile.spec.design.lonely)
    official = benchmarks.compare(profile, wave, seen, survey.flags, design)
    quality = check_quality(survey, profile)
    check_official(quality, profile, wave, official)
    measured = profile.measured & survey.asked
    whole_blocks = {n for names in profile.lacking.values() for n in names}
    return Check(
        profile,
        wave,
        f"{raw.name}, made anew for this check" if profile.spec.waves[wave].made_by else str(raw),
        survey.accounting,
        len(measured),
        [
            *(n for n in profile.schema.measured() if n not in measured and n not in whole_blocks),
            *(
                f"{profile.schema.blocks[block].lower()} ({len(names)} questions)"
                for block, names in profile.lacking.items()
            ),
        ],
        [text for d in definitions for text in _left_open(workers, d, survey.asked)],
        quality,
        official,
        benchmarks.beside(profile, wave, seen, survey.flags, design),
        benchmarks.failures(official, profile),
    )


def _left_open(workers: pd.DataFrame, definition: Definition, asked: Collection[str]) -> list[str]:
    """What a definition cannot tell from this file, of how many workers, and why; one sentence a step."""
    from informality.classification.classify import NOT_DETERMINABLE, column

    found = []
    for step in definition.steps:
        outcome = workers[column(definition.id, step.decides)]
        among = int((outcome != NOT_APPLICABLE).sum())
        # where a question was not put, no rule decided
        unasked = (outcome == NOT_DETERMINABLE) & workers[column(definition.id, step.decides, rule=True)].isna()
        if count := int(unasked.sum()):
            why = [need.why for need in definition.needs[step.decides] if not need.met(frozenset(asked))]
            told = "; ".join(why) or "it follows from what is not determinable above"
            found.append(f"{step.title}: not determinable for {count:,} of {among:,} workers ({definition.id}): {told}")
    return found


AFTER = {
    ExitCode.SPEC: "mend these places and run the command again; then come the mapping, the quality and the official figures",
    ExitCode.DEFINITION: "mend these rules and run the command again; then come the mapping, quality and official figures",
    ExitCode.DATA_FILE: "put the file where it is looked for, or correct its name in the profile, and run the same command again",
    ExitCode.DATA: "mend these places and run the same command again; then come the quality and the official figures",
    ExitCode.BENCHMARK: "find out why these figures differ: a mapping, a universe or a weight is the usual cause",
}
"""What to do after a check that ended with this code."""


def errors_of(found: Check) -> InformalityError | None:
    """What the command ends with: official figures that are not reproduced, or else errors that the data checks found."""
    if found.failures:
        return InformalityError(found.failures, ExitCode.BENCHMARK)
    wrong = found.quality.counts()["error"]
    if not wrong:
        return None
    what = f"the checks of the data found {wrong} {'error' if wrong == 1 else 'errors'}, told under Quality"
    failure = InformalityError(Problem(found.profile.file.path.name, what), ExitCode.DATA)
    failure.next_step = "mend the file or the profile: what rests on an error is wrong until it is explained"
    return failure


def next_step(found: Check) -> str:
    """What is left to do on a profile that can be read and whose codes are all mapped; never empty."""
    spec, path = found.profile.spec, found.profile.file.path
    if found.failures:
        return AFTER[ExitCode.BENCHMARK]
    if open_marks := marks(path):
        count = f"{len(open_marks)} suggestion is" if len(open_marks) == 1 else f"{len(open_marks)} suggestions are"
        return (
            f"{count} still marked {MARK} (the first: {path.name}, line {open_marks[0]}): hold each against the "
            "questionnaire, and delete the mark where you agree"
        )
    if not spec.benchmarks and spec.no_benchmarks is None:
        return f"{path.name} has no official figure: write one under `benchmarks`, or under `no_benchmarks` why there is none"
    figures = len(found.benchmarks)
    rest = (
        f"{figures} official {'figure' if figures == 1 else 'figures'} held" if figures else "no official figure exists"
    )
    return f"none; no TODO is left, every code is mapped, {rest}"


def _definitions(profile: Profile, workspace: Workspace) -> list[Definition]:
    """The definitions the published figures of a profile rest on; the ILO one if they rest on none."""
    place, spec = profile.file.place, profile.spec
    wanted = {
        figure.definition: place(part, i, "definition")
        for part, figures in (("benchmarks", spec.benchmarks), ("comparisons", spec.comparisons))
        for i, figure in figures.items()
    }
    wanted.pop(None, None)
    found, problems = [], []
    for name, at in (wanted or {"ilo-17icls": ""}).items():
        try:
            path = find("definitions", str(name), workspace.folder("definitions"))
        except InformalityError as failure:
            problems += [replace(p, place=at, found=f"`{name}`") for p in failure.problems]
            continue
        found.append(read_definition(path, profile.schema))
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return found
