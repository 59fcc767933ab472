"""From what a user writes (conditions, names of variables, groups) to a question that has been checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from informality.api.survey import Survey
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.grammar import CellValue, Variable
from informality.foundation.reading import words
from informality.foundation.rules import compile_filter
from informality.tabulation.people import Bools, Of, People

Condition: TypeAlias = Mapping[str, Any]
"""``{"job": "informal", "size_min": ">= 6"}``: a variable's allowed value, list of values, or comparison."""
By: TypeAlias = str | Sequence[str] | None
Kind = Literal["condition", "number", "category"]

EXAMPLE = '{"job": "informal"}'


class Checked:
    """Reads the parts of one call; every mistake in them is kept, and told together by :meth:`finish`."""

    def __init__(self, call: str, survey: object) -> None:
        if not isinstance(survey, Survey):
            raise TypeError(
                f"{call} takes a survey first: what open_survey() or from_frame() gave, not {type(survey).__name__}"
            )
        self.call, self.people = call, survey.people
        self.names: list[str] = []
        self._problems: list[Problem] = []

    def condition(self, part: str, written: object) -> dict[str, CellValue]:
        """A condition as the grammar has it; None is everybody."""
        if written is None:
            return {}
        if not isinstance(written, Mapping):
            self.problem(part, f"`{part}` must be a condition", repr(written), f"write it like {EXAMPLE}")
            return {}
        plain = {str(name): _plain(cell) for name, cell in written.items()}
        for name in [n for n, cell in plain.items() if cell == []]:
            self.problem(part, f"`{name}` lists no value", "", "leave the variable out to mean any")
        at = f"{self.call}, {part}"
        found = compile_filter(plain, self.people.variables, place=lambda *loc: at)[1]
        self._problems += found
        self.use(list(plain))
        return {} if found else plain

    def of(self, part: str, written: Any, *kinds: Kind) -> Of:
        """What is measured: a condition where that is allowed, or the name of a variable of an allowed kind."""
        if isinstance(written, Mapping) and "condition" in kinds:
            return self.condition(part, written)
        variables = self.people.variables
        if not isinstance(written, str):
            self.problem(part, f"`{part}` must be {_one_of(kinds)}", repr(written), _example(kinds, variables))
            return {}
        if written not in variables:
            self.problem(part, f"`{written}` is not a variable", "", did_you_mean(written, self._named(kinds)))
        elif variables[written].kind not in kinds:
            kind = "number" if variables[written].kind == "number" else "category"
            what = f"`{written}` is a {kind} variable, and `{part}` must be {_one_of(kinds)}"
            self.problem(part, what, "", _example(kinds, variables, written))
        self.use([written])
        return written

    def by(self, part: str, written: By) -> tuple[str, ...]:
        """Category variables to break down by."""
        names = () if written is None else (written,) if isinstance(written, str) else tuple(written)
        categories = self._named(("category",))
        for name in [n for n in names if n not in categories]:
            alike = [c for c in categories if name in self.people.variables and c.startswith(f"{name}_")]
            known = name in self.people.variables
            what = "is a number, and groups are made by categories" if known else "is not a category variable"
            self.problem(part, f"`{name}` {what}", "", f"use `{alike[0]}`" if alike else did_you_mean(name, categories))
        for name in {n for n in names if names.count(n) > 1}:
            self.problem(part, f"`{name}` is crossed with itself", ", ".join(names), "name it once")
        self.use(names)
        return names

    def problem(self, part: str, what: str, found: str = "", fix: str = "") -> None:
        """Keep a mistake in one part of the call."""
        self._problems.append(Problem(f"{self.call}, {part}", what, found, fix))

    def finish(self) -> None:
        """Raise :class:`InformalityError`: USAGE with all mistakes, or ESTIMATE with the questions the survey did not ask."""
        if self._problems:
            raise InformalityError(self._problems, ExitCode.USAGE)
        if missing := self.people.lacking(self.names):
            raise InformalityError(
                Problem(
                    self.call,
                    "this cannot be determined from the survey",
                    f"the survey did not ask: {'; '.join(missing)}",
                    "ask for something else; nothing is assumed for a question that was not put",
                ),
                ExitCode.ESTIMATE,
            )

    def nobody(self, among: Condition) -> InformalityError:
        """What to say when nobody is in the universe."""
        said = condition_words(among, self.people)
        return InformalityError(
            Problem(f"{self.call}, among", "nobody in the sample is in this universe", said, "widen the condition"),
            ExitCode.ESTIMATE,
        )

    def undetermined(self, who: Bools) -> InformalityError:
        """What to say when the outcome of somebody in the universe is not determinable."""
        return InformalityError(
            Problem(
                self.call,
                "this cannot be determined from the survey",
                f"the questions needed were not asked of {int(who.sum()):,} sampled persons in this universe",
                "narrow `among` to persons who were asked them",
            ),
            ExitCode.ESTIMATE,
        )

    def use(self, names: Sequence[str]) -> None:
        """Keep names of variables whose questions must have been asked."""
        self.names += [name for name in names if name in self.people.variables]

    def _named(self, kinds: Sequence[str]) -> list[str]:
        """Variables of some kinds; all of them where only a condition is asked for."""
        return [n for n, v in self.people.variables.items() if v.kind in kinds or kinds == ("condition",)]


def condition_words(condition: Condition, people: People) -> str:
    """``Main job: Informal job; Sex: Women``, for titles."""
    compiled, _ = compile_filter(condition, people.variables, place=lambda *loc: "")
    parts = [f"{people.variables[n].title}: {words(c, people.variables[n])}" for n, c in compiled.when.items()]
    return "; ".join(parts) or "everybody"


def of_words(of: Of, people: People) -> str:
    """What is measured, for titles."""
    return people.variables[of].title if isinstance(of, str) else condition_words(of, people)


def _plain(cell: Any) -> CellValue:
    """A cell as the grammar has it: tuples, sets, arrays and numpy's numbers as lists and plain values."""
    if isinstance(cell, (list, tuple, set, frozenset, np.ndarray)):
        return [_value(v) for v in (sorted(cell, key=str) if isinstance(cell, (set, frozenset)) else cell)]
    return _value(cell)


def _value(value: Any) -> str | int | float:
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if isinstance(plain, (int, float)) and not isinstance(plain, bool) else str(plain)


def _one_of(kinds: Sequence[str]) -> str:
    said = {"condition": "a condition", "number": "a number variable", "category": "a category variable"}
    return " or ".join(said[k] for k in kinds)


def _example(kinds: Sequence[str], variables: Mapping[str, Variable], written: str | None = None) -> str:
    """What to write instead, of the same variable where that is possible."""
    if "condition" in kinds and written is not None:
        cell = ">= 1" if variables[written].kind == "number" else variables[written].categories[0]
        return f'write a condition like {{"{written}": "{cell}"}}'
    if "condition" in kinds:
        return f"write a condition like {EXAMPLE}"
    names = [n for n, v in variables.items() if v.kind in kinds]
    return f"name one, such as {names[0]}" if names else ""
