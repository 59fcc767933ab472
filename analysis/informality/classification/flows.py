"""What two definitions, or two settings of one, make of the same workers: classes, the way of rules behind an outcome.

An outcome can rest on earlier steps: the job is informal because the unit is, and the unit because it is not
registered. The *way* of an outcome is its rule and, behind it, the rules of the earlier steps that this rule
looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.classify import NOT_DETERMINABLE, column
from informality.classification.definition import Definition
from informality.foundation.grammar import NO_RULE, NOT_APPLICABLE

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

CLASSES = ("informal", "other", "open", "outside")
"""What an outcome comes to: informal; something else; not determinable; not covered by the definition."""
BEHIND = " ← "


def classes(outcome: pd.Series | pd.Categorical, informal: str) -> Codes:
    """The place in :data:`CLASSES` of each worker's outcome, shape (rows,); ``informal`` is the outcome that counts."""
    values = pd.Categorical(outcome)
    place = {informal: 0, NOT_DETERMINABLE: 2, NOT_APPLICABLE: 3}
    table = np.array([*(place.get(str(c), 1) for c in values.categories), 3], dtype=np.int64)
    return np.asarray(table[values.codes])


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways behind the outcomes of a step: ``names`` of each, ids joined by ``←``, and the ``code`` of every worker.

    ``code`` is -1 where no rule decided.
    """

    names: tuple[str, ...]
    code: Codes


def ways(workers: pd.DataFrame, definition: Definition, decides: str) -> Ways:
    """The way of rules by which a step decided each worker."""
    found: dict[str, Ways] = {}
    for step in definition.steps:
        rule = workers[column(definition.id, step.decides, rule=True)].cat.codes.to_numpy().astype(np.int64)
        looked_at = [[n for n in r.when if n in found] for r in step.rules]
        earlier = list(dict.fromkeys(n for names in looked_at for n in names))
        parts = [rule]
        for name in earlier:
            looks = np.array([name in names for names in looked_at] + [False])
            parts.append(np.where(looks[rule], found[name].code, NO_RULE))
        combinations, code = np.unique(np.stack(parts, axis=1), axis=0, return_inverse=True)
        names = []
        for own, *behind in combinations.tolist():
            if own == NO_RULE:
                names.append("")
                continue
            before = [(n, way) for n, way in zip(earlier, behind, strict=True) if way != NO_RULE]
            ids = [step.rules[own].id, *(i for n, way in before for i in found[n].names[way].split(BEHIND))]
            names.append(BEHIND.join(dict.fromkeys(ids)))
        decided = np.array([n != "" for n in names])
        code = np.where(decided[code.ravel()], (np.cumsum(decided) - 1)[code.ravel()], NO_RULE)
        found[step.decides] = Ways(tuple(filter(None, names)), code)
        if step.decides == decides:
            break
    return found[decides]


def assumed(workers: pd.DataFrame, definition: Definition, decides: str) -> tuple[Bools, Bools]:
    """Whether an assumed rule decided each worker in this step, and whether there is one anywhere on the way; (rows,)."""
    on_the_way: dict[str, Bools] = {}
    for step in definition.steps:
        rule = workers[column(definition.id, step.decides, rule=True)].cat.codes.to_numpy()
        direct: Bools = np.array([r.assumed for r in step.rules] + [False])[rule]
        somewhere = direct.copy()
        for name, earlier in on_the_way.items():
            somewhere |= np.array([name in r.when for r in step.rules] + [False])[rule] & earlier
        on_the_way[step.decides] = somewhere
        if step.decides == decides:
            return direct, somewhere
    raise KeyError(decides)
