"""The one grammar: decision tables that run, check themselves and print themselves.

A *step* decides one outcome from a list of rules; a rule is a mapping from variables to allowed
values (``status: [employee, other]``, ``size_min: ">= 6"``); an absent variable means "any". Under
``match: first`` the first rule that fits wins; under ``match: only_one`` no two rules may fit the
same case, so each row can be read alone. A later step may test the outcome of an earlier one.

The values of a variable that a table cannot tell apart are one *atom*. A step compiles to a small
array over the atoms of its variables, so deciding a million rows is one look-up per row, and the
proof that nothing falls through (:mod:`informality.foundation.proof`) runs over the same array.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from informality.foundation.errors import Problem, did_you_mean
from informality.foundation.specfile import Loc, SpecModel, Words

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN, NOT_ASKED, NOT_APPLICABLE = "unknown", "not_asked", "not_applicable"
MISSING = (UNKNOWN, NOT_ASKED, NOT_APPLICABLE)
BLANK = "blank"
"""In rules over raw columns: no value in the file."""
REASON = ".missing"
"""Suffix of the column that says why a number is missing (one of :data:`MISSING`)."""
NO_RULE = -1

Word = str | int | float
CellValue = Word | list[Word]
Codes = npt.NDArray[np.int64]
Place = Callable[..., str]


class RuleSpec(SpecModel):
    """One row of a decision table as written in YAML."""

    when: dict[str, CellValue] = Field(default_factory=dict)
    then: Words
    id: Words | None = None
    why: Words | None = None
    cite: Words | None = None
    assumed: bool = False

    @field_validator("when")
    @classmethod
    def _cells_say_something(cls, when: dict[str, CellValue]) -> dict[str, CellValue]:
        for name, cell in when.items():
            if cell == []:
                raise ValueError(f"`{name}` lists no value: leave the variable out to mean any")
        return when


class StepSpec(SpecModel):
    """One step as written in YAML: what it decides, the possible outcomes, the rules."""

    decides: Words
    title: Words | None = None
    match: Literal["first", "only_one"] = "first"
    outcomes: dict[str, Words]
    rules: list[RuleSpec] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable a table may test.

    ``category``: one of ``categories`` (the names for missing included). ``number``: a number, or
    missing for one of the reasons in ``categories``. ``code``: a raw column, whose values are
    whatever the file holds, or :data:`BLANK`.
    """

    name: str
    kind: Literal["category", "number", "code"]
    categories: tuple[str, ...] = ()
    title: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, value: object) -> str:
        return self.labels.get(str(value), str(value).replace("_", " "))


@dataclass(frozen=True, slots=True)
class Comparison:
    """``>= 6``: a test of a number against a threshold."""

    symbol: str
    threshold: float

    def holds(self, x: Any) -> Any:
        return {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}[self.symbol](
            x, self.threshold
        )

    def __str__(self) -> str:
        return f"{self.symbol} {self.threshold:g}"


