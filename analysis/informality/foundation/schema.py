"""The harmonised schema: titles, categories, universes and units, read from ``library/schema.yml``.

The same object feeds the grammar (which values may be tested), the harmoniser (who is in the
universe of a variable), the tables (labels, order of levels) and the methods annex.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import MISSING, NOT_ASKED, UNKNOWN, CellValue, RuleSpec, StepSpec, Variable
from informality.foundation.library import LIBRARY
from informality.foundation.proof import prove
from informality.foundation.rules import Filter, Step, compile_filter, compile_steps
from informality.foundation.specfile import SpecModel, Words, load


class VariableSpec(SpecModel):
    """One harmonised variable as written in ``schema.yml``.

    ``role: basis`` marks a variable that is the 13th or 19th ICLS version of itself, as the study chooses. ``block``
    names the group of variables it belongs to, if a profile may declare that group not asked as a whole. ``fillable``: a
    derived variable that a survey may fill itself, because some ask or publish this grouping only.
    """

    title: Words
    kind: Literal["text", "category", "number"]
    role: Literal["key", "design", "basis"] | None = None
    block: Words | None = None
    open: bool = False
    fillable: bool = False
    categories: dict[str, Words] = Field(default_factory=dict)
    unit: Words | None = None
    universe: dict[str, CellValue] = Field(default_factory=dict)
    note: Words | None = None
    rules: list[RuleSpec] = Field(default_factory=list)


class SchemaSpec(SpecModel):
    title: Words
    version: Words
    blocks: dict[str, Words] = Field(default_factory=dict)
    missing: dict[str, Words]
    variables: dict[str, VariableSpec]


@dataclass(frozen=True, slots=True)
class SchemaVariable:
    """A variable with its compiled universe and, for a derived one, its step."""

    name: str
    spec: VariableSpec
    grammar: Variable
    universe: Filter
    derived: Step | None

    @property
    def categories(self) -> tuple[str, ...]:
        """Substantive categories, without the names for missing."""
        return tuple(self.spec.categories)


@dataclass(frozen=True, slots=True)
class Schema:
    """The variables in file order: a universe or derivation uses only variables above its own."""

    variables: Mapping[str, SchemaVariable]
    missing: Mapping[str, str]
    blocks: Mapping[str, str]

    def __getitem__(self, name: str) -> SchemaVariable:
        return self.variables[name]

    @property
    def grammar(self) -> dict[str, Variable]:
        """What rules and tables may test: every category and number variable."""
        return {n: v.grammar for n, v in self.variables.items() if v.spec.kind != "text"}

    def measured(self) -> list[str]:
        """Variables a survey profile fills: not the keys, the design or the derived ones."""
        return [n for n, v in self.variables.items() if v.spec.role is None and v.derived is None]

    def block(self, name: str) -> list[str]:
        """The measured variables of a block."""
        return [n for n in self.measured() if self.variables[n].spec.block == name]

    def may_fill(self) -> list[str]:
        """The variables a survey profile may fill: the measured ones, and derived ones that are also asked as such."""
        return [n for n, v in self.variables.items() if v.spec.role is None and (v.derived is None or v.spec.fillable)]

    def with_open(self, categories: Mapping[str, Mapping[str, str]]) -> Schema:
        """The schema with the categories of its open variables (regions) as one survey names them."""
        filled = dict(self.variables)
        for name, labels in categories.items():
            old = filled[name]
            spec = old.spec.model_copy(update={"categories": dict(labels)})
            filled[name] = SchemaVariable(name, spec, _grammar(name, spec, self.missing), old.universe, old.derived)
        return Schema(filled, self.missing, self.blocks)

    def with_working_age(self, age: int) -> Schema:
        """The schema for a survey whose labour force begins at another age than 15."""
        filled = dict(self.variables)
        for name in ("labour_force_13", "labour_force_19"):
            old = filled[name]
            where: dict[str, CellValue] = {"age": [f">= {age}", UNKNOWN, NOT_ASKED]}
            universe, problems = compile_filter(where, self.grammar, place=lambda *at: "working_age", loc=())
            assert not problems, problems
            spec = old.spec.model_copy(update={"universe": where})
            filled[name] = SchemaVariable(name, spec, old.grammar, universe, old.derived)
        return Schema(filled, self.missing, self.blocks)


def _grammar(name: str, spec: VariableSpec, missing: Mapping[str, str]) -> Variable:
    labels = {**spec.categories, **missing}
    if spec.kind == "number":
        return Variable(name, "number", MISSING, spec.title, labels)
    return Variable(name, "category", (*spec.categories, *MISSING), spec.title, labels)


@functools.cache
def read_schema(path: Path = LIBRARY / "schema.yml") -> Schema:
    """Read, compile and prove the schema. Raises :class:`InformalityError` with every problem."""
    file = load(path, SchemaSpec)
    missing = file.spec.missing
    problems: list[Problem] = []
    if tuple(missing) != MISSING:
        problems.append(Problem(file.place("missing"), f"`missing` must name {', '.join(MISSING)}, in this order"))
    variables: dict[str, SchemaVariable] = {}
    above: dict[str, Variable] = {}
    for name, spec in file.spec.variables.items():
        loc = ("variables", name)
        if spec.kind == "category" and not spec.categories and not spec.open:
            problems.append(
                Problem(file.place(*loc), f"`{name}` has no categories", fix="list them, or say `open: true`")
            )
        if spec.block is not None and spec.block not in file.spec.blocks:
            problems.append(
                Problem(
                    file.place(*loc, "block"),
                    f"there is no block `{spec.block}`",
                    fix=did_you_mean(spec.block, file.spec.blocks),
                )
            )
        universe, found = compile_filter(spec.universe, above, place=file.place, loc=(*loc, "universe"))
        problems += found
        derived = None
        if spec.rules:
            step = StepSpec(decides=name, title=spec.title, outcomes={**spec.categories, **missing}, rules=spec.rules)
            compiled, found = compile_steps([step], above, place=file.place, loc=loc)
            problems += found or prove(compiled, file.place(*loc))
            derived = compiled[0] if compiled else None
        grammar = _grammar(name, spec, missing)
        if spec.kind != "text":
            above[name] = grammar
        variables[name] = SchemaVariable(name, spec, grammar, universe, derived)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    return Schema(variables, missing, file.spec.blocks)
