"""Models, decompositions, segments and small areas as data: what, among whom, by what; read from ``library/models``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import CellValue, Variable
from informality.foundation.quantities import Status
from informality.foundation.rules import compile_filter
from informality.foundation.specfile import SpecFile, SpecModel, Words, load
from informality.tabulation.plan import UniverseSpec, level_problems

BINARY = ("logit", "probit", "cloglog")
CATEGORIES = ("multinomial", "ordered")
NUMBERS = ("linear", "poisson", "quantile")


class ExplainedSpec(SpecModel):
    """An outcome among some, explained by covariates.

    ``of``: a condition (a share is explained), a category variable, or a number, which may be divided by another (``per``)
    and taken in logarithms (``log``).
    """

    title: Words
    of: dict[str, CellValue] | Words
    among: Words
    on: list[Words] = Field(min_length=1)
    per: Words | None = None
    log: bool = False
    note: Words | None = None

    @property
    def tested(self) -> list[str]:
        """The variables of the outcome."""
        return [*(self.of if isinstance(self.of, dict) else [self.of]), *([self.per] if self.per else [])]


class ModelSpec(ExplainedSpec):
    """A regression that the study publishes.

    ``of``: a condition (logit, probit, cloglog), a category variable (multinomial, ordered; ``outcomes`` are the
    categories that are modelled, the first is the one the others are compared with) or a number (linear, poisson,
    quantile). ``on``: the covariates; ``reference``: the levels the others are compared with. ``adjusted``: covariates for
    which the shares are shown that the groups would have if they were alike in all else.
    """

    kind: Literal["linear", "logit", "probit", "cloglog", "poisson", "multinomial", "ordered", "quantile"]
    outcomes: list[Words] = Field(default_factory=list)
    reference: dict[str, Words] = Field(default_factory=dict)
    tau: float = Field(default=0.5, gt=0, lt=1)
    adjusted: list[Words] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits(self) -> ModelSpec:
        if (self.kind in BINARY) == isinstance(self.of, str):
            raise ValueError(
                f"a {self.kind} model is `of` "
                + ("a condition such as {job: informal}" if self.kind in BINARY else "a variable")
            )
        if bool(self.outcomes) != (self.kind in CATEGORIES):
            raise ValueError("multinomial and ordered models name their `outcomes`, and no other does")
        if (self.per or self.log) and self.kind not in NUMBERS:
            raise ValueError("`per` and `log` are for numbers: linear, poisson or quantile models")
        if self.adjusted and self.kind == "quantile":
            raise ValueError("a quantile regression has no adjusted shares")
        return self


class DecompositionSpec(ExplainedSpec):
    """The gap between two groups, taken apart.

    ``between``: a variable and two of its levels, the gap being the first less the second. ``method``: ``oaxaca`` or
    ``threefold`` for the mean of a number, ``yun`` for a share, ``reweighting`` for the mean or the share and the ``quantiles``.
    """

    method: Literal["oaxaca", "threefold", "yun", "reweighting"]
    between: dict[str, list[Words]]
    reference: Words = "pooled"
    quantiles: list[float] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits(self) -> DecompositionSpec:
        if len(self.between) != 1 or any(len(set(levels)) != 2 for levels in self.between.values()):
            raise ValueError("`between` names one variable and two of its levels, as {sex: [female, male]}")
        share = isinstance(self.of, dict)
        if self.method in ("oaxaca", "threefold") and share:
            raise ValueError(f"`{self.method}` takes the mean of a number apart; for a share say `yun`")
        if self.method == "yun" and not share:
            raise ValueError("`yun` takes a share apart; for a number say `oaxaca`")
        if self.quantiles and (share or self.method != "reweighting"):
            raise ValueError("`quantiles` are for `reweighting` of a number")
        return self


class CharacteristicSpec(SpecModel):
    """What segments are told apart by. ``phrases`` are the words a segment's name is made of, by level; ``position`` is
    where they stand in it."""

    kind: Literal["category", "ordered"] = "category"
    position: Literal["before", "head", "after"] = "after"
    phrases: dict[str, Words] = Field(default_factory=dict)


class SegmentsSpec(SpecModel):
    """Groups of people who are alike, found by machine and named in words; ``everyone``: what the people are called."""

    title: Words
    among: Words
    everyone: Words = "people"
    by: dict[str, CharacteristicSpec] = Field(min_length=2)
    note: Words | None = None


class AreaCovariateSpec(SpecModel):
    """A number of each area, known without sampling error."""

    unit: Words
    source: Words
    status: Status
    values: dict[str, float]


class SmallAreasSpec(SpecModel):
    """A share by area, with the estimate of an area-level model beside the direct one."""

    title: Words
    of: dict[str, CellValue]
    among: Words
    areas: Words
    covariates: dict[str, AreaCovariateSpec] = Field(default_factory=dict)
    method: Literal["reml", "ml", "moment", "fay-herriot", "adjusted"] = "reml"
    scale: Literal["identity", "logit", "arcsine"] = "identity"
    note: Words | None = None


class ModelSetSpec(SpecModel):
    title: Words
    sources: list[Words] = Field(default_factory=list)
    universes: dict[str, UniverseSpec]
    models: dict[str, ModelSpec] = Field(default_factory=dict)
    decompositions: dict[str, DecompositionSpec] = Field(default_factory=dict)
    segments: dict[str, SegmentsSpec] = Field(default_factory=dict)
    small_areas: dict[str, SmallAreasSpec] = Field(default_factory=dict)

    @property
    def titles(self) -> dict[str, str]:
        """Title of everything in the set, by name."""
        parts = (self.models, self.decompositions, self.segments, self.small_areas)
        return {name: spec.title for part in parts for name, spec in part.items()}


@dataclass(frozen=True, slots=True)
class ModelSet:
    """A checked set of models."""

    spec: ModelSetSpec
    path: Path


def read_model_set(path: Path, variables: Mapping[str, Variable]) -> ModelSet:
    """Read a file of models and check it against the variables a study has (schema and definition outcomes).

    Raises :class:`InformalityError` (``ExitCode.SPEC``) with every problem.
    """
    file = load(path, ModelSetSpec)
    problems: list[Problem] = []
    for name, universe in file.spec.universes.items():
        where = ("universes", name, "where")
        problems += compile_filter(universe.where, variables, place=file.place, loc=where)[1]
    for kind, part in (
        ("models", file.spec.models), ("decompositions", file.spec.decompositions), ("segments", file.spec.segments),
        ("small_areas", file.spec.small_areas),
    ):  # fmt: skip
        for name, spec in part.items():
            here = (kind, name)
            if sum(name in other for other in _parts(file.spec)) > 1:
                problems.append(Problem(file.place(*here), f"two things are named `{name}`", fix="rename one of them"))
            if spec.among not in file.spec.universes:
                place, fix = file.place(*here, "among"), did_you_mean(spec.among, file.spec.universes)
                problems.append(Problem(place, f"there is no universe `{spec.among}`", fix=fix))
    for name, model in file.spec.models.items():
        problems += _explained_problems(file, ("models", name), model, variables)
        problems += _model_problems(file, name, model, variables)
    for name, gap in file.spec.decompositions.items():
        problems += _explained_problems(file, ("decompositions", name), gap, variables)
        for variable, levels in gap.between.items():
            place = file.place("decompositions", name, "between", variable)
            problems += level_problems(variable, levels, variables, place)
            if variable in (*gap.on, *gap.tested):
                problems.append(Problem(place, f"`{variable}` makes the groups, so it cannot also explain them",
                                        fix="take it out of `on` and `of`"))  # fmt: skip
    for name, segments in file.spec.segments.items():
        for variable, how in segments.by.items():
            place = file.place("segments", name, "by", variable)
            problems += level_problems(variable, list(how.phrases), variables, place)
    for name, areas in file.spec.small_areas.items():
        loc = ("small_areas", name)
        problems += compile_filter(areas.of, variables, place=file.place, loc=(*loc, "of"))[1]
        problems += level_problems(areas.areas, (), variables, file.place(*loc, "areas"))
        for covariate, given in areas.covariates.items():
            place = file.place(*loc, "covariates", covariate, "values")
            problems += level_problems(areas.areas, list(given.values), variables, place)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return ModelSet(file.spec, path)


def _parts(spec: ModelSetSpec) -> tuple[Mapping[str, object], ...]:
    return spec.models, spec.decompositions, spec.segments, spec.small_areas


def _explained_problems(
    file: SpecFile[ModelSetSpec], loc: tuple[str, str], spec: ExplainedSpec, variables: Mapping[str, Variable]
) -> list[Problem]:
    problems: list[Problem] = []
    category = isinstance(spec, ModelSpec) and spec.kind in CATEGORIES
    if isinstance(spec.of, dict):
        problems += compile_filter(spec.of, variables, place=file.place, loc=(*loc, "of"))[1]
    for key in ("of", "per") if not category else ("per",):
        number = getattr(spec, key)
        if isinstance(number, str) and (number not in variables or variables[number].kind != "number"):
            names = [n for n, v in variables.items() if v.kind == "number"]
            what = f"`{number}` is not a number variable"
            problems.append(Problem(file.place(*loc, key), what, fix=did_you_mean(number, names)))
    for i, covariate in enumerate(spec.on):
        place = file.place(*loc, "on", i)
        if covariate not in variables:
            what = f"`{covariate}` is not a variable"
            problems.append(Problem(place, what, fix=did_you_mean(covariate, variables)))
        elif covariate in spec.tested:
            what = f"`{covariate}` is part of the outcome, so it explains itself"
            problems.append(Problem(place, what, fix="take it out of `on`"))
        elif covariate in spec.on[:i]:
            problems.append(Problem(place, f"`{covariate}` is named twice"))
    return problems


def _model_problems(
    file: SpecFile[ModelSetSpec], name: str, model: ModelSpec, variables: Mapping[str, Variable]
) -> list[Problem]:
    loc = ("models", name)
    problems: list[Problem] = []
    if isinstance(model.of, str) and model.kind in CATEGORIES:
        problems += level_problems(model.of, model.outcomes, variables, file.place(*loc, "of"))
    for covariate, level in model.reference.items():
        problems += level_problems(covariate, [level], variables, file.place(*loc, "reference", covariate))
    for key in ("reference", "adjusted"):
        problems += [
            Problem(file.place(*loc, key), f"`{n}` is not a covariate of this model", fix=did_you_mean(n, model.on))
            for n in getattr(model, key)
            if n not in model.on
        ]
    return problems
