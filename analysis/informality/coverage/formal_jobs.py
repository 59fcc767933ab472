"""Jobs that become formal by a definition, with the sampling error of all they rest on.

Three ways lead there (:mod:`formalisation`): employees newly insured by their employer, people who join by themselves where the
definition counts that, and owners whose unit gets its first insured employee. The chance of the last is a ratio of two totals
of the sample, by size of unit, so it has an influence of its own and moves with what is tied to records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from informality.coverage.formalisation import first_insured
from informality.coverage.measures import Key
from informality.coverage.parts import PartYear

if TYPE_CHECKING:
    from informality.coverage.outcome import Outcome

Floats = npt.NDArray[np.float64]
NAME = "newly_formal."


def formal_rows(outcome: Outcome, key: Key, year: int, errors: bool) -> tuple[Floats, dict[str, Floats]]:
    """As :meth:`Outcome.rows`. The chance of each size of unit is one more number that the total moves with; its influence is
    left with the outcome.
    """
    moves, people = outcome.movable[key.indicator.removeprefix(NAME)], outcome.ground.people
    factor = outcome.ground.factor(year)
    newly, slopes = outcome.rows(Key("newly_insured", key.scheme), year, errors=errors)
    values, moved = (
        newly * moves["insured_by_employer"],
        {n: s * moves["insured_by_employer"] for n, s in slopes.items()},
    )
    index = year - outcome.scenario.baseline.spec.years.base
    for number, made in enumerate(outcome.path[index].parts):
        rows = made.part.rows
        if made.part.kind == "voluntary" and key.scheme in ("all", made.part.scheme):
            mine = (factor * moves["joins_voluntarily"])[rows]
            values[rows] += mine * (made.members - made.before)[:, 0]
            for n in moved:
                moved[n][rows] += mine * outcome.slopes[n][index][number][2][:, 0]
    if moves["employs_formally"].any():
        units, weight = outcome.units, people.weight
        number_of = units.employees @ (weight * factor)
        chance = first_insured(units.employees @ (weight * newly), number_of)
        following = units.owners * moves["employs_formally"] * factor
        values += chance @ following
        for k in np.flatnonzero((number_of > 0) & following.any(axis=1) & (chance < 1) & errors):
            z = weight * units.employees[k] * (newly - chance[k] * factor) / number_of[k]
            for n, s in slopes.items():
                z = z + float((weight * units.employees[k]) @ s) / number_of[k] * outcome.theta.influence[n]
            name = f"first insured:{key.scheme}:{year}:{k}"
            outcome.others[name], moved[name] = z, following[k]
    return values, moved


def formal_quantities(outcome: Outcome, made: PartYear) -> dict[str, tuple[str, Floats]]:
    """What a part adds to jobs that become formal, and how many employees of each size of unit are newly insured."""
    part, f, out = made.part, made.factor[:, 0], {}
    rows = part.aged_rows
    way = "joins_voluntarily" if part.kind == "voluntary" else "insured_by_employer"
    who = f if part.kind == "voluntary" else f * part.aged_employee
    for name, moves in outcome.movable.items():
        if (mine := who * moves[way][rows]).any():
            out[NAME + name] = ("joined", mine)
    if part.kind != "voluntary" and any(m["employs_formally"].any() for m in outcome.movable.values()):
        for k, inside in enumerate(outcome.units.employees):
            out[f"reached.{k}"] = ("joined", who * inside[rows])
    return out


def formal_totals(
    outcome: Outcome, year: int, sums: Mapping[str, Floats], everyone: Callable[[int, Floats], Floats]
) -> dict[Key, Floats]:
    """Jobs that become formal by each definition (groups, columns), the total in the first group; ``sums`` of the quantities."""
    factor, out = outcome.ground.factor(year), {}
    nothing = 0.0 * everyone(year, np.zeros(len(factor)))
    for name, moves in outcome.movable.items():
        total = sums.get(NAME + name, nothing)
        for k in range(len(outcome.units.owners)) if moves["employs_formally"].any() else ():
            number = everyone(year, factor * outcome.units.employees[k])[0]
            chance = first_insured(sums.get(f"reached.{k}", nothing)[0], number)
            total = total + chance * everyone(year, factor * outcome.units.owners[k] * moves["employs_formally"])
        out[Key(NAME + name)] = total
    return out


def tells_apart(outcome: Outcome) -> list[npt.NDArray[np.bool_]]:
    """(r,) masks that must be the same for all of a group."""
    masks = [mask for moves in outcome.movable.values() for mask in moves.values()]
    return [*masks, *outcome.units.employees] if outcome.movable else masks
