"""A study: one YAML file that names survey, wave, basis, definitions, tables and reports."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from informality.classification.definition import Definition, read_definition
from informality.coverage.people import grammar
from informality.coverage.request import read_scenarios
from informality.coverage.scenario import Scenario
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.library import LIBRARY, Kind, find
from informality.foundation.schema import Schema
from informality.foundation.specfile import SpecFile, load
from informality.study_spec import StudySpec, wave_problems
from informality.survey.profile import Profile, read_profile
from informality.survey.series import breaks_between
from informality.tabulation.anonymous import read_anonymity
from informality.tabulation.changes import Pair
from informality.tabulation.disclosure import PolicySpec, read_policy
from informality.tabulation.model_plan import ModelSet, read_model_set
from informality.tabulation.plan import Plan, read_plan
from informality.tabulation.released import AnonymitySpec
from informality.tabulation.reliability import Standard, read_standard
from informality.tabulation.views import outcome_variables, outcomes_of_all

__all__ = ["Study", "StudySpec", "Workspace", "named_files", "profile_and_wave", "read_study"]

DATA_VARIABLE = "INFORMALITY_DATA"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a project keeps its files: ``root`` holds data_raw, data_clean and reports."""

    root: Path
    data: Path | None = None

    @classmethod
    def find(cls, data: Path | None = None, start: Path | None = None) -> Workspace:
        """The nearest folder upwards that has ``analysis/studies``; the current one if none has."""
        here = (start or Path.cwd()).resolve()
        root = next((p for p in (here, *here.parents) if (p / "analysis" / "studies").is_dir()), here)
        chosen = data or (Path(os.environ[DATA_VARIABLE]) if os.environ.get(DATA_VARIABLE) else None)
        return cls(root, chosen.resolve() if chosen else None)

    def study_path(self, name: str) -> Path:
        """A study by id, or by the path of its file."""
        path = Path(name)
        if path.suffix in (".yml", ".yaml"):
            return path
        folder = self.root / "analysis" / "studies"
        if (folder / f"{name}.yml").is_file():
            return folder / f"{name}.yml"
        known = sorted(p.stem for p in folder.glob("*.yml"))
        raise InformalityError(
            Problem(name, "there is no study of this name", f"looked in {folder}", did_you_mean(name, known)),
            ExitCode.SPEC,
        )

    def raw(self, file: str) -> Path:
        """Where a raw file lies: in the chosen data folder if it is there, else in data_raw."""
        if self.data is not None and (self.data / file).is_file():
            return self.data / file
        local = self.root / "data_raw" / file
        return local if local.is_file() or self.data is None else self.data / file

    def folder(self, kind: str) -> Path:
        """Where the project keeps its own surveys, definitions, tables or models; looked in before the library."""
        return self.root / "analysis" / kind

    @property
    def policies(self) -> list[Path]:
        """Where the project keeps its own scenarios and what they rest on."""
        return [self.folder(kind) for kind in ("scenarios", "baselines", "schemes", "countries")]

    def clean(self, study: str) -> Path:
        return self.root / "data_clean" / study

    def output(self, study: str) -> Path:
        return self.root / "reports" / "_output" / study


@dataclass(frozen=True, slots=True)
class Study:
    """A study with everything it names read and checked."""

    file: SpecFile[StudySpec]
    profile: Profile
    definitions: tuple[Definition, ...]
    plans: tuple[Plan, ...]
    models: tuple[ModelSet, ...]
    standard: Standard
    disclosure: PolicySpec
    scenarios: tuple[Scenario, ...] = ()
    anonymity: AnonymitySpec | None = None

    @property
    def spec(self) -> StudySpec:
        return self.file.spec

    @property
    def schema(self) -> Schema:
        return self.profile.schema

    @property
    def pairs(self) -> list[Pair]:
        """The waves that are compared: each with the one before, and the last with the first."""
        waves = self.spec.waves
        neighbours = [*itertools.pairwise(waves)]
        if len(waves) > 2:
            neighbours.append((waves[0], waves[-1]))
        marked, of_series = self.spec.breaks == "mark", self.profile.spec.waves
        return [Pair(a, b, tuple(found for _, found in breaks_between(of_series, a, b)), marked) for a, b in neighbours]

    @property
    def headline(self) -> Definition:
        return next(d for d in self.definitions if d.id == self.spec.headline)


def _named(file: SpecFile[StudySpec]) -> list[tuple[Kind, str, str]]:
    """Kind, name and place of every file a study names."""
    spec = file.spec
    return [
        ("surveys", spec.survey, file.place("survey")),
        *(("definitions", n, file.place("definitions", i)) for i, n in enumerate(spec.definitions)),
        *(("tables", n, file.place("tables", i)) for i, n in enumerate(spec.tables)),
        *(("models", n, file.place("models", i)) for i, n in enumerate(spec.models)),
    ]


def named_files(file: SpecFile[StudySpec], workspace: Workspace) -> tuple[dict[Kind, dict[str, Path]], list[Problem]]:
    """The files a study names, by kind and name, and a problem for each name that means nothing or comes twice."""
    found: dict[Kind, dict[str, Path]] = {"surveys": {}, "definitions": {}, "tables": {}, "models": {}}
    problems: list[Problem] = []
    for kind, name, place in _named(file):
        if name in found[kind]:
            problems.append(Problem(place, f"`{name}` is named twice", fix="keep one of them"))
            continue
        try:
            found[kind][name] = find(kind, name, workspace.folder(kind))
        except InformalityError as failure:
            problems += [replace(p, place=place, found=f"`{name}`") for p in failure.problems]
    return found, problems


