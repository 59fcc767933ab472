"""A survey profile: one YAML file that says how a survey series is read, with no code.

Each harmonised variable takes one of four forms: ``map`` (code → category), ``number``, ``rules`` (the
grammar over raw columns) or ``not_asked``. Beside them stand the design, the waves with file and
hash, what is set aside and why, and ``benchmarks``: official figures the profile must reproduce (or, in
``no_benchmarks``, the reason why there is none). ``comparisons`` are figures of others, shown beside ours. A place that
says ``TODO`` is still to be decided by a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from informality.foundation.codes import Code, CodeListSpec
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import MISSING, NOT_APPLICABLE, CellValue, RuleSpec, StepSpec, Variable
from informality.foundation.library import LIBRARY
from informality.foundation.proof import prove
from informality.foundation.quantities import Status
from informality.foundation.rules import Filter, Step, compile_filter, compile_steps
from informality.foundation.schema import Schema, read_schema
from informality.foundation.specfile import SpecFile, SpecModel, Words, load
from informality.foundation.tagged import MissingCode
from informality.survey.delivery import WaveSpec
from informality.survey.official import BenchmarkSpec, ComparisonSpec
from informality.survey.unfinished import TODO, todos


class TakeSpec(SpecModel):
    """Leading digits of a classification code: pad with zeros to ``width``, keep the ``first`` digits."""

    width: int = Field(ge=1)
    first: int = Field(ge=1)


class NumberSpec(SpecModel):
    """How a numeric column is read: codes that mean missing (``99``, or ``.a``), bands, and the range that is possible."""

    unknown: list[MissingCode] = Field(default_factory=list)
    not_applicable: list[MissingCode] = Field(default_factory=list)
    not_asked: list[MissingCode] = Field(default_factory=list)
    min: float | None = None
    max: float | None = None
    values: dict[float, float | Literal["unknown", "not_asked", "not_applicable"]] | None = None


class FormSpec(SpecModel):
    """How one harmonised variable is made from raw columns. A ``map`` beside ``codes`` adds to the shared list."""

    column: Words | None = Field(default=None, alias="from")
    take: TakeSpec | None = None
    map: dict[Code, Words] | None = None
    codes: Words | None = None
    number: NumberSpec | None = None
    otherwise: FormSpec | None = Field(default=None, alias="else")
    rules: list[RuleSpec] | None = None
    blank: Words | None = None
    labels: dict[str, Words] = Field(default_factory=dict)
    asked_of: dict[str, CellValue] = Field(default_factory=dict)
    question: Words | None = None
    note: Words | None = None

    @model_validator(mode="after")
    def _one_form(self) -> FormSpec:
        given = [n for n in ("map", "codes", "number", "rules") if getattr(self, n) is not None]
        if len(given) != 1 and given != ["map", "codes"]:
            raise ValueError(f"give exactly one of map, codes, number, rules (found {', '.join(given) or 'none'})")
        if (self.rules is None) != (self.column is not None):
            raise ValueError("`from` names the column of map, codes and number; rules name their own columns")
        if self.otherwise is not None and (self.number is None or self.otherwise.number is None):
            raise ValueError("`else` follows a number and holds a number")
        for name in ("take", "blank"):
            if getattr(self, name) is not None and (self.number is not None or self.rules is not None):
                raise ValueError(f"`{name}` goes with map and codes only")
        if self.asked_of and self.rules is not None:
            raise ValueError("rules say themselves who was not asked: remove `asked_of` and add a rule")
        return self


class DesignSpec(SpecModel):
    """The sample design as the file carries it. ``psu: none`` and ``stratum: none`` are said, not left out."""

    weight: Words
    stratum: Words | list[Words]
    psu: Words | list[Words]
    lonely: Literal["fail", "certainty", "adjust", "average"] = "fail"
    note: Words | None = None


class KeySpec(SpecModel):
    person: Literal["row"] | list[Words]
    household: list[Words] | None = None
    period: Words | None = None
    note: Words | None = None


class SetAsideSpec(SpecModel):
    when: dict[str, CellValue]
    why: Words


class FlagSpec(SpecModel):
    """A variable the agency itself derived, kept beside ours so that official figures can be reproduced."""

    title: Words
    column: Words = Field(alias="from")
    map: dict[Code, Words]


class CountrySpec(SpecModel):
    code: Words
    name: Words


class ProfileSpec(SpecModel):
    id: Words
    title: Words
    country: CountrySpec
    agency: Words
    language: Words
    currency: Words
    status: Status
    made_up: Words | None = None
    bases: list[Literal["13", "19"]] = Field(min_length=1)
    basis_note: Words | None = None
    working_age: int = Field(default=15, ge=5, le=25)
    waves: dict[str, WaveSpec]
    keys: KeySpec
    design: DesignSpec
    set_aside: list[SetAsideSpec] = Field(default_factory=list)
    variables: dict[str, FormSpec | Literal["not_asked", "TODO"]]
    blocks: dict[str, Literal["not_asked"]] = Field(default_factory=dict)
    flags: dict[str, FlagSpec] = Field(default_factory=dict)
    benchmarks: dict[str, BenchmarkSpec] = Field(default_factory=dict)
    no_benchmarks: Words | None = None
    comparisons: dict[str, ComparisonSpec] = Field(default_factory=dict)
    notes: list[Words] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_of_both(self) -> ProfileSpec:
        if self.benchmarks and self.no_benchmarks:
            raise ValueError(
                "`no_benchmarks` says why there are none, but `benchmarks` has some: remove one of the two"
            )
        return self


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile whose every variable, category and rule has been checked against the schema."""

    file: SpecFile[ProfileSpec]
    schema: Schema
    rules: Mapping[str, Step]
    asked_of: Mapping[str, Filter]
    code_lists: Mapping[str, Mapping[Code, str]]

    @property
    def spec(self) -> ProfileSpec:
        return self.file.spec

    @property
    def flag_variables(self) -> dict[str, Variable]:
        """The agency's own variables as things a benchmark may test."""
        return {
            name: Variable(name, "category", (*dict.fromkeys(flag.map.values()), NOT_APPLICABLE), flag.title)
            for name, flag in self.spec.flags.items()
        }

    @property
    def lacking(self) -> dict[str, list[str]]:
        """Blocks of the schema of which the survey asks nothing at all, with their variables."""
        blocks = {name: self.schema.block(name) for name in self.spec.blocks}
        return {name: found for name, found in blocks.items() if not self.measured & set(found)}

    @property
    def measured(self) -> frozenset[str]:
        """Variables the survey has a question for."""
        return frozenset(n for n, form in self.spec.variables.items() if form != "not_asked")

    def columns(self) -> dict[str, str]:
        """Every raw column the profile names, with the place that names it first."""
        named: dict[str, str] = {}

        def add(names: str | list[str] | None, *loc: object) -> None:
            for name in [names] if isinstance(names, str) else names or []:
                named.setdefault(name, self.file.place(*loc))

        spec = self.spec
        add([] if spec.keys.person == "row" else spec.keys.person, "keys", "person")
        add(spec.keys.household, "keys", "household")
        add(spec.keys.period, "keys", "period")
        add(spec.design.weight, "design", "weight")
        for part in ("stratum", "psu"):
            value = getattr(spec.design, part)
            add(None if value == "none" else value, "design", part)
        for i, rows in enumerate(spec.set_aside):
            add(list(rows.when), "set_aside", i)
        for name, form in spec.variables.items():
            while isinstance(form, FormSpec):
                add(form.column, "variables", name, "from")
                for i, rule in enumerate(form.rules or []):
                    for column in rule.when:
                        add(column, "variables", name, "rules", i, "when", column)
                form = form.otherwise or "not_asked"
        for name, flag in spec.flags.items():
            add(flag.column, "flags", name, "from")
        return named


