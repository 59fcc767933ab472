"""Why is this worker informal? One person, step by step, in words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition
from informality.foundation.grammar import NOT_APPLICABLE, REASON, Word
from informality.foundation.reading import Tried, trace
from informality.foundation.schema import Schema


@dataclass(frozen=True, slots=True)
class Reason:
    """One step for one worker: what was decided, by which rule, and the rules passed over."""

    step: str
    title: str
    outcome: str
    outcome_label: str
    tried: tuple[Tried, ...]
    facts: tuple[tuple[str, str], ...]
    """The worker's answers that the deciding rule looked at: variable and value."""


def explain(worker: pd.Series, definition: Definition, schema: Schema) -> tuple[Reason, ...]:
    """The reasons behind each step for one row of the classified workers frame.

    Empty when the definition does not apply to this person. The trace reads the rules anew, one by one,
    and must agree with the stored outcome; a disagreement raises ``AssertionError`` since it is our fault.
    """
    known: dict[str, Word] = {name: _value(worker, name) for name in definition.variables()}
    reasons = []
    for step in definition.steps:
        stored = str(worker[column(definition.id, step.decides)])
        if stored == NOT_APPLICABLE:
            return ()
        if stored == NOT_DETERMINABLE and pd.isna(worker[column(definition.id, step.decides, rule=True)]):
            unmet = [need.why for need in definition.needs[step.decides]] or ["an earlier step is not determinable"]
            reasons.append(Reason(step.decides, step.title, stored, "not determinable: " + "; ".join(unmet), (), ()))
            known[step.decides] = stored
            continue
        tried = trace(step, known)
        decided = tried[-1]
        assert decided.then == stored, f"{definition.id}: the trace of {step.decides} does not agree with the data"
        known[step.decides] = decided.then
        rule = next(r for r in step.rules if r.id == decided.rule)
        facts = tuple((name, known_word(name, known[name], schema, definition)) for name in rule.when)
        reasons.append(Reason(step.decides, step.title, stored, step.outcomes[stored], tried, facts))
    return tuple(reasons)


def known_word(name: str, value: Word, schema: Schema, definition: Definition) -> str:
    """A value as its label."""
    variable = {**schema.grammar, **definition.outcomes}.get(name)
    if not isinstance(value, str):
        return "no upper limit" if value == float("inf") else f"{value:g}"
    return variable.label(value) if variable else value


def _value(worker: pd.Series, name: str) -> Word:
    value = worker[name]
    if pd.isna(value):
        return str(worker[name + REASON])
    return value if isinstance(value, str) else float(value)
