"""Models as data: what is explained, among whom, by what — read from ``library/models``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import CellValue, Variable
from informality.foundation.rules import compile_filter
from informality.foundation.specfile import SpecFile, SpecModel, Words, load
from informality.tabulation.plan import UniverseSpec, level_problems

BINARY = ("logit", "probit", "cloglog")
CATEGORIES = ("multinomial", "ordered")
NUMBERS = ("linear", "poisson", "quantile")


class ModelSpec(SpecModel):
    """A regression that the study publishes.

    ``of``: a condition (logit, probit, cloglog), a category variable (multinomial, ordered; ``outcomes`` are the
    categories that are modelled, the first is the one the others are compared with) or a number (linear, poisson,
    quantile), which may be divided by another (``per``) and taken in logarithms (``log``). ``on``: the covariates.
    ``adjusted``: covariates for which the shares are shown that the groups would have if they were alike in all else.
    """

    title: Words
    kind: Literal["linear", "logit", "probit", "cloglog", "poisson", "multinomial", "ordered", "quantile"]
    of: dict[str, CellValue] | Words
    among: Words
    on: list[Words] = Field(min_length=1)
    outcomes: list[Words] = Field(default_factory=list)
    reference: dict[str, Words] = Field(default_factory=dict)
    per: Words | None = None
    log: bool = False
    tau: float = Field(default=0.5, gt=0, lt=1)
    adjusted: list[Words] = Field(default_factory=list)
    note: Words | None = None

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

    @property
    def tested(self) -> list[str]:
        """The variables of the outcome."""
        return [*(self.of if isinstance(self.of, dict) else [self.of]), *([self.per] if self.per else [])]


class ModelSetSpec(SpecModel):
    title: Words
    sources: list[Words] = Field(default_factory=list)
    universes: dict[str, UniverseSpec]
    models: dict[str, ModelSpec]


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
        loc = ("universes", name, "where")
        problems += compile_filter(universe.where, variables, place=file.place, loc=loc)[1]
    for name, model in file.spec.models.items():
        problems += _model_problems(file, name, model, variables)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return ModelSet(file.spec, path)


def _model_problems(
    file: SpecFile[ModelSetSpec], name: str, model: ModelSpec, variables: Mapping[str, Variable]
) -> list[Problem]:
    loc = ("models", name)
    problems: list[Problem] = []
    if model.among not in file.spec.universes:
        place, fix = file.place(*loc, "among"), did_you_mean(model.among, file.spec.universes)
        problems.append(Problem(place, f"there is no universe `{model.among}`", fix=fix))
    if isinstance(model.of, dict):
        problems += compile_filter(model.of, variables, place=file.place, loc=(*loc, "of"))[1]
    elif model.kind in CATEGORIES:
        problems += level_problems(model.of, model.outcomes, variables, file.place(*loc, "of"))
    for key in ("of", "per") if model.kind in NUMBERS else ():
        number = getattr(model, key)
        if number is not None and (number not in variables or variables[number].kind != "number"):
            names = [n for n, v in variables.items() if v.kind == "number"]
            what = f"`{number}` is not a number variable"
            problems.append(Problem(file.place(*loc, key), what, fix=did_you_mean(number, names)))
    for i, covariate in enumerate(model.on):
        place = file.place(*loc, "on", i)
        if covariate not in variables:
            what = f"`{covariate}` is not a variable"
            problems.append(Problem(place, what, fix=did_you_mean(covariate, variables)))
        elif covariate in model.tested:
            what = f"`{covariate}` is part of the outcome, so it explains itself"
            problems.append(Problem(place, what, fix="take it out of `on`"))
        elif covariate in model.on[:i]:
            problems.append(Problem(place, f"`{covariate}` is named twice"))
    for covariate, level in model.reference.items():
        problems += level_problems(covariate, [level], variables, file.place(*loc, "reference", covariate))
    for key in ("reference", "adjusted"):
        problems += [
            Problem(file.place(*loc, key), f"`{n}` is not a covariate of this model", fix=did_you_mean(n, model.on))
            for n in getattr(model, key)
            if n not in model.on
        ]
    return problems
