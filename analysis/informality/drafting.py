"""Scenario files on the desk of whoever writes them: which there are, a new one from the template, and what is wrong with one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.library import LIBRARY, find
from informality.foundation.provenance import write_atomically
from informality.study import Workspace, read_study

DEFINITION = "ilo-17icls"
"""Decides what `job` and `unit` mean in conditions, where no study says."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A scenario as listed. ``own``: of the project, not of the library. ``mistake``: of a file that cannot be read."""

    name: str
    title: str
    baseline: str
    own: bool
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A scenario that holds together: what it is, what it builds on, and each lever in words."""

    name: str
    title: str
    path: Path
    baseline: str
    country: str
    years: str
    builds_on: tuple[str, ...]
    levers: tuple[str, ...]
    expects: tuple[str, ...]
    uncertain: int
    """Numbers drawn within a range when it is run."""


def listed(workspace: Workspace) -> list[Listed]:
    """Every scenario of the project and of the library, by name."""
    from informality.coverage.scenario import ScenarioSpec, known_scenarios
    from informality.foundation.specfile import load

    folder, out = workspace.folder("scenarios"), []
    for name in known_scenarios(folder):
        path = find("scenarios", name, folder)
        try:
            spec = load(path, ScenarioSpec).spec
        except InformalityError as failure:
            out.append(Listed(name, "", "", path.parent == folder, failure.problems[0].what))
            continue
        out.append(Listed(name, spec.title, spec.baseline, path.parent == folder))
    return out


def new_scenario(name: str, workspace: Workspace) -> Path:
    """Write a scenario from the template into the project. Raises InformalityError (USAGE) for a name that is taken or unfit."""
    from informality.coverage.scenario import known_scenarios

    folder = workspace.folder("scenarios")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise InformalityError(
            Problem(name, "a scenario is named in small letters, digits and hyphens", fix="for example `my-subsidy`"),
            ExitCode.USAGE,
        )
    if name in known_scenarios(folder) or name == "template":
        raise InformalityError(
            Problem(name, "there is a scenario of this name already", fix="choose another name, or edit that file"),
            ExitCode.USAGE,
        )
    text = (
        (LIBRARY / "scenarios" / "template.yml")
        .read_text(encoding="utf-8")
        .replace("id: my-scenario", f"id: {name}", 1)
    )
    path = folder / f"{name}.yml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, lambda new: new.write_text(text, encoding="utf-8", newline="\n"))
    except OSError as failure:
        raise InformalityError(
            Problem(str(path), "the scenario cannot be written", str(failure), "check the folder and the disk"),
            ExitCode.OUTPUT,
        ) from None
    return path


def check_scenario(name: str, workspace: Workspace, study: str | None = None) -> Checked:
    """Read a scenario by name or path with all it builds on. ``study``: whose schema and main definition its conditions are of.

    Raises :class:`InformalityError` (SPEC) with every mistake, its line and what to do.
    """
    from informality.classification.definition import read_definition
    from informality.coverage.lever_facts import lever_facts
    from informality.coverage.people import grammar
    from informality.coverage.policy import Parameters, rules_of
    from informality.coverage.scenario import known_scenarios, read_scenario
    from informality.foundation.schema import read_schema
    from informality.publication.coverage_levers import lever_lines
    from informality.publication.coverage_views import read_coverage_views
    from informality.publication.lever_words import Words
    from informality.publication.table import Labels

    choices = None
    if study is not None:
        read = read_study(workspace.study_path(study), workspace)
        variables = grammar(read.schema, read.headline)
        choices = read.spec.coverage.choices if read.spec.coverage is not None else None
    else:
        schema = read_schema()
        variables = grammar(schema, read_definition(find("definitions", DEFINITION), schema))
    if name.endswith((".yml", ".yaml")):
        if not Path(name).is_file():
            raise InformalityError(Problem(name, "this file does not exist"), ExitCode.SPEC)
    elif name not in (known := known_scenarios(workspace.folder("scenarios"))):
        raise InformalityError(
            Problem(name, "there is no scenario of this name", fix=did_you_mean(name, known)), ExitCode.SPEC
        )
    folders = [*([Path(name).parent] if name.endswith((".yml", ".yaml")) else []), *workspace.policies]
    scenario = read_scenario(name, variables, *folders, choices=choices)
    years = scenario.baseline.spec.years
    for scheme in scenario.baseline.schemes:  # floors above ceilings show when the rules of a year are read
        for year in range(years.first, years.last + 1):
            rules_of(scenario, scheme, year, Parameters())
    spec = scenario.file.spec if scenario.file is not None else None
    told = read_coverage_views()
    words = Words(
        {id: scheme.spec.title for id, scheme in scenario.baseline.schemes.items()},
        told.branches,
        Labels({n: v.title for n, v in variables.items()}, {n: v.labels for n, v in variables.items()} | told.levels),
        scenario.baseline.country.spec.currency,
    )
    return Checked(
        name=scenario.id,
        title=scenario.title,
        path=scenario.file.path if scenario.file is not None else Path(name),
        baseline=f"{scenario.baseline.spec.id}: {scenario.baseline.spec.title}",
        country=scenario.baseline.country.spec.title,
        years=f"{years.first} to {years.last}",
        builds_on=tuple(spec.parents) if spec is not None else (),
        levers=tuple(lever_lines(lever_facts(scenario), words)),
        expects=tuple(f"{k.replace('_', ' ')} those of {v}" for k, v in spec.expects.items())
        if spec is not None
        else (),
        uncertain=len(scenario.uncertain()),
    )
