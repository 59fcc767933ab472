"""Limits, groups and rules of the quality checks, read from ``library/quality.yml``."""

from __future__ import annotations

import functools

from pydantic import Field, model_validator

from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.grammar import CellValue
from informality.foundation.library import LIBRARY
from informality.foundation.quantities import QuantitySpec, Status
from informality.foundation.rules import compile_filter
from informality.foundation.schema import read_schema
from informality.foundation.specfile import SpecModel, Words, load
from informality.survey.quality.findings import Level


class ContradictionSpec(SpecModel):
    """Answers of one person that seldom go together.

    ``when``: the answers; ``plus`` and ``minus``: numbers added up and taken off, whose result lies ``above`` or
    ``below`` a limit; the first of them must be known, and those of jobs that a person does not have count
    nothing. ``among``: whose share it is. ``worst``: the severity it has at most, for what may well be true.
    """

    what: Words
    when: dict[str, CellValue] = Field(default_factory=dict)
    among: dict[str, CellValue]
    plus: list[Words] = Field(default_factory=list)
    minus: list[Words] = Field(default_factory=list)
    above: float | None = None
    below: float | None = None
    worst: Level = "error"
    fix: Words | None = None
    source: Words
    status: Status

    @model_validator(mode="after")
    def _tests_something(self) -> ContradictionSpec:
        limits = (self.above is not None) + (self.below is not None)
        if limits != bool(self.plus):
            raise ValueError("numbers (`plus`) need one limit, `above` or `below`, and a limit needs numbers")
        if not (self.when or self.plus):
            raise ValueError("a contradiction says `when`, or gives numbers and a limit")
        return self

    @property
    def variables(self) -> list[str]:
        """Every variable the rule looks at."""
        return list(dict.fromkeys([*self.when, *self.among, *self.plus, *self.minus]))


class RatioSpec(SpecModel):
    """A ratio of two units that people take for each other."""

    value: float = Field(gt=1)
    means: Words
    source: Words
    status: Status


class AmountsSpec(SpecModel):
    """``of``: variables in money; ``cells``: what typical amounts are compared within; ``ratios``: of units."""

    of: list[Words]
    hours: list[Words]
    cells: list[Words]
    ratios: list[RatioSpec]


class QualitySpec(SpecModel):
    """The file: titles of the blocks of checks, limits, groups that answers are missing in, rules."""

    blocks: dict[str, Words]
    limits: dict[str, QuantitySpec]
    places: list[Words]
    people: list[Words]
    amounts: AmountsSpec
    contradictions: dict[str, ContradictionSpec]


@functools.cache
def read_quality_rules() -> QualitySpec:
    """The shipped limits and rules, checked against the schema. Raises :class:`InformalityError` with all problems."""
    file = load(LIBRARY / "quality.yml", QualitySpec)
    grammar = read_schema().grammar
    problems = []
    for id, rule in file.spec.contradictions.items():
        for part in ("when", "among"):
            loc = ("contradictions", id, part)
            problems += compile_filter(getattr(rule, part), grammar, place=file.place, loc=loc)[1]
        problems += compile_filter(
            dict.fromkeys([*rule.plus, *rule.minus], "unknown"), grammar, place=file.place, loc=("contradictions", id)
        )[1]
    spec = file.spec
    named = dict.fromkeys([*spec.people, *spec.amounts.of, *spec.amounts.hours, *spec.amounts.cells], "unknown")
    problems += compile_filter(named, grammar, place=file.place)[1]
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return spec
