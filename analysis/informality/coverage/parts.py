"""A part of the workers in a year: one scheme, one behaviour; and what they contribute on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from informality.coverage.contributions import bracket_match, floor_in_proportion, insurable_earnings
from informality.coverage.ground import Ground
from informality.coverage.policy import Rules
from informality.coverage.scenario import Placed

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """Workers of a part who are run as one (:mod:`alike`): ``everybody`` (n,) rows of the people, and ``into`` which of g groups
    of the same kind, age and sex each goes. ``rows`` (g,): one row of each group; ``employee`` (g,); ``kind`` (g,): which row
    of the part stands for it.
    """

    everybody: Ints
    into: Ints
    rows: Ints
    employee: Bools
    kind: Ints

    def by_group(self, values: Floats) -> Floats:
        """Sums (k, g) of values (k, n) of everybody."""
        return np.array([np.bincount(self.into, v, minlength=len(self.rows)) for v in values])

    def by_kind(self, values: Floats) -> Floats:
        """Sums (k, kinds) of values (k, g) of groups; those of a kind stand together."""
        return np.asarray(np.add.reduceat(values, np.flatnonzero(np.diff(self.kind, prepend=-1)), axis=1))


@dataclass(frozen=True, slots=True)
class Part:
    """``rows`` (m,) of the people; ``employee`` (m,): the employer pays, too; ``mandate``: the lever behind it.

    Where workers are ``merged``, each row stands for all of its kind, and what depends on age is known by group.
    """

    scheme: str
    kind: str
    rows: Ints
    employee: Bools
    mandate: Placed | None = None
    merged: Merged | None = None
    replicated: Floats | None = None
    """(g, R) weights of the groups with each set of replicate weights, where columns of a run are such sets."""

    @property
    def everybody(self) -> Ints:
        """(n,) the rows of all workers of the part."""
        return self.rows if self.merged is None else self.merged.everybody

    @property
    def into(self) -> Ints:
        """(n,) the group of each of them."""
        return np.arange(len(self.rows)) if self.merged is None else self.merged.into

    @property
    def aged_rows(self) -> Ints:
        """(g,) rows that also differ in age and sex: groups where workers are merged, else the rows."""
        return self.rows if self.merged is None else self.merged.rows

    @property
    def aged_employee(self) -> Bools:
        return self.employee if self.merged is None else self.merged.employee

    def aged(self, values: Floats) -> Floats:
        """Values of rows (m, ...) for groups (g, ...)."""
        return values if self.merged is None else np.asarray(values[self.merged.kind])

    def weight(self, ground: Ground, year: int) -> Floats:
        """(m,) weights in a year, of all whom a row stands for; (m, R) with replicate weights."""
        factor = ground.factor(year)
        if self.replicated is None:
            weight: Floats = (ground.people.weight * factor)[self.everybody]
            return weight if self.merged is None else self.merged.by_kind(self.merged.by_group(weight[None, :])).ravel()
        replicated = self.replicated * factor[self.aged_rows][:, None]
        return replicated if self.merged is None else self.merged.by_kind(replicated.T).T

    def total(self, weight: Floats, values: Floats) -> Floats:
        """(columns,) weighted sums of values (m, columns)."""
        return np.asarray(weight @ values if weight.ndim == 1 else (weight * values).sum(axis=0))


@dataclass(slots=True)
class PartYear:
    """One part in one year, arrays (m, draws) or (m, 1): chance of membership, of paying in a month, and monthly money.

    ``base``: insurable earnings; ``subsidy``: what the State pays of the contribution, ``match``: adds to it; ``tax``: paid with
    it; ``due``: what is left for members. ``able``: by test, the central path only. What depends on age is by group (g, ...),
    which are the rows unless workers are merged: ``factor`` (g, 1) ages the weights; ``rights``, ``right_value``, ``cases``.
    """

    part: Part
    rules: Rules
    factor: Floats
    members: Floats
    paid: Floats
    base: Floats
    subsidy: Floats
    match: Floats
    due: Floats
    before: Floats
    """Chance of membership in the base year (m, draws): what formalisation is counted against."""
    new: Floats
    """Members that joined and (second) left since the year before, in persons (2, draws)."""
    per_member_extra: Floats
    able: Mapping[str, Bools] = field(default_factory=dict)
    rights: Floats | None = None
    """Yearly pension earned in a year, for those whose years end in a pension, on the wages of pension age (g, draws)."""
    right_value: Mapping[float, Floats] = field(default_factory=dict)
    """Value today of a right of 1 from the pension age on, by discount rate (g,)."""
    cases: Mapping[str, tuple[Bools, Floats, Floats]] = field(default_factory=dict)
    """Short-term benefits: whom they concern (g,), cases a year and their cost on a monthly base of 1 (draws,)."""


def money(
    ground: Ground, part: Part, rules: Rules, year: int, *, proportional: float | None = None
) -> tuple[Floats, Floats]:
    """Earnings and insurable earnings of a part in a year, (m, 1) or (m, draws)."""
    people = ground.people
    earnings = people.earnings[part.rows][:, None] * ground.wages(year)
    floor: npt.ArrayLike = rules.floor
    full = proportional or rules.full_time
    if full is not None and rules.floor > 0:
        floor = floor_in_proportion(rules.floor, people.hours[part.rows], full)[:, None]
    top = min(rules.ceiling, rules.entry_cap) if part.kind == "voluntary" else rules.ceiling
    declared = rules.declared if not part.employee.all() else np.ones(1)
    base = insurable_earnings(np.nan_to_num(earnings), floor, top, declared=declared, on_floor=rules.on_floor)  # type: ignore[arg-type]
    return earnings, np.where(np.isnan(earnings) & ~np.bool_(rules.on_floor), 0.0, base)


def matched(part: Part, rules: Rules, earnings: Floats, due: Floats) -> Floats:
    match = rules.match
    if match is None:
        return np.zeros((len(part.rows), 1))
    if match.brackets:
        return bracket_match(np.nan_to_num(earnings) * 12, match.brackets, match.mode) / 12  # type: ignore[arg-type]
    return np.minimum(match.rate * due, match.cap) * match.vesting