@dataclass(frozen=True, slots=True)
class Condition:
    """The allowed values of one variable in one rule: single values, or any of the comparisons."""

    values: tuple[Word, ...]
    comparisons: tuple[Comparison, ...] = ()

    def allows(self, value: object) -> bool:
        """Whether a category, code, number or reason for missing is allowed."""
        if any(value == v and isinstance(value, str) == isinstance(v, str) for v in self.values):
            return True
        return isinstance(value, int | float) and any(c.holds(value) for c in self.comparisons)


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    when: Mapping[str, Condition]
    then: str
    why: str
    cite: str
    assumed: bool
    place: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The atoms of one variable: groups of values that no condition tells apart.

    ``thresholds`` cut the number line into points and open intervals; ``lookup`` maps each piece
    (intervals and points in order, then the words, then "any other text") to its atom; ``examples``
    holds one value per atom, for messages.
    """

    variable: Variable
    thresholds: npt.NDArray[np.float64]
    words: tuple[str, ...]
    lookup: npt.NDArray[np.int64]
    examples: tuple[Word, ...]

    @property
    def size(self) -> int:
        return len(self.examples)

    @classmethod
    def build(cls, variable: Variable, conditions: Sequence[Condition]) -> Axis:
        """Cut ``variable`` into the atoms that ``conditions`` tell apart."""
        numeric = variable.kind != "category"
        cuts = {c.threshold for cond in conditions for c in cond.comparisons}
        cuts |= {float(v) for cond in conditions for v in cond.values if not isinstance(v, str)}
        thresholds = np.array(sorted(cuts) if numeric else [], dtype=float)
        pieces: list[Word] = list(_number_line(thresholds)) if numeric else []
        if variable.kind == "code":
            words = (*sorted({v for c in conditions for v in c.values if isinstance(v, str)} - {BLANK}), BLANK)
        else:
            words = variable.categories
        pieces += words
        if variable.kind == "code":
            pieces.append("any other text")
        atoms: dict[tuple[bool, ...], int] = {}
        examples: list[Word] = []
        lookup = np.empty(len(pieces), dtype=np.int64)
        for i, piece in enumerate(pieces):
            signature = tuple(c.allows(piece) for c in conditions)
            if signature not in atoms:
                atoms[signature] = len(examples)
                examples.append(piece)
            lookup[i] = atoms[signature]
        return cls(variable, thresholds, tuple(words), lookup, tuple(examples))

    def atoms_allowed(self, condition: Condition | None) -> npt.NDArray[np.int64]:
        """Indices of the atoms a condition allows; all of them when there is no condition."""
        return np.array(
            [i for i, e in enumerate(self.examples) if condition is None or condition.allows(e)], dtype=np.int64
        )

    def codes(self, frame: pd.DataFrame) -> Codes:
        """The atom of every row, shape (rows,).

        Raises ``KeyError`` for an absent column and ``ValueError`` for a category the axis lacks; both
        are faults of the caller, since profiles and definitions are checked before data are read.
        """
        import pandas as pd

        column = frame[self.variable.name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            return self._categorical(column)
        if pd.api.types.is_numeric_dtype(column.dtype):
            values: npt.NDArray[np.float64] = column.to_numpy(dtype=float, na_value=np.nan)
            position = np.searchsorted(self.thresholds, values)
            nearest = (
                self.thresholds[np.minimum(position, len(self.thresholds) - 1)] if len(self.thresholds) else np.inf
            )
            piece: Codes = 2 * position + (values == nearest)
            absent = np.isnan(values)
            if self.variable.kind == "number":
                reasons = frame[self.variable.name + REASON]
                return np.where(absent, self._categorical(reasons), self.lookup[np.where(absent, 0, piece)])
            piece[absent] = self._first_word + self.words.index(BLANK)
            return self.lookup[piece]
        names, values_index = np.unique(column.fillna("").to_numpy(dtype=str), return_inverse=True)
        pieces = np.array([self._piece_of_text(str(name)) for name in names], dtype=np.int64)
        return self.lookup[pieces[values_index]]

    @property
    def _first_word(self) -> int:
        return 2 * len(self.thresholds) + 1 if self.variable.kind != "category" else 0

    def atom_of(self, value: Word) -> int:
        """The atom that holds one value: a category, a code, a number or a reason for missing."""
        if isinstance(value, str):
            return int(self.lookup[self._piece_of_text(value)])
        position = int(np.searchsorted(self.thresholds, value))
        on_point = position < len(self.thresholds) and self.thresholds[position] == value
        return int(self.lookup[2 * position + on_point])

    def _piece_of_text(self, text: str) -> int:
        word = text.strip() or BLANK
        if word in self.words:
            return self._first_word + self.words.index(word)
        return len(self.lookup) - 1

    def _categorical(self, column: pd.Series) -> Codes:
        codes = column.cat.codes.to_numpy()
        names = [str(c) for c in column.cat.categories]
        occurs = np.bincount(codes + 1, minlength=len(names) + 1)[1:] > 0
        stray = [c for c, here in zip(names, occurs, strict=True) if here and c not in self.words]
        if stray:
            raise ValueError(f"{self.variable.name}: categories {stray} are not in the schema")
        pieces = [self.words.index(c) if c in self.words else 0 for c in names] + [0]
        atoms: Codes = (
            self.lookup[self._first_word + np.array(pieces)][codes] if self.words else np.zeros(len(codes), int)
        )
        return atoms


def _number_line(thresholds: npt.NDArray[np.float64]) -> Iterable[float]:
    """One value inside each interval and at each point that the thresholds cut, in order."""
    if not len(thresholds):
        yield 1.0
        return
    yield float(thresholds[0] - 1)
    for low, high in zip(thresholds, [*thresholds[1:], thresholds[-1] + 2], strict=True):
        yield float(low)
        yield float((low + high) / 2)


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled condition on several variables: who is in a universe, what a share is of."""

    when: Mapping[str, Condition]
    axes: tuple[Axis, ...]

    def mask(self, frame: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """True for the rows that fit every condition, shape (rows,); no condition fits every row."""
        inside = np.ones(len(frame), dtype=bool)
        for axis in self.axes:
            allowed = np.zeros(axis.size, dtype=bool)
            allowed[axis.atoms_allowed(self.when[axis.variable.name])] = True
            inside &= allowed[axis.codes(frame)]
        return inside


def compile_filter(
    when: Mapping[str, CellValue],
    variables: Mapping[str, Variable],
    *,
    options: Mapping[str, float] | None = None,
    place: Place,
    loc: Loc = (),
) -> tuple[Filter, list[Problem]]:
    """Compile one condition; problems name unknown variables and values."""
    conditions, problems = _parse_when(when, variables, options or {}, place, loc)
    return Filter(conditions, tuple(Axis.build(variables[n], [c]) for n, c in conditions.items())), problems


@dataclass(frozen=True, slots=True)
class Step:
    """A compiled step: ``decision`` has one axis per variable and holds the deciding rule's index."""

    decides: str
    title: str
    match: Literal["first", "only_one"]
    outcomes: Mapping[str, str]
    rules: tuple[Rule, ...]
    axes: tuple[Axis, ...]
    decision: npt.NDArray[np.int16]

    def decide(self, frame: pd.DataFrame) -> npt.NDArray[np.int16]:
        """The index of the deciding rule for every row, shape (rows,); :data:`NO_RULE` if none fits."""
        if not self.axes:
            return np.zeros(len(frame), dtype=np.int16)
        key = np.zeros(len(frame), dtype=np.int64)
        for axis in self.axes:
            key *= axis.size
            key += axis.codes(frame)
        return self.decision.ravel()[key]

    def outcome_of(self, rule: npt.NDArray[np.int16], otherwise: str) -> pd.Categorical:
        """Outcomes as a categorical, ``otherwise`` where no rule decided."""
        import pandas as pd

        categories = list(self.outcomes)
        if otherwise not in categories:
            categories.append(otherwise)
        table = np.array([categories.index(r.then) for r in self.rules] + [categories.index(otherwise)], dtype=np.int16)
        return pd.Categorical.from_codes(table[rule], categories=categories)

    def region(self, rule: Rule) -> tuple[npt.NDArray[np.int64], ...]:
        """The atoms of each axis that a rule allows, ready for ``np.ix_``."""
        return tuple(axis.atoms_allowed(rule.when.get(axis.variable.name)) for axis in self.axes)


def compile_steps(
    specs: Sequence[StepSpec],
    variables: Mapping[str, Variable],
    *,
    options: Mapping[str, float] | None = None,
    place: Place,
    loc: Loc = ("steps",),
) -> tuple[tuple[Step, ...], list[Problem]]:
    """Compile steps against the variables they may test.

    ``options`` are the named quantities a comparison may use (``">= size_threshold"``). ``place`` turns a
    location in the file into words; ``loc`` is where the list of steps stands. Returns the steps that
    compile and every problem found (unknown variables, categories, outcomes, quantities).
    """
    known = dict(variables)
    steps: list[Step] = []
    problems: list[Problem] = []
    for s, spec in enumerate(specs):
        here = (*loc, s) if len(specs) > 1 or loc == ("steps",) else loc
        rules = []
        for r, rule in enumerate(spec.rules):
            at = (*here, "rules", r)
            when, found = _parse_when(rule.when, known, options or {}, place, (*at, "when"))
            problems += found
            if rule.then not in spec.outcomes:
                problems.append(
                    Problem(
                        place(*at, "then"),
                        f"`{rule.then}` is not an outcome of `{spec.decides}`",
                        fix=did_you_mean(rule.then, spec.outcomes),
                    )
                )
            rules.append(
                Rule(
                    rule.id or f"{spec.decides}-{r + 1}",
                    when,
                    rule.then,
                    rule.why or "",
                    rule.cite or "",
                    rule.assumed,
                    place(*at),
                )
            )
        for duplicate in sorted({r.id for r in rules if [x.id for x in rules].count(r.id) > 1}):
            problems.append(
                Problem(
                    place(*here),
                    f"two rules of `{spec.decides}` have the id `{duplicate}`",
                    fix="give each rule its own id",
                )
            )
        if spec.decides in known and known[spec.decides].kind != "code":
            problems.append(
                Problem(
                    place(*here, "decides"),
                    f"`{spec.decides}` is already the name of a variable",
                    fix="choose another name for what this step decides",
                )
            )
        if not problems:
            steps.append(_compile(spec, tuple(rules), known))
        known[spec.decides] = Variable(
            spec.decides, "category", tuple(spec.outcomes), spec.title or spec.decides, spec.outcomes
        )
    return tuple(steps), problems


def _compile(spec: StepSpec, rules: tuple[Rule, ...], known: Mapping[str, Variable]) -> Step:
    names = list(dict.fromkeys(name for rule in rules for name in rule.when))
    axes = tuple(Axis.build(known[n], [r.when[n] for r in rules if n in r.when]) for n in names)
    decision = np.full([a.size for a in axes], NO_RULE, dtype=np.int16)
    step = Step(spec.decides, spec.title or spec.decides, spec.match, dict(spec.outcomes), rules, axes, decision)
    for index in range(len(rules) - 1, -1, -1):
        decision[np.ix_(*step.region(rules[index]))] = index
    return step


def _parse_when(
    when: Mapping[str, CellValue], known: Mapping[str, Variable], options: Mapping[str, float], place: Place, loc: Loc
) -> tuple[dict[str, Condition], list[Problem]]:
    conditions: dict[str, Condition] = {}
    problems: list[Problem] = []
    for name, cell in when.items():
        at = place(*loc, name)
        if name not in known:
            problems.append(
                Problem(at, f"`{name}` is not a variable that can be tested here", fix=did_you_mean(name, known))
            )
            continue
        condition, found = _parse_cell(cell, known[name], options, at)
        problems += found
        if condition:
            conditions[name] = condition
    return conditions, problems


_COMPARISON = re.compile(r"^(>=|<=|>|<)\s*(\S+)$")


def _parse_cell(
    cell: CellValue, variable: Variable, options: Mapping[str, float], place: str
) -> tuple[Condition | None, list[Problem]]:
    values: list[Word] = []
    comparisons: list[Comparison] = []
    problems: list[Problem] = []
    for word in cell if isinstance(cell, list) else [cell]:
        match = _COMPARISON.match(word) if isinstance(word, str) else None
        if match:
            symbol, operand = match.groups()
            if variable.kind == "category":
                problems.append(
                    Problem(
                        place,
                        f"`{variable.name}` has categories and cannot be compared with a number",
                        f"`{word}`",
                        f"list categories: {', '.join(variable.categories[:8])}",
                    )
                )
            elif operand in options:
                comparisons.append(Comparison(symbol, float(options[operand])))
            else:
                try:
                    comparisons.append(Comparison(symbol, float(operand)))
                except ValueError:
                    problems.append(
                        Problem(
                            place,
                            f"`{operand}` is neither a number nor a named option",
                            f"`{word}`",
                            did_you_mean(operand, options) or "write a number",
                        )
                    )
        elif variable.kind == "category" and str(word) in variable.categories:
            values.append(str(word))
        elif (
            variable.kind == "number" and (isinstance(word, int | float) or word in variable.categories)
        ) or variable.kind == "code":
            values.append(word if isinstance(word, str) else float(word))
        else:
            problems.append(
                Problem(
                    place,
                    f"`{word}` is not a value of `{variable.name}`",
                    f"`{word}`",
                    did_you_mean(word, variable.categories),
                )
            )
    return (None if problems else Condition(tuple(values), tuple(comparisons))), problems
