"""Every definition equals a plain reading of its file, row by row, by a program that shares nothing with ours.

The interpreter below reads the cells of the YAML as they stand. It is held against the vectorised path on every
combination of the values the tables can tell apart; where these are more than ``FULL``, on 200,000 draws spread over
the choices, which hold all pairs of values.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.classification.classify import classify, column
from informality.classification.definition import Definition
from informality.classification.settings import every_choice
from informality.classification.spec import DefinitionSpec
from informality.foundation.atoms import Axis
from informality.foundation.grammar import MISSING, NOT_APPLICABLE
from informality.foundation.library import LIBRARY
from informality.foundation.schema import Schema

Read = Callable[..., Definition]
DEFINITIONS = sorted(path.stem for path in (LIBRARY / "definitions").glob("*.yml"))
FULL = 300_000
DRAWS = 200_000


# -- the plain reading ---------------------------------------------------------------------------------


def fits(cell: Any, value: Any, options: Mapping[str, Any]) -> bool:
    """Whether a cell of the file allows a value."""
    for word in cell if isinstance(cell, list) else [cell]:
        if isinstance(word, str) and word[:1] in "<>":
            symbol, operand = word.split()
            bound = float(options.get(operand, operand))
            if not isinstance(value, str) and {
                "<": value < bound, ">": value > bound, "<=": value <= bound, ">=": value >= bound
            }[symbol]:  # fmt: skip
                return True
        elif word == value:
            return True
    return False


def interpret(spec: DefinitionSpec, options: Mapping[str, Any], worker: Mapping[str, Any]) -> dict[str, str]:
    """Rule and outcome of every step, or nothing if the definition does not apply."""
    known = {**worker, **{n: v for n, v in options.items() if spec.options[n].choices}}
    if not all(fits(cell, known[name], options) for name, cell in spec.applies_to.items()):
        return {}
    decided = {}
    for step in spec.steps:
        for rule in step.rules:
            if all(fits(cell, known[name], options) for name, cell in rule.when.items()):
                known[step.decides] = decided[step.decides] = rule.then
                break
        else:
            raise AssertionError(f"{spec.id}: {step.decides} has no rule for {known}")
    return decided


# -- the cases -----------------------------------------------------------------------------------------


def values_told_apart(definition: Definition) -> dict[str, tuple[Any, ...]]:
    """For each variable the tables or ``applies_to`` test, one example of each value they tell apart."""
    outcomes = set(definition.outcomes)
    variables = {a.variable.name: a.variable for s in definition.steps for a in s.axes}
    variables |= {a.variable.name: a.variable for a in definition.applies_to.axes}
    conditions = {
        n: [r.when[n] for s in definition.steps for r in s.rules if n in r.when]
        + ([definition.applies_to.when[n]] if n in definition.applies_to.when else [])
        for n in variables
    }
    values = {n: Axis.build(v, conditions[n]).examples for n, v in variables.items() if n not in outcomes}
    return values | ({"worker": ("yes",)} if "worker" in values else {})


def drawn(values: Mapping[str, tuple[Any, ...]], n: int, rng: np.random.Generator) -> np.ndarray:
    """Positions of the values of ``n`` workers: first every pair of values of two variables, then random ones."""
    names = list(values)
    rows = rng.integers([len(values[name]) for name in names], size=(n, len(names)))
    i = 0
    for a, b in itertools.combinations(range(len(names)), 2):
        for pair in itertools.product(range(len(values[names[a]])), range(len(values[names[b]]))):
            rows[i, [a, b]] = pair
            i += 1
    assert i <= n
    return rows


def cases(definition: Definition) -> Iterator[tuple[Definition, dict[str, tuple[Any, ...]], np.ndarray]]:
    """Definitions under some choices, the values they tell apart, and the cases as positions of values."""
    settings = list(every_choice(definition.spec, definition.options))
    rng = np.random.default_rng(17)
    if len(settings) > 8:  # each choice in some of them, and the one in force
        picked = [settings[i] for i in rng.choice(len(settings), size=7, replace=False)]
        settings = [dict(definition.options), *picked]
    for chosen in settings:
        variant = definition.with_options(chosen)
        values = values_told_apart(variant)
        size = math.prod(len(v) for v in values.values())
        if size * len(settings) <= FULL:
            yield variant, values, np.array(np.unravel_index(np.arange(size), [len(v) for v in values.values()])).T
        else:
            yield variant, values, drawn(values, DRAWS // len(settings), rng)


def harmonised(
    values: Mapping[str, tuple[Any, ...]], rows: np.ndarray, definition: Definition, schema: Schema
) -> pd.DataFrame:
    frame = {}
    for d, name in enumerate(values):
        words = np.array(values[name], dtype=object)[rows[:, d]]
        if schema[name].spec.kind == "number":
            numbers = pd.Series([w if not isinstance(w, str) else np.nan for w in words], dtype=float)
            frame[name] = numbers
            frame[f"{name}.missing"] = pd.Categorical([w if isinstance(w, str) else None for w in words], MISSING)
        else:
            frame[name] = pd.Categorical(words, categories=schema[name].grammar.categories)
    for name in set(definition.variables()) - set(values):
        frame[name] = pd.Categorical(["unknown"] * len(rows), categories=schema[name].grammar.categories)
    return pd.DataFrame(frame)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_equals_the_plain_reading_of_its_file(name: str, schema: Schema, read: Read) -> None:
    tried = 0
    for definition, values, rows in cases(read(name)):
        out = classify(harmonised(values, rows, definition, schema), definition, schema.grammar)
        ours = [out[column(definition.id, s.decides)].astype(str).tolist() for s in definition.steps]
        steps = [s.decides for s in definition.steps]
        table = [values[n] for n in values]
        for row, got in zip(rows, zip(*ours, strict=True), strict=True):
            worker = {n: v[i] for n, v, i in zip(values, table, row, strict=True)}
            plain = interpret(definition.spec, definition.options, worker)
            assert got == tuple(plain.get(s, NOT_APPLICABLE) for s in steps), worker
        tried += len(rows)
    assert tried >= 6  # the shortest has three answers under two choices
