"""A definition as SQL: one query over the harmonised workers that decides what :func:`classify` decides.

Standard SQL (``WITH``, ``CASE``), so that DuckDB, SQLite and PostgreSQL read it. Each step is a ``CASE`` whose branches are
the rules in force, in order, under their labels; what the survey did not ask is settled when the query is written, as the
classifier does it: a need that is not met leaves the workers it concerns open, and a later step stays open for them unless
it comes out the same whatever the open step might have been. ``MATERIALIZED`` (SQLite 3.35, PostgreSQL 12, DuckDB) has
each step worked out once, not again in every step that uses it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition, Need
from informality.classification.person import KINDS, SUFFIX, person_steps
from informality.classification.second_job import HAS_SECOND, WORKING, inputs_of, of_job, questions_of_second
from informality.classification.sql_words import and_, case, comment, listed, literal, name, or_, test
from informality.foundation.grammar import NOT_APPLICABLE, NOT_ASKED, REASON, UNKNOWN, Condition
from informality.foundation.rules import Filter, Rule, Step

KEYS = ("person_id",)
RULE, OPEN, ASSUMED = ".rule", ".open", ".assumed"
APPLIES = "applies"

Columns = Callable[[str], str]
"""The column that holds a variable: its own name, or the one of the second job."""


@dataclass(slots=True)
class _Query:
    """Common table expressions in order, each reading the one before it."""

    source: str
    parts: list[str] = field(default_factory=list)

    def add(self, into: str, columns: Sequence[str], says: str = "") -> None:
        """One more expression: everything so far and these columns (``expression AS name``)."""
        body = ",\n".join(f"    {c}" for c in columns)
        self.parts.append(
            f"{comment(says)}{name(into)} AS MATERIALIZED (\n  SELECT *,\n{body}\n  FROM {name(self.source)}\n)"
        )
        self.source = into


def to_sql(definition: Definition, asked: Iterable[str] | None = None, table: str = "workers") -> str:
    """The query that classifies every row of ``table``; same columns as :func:`classify`, and ``….assumed`` (1 or 0).

    ``asked`` are the variables the survey measured (None: all that the definition needs). ``table`` is a harmonised
    workers table: categories as words, a number with the reason for its absence in ``<name>.missing``. Rows come back with
    their ``person_id``, in no particular order.
    """
    known = frozenset(definition.schema.grammar if asked is None else asked)
    query = _Query("answers")
    second = _second_steps(definition)
    read, made = _answers(definition, bool(second))
    query.parts.append(_first(read, table))
    for expression, into in made:
        query.add(f"answer {into}", [f"{expression} AS {name(into)}"])
    shown = [_decided(query, definition, definition.steps, known, _same)]
    if second:
        columns = _columns_of_second(definition)
        asked_2 = questions_of_second(definition.variables(), definition.schema, known)
        last = max(i for i, s in enumerate(definition.steps) if s in second)
        shown.append(_decided(query, definition, definition.steps[: last + 1], asked_2, columns, second))
        shown.append(_person(query, definition))
    out = [f"  {name(c)}" for c in (*KEYS, *(c for columns_of in shown for c in columns_of))]
    head = "".join(comment(line) for line in _head(definition, known, table))
    return f"{head}WITH\n" + ",\n".join(query.parts) + "\nSELECT\n" + ",\n".join(out) + f"\nFROM {name(query.source)}\n"


def _head(definition: Definition, known: frozenset[str], table: str) -> list[str]:
    """What the query is, the options in force, and what it takes for asked."""
    spec, schema = definition.spec, definition.schema
    lines = [spec.title, f"Definition {spec.id}. One row per row of the table {table} of harmonised workers."]
    lines += [
        f"Option {n}: {definition.options[n]} ({option.words(definition.options[n])})"
        if option.choices
        else f"Option {n}: {option.words(definition.options[n])} {option.unit or ''}".rstrip()
        for n, option in spec.options.items()
    ]
    needed = [n for needs in definition.needs.values() for need in needs for g in need.groups for n in g]
    for asked, says in ((True, "Written for a survey that asks"), (False, "The survey does not ask")):
        titles = [f"{schema[n].spec.title} ({n})" for n in dict.fromkeys(needed) if (n in known) == asked]
        lines += [f"{says}: {'; '.join(titles)}."] if titles else []
    return [*lines, "For a survey that asks other questions, have the query written anew for it."]


# -- answers -------------------------------------------------------------------------------------------


def _same(variable: str) -> str:
    return variable


def _second_steps(definition: Definition) -> list[Step]:
    """The steps whose outcome is also decided of the second job."""
    return [s for s in definition.steps if s.decides + SUFFIX in definition.of_person]


def _columns_of_second(definition: Definition) -> Columns:
    """Where an answer about the second job, or an outcome for it, stands; what describes the person stays."""
    schema = definition.schema

    def column_of(variable: str) -> str:
        if variable == WORKING:
            return HAS_SECOND
        of_person = variable in schema.variables and not of_job(schema, variable)
        return variable if of_person else variable + SUFFIX

    return column_of


def _answers(definition: Definition, second: bool) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Expressions and columns of the first table expression, and those derived of the second job, one after the other."""
    schema, columns = definition.schema, _columns_of_second(definition)
    read: dict[str, str] = {key: f"w.{name(key)}" for key in KEYS}
    made: list[tuple[str, str]] = []

    def take(variable: str, into: str) -> None:
        read[into] = f"w.{name(into)}"
        if schema[variable].spec.kind == "number":
            read[into + REASON] = f"w.{name(into + REASON)}"

    for variable in definition.variables():
        take(variable, variable)
    for variable in inputs_of(schema, definition.variables()) if second else ():
        derived, into = schema[variable].derived, columns(variable)
        if into in (HAS_SECOND, variable) or (into in schema.variables and derived is None):
            take(variable, into)
        elif derived is not None:
            rules = [(and_(_conditions(derived, r, columns)), literal(r.then), "") for r in derived.rules]
            made.append((case(rules, literal(NOT_APPLICABLE)), into))
        elif schema[variable].spec.kind == "number":
            read[into] = "CAST(NULL AS DOUBLE PRECISION)"
            read[into + REASON] = literal(NOT_ASKED)
        else:
            read[into] = literal(NOT_ASKED)
    if second:
        read.setdefault(HAS_SECOND, f"w.{name(HAS_SECOND)}")
    return [(expression, into) for into, expression in read.items()], made


