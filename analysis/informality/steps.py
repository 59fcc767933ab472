"""What a study does to its data, one function per hop: file, harmonised, classified, seen by a definition, designed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from informality.foundation.errors import ExitCode, InformalityError, Problem
from informality.foundation.library import LIBRARY
from informality.foundation.provenance import sha256
from informality.study import Study, Workspace

Progress = Callable[[str, int, int | None], object]
WAVE = "wave"
"""The column of the workers that says in which wave a person was asked."""

if TYPE_CHECKING:
    import pandas as pd

    from informality.inference.sampling.design import Design, Lonely
    from informality.survey.delivery import FileSpec
    from informality.survey.harmonise import Harmonised
    from informality.survey.profile import Profile
    from informality.tabulation.disclosure import Protected
    from informality.tabulation.readings import Reading
    from informality.tabulation.released import Anonymised
    from informality.tabulation.robustness import Ground
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
    profile: Profile,
    wave: str,
    raw: Path,
    basis: str,
    progress: Progress = lambda name, done, total: None,
    others: dict[tuple[str, str], Harmonised] | None = None,
) -> Harmonised:
    """One wave of a survey, read from its raw file (and those that lie beside it and are joined to it), harmonised.

    ``progress`` is called with the name of a file, the rows read so far, and the rows it has, where that is known.
    ``others`` is filled with the same file harmonised under each other reading of the questionnaire.
    """
    from informality.survey.harmonise import harmonise
    from informality.survey.joining import read_wave

    as_then = profile.of_wave(wave)
    file = read_wave(as_then, wave, raw, progress)
    survey = harmonise(as_then, file, basis)
    if others is not None:
        others |= {variant: harmonise(as_then.read_as(*variant), file, basis) for variant in as_then.variants}
    there = profile.spec.waves[wave].columns
    if not there:
        return survey
    columns = [", ".join(there.get(n, n) for n in names.split(", ")) for names in survey.mapping["column"]]
    return replace(survey, mapping=survey.mapping.assign(column=columns))


def classified(study: Study, survey: Harmonised, wave: str | None = None) -> pd.DataFrame:
    """The harmonised frame with its wave, and the outcomes and deciding rules of every definition of the study."""
    import pandas as pd

    from informality.classification.classify import classify

    waves = study.spec.each_wave
    named = pd.Categorical([wave or waves[-1]] * len(survey.frame), categories=waves)
    decided = [classify(survey.frame, d, survey.asked) for d in study.definitions]
    return pd.concat([survey.frame.assign(**{WAVE: named}), *decided], axis=1)


def views(study: Study, workers: pd.DataFrame, asked: frozenset[str]) -> dict[str, View]:
    """The workers as each definition sees them."""
    from informality.tabulation.views import view

    return {d.id: view(workers, d, study.schema, asked) for d in study.definitions}


def sample_design(study: Study, workers: pd.DataFrame) -> Design:
    """The design of a study's survey, with the lonely rule of the study or else of the profile."""
    return sample_design_of(study.profile, workers, study.spec.lonely or study.profile.spec.design.lonely)


def reading_column(variable: str, variant: str, outcome: str) -> str:
    """The column of the workers that holds an outcome (``ilo-17icls.job``) under another reading of a variable."""
    return f"reading.{variable}.{variant}.{outcome}"


def reread(study: Study, others: Mapping[tuple[str, str], Harmonised]) -> pd.DataFrame:
    """The outcomes of the definitions that read a variable, under each other reading of it, as columns of the workers."""
    import pandas as pd

    from informality.classification.classify import classify

    columns: dict[str, pd.Series] = {}
    for (variable, variant), survey in others.items():
        for definition in study.definitions:
            if variable in definition.variables():
                made = classify(survey.frame, definition, survey.asked)
                columns |= {reading_column(variable, variant, n): made[n] for n in made if not n.endswith(".rule")}
    return pd.DataFrame(columns)


def readings(study: Study, workers: pd.DataFrame, asked: frozenset[str]) -> dict[str, list[Reading]]:
    """The persons under each other reading of the questionnaire, by the id of the definition that it touches."""
    from informality.classification.classify import column
    from informality.tabulation.readings import Reading

    found: dict[str, list[Reading]] = {}
    for view in views(study, workers, asked).values():
        id = view.definition.id
        for (variable, variant), spec in study.profile.variants.items():
            names = {n: reading_column(variable, variant, column(id, n)) for n in view.definition.outcomes}
            if set(names.values()) <= set(workers.columns):
                frame = view.frame.assign(**{n: workers[there].to_numpy() for n, there in names.items()})
                seen = replace(view, frame=frame)
                found.setdefault(id, []).append(Reading(f"{variable}.{variant}", spec.status, seen))
    return found


def of_wave(workers: pd.DataFrame, wave: str) -> pd.DataFrame:
    """The persons of one wave, in their order."""
    return workers.loc[workers[WAVE] == wave].reset_index(drop=True)


