"""``informality check``: one survey read, harmonised, classified and held against official figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from informality.classification.definition import definition_path, read_definition
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.schema import LIBRARY
from informality.pipeline import raw_file, read_harmonised, sample_design_of
from informality.study import Workspace, read_study
from informality.survey.profile import Profile, profile_path, read_profile
from informality.survey.quality import check_quality
from informality.tabulation import benchmarks
from informality.tabulation.tabulate import view


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found."""

    profile: Profile
    wave: str
    raw: Path
    accounting: pd.DataFrame
    asked: int
    not_asked: list[str]
    quality: list[Problem]
    benchmarks: pd.DataFrame
    failures: list[Problem]


def check_survey(name: str, workspace: Workspace, wave: str | None, tell: Callable[[str], None]) -> Check:
    """Check a survey profile (or the survey of a study) against its file and its official figures.

    Raises :class:`InformalityError` for errors of the profile, the file or the data; official figures that are
    not reproduced are returned in ``failures``.
    """
    profile, wave = _profile(name, workspace, wave)
    raw = raw_file(profile, wave, workspace, tell)
    tell("reading and harmonising")
    survey = read_harmonised(profile, wave, raw, profile.spec.bases[-1])
    used = [b.definition for b in profile.spec.benchmarks.values() if b.definition] or ["ilo-17icls"]
    tell("classifying and comparing with official figures")
    from informality.classification.classify import classify

    definitions = [read_definition(definition_path(d), profile.schema) for d in dict.fromkeys(used)]
    workers = pd.concat(
        [survey.frame, *(classify(survey.frame, d, survey.asked) for d in definitions)], axis=1
    )
    seen = {d.id: view(workers, d, profile.schema, survey.asked) for d in definitions}
    design = sample_design_of(profile, workers, profile.spec.design.lonely)
    official = benchmarks.compare(profile, wave, seen, survey.flags, design)
    measured = profile.measured
    return Check(
        profile,
        wave,
        raw,
        survey.accounting,
        len(measured),
        [n for n in profile.schema.measured() if n not in measured],
        check_quality(survey, profile),
        official,
        benchmarks.failures(official, profile),
    )


def _profile(name: str, workspace: Workspace, wave: str | None) -> tuple[Profile, str]:
    if (
        not (LIBRARY / "surveys" / f"{name}.yml").is_file()
        and (workspace.root / "analysis" / "studies" / f"{name}.yml").is_file()
    ):
        study = read_study(workspace.study_path(name))
        return study.profile, study.spec.wave
    path = Path(name) if name.endswith((".yml", ".yaml")) else profile_path(name)
    profile = read_profile(path)
    waves = list(profile.spec.waves)
    if wave is None and len(waves) == 1:
        return profile, waves[0]
    if wave not in profile.spec.waves:
        what = (
            f"{profile.spec.id} has {len(waves)} waves: say which"
            if wave is None
            else f"{profile.spec.id} has no wave `{wave}`"
        )
        raise InformalityError(Problem("--wave", what, fix=did_you_mean(wave or "", waves)), ExitCode.USAGE)
    return profile, wave