def read_profile(path: Path, schema: Schema | None = None) -> Profile:
    """Read a survey profile and check it against the schema.

    Raises :class:`InformalityError` (``ExitCode.SPEC``, or ``DEFINITION`` for rules with gaps) with every problem.
    """
    schema = schema or read_schema()
    try:
        file = load(path, ProfileSpec)
    except InformalityError as failure:
        raise InformalityError([*failure.problems, *_todos_of(path, schema)], failure.code) from None
    spec = file.spec
    problems: list[Problem] = todos(path, schema)
    measured, fillable = schema.measured(), schema.may_fill()
    problems += [
        Problem(file.place("blocks", name), f"the schema has no block `{name}`", fix=did_you_mean(name, schema.blocks))
        for name in spec.blocks
        if name not in schema.blocks
    ]
    file = _with_blocks(file, schema)
    spec = file.spec
    for name in spec.variables:
        if name not in fillable:
            what = "is derived from other variables" if name in schema.variables else "is not a variable of the schema"
            problems.append(
                Problem(file.place("variables", name), f"`{name}` {what}", fix=did_you_mean(name, fillable))
            )
    missing = [n for n in measured if n not in spec.variables]
    if missing:
        problems.append(
            Problem(
                file.place("variables"),
                "some variables of the schema are not mentioned",
                ", ".join(missing),
                "map each of them, or write `name: not_asked`; for a whole block "
                f"({', '.join(schema.blocks)}) write `blocks: {{name: not_asked}}`",
            )
        )
    open_labels = {}
    for name, form in spec.variables.items():
        if isinstance(form, FormSpec) and name in schema.variables and schema[name].spec.open:
            open_labels[name] = dict(form.labels)
    schema = schema.with_open(open_labels)
    if spec.working_age != 15:
        schema = schema.with_working_age(spec.working_age)
    rules: dict[str, Step] = {}
    asked_of: dict[str, Filter] = {}
    lists: dict[str, Mapping[Code, str]] = {}
    gaps: list[Problem] = []
    for name, form in spec.variables.items():
        if not isinstance(form, FormSpec) or name not in schema.variables:
            continue
        loc = ("variables", name)
        problems += _check_form(form, name, schema, file, loc, lists)
        if form.rules is not None:
            step, found, open_cases = _compile_rules(form.rules, name, schema, file, loc)
            problems += found
            gaps += open_cases
            if step:
                rules[name] = step
        if form.asked_of:
            above = list(schema.variables)[: list(schema.variables).index(name)]
            known = {n: v for n, v in schema.grammar.items() if n in above}
            asked_of[name], found = compile_filter(form.asked_of, known, place=file.place, loc=(*loc, "asked_of"))
            problems += found
    for part, figures in (("benchmarks", spec.benchmarks), ("comparisons", spec.comparisons)):
        for i, b in figures.items():
            strange = [w for w in b.waves or [] if w not in spec.waves]
            problems += [
                Problem(file.place(part, i, "waves"), f"there is no wave `{w}`", fix=did_you_mean(w, spec.waves))
                for w in strange
            ]
            if b.flag and b.flag not in spec.flags:
                what, fix = f"there is no flag `{b.flag}`", did_you_mean(b.flag, spec.flags)
                problems.append(Problem(file.place(part, i, "flag"), what, fix=fix))
    if problems:
        raise InformalityError(problems + gaps, ExitCode.SPEC)
    if gaps:
        raise InformalityError(gaps, ExitCode.DEFINITION)
    return Profile(file, schema, rules, asked_of, lists)