def joint_design(study: Study, workers: pd.DataFrame) -> Design:
    """One design of all waves, which knows the PSUs that were visited more than once; weights as in the files.

    ``workers`` holds the waves one after the other, in the order of the study. Raises :class:`InformalityError`
    (``DATA``) when the samples should overlap and no PSU is in two waves.
    """
    from informality.inference.sampling.waves import pooled

    profile, spec = study.profile, study.spec
    parts = [design_columns(profile, of_wave(workers, wave)) for wave in spec.each_wave]
    lonely = spec.lonely or profile.spec.design.lonely
    design, _ = pooled(parts, overlapping=profile.spec.design.between_waves == "overlapping", lonely=lonely)
    return design


def focus_of(study: Study, workers: pd.DataFrame) -> pd.DataFrame:
    """The persons the report describes: all of the only or last wave, or those of all waves, weights averaging."""
    waves = study.spec.each_wave
    if len(waves) == 1:
        return workers
    if study.spec.together == "pool":
        return workers.assign(weight=workers["weight"] / len(waves))
    return of_wave(workers, waves[-1])


def focus_design(study: Study, workers: pd.DataFrame) -> Design:
    """The design behind :func:`focus_of`, from the workers of all waves."""
    if study.spec.together == "pool":
        return averaging(joint_design(study, workers), len(study.spec.waves))
    return sample_design(study, focus_of(study, workers))


def changes(study: Study, workers: pd.DataFrame, asked: frozenset[str]) -> pd.DataFrame:
    """Rows of the results table for what changed between the waves of a study."""
    from informality.tabulation.changes import across, change_rows, tabulate_changes

    how, headline, design = settings(study), study.spec.headline, joint_design(study, workers)
    seen = [across(view, study.spec.waves) for view in views(study, workers, asked).values()]
    found = [part for plan in study.plans for part in tabulate_changes(plan, seen, headline, design, study.pairs, how)]
    return change_rows(found, how)


def protected(study: Study, results: pd.DataFrame, workers: pd.DataFrame, asked: frozenset[str]) -> Protected:
    """The results as they may be stored: what would give a suppressed cell away is hidden, too, and that is logged."""
    from informality.classification.classify import decided
    from informality.tabulation.disclosure import Decided, protect

    seen, weight = views(study, workers, asked), workers["weight"].to_numpy(dtype=float)
    whom = (workers["employed"] == "yes").to_numpy()
    if study.spec.together != "pool":
        whom = whom & (workers[WAVE] == study.spec.each_wave[-1]).to_numpy()
    rules = {
        Decided(study.spec.focus, definition.id, *found): mask & whom
        for definition in study.definitions
        for found, mask in decided(workers, definition)
    }
    return protect(results, study.plans, seen, weight, study.disclosure, workers[WAVE], rules)


def anonymised(study: Study, workers: pd.DataFrame) -> Anonymised | None:
    """The workers as they may leave the office; None where the study wants no such file."""
    from informality.foundation.grammar import MISSING
    from informality.tabulation.anonymous import anonymise
    from informality.tabulation.released import LabelledColumn

    spec = study.anonymity
    if spec is None:
        return None
    outcomes = {}
    for definition in study.definitions:
        for name in [n for n in spec.outcomes if n in definition.outcomes]:
            found = definition.outcomes[name]
            levels = {c: found.label(c) for c in found.categories if c not in (*MISSING, *spec.codes)}
            column = f"{definition.id}.{name}"
            outcomes[column] = LabelledColumn(column, f"{found.title}: {definition.spec.title}", levels)
    design = study.profile.spec.design
    drawn = ["weight", *(n for n in ("stratum", "psu") if getattr(design, n) != "none")]
    return anonymise(workers, spec, study.schema, outcomes, drawn)


def averaging(design: Design, waves: int) -> Design:
    """The same design with each weight divided by the number of waves: totals are then averages over the waves."""
    return replace(design, weight=design.weight / waves)


def sample_design_of(profile: Profile, workers: pd.DataFrame, lonely: Lonely) -> Design:
    """The design of a survey, over all rows of its workers frame."""
    from informality.inference.sampling.design import Design

    return Design.from_columns(lonely=lonely, **design_columns(profile, workers))


def design_columns(profile: Profile, workers: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns of a workers frame that say how the sample was drawn, as ``Design.from_columns`` names them."""
    spec = profile.spec.design
    said = {"weight": "", "stratum": spec.stratum, "psu": spec.psu}
    return {name: workers[name] for name, column in said.items() if column != "none"}


def settings(study: Study, wave: str | None = None) -> Settings:
    """How the study wants its estimates, of the wave that its report describes or of another."""
    from informality.tabulation.rows import Settings

    spec = study.spec
    return Settings(
        spec.id,
        spec.survey,
        wave or spec.focus,
        study.profile.spec.status,
        spec.interval,
        spec.confidence,
        study.standard,
    )


def ground(study: Study, workers: pd.DataFrame, asked: frozenset[str], design: Design) -> Ground:
    """What is needed to say how far the rates of a study rest on its definitions."""
    from informality.tabulation.robustness import Ground, read_robustness

    bases = study.profile.spec.bases
    return Ground(workers, asked, design, settings(study), study.spec.basis, bases, read_robustness())
