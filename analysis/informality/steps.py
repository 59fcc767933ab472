"""What a study does to its data, one function per hop: file, harmonised, classified, seen by a definition, designed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import LIBRARY
from informality.foundation.provenance import sha256
from informality.study import Study, Workspace

Progress = Callable[[str, int, int | None], object]

if TYPE_CHECKING:
    import pandas as pd

    from informality.inference.sampling.design import Design, Lonely
    from informality.survey.delivery import FileSpec
    from informality.survey.harmonise import Harmonised
    from informality.survey.profile import Profile
    from informality.tabulation.rows import Settings
    from informality.tabulation.views import View


def raw_file(
    profile: Profile,
    wave_name: str,
    workspace: Workspace,
    tell: Callable[[str], None],
    folder: Path,
    seed: int | None = None,
) -> Path:
    """The delivered file of a wave, its hash checked; a made-up survey is written anew, into ``folder``.

    The files that the wave joins, and layouts, are looked for beside it, and checked in the same way. Raises
    :class:`InformalityError` (``ExitCode.DATA_FILE``) with every one that is missing or another file.
    """
    wave = profile.spec.waves[wave_name]
    if wave.made_by is not None:
        from informality.survey.synthetic import write_survey

        tell("writing the made-up survey")
        write_survey(LIBRARY / "synthetic" / f"{wave.made_by}.yml", folder / wave.file, seed)
        return folder / wave.file
    path = workspace.raw(wave.file)
    if not path.is_file():
        raise missing_raw(path, wave.file, wave.source)
    beside = [name for name in wave.beside if not (path.parent / name).is_file()]
    if beside:
        raise InformalityError(
            [p for name in beside for p in missing_raw(path.parent / name, name, wave.source).problems],
            ExitCode.DATA_FILE,
        )
    problems = [p for file in wave.files for p in _another_file(file, path.parent / file.file, wave.source, profile)]
    if problems:
        raise InformalityError(problems, ExitCode.DATA_FILE)
    return path


def _another_file(spec: FileSpec, path: Path, source: str, profile: Profile) -> list[Problem]:
    """A problem when a file is not the one the profile was written for."""
    if spec.sha256 is None:
        return []
    try:
        found = sha256(path)
    except OSError as failure:
        return [
            Problem(str(path), "the file cannot be read", str(failure.strerror or failure), "check its permissions")
        ]
    if found == spec.sha256:
        return []
    from informality.survey.readers import describe, read_raw

    try:  # A broken file says so itself, which is better news than another hash.
        first = describe(path, **spec.how(path.parent)).columns[:1]
        read_raw(path, first, **spec.how(path.parent))
    except InformalityError as failure:
        return list(failure.problems)
    return [
        Problem(
            str(path),
            "this is not the file the profile was written for",
            f"SHA-256 {found[:16]}…, the profile has {spec.sha256[:16]}…",
            f"obtain the file as published ({source}), or give it its own wave in {profile.file.path.name}",
        )
    ]


def missing_raw(path: Path, file: str, source: str) -> InformalityError:
    """What to say when a raw file is not where it is looked for."""
    near = sorted(p.name for p in path.parent.glob("*") if p.is_file())[:6] if path.parent.is_dir() else []
    return InformalityError(
        Problem(
            str(path),
            "the raw data file is missing",
            f"in this folder: {', '.join(near)}" if near else "the folder is empty or does not exist",
            f"obtain {file} ({source}); see data_raw/README.md; or say where it lies with --data or INFORMALITY_DATA",
        ),
        ExitCode.DATA_FILE,
    )


def read_harmonised(
    profile: Profile, wave: str, raw: Path, basis: str, progress: Progress = lambda name, done, total: None
) -> Harmonised:
    """One wave of a survey, read from its raw file (and those that lie beside it and are joined to it), harmonised.

    ``progress`` is called with the name of a file, the rows read so far, and the rows it has, where that is known.
    """
    from informality.survey.harmonise import harmonise
    from informality.survey.joining import read_wave

    return harmonise(profile, read_wave(profile, wave, raw, progress), basis)


def classified(study: Study, survey: Harmonised) -> pd.DataFrame:
    """The harmonised frame with the outcomes and deciding rules of every definition of the study."""
    import pandas as pd

    from informality.classification.classify import classify

    return pd.concat([survey.frame, *(classify(survey.frame, d, survey.asked) for d in study.definitions)], axis=1)


def views(study: Study, workers: pd.DataFrame, asked: frozenset[str]) -> dict[str, View]:
    """The workers as each definition sees them."""
    from informality.tabulation.views import view

    return {d.id: view(workers, d, study.schema, asked) for d in study.definitions}


def sample_design(study: Study, workers: pd.DataFrame) -> Design:
    """The design of a study's survey, with the lonely rule of the study or else of the profile."""
    return sample_design_of(study.profile, workers, study.spec.lonely or study.profile.spec.design.lonely)


def sample_design_of(profile: Profile, workers: pd.DataFrame, lonely: Lonely) -> Design:
    """The design of a survey, over all rows of its workers frame."""
    from informality.inference.sampling.design import Design

    return Design.from_columns(lonely=lonely, **design_columns(profile, workers))


def design_columns(profile: Profile, workers: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns of a workers frame that say how the sample was drawn, as ``Design.from_columns`` names them."""
    spec = profile.spec.design
    said = {"weight": "", "stratum": spec.stratum, "psu": spec.psu}
    return {name: workers[name] for name, column in said.items() if column != "none"}


def settings(study: Study) -> Settings:
    """How the study wants its estimates."""
    from informality.tabulation.rows import Settings

    spec = study.spec
    return Settings(
        spec.id, spec.survey, spec.wave, study.profile.spec.status, spec.interval, spec.confidence, study.standard
    )
