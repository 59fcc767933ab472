"""A survey profile: one YAML file that says how a survey series is read, with no code.

Each harmonised variable takes one of four forms: ``map`` (code → category), ``number``, ``rules`` (the
grammar over raw columns) or ``not_asked``. Beside them stand the design, the waves with file and
hash, what is set aside and why, and ``benchmarks``: official figures the profile must reproduce (or, in
``no_benchmarks``, the reason why there is none). ``comparisons`` are figures of others, shown beside ours. A place that
says ``TODO`` is still to be decided by a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import Field

from informality.foundation.codes import Code, CodeListSpec
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import MISSING, NOT_APPLICABLE, CellValue, RuleSpec, StepSpec, Variable
from informality.foundation.library import LIBRARY
from informality.foundation.proof import prove
from informality.foundation.quantities import Status
from informality.foundation.rules import Filter, Step, compile_filter, compile_steps
from informality.foundation.schema import Schema, read_schema
from informality.foundation.specfile import SpecFile, SpecModel, Words, checked, load
from informality.survey.form_specs import FormSpec, NumberSpec, TakeSpec, VariantSpec
from informality.survey.like import read_like
from informality.survey.official import BenchmarkSpec, ComparisonSpec
from informality.survey.series import SeriesWaveSpec, wave_problems
from informality.survey.unfinished import TODO, todos

__all__ = ["BenchmarkSpec", "FormSpec", "NumberSpec", "Profile", "ProfileSpec", "TakeSpec", "read_profile"]


class PartSpec(SpecModel):
    """The leading characters of a column: of a household number, those that name its PSU."""

    column: Words = Field(alias="from")
    take: TakeSpec


class DesignSpec(SpecModel):
    """The sample design as the file carries it. ``psu: none`` and ``stratum: none`` are said, not left out.

    ``between_waves``: whether strata and PSUs with the same codes in two waves are the same ones, visited twice
    (``overlapping``: panels, rotation), or the samples were drawn anew (``independent``); studies of several waves need it.
    ``errors``: what the parts of the design that the file lacks make of the standard errors; ``note`` says why.
    """

    weight: Words
    stratum: Words | list[Words] | PartSpec
    psu: Words | list[Words] | PartSpec
    between_waves: Literal["overlapping", "independent"] | None = None
    lonely: Literal["fail", "certainty", "adjust", "average"] = "fail"
    errors: Literal["too_small", "too_large"] | None = None
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
    """A profile as written, with what it takes over from the one it is ``like``.

    ``absent: not_asked`` is for files of a common layout, see :mod:`informality.survey.absent`.
    """

    id: Words
    like: Words | None = None
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
    waves: dict[str, SeriesWaveSpec]
    keys: KeySpec
    design: DesignSpec
    set_aside: list[SetAsideSpec] = Field(default_factory=list)
    absent: Literal["not_asked"] | None = None
    variables: dict[str, FormSpec | Literal["not_asked", "TODO"]]
    blocks: dict[str, Literal["not_asked"]] = Field(default_factory=dict)
    flags: dict[str, FlagSpec] = Field(default_factory=dict)
    benchmarks: dict[str, BenchmarkSpec] = Field(default_factory=dict)
    no_benchmarks: Words | None = None
    comparisons: dict[str, ComparisonSpec] = Field(default_factory=dict)
    notes: list[Words] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile whose every variable, category and rule has been checked against the schema."""

    file: SpecFile[ProfileSpec]
    schema: Schema
    rules: Mapping[str, Step]
    asked_of: Mapping[str, Filter]
    where: Mapping[str, Filter]
    code_lists: Mapping[str, Mapping[Code, str]]
    bare: Schema
    """The schema before the survey named its regions."""

    def of_wave(self, wave: str) -> Profile:
        """The profile as one wave has it: with that wave's forms in place of those of the series."""
        return self.with_forms({n: ("waves", wave, "variables", n) for n in self.spec.waves[wave].variables})

    def with_forms(self, forms: Mapping[str, tuple[str, ...]]) -> Profile:
        """The profile with the forms at some places of its file (by variable) in place of its own, checked anew."""
        if not forms:
            return self
        found: dict[str, FormSpec | Literal["not_asked", "TODO"]] = {}
        lines = dict(self.file.lines)
        for name, loc in forms.items():
            found[name] = _form_at(self.spec, loc)
            lines = {key: line for key, line in lines.items() if key[:2] != ("variables", name)}
            here = {key: line for key, line in self.file.lines.items() if key[: len(loc)] == loc}
            lines |= {("variables", name, *key[len(loc) :]): line for key, line in here.items()}
        spec = self.spec.model_copy(update={"variables": {**self.spec.variables, **found}})
        return _checked(replace(self.file, spec=spec, lines=lines), self.bare)

    @property
    def variants(self) -> dict[tuple[str, str], VariantSpec]:
        """Other readings of the questionnaire, by variable and name."""
        forms = {n: f for n, f in self.spec.variables.items() if isinstance(f, FormSpec)}
        return {(n, name): variant for n, form in forms.items() for name, variant in form.variants.items()}

    def read_as(self, variable: str, variant: str) -> Profile:
        """The profile with another reading of one variable."""
        return self.with_forms({variable: ("variables", variable, "variants", variant)})

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

    def notice(self, *waves: str) -> str:
        """What has to stand beside every figure of some waves: that it is made up, or no more than an excerpt."""
        excerpts = (self.spec.waves[wave].excerpt for wave in waves)
        return " ".join(dict.fromkeys(filter(None, (self.spec.made_up, *excerpts))))

    def columns(self, *, of_variables: bool = True) -> dict[str, str]:
        """Every raw column the profile names, with the place that names it first; or those of keys and design only."""
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
            add(value.column if isinstance(value, PartSpec) else None if value == "none" else value, "design", part)
        for i, rows in enumerate(spec.set_aside):
            add(list(rows.when), "set_aside", i)
        if not of_variables:
            return named
        forms: list[tuple[tuple[str, ...], FormSpec | Literal["not_asked", "TODO"]]] = [
            (("variables", name), form) for name, form in spec.variables.items()
        ]
        forms += [(("variables", name, "variants", other), form) for (name, other), form in self.variants.items()]
        for loc, form in forms:
            while isinstance(form, FormSpec):
                add(form.column, *loc, "from")
                add(list(form.where), *loc, "where")
                for i, rule in enumerate(form.rules or []):
                    for column in rule.when:
                        add(column, *loc, "rules", i, "when", column)
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
        file = checked(path, *read_like(path), ProfileSpec)
    except InformalityError as failure:
        raise InformalityError([*failure.problems, *_todos_of(path, schema)], failure.code) from None
    profile = _checked(file, schema, todos(path, schema))
    failures = []
    variants = [partial(profile.read_as, *variant) for variant in profile.variants]
    for read in (*(partial(profile.of_wave, wave) for wave in profile.spec.waves), *variants):
        try:
            read()
        except InformalityError as failure:
            failures.append(failure)
    if failures:
        raise InformalityError(dict.fromkeys(p for f in failures for p in f.problems), failures[0].code)
    return profile


