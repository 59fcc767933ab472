"""The entry: a survey, its design and a scenario in, an outcome out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.definition import Definition
from informality.coverage.baseline import Baseline
from informality.coverage.calibration import for_scenario, tied
from informality.coverage.formalisation import JOB, moved_by
from informality.coverage.ground import Ground, Theta, ground_of
from informality.coverage.outcome import Outcome
from informality.coverage.people import grammar, people_of
from informality.coverage.policy import Parameters
from informality.coverage.register import status_of
from informality.coverage.replication import tied_with_each
from informality.coverage.scenario import Scenario, read_scenario, status_quo
from informality.coverage.uncertainty import latin_hypercube
from informality.foundation.quantities import Status
from informality.foundation.schema import Schema
from informality.inference.sampling.design import Design

BREAKDOWNS = ("sex", "age_group", "area", "region", "quintile", "status", "agriculture")
DRAWS, SEED = 500, 20260101


@dataclass(frozen=True, eq=False)
class Study:
    """What the scenarios of one baseline share: the people, the ground, and whose job insurance would make formal."""

    workers: pd.DataFrame
    design: Design
    schema: Schema
    definition: Definition | None
    definitions: tuple[Definition, ...]
    asked: frozenset[str]
    status: Status
    grounds: dict[str, Ground]
    thetas: dict[tuple[int, int, int], tuple[Parameters, Theta]]
    movable: dict[str, Mapping[str, npt.NDArray[np.bool_]]]
    twins: dict[tuple[int, int], tuple[Study, Study]] = field(default_factory=dict)
    """The same people again with rows split, for the gates."""
    checked: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    """Gates that only a baseline decides, by its ground."""

    def theta(self, ground: Ground, scenario: Scenario, draws: int, seed: int) -> tuple[Parameters, Theta]:
        """Draws of the numbers of a scenario, and theta under them. Intercepts are found once for a baseline."""
        numbers = scenario.uncertain()
        parameters = Parameters(_filled(latin_hypercube(numbers, draws, seed), draws)) if draws else Parameters()
        key = (id(ground), draws, seed)
        if key not in self.thetas:
            self.thetas[key] = (parameters, tied(ground, scenario.baseline, parameters))
        return parameters, for_scenario(self.thetas[key][1], ground, scenario)

    def ground(self, baseline: Baseline) -> Ground:
        """The ground of a baseline; scenarios that leave its numbers alone share it."""
        key = baseline.spec.model_dump_json() + "".join(
            s.spec.model_dump_json() + str(sorted(s.chosen)) + str(s.dated) for s in baseline.schemes.values()
        )
        if key not in self.grounds:
            welfare = baseline.spec.capacity.welfare
            people = people_of(self.workers, self.design, self.schema, self.definition, welfare)
            self.grounds[key] = ground_of(people, baseline)
        return self.grounds[key]


def study_of(
    workers: pd.DataFrame,
    design: Design,
    schema: Schema,
    *,
    definitions: Sequence[Definition] = (),
    asked: Iterable[str] | None = None,
    status: Status = "verified",
) -> Study:
    """Prepare the classified workers (n) of a survey for any number of scenarios.

    ``design`` is over the same rows. The first of ``definitions`` decides what `job` and `unit` mean in rules; formalisation is
    counted by each. ``asked``: the variables the survey measured. ``status``: of the survey itself.
    """
    known = frozenset(asked) if asked is not None else frozenset(schema.grammar)
    return Study(
        workers, design, schema, definitions[0] if definitions else None, tuple(definitions), known, status, {}, {}, {}
    )


def simulate(
    workers: pd.DataFrame | Study,
    design: Design | None = None,
    scenario: Scenario | str | None = None,
    *,
    baseline: Baseline | None = None,
    schema: Schema | None = None,
    definitions: Sequence[Definition] = (),
    asked: Iterable[str] | None = None,
    status: Status = "verified",
    draws: int = 0,
    seed: int = SEED,
    breakdowns: Sequence[str] = BREAKDOWNS,
    detail_years: Sequence[int] | None = None,
    choices: Mapping[str, Mapping[str, str]] | None = None,
    folders: Sequence[Path] = (),
) -> Outcome:
    """Run a scenario (an object, or a name in the library) over the workers of a survey, or its status quo without one.

    ``workers``: the classified frame with its ``design`` and ``schema``, or a :class:`Study` made from them. ``draws``: parameter
    draws (0: none), from ``seed``. ``breakdowns``: the variables by which draws are kept, in ``detail_years`` (by default the
    first and the last). Expected values throughout: nobody is drawn at random, and the order of rows does not matter.
    Raises :class:`InformalityError`: SPEC for files, DATA where records and the survey cannot be reconciled.
    """
    if isinstance(workers, Study):
        study = workers
    else:
        if design is None or schema is None:
            raise ValueError("a frame of workers needs its design and schema")
        study = study_of(workers, design, schema, definitions=definitions, asked=asked, status=status)
    if isinstance(scenario, str):
        scenario = read_scenario(scenario, grammar(study.schema, study.definition), *folders, choices=choices)
    if scenario is None:
        if baseline is None:
            raise ValueError("name a scenario, or a baseline for its status quo")
        scenario = status_quo(baseline)
    ground = study.ground(scenario.baseline)
    _, theta = study.theta(ground, scenario, 0, seed)
    parameters, drawn = study.theta(ground, scenario, draws, seed) if draws else (Parameters(), None)
    replicates = tied_with_each(ground, scenario, theta) if study.design.replicates is not None else None
    for d in study.definitions:
        if d.id not in study.movable and JOB in d.outcomes:  # one about units alone calls no job formal
            study.movable[d.id] = moved_by(ground.people, d, study.asked)
    years = scenario.baseline.spec.years
    shown = tuple(b for b in breakdowns if b in ground.people.frame.columns)
    return Outcome(
        ground, scenario, theta, parameters, drawn, shown,
        tuple(detail_years) if detail_years is not None else tuple(dict.fromkeys((years.first, years.last))),
        status_of(scenario, study.status), study.movable, seed if draws else None, replicates,
    )  # fmt: skip


def _filled(drawn: Mapping[str, npt.NDArray[np.float64]], draws: int) -> dict[str, npt.NDArray[np.float64]]:
    """Draws by name; where nothing is uncertain, one name that nobody reads keeps their number."""
    return dict(drawn) or {"nothing": np.zeros(draws)}
