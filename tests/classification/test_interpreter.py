"""Every definition equals a plain reading of its file, row by row, by a program that shares nothing with ours.

The interpreter below reads the cells of the YAML as they stand. It is held against the vectorised path on the cases
of ``cases.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import pytest

from informality.classification.classify import classify, column
from informality.classification.definition import Definition
from informality.classification.spec import DefinitionSpec
from informality.foundation.grammar import NOT_APPLICABLE
from informality.foundation.library import LIBRARY
from informality.foundation.schema import Schema

Read = Callable[..., Definition]
DEFINITIONS = sorted(path.stem for path in (LIBRARY / "definitions").glob("*.yml"))


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


def interpret(
    spec: DefinitionSpec, options: Mapping[str, Any], worker: Mapping[str, Any], read: dict[tuple[int, Any], bool]
) -> dict[str, str]:
    """Rule and outcome of every step, or nothing if the definition does not apply.

    ``read``: what each cell (by its identity) said of a value under these options; most are asked a thousand times over.
    """

    def fit(cell: Any, value: Any) -> bool:
        key = (id(cell), value)
        if key not in read:
            read[key] = fits(cell, value, options)
        return read[key]

    known = {**worker, **{n: v for n, v in options.items() if spec.options[n].choices}}
    if not all(fit(cell, known[name]) for name, cell in spec.applies_to.items()):
        return {}
    decided = {}
    for step in spec.steps:
        for rule in step.rules:
            if all(fit(cell, known[name]) for name, cell in rule.when.items()):
                known[step.decides] = decided[step.decides] = rule.then
                break
        else:
            raise AssertionError(f"{spec.id}: {step.decides} has no rule for {known}")
    return decided


@pytest.mark.parametrize("name", DEFINITIONS)
def test_equals_the_plain_reading_of_its_file(name: str, schema: Schema, read: Read, kinds: ModuleType) -> None:
    tried = 0
    for definition, values, rows in kinds.cases(read(name)):
        out = classify(kinds.harmonised(values, rows, definition, schema), definition, schema.grammar)
        ours = [out[column(definition.id, s.decides)].astype(str).tolist() for s in definition.steps]
        steps = [s.decides for s in definition.steps]
        table = [values[n] for n in values]
        read_cells: dict[tuple[int, Any], bool] = {}
        for row, got in zip(rows, zip(*ours, strict=True), strict=True):
            worker = {n: v[i] for n, v, i in zip(values, table, row, strict=True)}
            plain = interpret(definition.spec, definition.options, worker, read_cells)
            assert got == tuple(plain.get(s, NOT_APPLICABLE) for s in steps), worker
        tried += len(rows)
    assert tried >= 6  # the shortest has three answers under two choices