def _checked(file: SpecFile[ProfileSpec], schema: Schema, before: Sequence[Problem] = ()) -> Profile:
    """A profile with its rules compiled, as its file says it of all waves; ``before``: problems found already."""
    bare, spec = schema, file.spec
    problems: list[Problem] = list(before)
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
    problems += wave_problems(file, spec.waves, fillable)
    open_labels: dict[str, dict[str, str]] = {}
    for forms in (spec.variables, *(wave.variables for wave in spec.waves.values())):  # all waves have all levels
        for name, form in forms.items():
            if isinstance(form, FormSpec) and name in schema.variables and schema[name].spec.open:
                open_labels[name] = {**form.labels, **open_labels.get(name, {})}
    schema = schema.with_open(open_labels)
    if spec.working_age != 15:
        schema = schema.with_working_age(spec.working_age)
    rules: dict[str, Step] = {}
    asked_of: dict[str, Filter] = {}
    where: dict[str, Filter] = {}
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
        if form.where:
            raw = {column: Variable(column, "code") for column in form.where}
            where[name], found = compile_filter(form.where, raw, place=file.place, loc=(*loc, "where"))
            problems += found
    for part, figures in (("benchmarks", spec.benchmarks), ("comparisons", spec.comparisons)):
        for i, b in figures.items():
            strange = [w for w in b.waves or [] if w not in spec.waves]
            problems += [
                Problem(file.place(part, i, "waves"), f"there is no wave `{w}`", fix=did_you_mean(w, spec.waves))
                for w in strange
            ]
            if b.flag and b.flag not in spec.flags:
                what = f"there is no flag `{b.flag}`"
                fix = did_you_mean(b.flag, spec.flags) or "declare it under `flags`"
                problems.append(Problem(file.place(part, i, "flag"), what, fix=fix))
    if spec.benchmarks and spec.no_benchmarks:
        what = "`no_benchmarks` says why there are none, but `benchmarks` has some"
        problems.append(Problem(file.place("no_benchmarks"), what, f"{len(spec.benchmarks)}", "remove one of the two"))
    if problems:
        raise InformalityError(problems + gaps, ExitCode.SPEC)
    if gaps:
        raise InformalityError(gaps, ExitCode.DEFINITION)
    return Profile(file, schema, rules, asked_of, where, lists, bare)


def _form_at(spec: ProfileSpec, loc: tuple[str, ...]) -> FormSpec | Literal["not_asked", "TODO"]:
    """The form at ``("waves", wave, "variables", name)`` or ``("variables", name, "variants", variant)``."""
    if loc[0] == "waves":
        return spec.waves[loc[1]].variables[loc[3]]
    form = spec.variables[loc[1]]
    assert isinstance(form, FormSpec)
    return form.variants[loc[3]]


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
    if any(rule.then == TODO for rule in rules):
        outcomes[TODO] = TODO
    step = StepSpec(decides=name, title=schema[name].spec.title, outcomes=outcomes, rules=rules)
    steps, problems = compile_steps([step], raw, place=file.place, loc=loc)
    return (steps[0] if steps else None), problems, prove(steps, file.place(*loc)) if steps else []