def read_study(path: Path, workspace: Workspace | None = None) -> Study:
    """Read a study and every file it names, from the workspace (by default the one around here) or the library.

    Raises :class:`InformalityError` with the problems of all of them together; the exit code is that of
    the first file that has one.
    """
    file = load(path, StudySpec)
    spec = file.spec
    failures: list[InformalityError] = []
    named, problems = named_files(file, workspace or Workspace.find())
    profile = next((p for at in named["surveys"].values() for p in _try(partial(read_profile, at), failures)), None)
    if profile is not None:
        problems += wave_problems(file, profile)
    if profile is not None and spec.basis not in profile.spec.bases:
        problems.append(
            Problem(
                file.place("basis"),
                f"{spec.survey} cannot tell employment on the {spec.basis}th ICLS basis",
                profile.spec.basis_note or "",
                f"use {' or '.join(profile.spec.bases)}",
            )
        )
    if spec.headline not in spec.definitions:
        problems.append(
            Problem(
                file.place("headline"),
                "the headline definition is not among the definitions",
                f"`{spec.headline}`",
                did_you_mean(spec.headline, spec.definitions),
            )
        )
    for name in spec.options:
        if name not in spec.definitions:
            problems.append(
                Problem(
                    file.place("options", name),
                    f"`{name}` is not a definition of this study",
                    fix=did_you_mean(name, spec.definitions),
                )
            )
    definitions: list[Definition] = []
    plans: list[Plan] = []
    models: list[ModelSet] = []
    if profile is not None:
        for name, at in named["definitions"].items():
            read = partial(read_definition, at, profile.schema, options=spec.options.get(name))
            definitions += _try(read, failures)
    problems += [
        Problem(
            d.path.name,
            "the id of a definition is the name of its file",
            f"`id: {d.id}`",
            f"write `id: {d.path.stem}`, or rename the file",
        )
        for d in definitions
        if d.id != d.path.stem
    ]
    if profile is not None and len(definitions) == len(spec.definitions):
        variables = {**profile.schema.grammar, **outcomes_of_all(definitions)}
        for at in named["tables"].values():
            plans += _try(partial(read_plan, at, variables), failures)
        for headline in (d for d in definitions if d.id == spec.headline):
            seen = {**profile.schema.grammar, **outcome_variables(headline)}
            for at in named["models"].values():
                models += _try(partial(read_model_set, at, seen), failures)
    standard = _try(partial(read_standard, spec.reliability, limits=spec.reliability_limits), failures)
    policy = _try(partial(read_policy, spec.disclosure), failures)
    microdata = spec.microdata
    anonymity: list[AnonymitySpec | None] = [None]
    if microdata != "none":
        anonymity = [*_try(partial(read_anonymity, microdata), failures)]
    scenarios: list[tuple[Scenario, ...]] = [()]
    if profile is not None and spec.coverage is not None:
        place = workspace or Workspace.find()
        variables = grammar(profile.schema, next((d for d in definitions if d.id == spec.headline), None))
        scenarios = _try(
            partial(read_scenarios, file, spec.coverage, variables, place.policies, place.root / "data_raw"), failures
        )
    if problems:
        failures.insert(0, InformalityError(problems, ExitCode.SPEC))
    if failures:
        found = [p for f in failures for p in f.problems]
        for key in ("reliability", "disclosure", "microdata"):
            name = str(getattr(spec, key))
            found = [replace(p, place=file.place(key), found=f"`{name}`") if p.place == name else p for p in found]
        raise InformalityError(found, failures[0].code)
    assert profile is not None
    decided, planned, modelled = tuple(definitions), tuple(plans), tuple(models)
    return Study(
        file,
        profile,
        decided,
        planned,
        modelled,
        standard[0],
        policy[0],
        scenarios=scenarios[0],
        anonymity=anonymity[0],
    )


def profile_and_wave(name: str, workspace: Workspace, wave: str | None, place: str = "--wave") -> tuple[Profile, str]:
    """A survey profile and one of its waves, by the profile's name or path, or by the name of a study.

    The wave may be left out where there is one. ``place`` is what the caller calls it. Raises
    :class:`InformalityError` (``SPEC`` for names and files, ``USAGE`` for the wave).
    """
    surveys = workspace.folder("surveys")
    here = [surveys / f"{name}.yml", LIBRARY / "surveys" / f"{name}.yml"]
    if not any(p.is_file() for p in here) and (workspace.folder("studies") / f"{name}.yml").is_file():
        study = read_study(workspace.study_path(name), workspace)
        profile, wave = study.profile, wave or study.spec.each_wave[-1]
    else:
        path = Path(name) if name.endswith((".yml", ".yaml")) else find("surveys", name, surveys)
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
        raise InformalityError(Problem(place, what, fix=did_you_mean(wave or "", waves)), ExitCode.USAGE)
    return profile, wave


def _try(read: Callable[[], T], failures: list[InformalityError]) -> list[T]:
    """What ``read`` returns, or nothing and its failure kept."""
    try:
        return [read()]
    except InformalityError as failure:
        failures.append(failure)
        return []
