"""A definition of informality: one file that is read by a lawyer and run by a machine.

A definition is a list of decision tables over the harmonised schema with named options, sources,
worked examples, and a statement of what has to be asked for the answer to be determinable at all.
Reading one compiles it, proves that no case falls through, and runs its worked examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import NOT_ASKED, CellValue, StepSpec, Variable, Word
from informality.foundation.proof import prove
from informality.foundation.quantities import QuantitySpec, Status, weakest
from informality.foundation.reading import trace
from informality.foundation.rules import Filter, Step, compile_filter, compile_steps
from informality.foundation.schema import Schema
from informality.foundation.specfile import SpecFile, SpecModel, Words, load


class NeedSpec(SpecModel):
    """What must have been asked: any one of these variables (or of these groups of variables)."""

    when: dict[str, CellValue] = Field(default_factory=dict)
    any_of: list[str | list[str]] = Field(min_length=1)
    why: Words


class DefinitionStepSpec(StepSpec):
    needs: list[NeedSpec] = Field(default_factory=list)


class ExampleSpec(SpecModel):
    title: Words
    worker: dict[str, str | int | float]
    expect: dict[str, Words]


class DefinitionSpec(SpecModel):
    id: Words
    title: Words
    summary: Words
    status: Status
    sources: list[Words] = Field(min_length=1)
    applies_to: dict[str, CellValue]
    options: dict[str, QuantitySpec] = Field(default_factory=dict)
    steps: list[DefinitionStepSpec] = Field(min_length=1)
    examples: list[ExampleSpec] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Need:
    """A compiled need: for whom, and which groups of variables would do."""

    who: Filter
    groups: tuple[tuple[str, ...], ...]
    why: str

    def met(self, asked: frozenset[str]) -> bool:
        return any(all(name in asked for name in group) for group in self.groups)

    def words(self, schema: Schema) -> str:
        """``Registration of the unit, or Place of work with Persons in the unit``."""
        return ", or ".join(" with ".join(schema[n].spec.title for n in group) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Definition:
    """A compiled, proved definition."""

    spec: DefinitionSpec
    path: Path
    applies_to: Filter
    steps: tuple[Step, ...]
    needs: Mapping[str, tuple[Need, ...]]
    overridden: frozenset[str] = frozenset()
    """Options that a study set otherwise than the file."""

    @property
    def status(self) -> Status:
        """The weakest of the rule and its options; an option a study chose itself is an assumption."""
        options = [
            "assumption" if name in self.overridden else option.status for name, option in self.spec.options.items()
        ]
        return weakest(self.spec.status, *options)

    @property
    def id(self) -> str:
        return self.spec.id

    def step(self, name: str) -> Step:
        return next(s for s in self.steps if s.decides == name)

    @property
    def outcomes(self) -> dict[str, Variable]:
        """What each step decides, as variables that tables may use."""
        return {s.decides: Variable(s.decides, "category", tuple(s.outcomes), s.title, s.outcomes) for s in self.steps}

    def variables(self) -> list[str]:
        """The harmonised variables the definition reads."""
        outcomes = {s.decides for s in self.steps}
        used = [*self.applies_to.when, *(a.variable.name for s in self.steps for a in s.axes)]
        used += [n for needs in self.needs.values() for need in needs for n in need.who.when]
        return list(dict.fromkeys(n for n in used if n not in outcomes))


def read_definition(path: Path, schema: Schema, *, options: Mapping[str, float] | None = None) -> Definition:
    """Read, compile, prove and try a definition file.

    ``options`` override the defaults of the file by name. Raises :class:`InformalityError`:
    ``ExitCode.SPEC`` for mistakes of writing, ``ExitCode.DEFINITION`` for a gap, a dead rule, an overlap
    or a worked example that comes out otherwise.
    """
    file = load(path, DefinitionSpec)
    spec = file.spec
    problems = [
        Problem(path.name, f"`{name}` is not an option of `{spec.id}`", fix=did_you_mean(name, spec.options))
        for name in options or {}
        if name not in spec.options
    ]
    values = {n: o.value for n, o in spec.options.items()} | dict(options or {})
    grammar = schema.grammar
    applies_to, found = compile_filter(spec.applies_to, grammar, place=file.place, loc=("applies_to",))
    problems += found
    steps, found = compile_steps(spec.steps, grammar, options=values, place=file.place)
    problems += found
    needs = _compile_needs(file, grammar, problems)
    problems += _unknown_in_examples(file, grammar)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    definition = Definition(spec, path, applies_to, steps, needs, frozenset(options or {}))
    unsound = prove(steps, path.name)
    if not options:  # the examples are worked with the values of the file
        unsound = unsound or _wrong_examples(file, definition)
    if unsound:
        raise InformalityError(unsound, ExitCode.DEFINITION)
    return definition


def decide_one(definition: Definition, worker: Mapping[str, Word]) -> dict[str, tuple[str, str]]:
    """The outcome and deciding rule of every step for one worker, by the plain row-by-row reading.

    Variables the mapping lacks count as not asked. Slow and simple on purpose: it is what the
    vectorised path is tested against.
    """
    known: dict[str, Word] = {**dict.fromkeys(definition.variables(), NOT_ASKED), **worker}
    decided: dict[str, tuple[str, str]] = {}
    for step in definition.steps:
        last = trace(step, known)[-1]
        known[step.decides] = last.then
        decided[step.decides] = (last.then, last.rule)
    return decided


def _compile_needs(
    file: SpecFile[DefinitionSpec], grammar: Mapping[str, Variable], problems: list[Problem]
) -> dict[str, tuple[Need, ...]]:
    compiled = {}
    for s, step in enumerate(file.spec.steps):
        needs = []
        for i, need in enumerate(step.needs):
            loc = ("steps", s, "needs", i)
            who, found = compile_filter(need.when, grammar, place=file.place, loc=(*loc, "when"))
            problems += found
            groups = tuple((g,) if isinstance(g, str) else tuple(g) for g in need.any_of)
            problems += [
                Problem(
                    file.place(*loc, "any_of"), f"`{n}` is not a variable of the schema", fix=did_you_mean(n, grammar)
                )
                for g in groups
                for n in g
                if n not in grammar
            ]
            needs.append(Need(who, groups, need.why))
        compiled[step.decides] = tuple(needs)
    return compiled


def _unknown_in_examples(file: SpecFile[DefinitionSpec], grammar: Mapping[str, Variable]) -> list[Problem]:
    problems = []
    decided = {s.decides: s.outcomes for s in file.spec.steps}
    for i, example in enumerate(file.spec.examples):
        for name, value in example.worker.items():
            place = file.place("examples", i, "worker", name)
            if name not in grammar:
                problems.append(
                    Problem(place, f"`{name}` is not a variable of the schema", fix=did_you_mean(name, grammar))
                )
            elif not (
                value in grammar[name].categories or (grammar[name].kind == "number" and not isinstance(value, str))
            ):
                problems.append(
                    Problem(
                        place,
                        f"`{value}` is not a value of `{name}`",
                        fix=did_you_mean(value, grammar[name].categories),
                    )
                )
        for name, value in example.expect.items():
            if value not in decided.get(name, {}):
                problems.append(
                    Problem(
                        file.place("examples", i, "expect", name),
                        f"`{name}: {value}` is not an outcome",
                        fix=did_you_mean(value, decided.get(name, decided)),
                    )
                )
    return problems


def _wrong_examples(file: SpecFile[DefinitionSpec], definition: Definition) -> list[Problem]:
    problems = []
    for i, example in enumerate(file.spec.examples):
        decided = decide_one(definition, example.worker)
        for name, expected in example.expect.items():
            outcome, rule = decided[name]
            if outcome != expected:
                problems.append(
                    Problem(
                        file.place("examples", i),
                        f"the worked example `{example.title}` comes out otherwise",
                        f"{name}: {outcome} by rule {rule}, expected {expected}",
                        "mend the rule, or the example if the rule is right",
                    )
                )
    return problems