def _first(read: Sequence[tuple[str, str]], table: str) -> str:
    body = ",\n".join(f"    {e}" if e == f"w.{name(into)}" else f"    {e} AS {name(into)}" for e, into in read)
    return f"answers AS (\n  SELECT\n{body}\n  FROM {name(table)} AS w\n)"


# -- steps ---------------------------------------------------------------------------------------------


def _conditions(step: Step, rule: Rule, columns: Columns, free: Iterable[str] = ()) -> list[str]:
    """A rule's tests; those of ``free`` variables also hold where the variable is open."""
    out = []
    for axis in step.axes:
        variable = axis.variable
        if variable.name not in rule.when:
            continue
        one = test(columns(variable.name), variable.kind, rule.when[variable.name])
        out.append(or_([one, _is_open(columns(variable.name))]) if variable.name in free else one)
    return out


def _is_open(column_name: str) -> str:
    return f"{name(column_name + OPEN)} = 1"


def _who(who: Filter, columns: Columns) -> str:
    return and_([test(columns(a.variable.name), a.variable.kind, who.when[a.variable.name]) for a in who.axes])


def _rule_case(step: Step, columns: Columns) -> str:
    rules = [
        (
            and_(_conditions(step, rule, columns)),
            literal(rule.id),
            f"{step.outcomes[rule.then]}{' (assumed)' if rule.assumed else ''}: {rule.why}"
            + (f" [{rule.cite}]" if rule.cite else ""),
        )
        for rule in step.rules
    ]
    return case(rules)


