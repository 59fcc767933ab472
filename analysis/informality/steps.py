"""What a study does to its data, one function per hop: file, harmonised, classified, seen by a definition, designed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import LIBRARY
from informality.foundation.provenance import sha256
from informality.study import Study, Workspace

if TYPE_CHECKING:
    import pandas as pd

    from informality.inference.sampling.design import Design, Lonely
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

    Raises :class:`InformalityError` (``ExitCode.DATA_FILE``) when it is missing or another file.
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
    if wave.sha256 is None:
        return path
    try:
        found = sha256(path)
    except OSError as failure:
        raise InformalityError(
            Problem(str(path), "the file cannot be read", str(failure.strerror or failure), "check its permissions"),
            ExitCode.DATA_FILE,
        ) from None
    if found != wave.sha256:
        from informality.survey.readers import describe, read_raw

        # A broken file says so itself, which is better news than another hash.
        read_raw(path, describe(path).columns[:1])
        raise InformalityError(
            Problem(
                str(path),
                "this is not the file the profile was written for",
                f"SHA-256 {found[:16]}…, the profile has {wave.sha256[:16]}…",
                f"obtain the file as published ({wave.source}), or give it its own wave in {profile.file.path.name}",
            ),
            ExitCode.DATA_FILE,
        )
    return path


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


def read_harmonised(profile: Profile, wave: str, raw: Path, basis: str) -> Harmonised:
    """One wave of a survey, read from its raw file and harmonised."""
    from informality.survey.harmonise import absent_columns, harmonise
    from informality.survey.readers import describe, read_raw

    how = profile.spec.waves[wave]
    absent = absent_columns(profile, describe(raw, encoding=how.encoding, delimiter=how.delimiter).columns)
    if absent:
        raise InformalityError(absent, ExitCode.DATA)
    file = read_raw(raw, list(profile.columns()), encoding=how.encoding, delimiter=how.delimiter)
    expected = how.rows
    if expected is not None and file.rows != expected:
        raise InformalityError(
            Problem(
                raw.name,
                "the file has another number of rows than the profile says",
                f"{file.rows:,} rows, the profile says {expected:,}",
                "obtain the complete file, or correct `rows` in the profile",
            ),
            ExitCode.DATA,
        )
    return harmonise(profile, file, basis)


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
