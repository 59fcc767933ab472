"""How a condition is written: variables, allowed values, comparisons; parsed with every mistake named.

``status: [employee, other]`` allows categories, ``size_min: ">= 6"`` compares a number with a number or with a
named quantity, and an absent variable means "any". There is no negation, no arithmetic and no nesting.

What a standard leaves open is a named option. One that is a number stands in comparisons
(``size_min: ">= size_threshold"``); one that is a choice is tested like a variable that is the same for everybody
(``protection_rule: registration_suffices``), so a table holds the rules of every choice and those of the
choice made are in force.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from informality.foundation.errors import Problem, did_you_mean
from informality.foundation.specfile import Loc, SpecModel, Words

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
class Choice:
    """A named option with a few allowed words, and the one that was chosen."""

    title: str
    allowed: Mapping[str, str]
    """Each word with what it means."""
    chosen: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a rule asks of the options: the conditions left for the variables, and whether the rule is in force."""

    rest: dict[str, CellValue]
    tested: tuple[str, ...]
    in_force: bool
    problems: tuple[Problem, ...]


def split_choices(when: Mapping[str, CellValue], choices: Mapping[str, Choice], place: Place, loc: Loc) -> Chosen:
    """Take the options out of a condition and hold them against what was chosen."""
    rest: dict[str, CellValue] = {}
    tested: list[str] = []
    problems: list[Problem] = []
    in_force = True
    for name, cell in when.items():
        if name not in choices:
            rest[name] = cell
            continue
        words = [str(word) for word in (cell if isinstance(cell, list) else [cell])]
        allowed = choices[name].allowed
        problems += [
            Problem(place(*loc, name), f"`{word}` is not a choice of option `{name}`", fix=did_you_mean(word, allowed))
            for word in words
            if word not in allowed
        ]
        tested.append(name)
        in_force &= choices[name].chosen in words
    return Chosen(rest, tuple(tested), in_force, tuple(problems))


def parse_when(
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
