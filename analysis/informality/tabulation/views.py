"""The workers as one definition sees them: what tables, models and official figures are worked out from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition
from informality.foundation.grammar import NOT_APPLICABLE, CellValue, Variable
from informality.foundation.schema import Schema
from informality.tabulation.people import Bools, People

SECOND_JOBS = "status_2"
"""What a survey that asks about second jobs asks at least."""


@dataclass(frozen=True, slots=True)
class View(People):
    """The workers as one definition sees them: schema variables and that definition's outcomes."""

    definition: Definition

    def questions(self, name: str) -> list[str]:
        """Titles of the questions a survey would have to ask for a variable, as far as this one lacks them."""
        if name in self.definition.of_person:
            return [self.schema[SECOND_JOBS].spec.title]
        return People.questions(self, name)


def outcome_variables(definition: Definition) -> dict[str, Variable]:
    """A definition's outcomes as tables see them, with the two ways of having none."""
    return {
        name: Variable(
            name, "category", tuple(dict.fromkeys((*v.categories, NOT_DETERMINABLE, NOT_APPLICABLE))), v.title, v.labels
        )
        for name, v in definition.outcomes.items()
    }


def outcomes_of_all(definitions: Iterable[Definition]) -> dict[str, Variable]:
    """The outcomes of several definitions; one that several decide has the categories of all of them."""
    merged: dict[str, Variable] = {}
    for definition in definitions:
        for name, variable in outcome_variables(definition).items():
            before = merged.get(name, variable)
            categories = tuple(dict.fromkeys((*before.categories, *variable.categories)))
            labels = {**variable.labels, **before.labels}
            merged[name] = Variable(name, "category", categories, before.title, labels)
    return merged


def answered(definition: Definition, asked: frozenset[str]) -> frozenset[str]:
    """The outcomes a survey can have an answer for: what rests on second jobs only if it asked about them."""
    return frozenset(definition.outcomes) - (frozenset() if SECOND_JOBS in asked else frozenset(definition.of_person))


def left_open(workers: pd.DataFrame, definition: Definition) -> dict[str, Bools]:
    """For each outcome the persons (n,) whom a rule leaves open, because an answer it needs was not given."""
    return {
        name: (workers[column(definition.id, name)] == NOT_DETERMINABLE).to_numpy()
        & workers[column(definition.id, name, rule=True)].notna().to_numpy()
        for name in definition.outcomes
    }


def view(workers: pd.DataFrame, definition: Definition, schema: Schema, asked: frozenset[str]) -> View:
    """Workers with the outcomes of one definition under their plain names."""
    outcomes = {name: workers[column(definition.id, name)] for name in definition.outcomes}
    frame = workers[[n for n in workers.columns if "." not in n or n.partition(".")[0] in schema.variables]]
    keys = {n for n, v in schema.variables.items() if v.spec.role in ("key", "design")}
    known = asked | answered(definition, asked) | keys
    variables = {**schema.grammar, **outcome_variables(definition)}
    everyone, unsettled = frame.assign(**outcomes), left_open(workers, definition)
    return View(everyone, variables, known, schema, frozenset(outcomes), definition, left_open=unsettled)


def words(where: Mapping[str, CellValue]) -> str:
    """A condition as it stands in the file."""
    cells = {n: ", ".join(map(str, c)) if isinstance(c, list) else c for n, c in where.items()}
    return "; ".join(f"{name}: {cell}" for name, cell in cells.items()) or "everybody"
