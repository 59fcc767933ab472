"""Indicators under every parameter draw: run in blocks, kept in total and, in some years, by the variables asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from informality.coverage.engine import run
from informality.coverage.formal_jobs import formal_quantities, formal_totals
from informality.coverage.ground import Theta
from informality.coverage.means import RANKED, drawn_poverty, measured, ranks
from informality.coverage.measures import Key, carrier, quantities, recipes, sums_of
from informality.coverage.parts import Part, PartYear
from informality.coverage.pillar import recipients
from informality.coverage.policy import Parameters
from informality.coverage.replication import Levels, summed, weighed

if TYPE_CHECKING:
    from informality.coverage.outcome import Outcome

Floats = npt.NDArray[np.float64]
Groups = tuple[tuple[str | None, str], ...]
"""Breakdown and level of each group, the total (None, "all") first."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawTable:
    """``values``: by year and key, (groups, draws); ``groups``: by year, the breakdown and level of each row, the total first."""

    size: int
    first: int
    values: Mapping[int, Mapping[Key, Floats]]
    groups: Mapping[int, Groups]

    def of(
        self, key: Key, year: int, by: str | None, names: Sequence[str], interest: Callable[[float, int, int], float]
    ) -> Floats | None:
        if key.indicator.startswith("liability."):
            rate = key.indicator.removeprefix("liability.")
            parts = [
                self.of(Key(f"accrual.{rate}", key.scheme), t, by, names, interest) for t in range(self.first, year + 1)
            ]
            if any(p is None for p in parts):
                return None
            return np.asarray(
                sum(p * interest(float(rate), self.first + i, year) for i, p in enumerate(parts) if p is not None)
            )
        if year not in self.values:
            return None
        if key not in self.values[year]:
            return np.zeros((max(len(names), 1), self.size))
        table = self.values[year][key]
        if by is None:
            return table[:1]
        place = {g: i for i, g in enumerate(self.groups[year])}
        if any((by, n) not in place for n in names):
            return None
        return table[[place[by, n] for n in names]]


def draw_table(outcome: Outcome, block: int = 125, threads: int = 2) -> DrawTable:
    """Run the parameter draws, a block at a time: memory does not grow with their number, time grows in proportion.

    Blocks are independent and are put together in order, so ``threads`` changes nothing but the time.
    """
    assert outcome.draws_theta is not None
    size = outcome.parameters.size
    starts = range(0, size, block)
    parts = outcome.merged  # found once, before there are threads, as are the weights of later years
    # The threads are ours: the linear algebra library would start as many again inside each, and they would wait.
    with threadpool_limits(limits=1), ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(lambda start: _draw_block(outcome, parts, start, min(start + block, size)), starts))
    sizes = [min(start + block, size) - start for start in starts]
    values = {
        year: {key: _joined([b[0][year][key] for b in blocks], sizes) for key in blocks[0][0][year]}
        for year in blocks[0][0]
    }
    return DrawTable(size, outcome.scenario.baseline.spec.years.first, values, blocks[0][1])


def replicate_table(outcome: Outcome, by: str | None, years: Sequence[int]) -> DrawTable:
    """Indicators of some years with each set of replicate weights, in total or by a variable."""
    people, theta = outcome.ground.people, outcome.replicates_theta
    assert theta is not None
    assert people.design.replicates is not None
    codes, levels = (np.zeros(len(people.person), dtype=np.intp), ["all"]) if by is None else people.levels(by)
    groups = Levels(outcome.ground, codes, len(levels), whole=by is not None)
    parts = weighed(outcome.ground, outcome.merged)
    inside = [groups.of(part) for part in parts]
    made = indicators(
        outcome, theta, Parameters(), parts,
        lambda number, made: summed(all_quantities(outcome, made), inside[number], made),
        lambda year, values: groups.everyone(values),
    )  # fmt: skip
    kept = {year: found for year, found in made if year in years}
    named: Groups = ((None, "all"), *((by, level) for level in levels)) if by is not None else ((None, "all"),)
    return DrawTable(
        len(people.design.replicates), outcome.scenario.baseline.spec.years.first, kept, dict.fromkeys(kept, named)
    )


def _joined(parts: Sequence[Floats], sizes: Sequence[int]) -> Floats:
    """Columns of blocks side by side; what is the same in all draws has one column."""
    return np.concatenate([np.broadcast_to(p, (len(p), n)) for p, n in zip(parts, sizes, strict=True)], axis=1)


def _draw_block(
    outcome: Outcome, parts: Sequence[Part], start: int, stop: int
) -> tuple[dict[int, dict[Key, Floats]], dict[int, Groups]]:
    """Indicators by year under some of the draws, and the groups they are by."""
    weight = outcome.ground.people.weight
    assert outcome.draws_theta is not None
    parameters, theta = outcome.parameters.block(start, stop), outcome.draws_theta.block(start, stop)
    cells_of: dict[tuple[int, int], Floats] = {}

    def sums(number: int, made: PartYear) -> dict[str, Floats]:
        year = made.rules.year
        detail = year if year in outcome.detail_years else 0
        if (number, detail) not in cells_of:
            cells_of[number, detail] = _membership(outcome, made, weight, detail)
        return _summed(all_quantities(outcome, made), cells_of[number, detail], made, stop - start)

    def everyone(year: int, values: Floats) -> Floats:
        return _people_by_group(outcome, weight * values, year)[:, None]

    years = indicators(outcome, theta, parameters, parts, sums, everyone, drawn_poverty)
    kept = dict(years)
    return kept, {year: _groups(outcome, year) for year in kept}


