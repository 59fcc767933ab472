"""The workers as one definition sees them: what tables, models and official figures are worked out from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition
from informality.foundation.grammar import NOT_APPLICABLE, NOT_ASKED, UNKNOWN, CellValue, Variable
from informality.foundation.rules import compile_filter
from informality.foundation.schema import Schema

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class View:
    """The workers as one definition sees them: schema variables and that definition's outcomes."""

    definition: Definition
    frame: pd.DataFrame
    variables: Mapping[str, Variable]
    asked: frozenset[str]
    schema: Schema

    def questions(self, name: str) -> list[str]:
        """Titles of the questions a survey would have to ask for a variable, as far as this one lacks them."""
        variable = self.schema.variables.get(name)
        if variable is None or variable.derived is None:
            return [self.variables[name].title if name in self.variables else name]
        lacking = [a.variable.name for a in variable.derived.axes if a.variable.name not in self.asked]
        return [title for n in lacking for title in self.questions(n)] or [variable.spec.title]

    def mask(self, where: Mapping[str, CellValue]) -> Bools:
        condition, problems = compile_filter(where, self.variables, place=lambda *loc: str(loc))
        assert not problems, problems
        return condition.mask(self.frame)

    def unanswered(self, of: Mapping[str, CellValue] | str) -> Bools:
        """(n,) rows without a usable answer on a number, or on what a condition tests unless it asks for just these."""
        if isinstance(of, str):
            blank: Bools = self.frame[of].isna().to_numpy()
            return blank
        missing = np.zeros(len(self.frame), dtype=bool)
        for name, cell in of.items():
            asked_for = cell if isinstance(cell, list) else [cell]
            blanks = [word for word in (UNKNOWN, NOT_ASKED) if word not in asked_for]
            if self.variables[name].kind == "category":
                missing |= self.frame[name].isin(blanks).to_numpy()
        return missing

    def undetermined(self, names: Sequence[str], where: Mapping[str, CellValue]) -> Bools:
        """(n,) rows in the universe, as far as it does not rest on an outcome, with an outcome among ``names`` that is
        not determinable."""
        outcomes = self.definition.outcomes
        plain = {n: cell for n, cell in where.items() if n not in outcomes}
        found = np.zeros(len(self.frame), dtype=bool)
        for name in set(names) & set(outcomes):
            found |= (self.frame[name] == NOT_DETERMINABLE).to_numpy()
        return found & self.mask(plain) if found.any() else found


def outcome_variables(definition: Definition) -> dict[str, Variable]:
    """A definition's outcomes as tables see them, with the two ways of having none."""
    return {
        name: Variable(name, "category", (*v.categories, NOT_DETERMINABLE, NOT_APPLICABLE), v.title, v.labels)
        for name, v in definition.outcomes.items()
    }


def view(workers: pd.DataFrame, definition: Definition, schema: Schema, asked: frozenset[str]) -> View:
    """Workers with the outcomes of one definition under their plain names."""
    outcomes = {name: workers[column(definition.id, name)] for name in definition.outcomes}
    frame = workers[[n for n in workers.columns if "." not in n or n.partition(".")[0] in schema.variables]]
    known = asked | frozenset(outcomes) | {n for n, v in schema.variables.items() if v.spec.role in ("key", "design")}
    variables = {**schema.grammar, **outcome_variables(definition)}
    return View(definition, frame.assign(**outcomes), variables, known, schema)


def words(where: Mapping[str, CellValue]) -> str:
    """A condition as it stands in the file."""
    cells = {n: ", ".join(map(str, c)) if isinstance(c, list) else c for n, c in where.items()}
    return "; ".join(f"{name}: {cell}" for name, cell in cells.items()) or "everybody"
