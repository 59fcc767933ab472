"""Who gains by household means, and what contributions do to poverty: each with its sampling error and its range.

Means are those of the household per head, so these numbers exist only where the baseline measures them, and they are as
indicative as it is. The poverty line is taken as given: it is not estimated anew when the sample is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from informality.coverage.distribution import fractional_rank, poverty
from informality.coverage.engine import run
from informality.coverage.figure import Figure
from informality.coverage.measures import Key
from informality.coverage.parts import PartYear
from informality.coverage.policy import Parameters
from informality.coverage.sampling import totals_of
from informality.foundation.quantities import Status
from informality.inference.estimates.derived import cells
from informality.inference.sampling.linearise import influence_covariance

if TYPE_CHECKING:
    from informality.coverage.outcome import Outcome

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
RANKED = "means"
"""Not a breakdown: sums over workers of known means, plain and times their rank by means, for concentration indices."""


def measured(outcome: Outcome) -> bool:
    """Whether the baseline has a measure of means."""
    return outcome.scenario.baseline.spec.capacity.welfare is not None


def ranks(outcome: Outcome, year: int) -> tuple[Bools, Floats]:
    """(r,) who works and whose means are known, and their fractional rank by means in a year (0 for all others)."""
    people = outcome.ground.people
    means = people.means[people.person]
    known, rank = people.working & ~np.isnan(means), np.zeros(len(means))
    rank[known] = fractional_rank(means[known], (people.weight * outcome.ground.factor(year))[known])
    return known, rank


def concentration_of(outcome: Outcome, key: Key, year: int) -> Figure | None:
    """Concentration index of an indicator among those who work, by means: below 0 where it goes to the poorer.

    C = 2 sum(w v R) / sum(w v) - 1, R the fractional rank. Ranks come from the sample, too: one more bit of weight on somebody
    lifts the rank of all who are richer. None where nobody has any.
    """
    people, factor = outcome.ground.people, outcome.ground.factor(year)
    known, rank = ranks(outcome, year)
    rows, slopes = outcome.rows(key, year)
    v, w, f, x = rows[known], people.weight[known], factor[known], people.means[people.person][known]
    total, rank = float(w @ v), rank[known]
    if total == 0:
        return None
    ranked = float(w @ (v * rank))
    _, place = np.unique(x, return_inverse=True)
    of_equals = np.bincount(place.ravel(), w * v)
    richer = (of_equals.sum() - np.cumsum(of_equals) + of_equals / 2)[place.ravel()]
    z = np.zeros(len(people.person))
    z[known] = 2 / total * w * (v * rank + f * (richer - ranked) / float(w @ f) - ranked / total * v)
    for name, slope in slopes.items():
        z = z + 2 / total * float((w * (rank - ranked / total)) @ slope[known]) * outcome.influence(name)
    draws = _ranked_draws(outcome, key, year)
    status = outcome.status_of(key)
    return _figure(
        outcome, f"concentration.{key.indicator}", 2 * ranked / total - 1, z, known, draws, status, "coefficient"
    )


def _ranked_draws(outcome: Outcome, key: Key, year: int) -> Floats | None:
    """(draws,) the concentration index under every draw; kept for the detail years."""
    table = outcome.drawn
    if table is None or (RANKED, "sum") not in table.groups.get(year, ()):
        return None
    found = table.of(key, year, RANKED, ("sum", "rank"), outcome.interest)
    if found is None:
        return None
    total, ranked = found
    share: Floats = np.divide(ranked, total, out=np.full(len(total), np.nan), where=total != 0)
    return 2 * share - 1


def poverty_changes(outcome: Outcome, year: int) -> dict[str, Figure]:
    """``headcount`` and ``gap``: after what members pay themselves less before, in the short run, as shares of people; and
    ``people``, the headcount in persons (of known means).

    Membership and paying are expected values, so a household pays the expected amount: for the gap that is near enough, and the
    headcount is a lower bound where few of many join. How the headcount moves with what is
    tied to records is found over one standard error of it to both sides: it has no slope at a point. What imputed earnings
    add to the doubt is not in it. Nothing without means.
    """
    if not measured(outcome):
        return {}
    people, households = outcome.ground.people, Households(outcome, year)
    n, known, weight = len(people.frame), ~np.isnan(people.means), households.weight
    central = outcome.path[year - outcome.scenario.baseline.spec.years.base].parts
    names, errors = _errors(outcome)
    moved: dict[str, Floats] = {}
    if names:
        steps = np.concatenate([np.diag(errors), -np.diag(errors)])
        values = {k: v + steps[:, names.index(k)] if k in names else v for k, v in outcome.theta.values.items()}
        theta = replace(outcome.theta, values=values)
        *_, last = run(outcome.ground, outcome.scenario, theta, Parameters(), last=year, parts=outcome.merged)
        moved = households.changes(last.parts)
    found, whole = {}, float(weight.sum())
    inside = np.concatenate([known, np.zeros(len(people.person) - n, dtype=bool)])
    status = outcome.status_of(Key("contributions"))
    each = {what: y[people.household, 0] for what, y in households.each(central).items()}
    for what, source, unit in (
        ("headcount", "headcount", "points"),
        ("gap", "gap", "points"),
        ("people", "headcount", "persons"),
    ):
        share, y = unit == "points", each[source]
        value, scale = float(weight @ y / whole), 1.0 if share else whole
        z = np.zeros(len(people.person))
        z[:n] = weight * (y - value * share) / whole
        for i, name in enumerate(names):
            up, down = moved[source][i], moved[source][i + len(names)]
            z = z + (up - down) / (2 * errors[i]) * outcome.theta.influence[name]
        drawn = None if outcome.drawn is None else outcome.drawn.values.get(year, {}).get(Key(f"poverty.{source}"))
        drawn = drawn if drawn is None else drawn[0] * scale
        figure = _figure(outcome, f"poverty {what}", value * scale, z * scale, inside, drawn, status, unit)
        found[what] = replace(figure, answers=np.zeros((1, 0)), persons=np.zeros(0, dtype=np.intp))
    return found


def poverty_effect(outcome: Outcome, year: int) -> pd.DataFrame:
    """when, headcount, gap: before and after what members pay themselves (short run); indicative where means are labour income.

    Raises ``ValueError`` where the baseline has no measure of means: then it is not determinable.
    """
    if not measured(outcome):
        raise ValueError("poverty is not determinable: the baseline has no measure of means")
    people, households = outcome.ground.people, Households(outcome, year)
    after = households.after(outcome.path[year - outcome.scenario.baseline.spec.years.base].parts)[people.household, 0]
    before = households.before[people.household]
    rows = [
        (when, *poverty(x, households.whole, households.line)) for when, x in (("before", before), ("after", after))
    ]
    return pd.DataFrame(rows, columns=["when", "headcount", "gap"])


def _errors(outcome: Outcome) -> tuple[list[str], Floats]:
    """Numbers of theta that have a sampling error, and the errors."""
    people, found = outcome.ground.people, {}
    for name, z in outcome.theta.influence.items():
        by_person = np.bincount(people.person, z, minlength=len(people.frame))
        error = float(np.sqrt(influence_covariance(people.design, by_person)[0, 0]))
        if error > 0:
            found[name] = error
    return list(found), np.array(list(found.values()))


class Households:
    """Means of households in a year before and after what their members pay; people of a household have the same.

    ``weight`` (n,) of people of known means, ``whole`` (n,) of all; everything else by household (h,).
    """

    def __init__(self, outcome: Outcome, year: int) -> None:
        people, ground = outcome.ground.people, outcome.ground
        self.people = people
        _, first = np.unique(people.household, return_index=True)
        self.before, self.size = people.means[first] * ground.wages(year), people.size[first]
        self.line = people.line * ground.prices(year)
        self.whole = people.design.weight * ground.factor(year)[: len(people.frame)]
        self.weight = self.whole * ~np.isnan(people.means)
        self.split = 1 / np.bincount(people.who)[people.who]  # a person may be split into several rows

    def after(self, parts: Sequence[PartYear]) -> Floats:
        """(h, columns) means per head after contributions."""
        pay: Floats = np.zeros((len(self.size), 1))
        for made in parts:
            part, people = made.part, self.people
            person = people.person[part.everybody]
            kind = part.into if part.merged is None else part.merged.kind[part.into]
            share = people.share[part.everybody] * self.split[person]
            shape = (len(self.size), len(part.rows))
            held = sparse.csr_array((share, (people.household[person], kind)), shape=shape)
            pay = pay + held @ (made.due * made.paid)
        return np.asarray(self.before[:, None] - pay / self.size[:, None])

    def each(self, parts: Sequence[PartYear]) -> dict[str, Floats]:
        """(h, columns) the change for people of each household; 0 where means are not known."""
        after, before = self.after(parts), self.before[:, None]
        short = [np.nan_to_num(np.maximum(self.line - x, 0.0) / self.line) for x in (before, after)]
        below = np.asarray(after < self.line, dtype=np.float64)
        return {"headcount": below - (before < self.line), "gap": short[1] - short[0]}

    def changes(self, parts: Sequence[PartYear]) -> dict[str, Floats]:
        """(columns,) the changes."""
        weight = np.bincount(self.people.household, self.weight)
        return {k: np.asarray(weight @ v / weight.sum()) for k, v in self.each(parts).items()}


def drawn_poverty(outcome: Outcome, year: int, parts: Sequence[PartYear]) -> dict[Key, Floats]:
    """(1, draws) changes of poverty in a year of a run of draws: kept beside the indicators of the detail years."""
    if not measured(outcome) or year not in outcome.detail_years:
        return {}
    return {Key(f"poverty.{what}"): v[None, :] for what, v in Households(outcome, year).changes(parts).items()}


def _figure(
    outcome: Outcome, name: str, value: float, z: Floats, inside: Bools, draws: Floats | None, status: Status, unit: str
) -> Figure:
    """A number with its influence by row (r,), resting on the people inside."""
    people, one = outcome.ground.people, np.zeros(len(z), dtype=np.intp)
    unit_of, units = people.design.unit[people.person], int(people.design.unit.max()) + 1
    influence = np.bincount(unit_of, z, minlength=units)[:, None].astype(np.float64)
    functional = totals_of(
        people, inside.astype(float), influence, one, 1, name, everywhere=True, known=np.array([value])
    )
    answers = np.bincount(people.answer, z[people.imputed], minlength=len(people.whose))[None, :].astype(np.float64)
    drawn = None if draws is None else draws[None, :]
    return Figure(name, unit, ("all",), cells(functional), drawn, answers, people.whose, status, None, functional.se)
