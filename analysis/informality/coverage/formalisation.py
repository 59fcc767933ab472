"""Whose job becomes formal when insurance spreads, by the rule of each definition.

The definitions themselves say it: every worker is classified once more as if insured, and those whose job changes from
informal to formal are the ones whom insurance moves. Whoever joins a voluntary scheme stays informal unless the definition
says otherwise; counting such members as formalised is the commonest error in this field. Where a definition makes a unit
formal that employs someone formally (21st ICLS, paragraph 28(a)(v)), owners follow their first insured employee.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Informal units by size: (sizes, r) which rows are their ``employees``, and which their ``owners``.

    A survey does not link owners with their employees. Insuring is the unit's decision, so the chance that an owner's unit
    gets its first insured employee is that of the uninsured employees of units of the same size: newly insured / employees.
    """

    employees: Bools
    owners: Bools

    @classmethod
    def of(cls, people: People) -> Units:
        codes, levels = people.levels("size_group")
        inside = people.where({JOB: "informal"}) if JOB in people.variables else np.ones(len(codes), dtype=bool)
        sizes = np.array([codes == k for k in range(len(levels))]) & inside
        employees, owners = (people.where({"status": s, "employed": "yes"}) for s in ("employee", "employer"))
        return cls(sizes & employees, sizes & owners)


def first_insured(reached: npt.ArrayLike, number: npt.ArrayLike) -> Floats:
    """The chance that a unit gets its first insured employee: newly insured of its employees; 0 where there are none."""
    new, all_of_them = np.broadcast_arrays(np.asarray(reached, dtype=float), np.asarray(number, dtype=float))
    share = np.divide(new, all_of_them, out=np.zeros(new.shape), where=all_of_them > 0)
    return np.asarray(np.clip(share, 0.0, 1.0))


def owners_following(people: People, newly: npt.ArrayLike, weight: npt.ArrayLike) -> Floats:
    """(r,) the chance that an employer's unit gets its first insured employee (:class:`Units`). 0 for all others."""
    new, w, units = np.asarray(newly, dtype=float), np.asarray(weight, dtype=float), Units.of(people)
    chance = first_insured(units.employees @ (w * new), units.employees @ w)
    return np.asarray(chance @ units.owners)
