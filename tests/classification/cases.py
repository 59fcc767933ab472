"""The cases a definition is tried on: every combination of the values its tables can tell apart, or draws of them.

Where the combinations are more than ``FULL``, 200,000 draws spread over the choices, which hold all pairs of values.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from informality.classification.definition import Definition
from informality.classification.settings import every_choice
from informality.foundation.atoms import Axis
from informality.foundation.grammar import MISSING
from informality.foundation.schema import Schema

FULL = 300_000
DRAWS = 200_000


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