def _todos_of(path: Path, schema: Schema) -> list[Problem]:
    """What is left to do in a file that cannot be used; nothing where it is no YAML."""
    try:
        return todos(path, schema)
    except InformalityError:
        return []


def _with_blocks(file: SpecFile[ProfileSpec], schema: Schema) -> SpecFile[ProfileSpec]:
    """The profile with the variables of the blocks it declares not asked, as far as it does not name them."""
    rest = {n: "not_asked" for block in file.spec.blocks for n in schema.block(block) if n not in file.spec.variables}
    return replace(file, spec=file.spec.model_copy(update={"variables": {**file.spec.variables, **rest}}))


def _check_form(
    form: FormSpec,
    name: str,
    schema: Schema,
    file: SpecFile[ProfileSpec],
    loc: tuple[object, ...],
    lists: dict[str, Mapping[Code, str]],
) -> list[Problem]:
    variable = schema[name]
    problems = []
    allowed = (*variable.categories, *MISSING)
    if (variable.spec.kind == "number") != (form.number is not None) and form.rules is None:
        wanted = "number" if variable.spec.kind == "number" else "map"
        problems.append(
            Problem(file.place(*loc), f"`{name}` is a {variable.spec.kind} variable", fix=f"use the form `{wanted}`")
        )
    if variable.spec.kind == "number" and form.rules is not None:
        problems.append(
            Problem(
                file.place(*loc, "rules"),
                f"`{name}` is a number and cannot be made by rules",
                fix="use the form `number`",
            )
        )
    if variable.spec.kind == "category":
        for code, category in (form.map or {}).items():
            if category not in (*allowed, TODO):
                problems.append(
                    Problem(
                        file.place(*loc, "map", code),
                        f"`{category}` is not a category of `{name}`",
                        fix=did_you_mean(category, allowed),
                    )
                )
        if form.blank is not None and form.blank not in (*allowed, TODO):
            problems.append(
                Problem(
                    file.place(*loc, "blank"),
                    f"`{form.blank}` is not a category of `{name}`",
                    fix=did_you_mean(form.blank, allowed),
                )
            )
    if form.codes is not None and (path := LIBRARY / "codes" / f"{form.codes}.yml").is_file():
        found = load(path, CodeListSpec).spec.codes
        lists[form.codes] = found
        strays = sorted({c for c in found.values() if c not in allowed})
        if strays:
            problems.append(
                Problem(
                    file.place(*loc, "codes"), f"the code list `{form.codes}` does not fit `{name}`", ", ".join(strays)
                )
            )
    elif form.codes is not None:
        known = sorted(p.stem for p in (LIBRARY / "codes").glob("*.yml"))
        problems.append(
            Problem(
                file.place(*loc, "codes"), f"there is no code list `{form.codes}`", fix=did_you_mean(form.codes, known)
            )
        )
    if form.labels and not variable.spec.open:
        problems.append(
            Problem(
                file.place(*loc, "labels"), f"the labels of `{name}` are fixed by the schema", fix="remove `labels`"
            )
        )
    return problems


def _compile_rules(
    rules: list[RuleSpec], name: str, schema: Schema, file: SpecFile[ProfileSpec], loc: tuple[object, ...]
) -> tuple[Step | None, list[Problem], list[Problem]]:
    raw = {column: Variable(column, "code") for rule in rules for column in rule.when}
    outcomes = {c: schema[name].grammar.label(c) for c in (*schema[name].categories, *MISSING)}
    step = StepSpec(decides=name, title=schema[name].spec.title, outcomes=outcomes, rules=rules)
    steps, problems = compile_steps([step], raw, place=file.place, loc=loc)
    return (steps[0] if steps else None), problems, prove(steps, file.place(*loc)) if steps else []