def _by_rule(step: Step, rule_column: str, value: Callable[[Rule], str]) -> str:
    """A ``CASE`` from the deciding rule to something said of it."""
    ids: dict[str, list[str]] = {}
    for rule in step.rules:
        ids.setdefault(value(rule), []).append(rule.id)
    return case([(f"{name(rule_column)} {listed(of)}", to, "") for to, of in ids.items()])


def _decided(
    query: _Query,
    definition: Definition,
    steps: Sequence[Step],
    known: frozenset[str],
    columns: Columns,
    shown: Sequence[Step] | None = None,
) -> list[str]:
    """Add every step for one of the jobs; the names of the result columns."""
    second = columns is not _same
    who = APPLIES + SUFFIX if second else APPLIES
    query.add(f"{who} to", [f"{case([(_who(definition.applies_to, columns), '1', '')], '0')} AS {name(who)}"])
    open_steps: set[str] = set()
    for step in steps:
        own = columns(step.decides)
        says = f"{step.title}{', second job' if second else ''}"
        unmet = [need for need in definition.needs[step.decides] if not need.met(known)]
        doubt = _doubt(step, unmet, open_steps, columns)
        query.add(f"{own} by rule", [f"{_rule_case(step, columns)} AS {name(own + RULE)}"], says)
        made = [f"{_by_rule(step, own + RULE, lambda r: literal(r.then))} AS {name(own)}"]
        if doubt:
            open_steps.add(step.decides)
            made.append(f"{doubt} AS {name(own + OPEN)}")
        query.add(f"{own} decided", made)
    return _results(query, definition, steps if shown is None else shown, columns, who, open_steps)


def _results(
    query: _Query, definition: Definition, steps: Sequence[Step], columns: Columns, who: str, open_steps: set[str]
) -> list[str]:
    """The columns as the classifier names them: who is outside, and what is open, said in words."""
    outcomes, rules, assumed = [], {}, []
    names = []
    for step in steps:
        own = columns(step.decides)
        into = column(definition.id, own)
        decided, left = [f"{name(who)} = 1"], []
        if who != APPLIES:
            here = name(column(definition.id, "job"))
            left.append((f"{here} = {literal(NOT_APPLICABLE)}", literal(NOT_APPLICABLE), ""))
            left.append((f"{name(HAS_SECOND)} {listed([UNKNOWN, NOT_ASKED])}", literal(NOT_DETERMINABLE), ""))
            decided += [f"{here} <> {literal(NOT_APPLICABLE)}", f"{name(HAS_SECOND)} = 'yes'"]
            left.append((f"{name(HAS_SECOND)} <> 'yes'", literal(NOT_APPLICABLE), ""))
        left.append((f"{name(who)} = 0", literal(NOT_APPLICABLE), ""))
        if step.decides in open_steps:
            left.append((_is_open(own), literal(NOT_DETERMINABLE), ""))
            decided.append(f"{name(own + OPEN)} = 0")
        outcomes.append(f"{case(left, name(own))} AS {name(into)}")
        rules[into + RULE] = f"{case([(and_(decided), name(own + RULE), '')])} AS {name(into + RULE)}"
        assumed.append(f"{_assumed(step, into + RULE)} AS {name(into + ASSUMED)}")
        names += [into, into + RULE, into + ASSUMED]
    label = "second job" if who != APPLIES else "main job"
    query.add(f"results {label}", [*outcomes, *rules.values()])
    query.add(f"assumed {label}", assumed)
    return names


def _assumed(step: Step, rule_column: str) -> str:
    return _by_rule(step, rule_column, lambda r: "1" if r.assumed else "0")


# -- what is not determinable --------------------------------------------------------------------------


def _doubt(step: Step, unmet: Sequence[Need], open_steps: set[str], columns: Columns) -> str:
    """Whether a worker's outcome is open, 1 or 0; empty where it cannot be."""
    reasons = [_who(need.who, columns) or "1 = 1" for need in unmet]
    tested = [a.variable.name for a in step.axes if a.variable.name in open_steps]
    if tested and len({r.then for r in step.rules}) > 1:
        possible = _possible(step, tested, columns)
        flags = " + ".join(case([(one, "1", "")], "0") for one in possible)
        reasons.append(f"{flags} > 1")
    return case([(or_(reasons), "1", "")], "0") if reasons else ""