def indicators(
    outcome: Outcome,
    theta: Theta,
    parameters: Parameters,
    parts: Sequence[Part],
    sums: Callable[[int, PartYear], Mapping[str, Floats]],
    everyone: Callable[[int, Floats], Floats],
    beside: Callable[[Outcome, int, Sequence[PartYear]], Mapping[Key, Floats]] = lambda outcome, year, parts: {},
) -> Iterator[tuple[int, dict[Key, Floats]]]:
    """Every indicator of each year that is shown, (groups, columns), from a run of many columns.

    ``sums``: quantities of a part, by its number, in a year (groups, columns); ``everyone``: sums in a year of values (r,) of
    everybody; ``beside``: what else is found of a year.
    """
    ground = outcome.ground
    for year in run(ground, outcome.scenario, theta, parameters, parts=parts):
        if year.year < outcome.scenario.baseline.spec.years.first:
            continue
        found: dict[Key, Floats] = {}
        nothing = 0.0 * everyone(year.year, np.zeros(len(ground.people.person)))
        formal: dict[str, Floats] = {}
        for number, made in enumerate(year.parts):
            known = sums(number, made)
            for name in formal_quantities(outcome, made):
                formal[name] = formal.get(name, nothing) + known[name]
            for key, recipe in recipes(made, outcome.scenario, parameters, ground.prices(year.year)):
                value = sum((known[q] * times for q, times in recipe if q in known), nothing)
                found[key] = found[key] + value if key in found else value
        found = sums_of(found) | formal_totals(outcome, year.year, formal, everyone)
        for entitled, share, cost in recipients(ground, outcome.scenario, year.year, parameters):
            reached = everyone(year.year, ground.factor(year.year) * entitled) * share
            for indicator, each in (("tax_pillar_recipients", 1.0), ("tax_pillar", cost), ("state_cost", cost)):
                found[Key(indicator)] = found.get(Key(indicator), 0.0) + reached * each
        yield year.year, found | dict(beside(outcome, year.year, year.parts))


def all_quantities(outcome: Outcome, made: PartYear) -> dict[str, tuple[str, Floats]]:
    return quantities(made) | formal_quantities(outcome, made)


def _groups(outcome: Outcome, year: int) -> Groups:
    """The total, and in the detail years every level of every breakdown."""
    names: list[tuple[str | None, str]] = [(None, "all")]
    for variable in outcome.breakdowns if year in outcome.detail_years else ():
        names += [(variable, level) for level in outcome.ground.people.levels(variable)[1]]
    if year in outcome.detail_years and measured(outcome):
        names += [(RANKED, "sum"), (RANKED, "rank")]
    return tuple(names)


def _summed(known: Mapping[str, tuple[str, Floats]], g: Floats, made: PartYear, draws: int) -> dict[str, Floats]:
    """Sums of every quantity of a part by group, (groups, draws): one matrix product for each carrier."""
    by_carrier: dict[str, list[tuple[str, Floats]]] = {}
    for name, (carried, factor) in known.items():
        by_carrier.setdefault(carried, []).append((name, factor))
    out, whole = {}, made.part.merged
    for carried, several in by_carrier.items():
        weights = np.concatenate([g * factor for _, factor in several])
        if whole is not None and carried != "rights":
            weights = whole.by_kind(weights)
        sums = weights @ carrier(made, carried)
        for i, (name, _) in enumerate(several):
            out[name] = np.broadcast_to(sums[i * len(g) : (i + 1) * len(g)], (len(g), draws))
    return out


def _membership(outcome: Outcome, made: PartYear, weight: Floats, year: int) -> Floats:
    """Weights by group (groups, g): the total, then in a detail year (else 0) every level of every breakdown."""
    whole, rows = made.part.merged, made.part.everybody
    parts = [weight[rows][None, :]]
    if year:
        parts += [each[rows][None, :] for each in _by_level(outcome, year, weight)]
    weights = np.concatenate(parts)
    return weights if whole is None else whole.by_group(weights)


def _by_level(outcome: Outcome, year: int, weight: Floats) -> Iterator[Floats]:
    """Weights (r,) of the groups of a detail year, the total left out."""
    for variable in outcome.breakdowns:
        codes, levels = outcome.ground.people.levels(variable)
        for i in range(len(levels)):
            yield np.where(codes == i, weight, 0.0)
    if measured(outcome):
        known, rank = ranks(outcome, year)
        yield np.where(known, weight, 0.0)
        yield weight * rank


def _people_by_group(outcome: Outcome, weight: Floats, year: int) -> Floats:
    """Sums of weights of everybody, worker or not, by group."""
    detail = year in outcome.detail_years
    return np.array([weight.sum(), *(w.sum() for w in _by_level(outcome, year, weight))] if detail else [weight.sum()])
