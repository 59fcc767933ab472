"""Whose job becomes formal when insurance spreads, by the rule of each definition.

The definitions themselves say it: every worker is classified once more as if insured, and those whose job changes from
informal to formal are the ones whom insurance moves. Whoever joins a voluntary scheme stays informal unless the definition
says otherwise; counting such members as formalised is the commonest error in this field. Where a definition makes a unit
formal that employs someone formally (21st ICLS, paragraph 28(a)(v)), owners follow their first insured employee.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.classification.classify import classify, column
from informality.classification.definition import Definition
from informality.coverage.people import People
from informality.foundation.grammar import CellValue

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

JOB = "job"
WAYS: dict[str, tuple[dict[str, CellValue], dict[str, str]]] = {
    "insured_by_employer": ({"status": "employee"}, {"social_security": "yes"}),
    "joins_voluntarily": (
        {"status": ["employer", "own_account", "cooperative", "contributing_family"]},
        {"own_social_security": "yes"},
    ),
    "employs_formally": ({"status": "employer"}, {"has_formal_employee": "yes"}),
}
"""Who it concerns, and the answers that change."""


def moved_by(people: People, definition: Definition, asked: Iterable[str]) -> dict[str, Bools]:
    """(r,) by way of being insured: whose job the definition would call formal then, and calls informal now."""
    frame = people.frame
    plain = frame[[c for c in frame.columns if "." not in c or c.endswith(".missing")]]
    now = classify(plain, definition, asked)[column(definition.id, JOB)]
    out = {}
    for way, (who, answers) in WAYS.items():
        mask = np.zeros(len(frame), dtype=bool)
        if (
            JOB in definition.outcomes
            and set(answers) & set(definition.variables())
            and set(answers) <= set(plain.columns)
        ):
            inside = people.where(who)[: len(frame)]  # the first rows are the persons themselves
            changed = plain.copy()
            for name, value in answers.items():
                codes = changed[name].cat.codes.to_numpy().copy()
                codes[inside] = changed[name].cat.categories.get_loc(value)
                changed[name] = pd.Categorical.from_codes(codes, dtype=changed[name].dtype)
            then = classify(changed, definition, asked)[column(definition.id, JOB)]
            mask = inside & (now == "informal").to_numpy() & (then == "formal").to_numpy()
        out[way] = mask[people.person]
    return out


def owners_following(people: People, newly: npt.ArrayLike, weight: npt.ArrayLike) -> Floats:
    """(r,) the chance that an employer's unit gets its first insured employee.

    A survey does not link owners with their employees. Insuring is the unit's decision, so the chance is that of
    the uninsured employees of units of the same size: newly insured / employees, by size. 0 for all others.
    """
    new, w = np.asarray(newly, dtype=float), np.asarray(weight, dtype=float)
    codes, levels = people.levels("size_group")
    employees, owners = (
        people.where({"status": "employee", "employed": "yes"}),
        people.where({"status": "employer", "employed": "yes"}),
    )
    informal = people.where({JOB: "informal"}) if JOB in people.variables else np.ones(len(new), dtype=bool)
    base = employees & informal
    reached = np.bincount(codes[base], (w * new)[base], minlength=len(levels))
    number = np.bincount(codes[base], w[base], minlength=len(levels))
    chance = np.divide(reached, number, out=np.zeros(len(levels)), where=number > 0)
    return np.where(owners & informal, np.clip(chance[codes], 0, 1), 0.0)