def _possible(step: Step, tested: Sequence[str], columns: Columns) -> list[str]:
    """For each outcome, when it may come out, whatever the open ones of the ``tested`` steps might have been."""
    if step.match == "only_one":  # each rule stands alone, so its tests can be freed one by one
        ways = [(r.then, and_(_conditions(step, r, columns, tested))) for r in step.rules]
    else:
        ways = list(_first_ways(step, tested, columns))
    return [or_([way for then, way in ways if then == outcome]) for outcome in dict.fromkeys(t for t, _ in ways)]


def _first_ways(step: Step, tested: Sequence[str], columns: Columns) -> Iterable[tuple[str, str]]:
    """Outcomes of a step whose first fitting rule counts, under every supposition about the open steps."""
    axes = [a for a in step.axes if a.variable.name in tested]
    for atoms in itertools.product(*(range(a.size) for a in axes)):
        supposed = {a.variable.name: a.examples[i] for a, i in zip(axes, atoms, strict=True)}
        may_be = []
        for axis, atom in zip(axes, atoms, strict=True):
            words = [w for w in axis.words if axis.atom_of(w) == atom]
            own = columns(axis.variable.name)
            may_be.append(or_([test(own, "category", Condition(tuple(words))), _is_open(own)]))
        branches = []
        for rule in step.rules:
            if all(rule.when[n].allows(v) for n, v in supposed.items() if n in rule.when):
                rest = {n: c for n, c in rule.when.items() if n not in supposed}
                tests = [
                    test(columns(a.variable.name), a.variable.kind, rest[a.variable.name])
                    for a in step.axes
                    if a.variable.name in rest
                ]
                branches.append((and_(tests), rule.then))
        decided = case([(when, literal(then), "") for when, then in branches])
        for outcome in dict.fromkeys(then for _, then in branches):
            yield outcome, and_([*may_be, f"{decided} = {literal(outcome)}"])


# -- the person ----------------------------------------------------------------------------------------


def _person(query: _Query, definition: Definition) -> list[str]:
    """What follows for the person from both jobs; the names of the result columns."""
    jobs = {n: column(definition.id, n) for n in ("job", "job" + SUFFIX)}
    kinds = [
        f"{case([(f'{name(own)} {listed(KINDS)}', name(own), '')], literal('other'))} AS {name(n + '.kind')}"
        for n, own in jobs.items()
    ]
    query.add("kinds of job", kinds)
    unasked = or_(
        [and_([f"{name(own)} = {literal(NOT_DETERMINABLE)}", f"{name(own + RULE)} IS NULL"]) for own in jobs.values()]
    )
    applies = f"{name(jobs['job'])} <> {literal(NOT_APPLICABLE)}"
    names = []
    for step in person_steps():
        into = column(definition.id, step.decides)

        def kind(variable: str) -> str:
            return f"{variable}.kind"

        own = f"{step.decides}.person"
        query.add(f"{own} by rule", [f"{_rule_case(step, kind)} AS {name(own + RULE)}"], step.title)
        query.add(f"{own} decided", [f"{_by_rule(step, own + RULE, lambda r: literal(r.then))} AS {name(own)}"])
        no_rule = and_([f"{name(own)} = {literal(NOT_DETERMINABLE)}", f"({unasked})"])
        query.add(
            f"results {own}",
            [
                f"{case([(applies, name(own), '')], literal(NOT_APPLICABLE))} AS {name(into)}",
                f"{case([(no_rule, 'NULL', ''), (applies, name(own + RULE), '')])} AS {name(into + RULE)}",
            ],
        )
        query.add(f"assumed {own}", [f"{_assumed(step, into + RULE)} AS {name(into + ASSUMED)}"])
        names += [into, into + RULE, into + ASSUMED]
    return names
