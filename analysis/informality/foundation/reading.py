"""How a decision table is read by people: printed, traced for one worker, counted rule by rule."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from informality.foundation.grammar import MISSING, Comparison, Condition, Variable, Word
from informality.foundation.language import say
from informality.foundation.rules import Step

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule held against one worker: the conditions that were not met (empty when it fits)."""

    rule: str
    then: str
    why: str
    cite: str
    assumed: bool
    unmet: tuple[tuple[str, str, str], ...]
    """For each unmet condition: variable, what the worker has, what the rule asks for."""


def trace(step: Step, worker: Mapping[str, Word]) -> tuple[Tried, ...]:
    """Hold a worker against the rules of a step in order, up to and including the one that fits."""
    tried = []
    for rule in step.rules:
        unmet = tuple(
            (name, str(worker[name]), words(condition))
            for name, condition in rule.when.items()
            if not condition.allows(worker[name])
        )
        tried.append(Tried(rule.id, rule.then, rule.why, rule.cite, rule.assumed, unmet))
        if not unmet:
            break
    return tuple(tried)


def words(condition: Condition, variable: Variable | None = None) -> str:
    """A condition in words: labels joined by "or", "any but …" where shorter, "no answer" for all kinds of missing."""
    parts = [_compared(c) for c in condition.comparisons]
    values = [v if isinstance(v, str) else f"{v:g}" for v in condition.values]
    if variable is None:
        return _either([*parts, *values])
    if variable.kind == "category" and set(values) != set(MISSING):
        others = [c for c in variable.categories if c not in values]
        if 0 < len(others) <= 2 < len(values):
            return say("any but {what}", what=_either([variable.label(c) for c in others]))
    labels = [variable.label(v) for v in values if v not in MISSING or not set(MISSING) <= set(values)]
    return _either([*parts, *labels, *([say("no answer")] if set(MISSING) <= set(values) else [])])


def _compared(comparison: Comparison) -> str:
    number = f"{comparison.threshold:g}"
    if comparison.symbol == ">=":
        return say("at least {number}", number=number)
    if comparison.symbol == "<=":
        return say("at most {number}", number=number)
    return say("more than {number}" if comparison.symbol == ">" else "fewer than {number}", number=number)


def _either(words: Sequence[str]) -> str:
    return reduce(lambda first, second: say("{first} or {second}", first=first, second=second), words) if words else ""


def in_language(step: Step) -> Step:
    """The step with its titles, labels and reasons as they are said in the language being spoken."""
    axes = []
    for axis in step.axes:
        variable = axis.variable
        labels = {value: say(label) for value, label in variable.labels.items()}
        title = say(variable.title) if variable.title else ""
        axes.append(dataclasses.replace(axis, variable=dataclasses.replace(variable, title=title, labels=labels)))
    outcomes = {name: say(label) for name, label in step.outcomes.items()}
    rules = tuple(dataclasses.replace(rule, why=say(rule.why)) for rule in step.rules)
    return dataclasses.replace(step, title=say(step.title), outcomes=outcomes, rules=rules, axes=tuple(axes))


def markdown(step: Step, titles: Mapping[str, str] | None = None) -> str:
    """A step as a Markdown pipe table: one row per rule, one column per variable, in order.

    ``titles`` names the outcome column; cells hold labels, an empty cell means "any".
    """
    head = ["Rule", *(axis.variable.title or axis.variable.name for axis in step.axes), "→ " + step.title, "Why"]
    rows = [head, ["---"] * len(head)]
    for rule in step.rules:
        cells = [
            words(rule.when[a.variable.name], a.variable) if a.variable.name in rule.when else "" for a in step.axes
        ]
        outcome = step.outcomes[rule.then] + (" (assumed)" if rule.assumed else "")
        why = rule.why + (f" [{rule.cite}]" if rule.cite else "")
        why += f" (option {', '.join(name.replace('_', ' ') for name in rule.options)})" if rule.options else ""
        rows.append([rule.id, *cells, outcome, why])
    return "\n".join("| " + " | ".join(_inert(cell) for cell in row) + " |" for row in rows) + "\n"


def _inert(text: str) -> str:
    """Text that Markdown shows as it stands."""
    out = text.replace("\\", "\\\\").replace("\n", " ")
    for mark in "|*_`<>[]$~^":
        out = out.replace(mark, "\\" + mark)
    return out


def tally(step: Step, rule: npt.NDArray[np.int16], weight: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Workers each rule decided: columns step, rule, outcome, why, assumed, n, n_weighted, share.

    ``rule`` is what :meth:`Step.decide` returned for the workers counted, ``weight`` their weights, both
    shape (workers,). Shares are weighted and sum to one over all rules when every worker is decided.
    """
    import pandas as pd

    decided = rule >= 0
    n = np.bincount(rule[decided], minlength=len(step.rules))
    weighted = np.bincount(rule[decided], weights=weight[decided], minlength=len(step.rules))
    total = float(weight.sum())
    return pd.DataFrame(
        {
            "step": step.decides,
            "step_title": step.title,
            "rule": [r.id for r in step.rules],
            "outcome": [step.outcomes[r.then] for r in step.rules],
            "why": [r.why for r in step.rules],
            "assumed": [r.assumed for r in step.rules],
            "n": n,
            "n_weighted": weighted,
            "share": weighted / total if total else np.zeros(len(n)),
        }
    )
