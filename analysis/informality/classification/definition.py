"""A definition of informality: one file that is read by a lawyer and run by a machine.

A definition is a list of decision tables over the harmonised schema with named options, sources,
worked examples, and a statement of what has to be asked for the answer to be determinable at all.
Reading one compiles it for the options in force, proves that no case falls through whatever is chosen, and runs
its worked examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from informality.classification import settings
from informality.classification.person import outcomes_of_person
from informality.classification.spec import DefinitionSpec, DefinitionStepSpec, ExampleSpec, Value
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import NOT_ASKED, Variable, Word, split_choices
from informality.foundation.proof import prove
from informality.foundation.quantities import Status, weakest
from informality.foundation.reading import trace
from informality.foundation.rules import Filter, Step, compile_filter, compile_steps
from informality.foundation.schema import Schema
from informality.foundation.specfile import SpecFile, load


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
    """A compiled definition; ``options`` holds the value in force of each of its options."""

    file: SpecFile[DefinitionSpec]
    schema: Schema
    options: Mapping[str, Value]
    applies_to: Filter
    steps: tuple[Step, ...]
    needs: Mapping[str, tuple[Need, ...]]

    @property
    def spec(self) -> DefinitionSpec:
        return self.file.spec

    @property
    def path(self) -> Path:
        return self.file.path

    @property
    def overridden(self) -> frozenset[str]:
        """Options whose value is another than that of the file."""
        return frozenset(n for n, option in self.spec.options.items() if self.options[n] != option.value)

    @property
    def status(self) -> Status:
        """The weakest of the rule and its options; a value that a study chose itself is an assumption."""
        options: list[Status] = [
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
        """What each step decides, and what follows for second jobs and the person, as variables that tables may use."""
        own = {s.decides: Variable(s.decides, "category", tuple(s.outcomes), s.title, s.outcomes) for s in self.steps}
        return own | self.of_person

    @property
    def of_person(self) -> dict[str, Variable]:
        """What is decided of second jobs and of the person from all jobs; nothing where no informal job is told."""
        return outcomes_of_person(self.steps)

    def variables(self) -> list[str]:
        """The harmonised variables the definition reads."""
        outcomes = {s.decides for s in self.steps}
        used = [*self.applies_to.when, *(a.variable.name for s in self.steps for a in s.axes)]
        used += [n for needs in self.needs.values() for need in needs for n in need.who.when]
        return list(dict.fromkeys(n for n in used if n not in outcomes))

    def with_options(self, options: Mapping[str, Value]) -> Definition:
        """The same definition under other values of its options (those not named as they are)."""
        return _compile(self.file, self.schema, {**self.options, **options})


def read_definition(path: Path, schema: Schema, *, options: Mapping[str, Value] | None = None) -> Definition:
    """Read, compile, prove and try a definition file.

    ``options`` override the defaults of the file by name, and have to say what has none. Raises
    :class:`InformalityError`: ``ExitCode.SPEC`` for mistakes of writing, ``ExitCode.DEFINITION`` for a gap, a dead
    rule, an overlap or a worked example that comes out otherwise.
    """
    file = load(path, DefinitionSpec)
    values, problems = settings.settle(file, options or {})
    every, found = _written(file, schema, values)
    problems += found
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    unsound = prove(every, path.name)
    if unsound:
        raise InformalityError(unsound, ExitCode.DEFINITION)
    definition = _compile(file, schema, values)
    unsound = (prove(definition.steps, path.name) if file.spec.options else []) or wrong_examples(definition)
    if unsound:
        raise InformalityError(unsound, ExitCode.DEFINITION)
    return definition


def prove_every_choice(definition: Definition) -> list[Problem]:
    """Gaps, dead rules and overlaps under any combination of choices, each with the choices it comes with.

    Reading a definition proves that no combination leaves a gap; this also finds the rules that some combination
    leaves without a case.
    """
    problems = []
    for values in settings.every_choice(definition.spec, definition.options):
        chosen = ", ".join(f"{n}: {v}" for n, v in values.items() if definition.spec.options[n].choices)
        place = f"{definition.path.name} ({chosen})" if chosen else definition.path.name
        problems += prove(definition.with_options(values).steps, place)
    return problems


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


def worked_with(definition: Definition, example: ExampleSpec) -> dict[str, Value]:
    """The options an example is worked with: the defaults, what all examples are worked with, and its own."""
    defaults = {n: o.value for n, o in definition.spec.options.items() if o.value is not None}
    return {**defaults, **definition.spec.worked_with, **example.options}


def wrong_examples(definition: Definition) -> list[Problem]:
    """The worked examples that come out otherwise, of those worked with the options in force."""
    problems = []
    for i, example in enumerate(definition.spec.examples):
        if worked_with(definition, example) != definition.options:
            continue
        decided = decide_one(definition, example.worker)
        for name, expected in example.expect.items():
            outcome, rule = decided[name]
            if outcome != expected:
                problems.append(
                    Problem(
                        definition.file.place("examples", i),
                        f"the worked example `{example.title}` comes out otherwise",
                        f"{name}: {outcome} by rule {rule}, expected {expected}",
                        "mend the rule, or the example if the rule is right",
                    )
                )
    return problems


def _compile(file: SpecFile[DefinitionSpec], schema: Schema, values: Mapping[str, Value]) -> Definition:
    """A definition that is known to be well written, for the options in force."""
    spec, grammar = file.spec, schema.grammar
    applies_to, _ = compile_filter(spec.applies_to, grammar, place=file.place)
    chosen = settings.choices(spec, values)
    steps, _ = compile_steps(
        spec.steps, grammar, options=settings.numbers(spec, values), choices=chosen, place=file.place
    )
    known = dict(grammar)
    needs: dict[str, tuple[Need, ...]] = {}
    for step in spec.steps:
        compiled = []
        for need in step.needs:
            asked = split_choices(need.when, chosen, file.place, ())
            if asked.in_force:
                who, _ = compile_filter(asked.rest, known, place=file.place)
                groups = tuple((g,) if isinstance(g, str) else tuple(g) for g in need.any_of)
                compiled.append(Need(who, groups, need.why))
        needs[step.decides] = tuple(compiled)
        known[step.decides] = _outcome(step)
    return Definition(file, schema, dict(values), applies_to, steps, needs)


def _outcome(step: DefinitionStepSpec) -> Variable:
    """What a step decides, as a variable that the needs of later steps may test."""
    return Variable(step.decides, "category", tuple(step.outcomes), step.title or step.decides, step.outcomes)


def _written(
    file: SpecFile[DefinitionSpec], schema: Schema, values: Mapping[str, Value]
) -> tuple[tuple[Step, ...], list[Problem]]:
    """The steps with the rules of every choice, and every mistake of writing."""
    spec, grammar = file.spec, schema.grammar
    options = settings.as_variables(spec)
    problems = [
        Problem(
            file.place("options", name),
            f"`{name}` is also a variable of the schema",
            fix="give the option another name",
        )
        for name in spec.options
        if name in grammar
    ]
    problems += compile_filter(spec.applies_to, grammar, place=file.place, loc=("applies_to",))[1]
    comparable = {name: 0.0 for name, option in spec.options.items() if not option.choices}
    comparable |= settings.numbers(spec, {n: v for n, v in values.items() if n in comparable})
    steps, found = compile_steps(spec.steps, {**grammar, **options}, options=comparable, place=file.place)
    problems += found
    known = {**grammar, **options}
    for s, step in enumerate(spec.steps):
        for i, need in enumerate(step.needs):
            loc = ("steps", s, "needs", i)
            problems += compile_filter(need.when, known, place=file.place, loc=(*loc, "when"))[1]
            problems += [
                Problem(
                    file.place(*loc, "any_of"), f"`{n}` is not a variable of the schema", fix=did_you_mean(n, grammar)
                )
                for group in need.any_of
                for n in ([group] if isinstance(group, str) else group)
                if n not in grammar
            ]
        known[step.decides] = _outcome(step)
    problems += settings.wrong_values(file, spec.worked_with, file.place("worked_with"))
    problems += _unknown_in_examples(file, grammar)
    return steps, problems


def _unknown_in_examples(file: SpecFile[DefinitionSpec], grammar: Mapping[str, Variable]) -> list[Problem]:
    problems = []
    decided = {s.decides: s.outcomes for s in file.spec.steps}
    for i, example in enumerate(file.spec.examples):
        problems += settings.wrong_values(file, example.options, file.place("examples", i, "options"))
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
