"""A survey opened for questions: its persons, its sample design, and the definitions that have classified them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.classify import classify as classify_workers
from informality.classification.definition import Definition, read_definition
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import REASON, Variable
from informality.foundation.library import find
from informality.foundation.quantities import Status, weakest
from informality.inference.sampling.design import Design, Lonely
from informality.steps import design_columns, raw_file, read_harmonised
from informality.study import Workspace, profile_and_wave, read_study
from informality.survey.profile import Profile
from informality.tabulation.people import People
from informality.tabulation.reliability import Standard, read_standard
from informality.tabulation.views import answered, left_open, outcome_variables

RELIABILITY = "ilostat-cv"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Survey:
    """Persons (n rows) with what may be asked of them, and how they were sampled. Nothing changes one; it is made anew.

    ``people``: the frame of all rows and its variables; ``design``: built once, from all rows, so that estimates from
    one survey know how they move together; ``drawn``: the columns it was built from. ``definitions``: the first one's
    outcomes go by their plain names (``job``), all by ``<definition>.<outcome>``. ``standard``: the reliability standard
    results are graded by, if any. ``status``: of the weakest figure the data rest on. ``made_up``: what must be said
    of invented data, or of an excerpt. ``units``: of number variables. ``account``: rows of the file and where they went;
    ``remarks``: what a reader of the data should know although it stopped nothing.
    """

    title: str
    people: People
    design: Design
    drawn: Mapping[str, Any]
    status: Status = "derived"
    definitions: tuple[Definition, ...] = ()
    standard: Standard | None = None
    made_up: str = ""
    basis: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    account: pd.DataFrame | None = None
    remarks: tuple[Problem, ...] = ()
    harmonised: bool = False

    @property
    def frame(self) -> pd.DataFrame:
        """The persons, one row each, with all variables and outcomes, and the rule that decided each outcome."""
        return self.people.frame

    @property
    def variables(self) -> pd.DataFrame:
        """What conditions, groups and formulas may name: title, kind, whether it was asked, categories."""
        rows = [
            (name, v.title, v.kind, name in self.people.asked, ", ".join(v.categories) if v.kind == "category" else "")
            for name, v in self.people.variables.items()
        ]
        return pd.DataFrame(rows, columns=["variable", "title", "kind", "asked", "categories"]).set_index("variable")

    def __len__(self) -> int:
        return len(self.frame)

    def deciding(self, names: Sequence[str]) -> list[Definition]:
        """The definitions that decide any of these variables."""

        def known(definition: Definition) -> set[str]:
            plain = set(definition.outcomes) if definition is self.definitions[0] else set()
            return plain | {column(definition.id, step) for step in definition.outcomes}

        return [d for d in self.definitions if known(d) & set(names)]

    def standing(self, names: Sequence[str]) -> Status:
        """The weakest status of the data and of the definitions that decide any of these variables."""
        return weakest("derived", self.status, *(d.status for d in self.deciding(names)))

    def definition_notes(self, names: Sequence[str]) -> list[str]:
        """What to say below results of these variables: by which definitions they were decided."""
        return [f"By {d.id}: {d.spec.title}." for d in self.deciding(names)]

    def __repr__(self) -> str:
        units, design = self.design.units, self.design
        basis = f", {self.basis}th ICLS basis of employment" if self.basis else ""
        if design.replicates is not None:
            how = (
                f"{len(design.replicates)} {design.replicates.kind} replicate weights, {design.df:,} degrees of freedom"
            )
        elif len(units.stratum) == len(design.weight):
            how = f"{len(units.stratum_labels):,} strata, no sampling units: persons count as drawn one by one"
        else:
            how = f"{len(units.stratum_labels):,} strata, {len(units.stratum):,} primary sampling units"
        if design.replicates is None:
            how += f", {design.df:,} degrees of freedom, lonely rule `{units.lonely}`"
        lines = [
            f"{self.title}{basis}",
            f"{len(self):,} persons standing for {design.weight.sum():,.0f}",
            how,
            *(f"classified by {d.id} ({d.spec.title}): {', '.join(d.outcomes)}" for d in self.definitions),
            *([f"remarks on the data: {len(self.remarks)}, in .remarks"] if self.remarks else []),
            *([self.made_up] if self.made_up else []),
        ]
        return "\n".join(lines)


def open_survey(
    survey: str | Path,
    wave: str | None = None,
    *,
    data: str | Path | None = None,
    basis: str | None = None,
    lonely: Lonely | None = None,
    reliability: str = RELIABILITY,
) -> Survey:
    """Read one wave of a survey by its profile, as ``informality run`` does, and build its sample design.

    ``survey``: the name of a profile (the project's own go before those of the library), or its path. ``wave`` may be
    left out where the profile has one. ``data``: the folder with the raw file; otherwise ``INFORMALITY_DATA``, otherwise
    ``data_raw``. The file's hash and number of rows are checked; a made-up survey is written to a temporary folder.
    ``basis``: "13" or "19", the ICLS concept that ``employed`` follows; by default the last one the profile can tell.
    ``lonely``: the rule for strata with one sampling unit, instead of the profile's. ``reliability``: the standard by
    which results are graded.

    Raises :class:`InformalityError`: SPEC or USAGE for names, DATA_FILE and DATA for the file, with all problems at once.

    >>> lfs = inf.open_survey("lao-demo")
    >>> len(lfs), lfs.basis
    (28930, '19')
    """
    workspace = Workspace.find(None if data is None else Path(data))
    name = str(survey)
    if Path(name).is_file() and Path(name).suffix not in (".yml", ".yaml"):
        raise InformalityError(
            Problem(
                name,
                "this is a data file, and what its codes mean is not known",
                fix="name the survey profile that reads it, or read it with pandas and use from_frame()",
            ),
            ExitCode.USAGE,
        )
    profile, chosen = profile_and_wave(name, workspace, wave, "open_survey, wave")
    spec = profile.spec
    if profile.file.path.stem != Path(name).stem:
        study = read_study(workspace.study_path(name), workspace).spec
        raise InformalityError(
            Problem(
                name,
                "this is a study, and a study has settings of its own",
                fix=f'open its survey: open_survey("{study.survey}", wave="{study.each_wave[-1]}", basis="{study.basis}")',
            ),
            ExitCode.USAGE,
        )
    wanted = spec.bases[-1] if basis is None else str(basis)
    if wanted not in spec.bases:
        raise InformalityError(
            Problem(
                "open_survey, basis",
                f"{spec.id} cannot tell employment on the {wanted}th ICLS basis",
                spec.basis_note or "",
                f"use {' or '.join(spec.bases)}",
            ),
            ExitCode.USAGE,
        )
    standard = read_standard(reliability)
    with TemporaryDirectory() as folder:
        raw = raw_file(profile, chosen, workspace, lambda text: None, Path(folder))
        read = read_harmonised(profile, chosen, raw, wanted)
    flags = read.flags[[name for name in read.flags if name not in read.frame.columns]]
    drawn = design_columns(profile, read.frame)
    return Survey(
        title=f"{spec.title}, {spec.waves[chosen].title}",
        people=_people(profile, pd.concat([read.frame, flags], axis=1), read.asked | frozenset(flags)),
        design=Design.from_columns(lonely=lonely or spec.design.lonely, **drawn),
        drawn=drawn,
        status=spec.status,
        standard=standard,
        made_up=profile.notice(chosen),
        basis=wanted,
        units=_units(profile),
        account=read.accounting,
        remarks=read.warnings,
        harmonised=True,
    )


def classify(
    survey: Survey, *definitions: str | Path, options: Mapping[str, Mapping[str, float]] | None = None
) -> Survey:
    """The survey with every person classified by one or more definitions of informality.

    ``definitions``: names (the project's own go before those of the library) or paths. The outcomes of the
    first one a survey is classified by go by their plain names (``{"job": "informal"}``), those of all by
    ``{"ilo-17icls.job": "informal"}``; all rest on one design, so their differences have an error that knows it. The
    frame also gets ``<definition>.<outcome>.rule``, the rule that decided. ``options``: by definition, values for its
    named options instead of those of the file; they count as assumptions. Classifying again by a definition
    that is there already changes nothing.

    Persons to whom a definition does not apply are ``not_applicable``. Where the survey never asked what a
    step needs, the outcome is ``not_determinable``, and no number rests on it. Raises :class:`InformalityError`: SPEC or
    DEFINITION for the files, USAGE for surveys that were not harmonised.

    >>> lfs = inf.classify(inf.open_survey("lao-demo"), "ilo-17icls", "lao-lfs2017")
    >>> [name for name in lfs.variables.index if name.split(".")[-1] == "job"]
    ['job', 'ilo-17icls.job', 'lao-lfs2017.job']
    """
    if not survey.harmonised:
        raise InformalityError(
            Problem(
                "classify",
                "a definition reads the variables of an opened survey, and this one was made from a frame, or pooled",
                fix="classify each wave before pooling; for a frame, write a survey profile and use open_survey()",
            ),
            ExitCode.USAGE,
        )
    folder = Workspace.find().folder("definitions")
    own = dict(options or {})
    read: list[Definition] = []
    for name in map(str, definitions):
        path = Path(name) if name.endswith((".yml", ".yaml")) else find("definitions", name, folder)
        read.append(read_definition(path, survey.people.schema, options=own.pop(path.stem, None)))
    there = {d.id: d for d in survey.definitions}
    problems = [
        Problem(
            "classify, options", f"`{name}` is not among the definitions", fix=did_you_mean(name, [d.id for d in read])
        )
        for name in own
    ]
    problems += [
        Problem(
            "classify",
            f"the survey is classified by `{d.id}` already, with other options",
            fix="begin with open_survey()",
        )
        for d in read
        if d.id in there and d.options != there[d.id].options
    ]
    if problems:
        raise InformalityError(problems, ExitCode.USAGE)
    for definition in {d.id: d for d in read if d.id not in there}.values():
        survey = _with_outcomes(survey, definition)
    return survey


def _with_outcomes(survey: Survey, definition: Definition) -> Survey:
    people = survey.people
    made = classify_workers(people.frame, definition, people.asked)
    first = not survey.definitions
    missing = {**people.schema.missing, NOT_DETERMINABLE: "Not determinable"}
    new: dict[str, Variable] = {}
    for step, outcome in outcome_variables(definition).items():
        variable = replace(outcome, labels={**missing, **outcome.labels})
        name = column(definition.id, step)
        if first:
            made[step], new[step] = made[name], variable
        new[name] = replace(variable, name=name, title=f"{variable.title} ({definition.id})")
    steps = {step: [column(definition.id, step), *([step] if first else [])] for step in definition.outcomes}
    unsettled = left_open(made, definition)
    everyone = replace(
        people,
        frame=pd.concat([people.frame, made], axis=1),
        variables={**people.variables, **new},
        asked=people.asked | {name for step in answered(definition, people.asked) for name in steps[step]},
        decided=people.decided | frozenset(new),
        left_open={**people.left_open, **{name: unsettled[step] for step in steps for name in steps[step]}},
    )
    return replace(survey, people=everyone, definitions=(*survey.definitions, definition))


def _people(profile: Profile, frame: pd.DataFrame, asked: frozenset[str]) -> People:
    schema = profile.schema
    flags = {n: replace(v, labels=schema.missing) for n, v in profile.flag_variables.items() if n in frame.columns}
    testable = {
        name: variable
        for name, variable in {**flags, **schema.grammar}.items()
        if name in frame.columns and (variable.kind == "category" or name + REASON in frame.columns)
    }
    return People(frame, testable, asked, schema, frozenset())


def _units(profile: Profile) -> dict[str, str]:
    """The unit of each number, money in the currency of the survey."""
    units = {name: v.spec.unit for name, v in profile.schema.variables.items() if v.spec.unit}
    return {name: profile.spec.currency if unit == "currency" else unit for name, unit in units.items()}
