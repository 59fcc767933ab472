"""What a scenario comes to: numbers with their sampling error, and beside it the range of what nobody has measured.

An :class:`Outcome` is asked for a :class:`Figure`: an indicator in a year, whole or by a variable. A figure's ``estimate`` is an
estimate like any other (value, standard error, covariance with others of the same survey), its ``draws`` are the values under the
parameter draws. The two are never merged unless asked (:meth:`Figure.uncertainty`). Figures of two scenarios subtract: the
sample and the draws are the same in both, so what they share cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from informality.coverage.engine import PartYear, Year, run
from informality.coverage.ground import Ground, Theta
from informality.coverage.measures import ALL, Key, Recipe, carrier, carrier_slope, quantities, recipes, sums_of
from informality.coverage.pillar import recipients
from informality.coverage.policy import Parameters
from informality.coverage.scenario import Scenario
from informality.coverage.uncertainty import Uncertainty, imputation_variance
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.quantities import Status
from informality.inference.estimates.derived import Derived, cells
from informality.inference.estimates.functional import Functional
from informality.inference.sampling.moments import add_up
from informality.inference.sampling.variance import PsuTotals, variances

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

MONEY = ("tax_pillar", "payroll", "contributions", "state_support", "state_as_employer", "state_cost", "tax", "administration", "benefits", "benefit.", "accrual.", "liability.")
_STEP = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """k numbers: ``levels`` name them, ``estimate`` has their values and sampling errors, ``draws`` (k, draws) or None.

    ``imputation`` (k,): variance because some earnings are imputed. ``status``: the weakest of what they rest on.
    """

    name: str
    unit: str
    levels: tuple[str, ...]
    estimate: Derived
    draws: Floats | None
    imputation: Floats
    status: Status
    _by: Callable[[str], Figure] | None = None

    @property
    def value(self) -> Floats:
        return self.estimate.value

    @property
    def se(self) -> Floats:
        """Sampling error; what is tied to a record has none."""
        return self.estimate.se

    def range(self, share: float = 0.8) -> tuple[Floats, Floats]:
        """The middle ``share`` of the parameter draws, (k,) and (k,); NaN without draws."""
        if self.draws is None:
            return np.full(len(self.value), np.nan), np.full(len(self.value), np.nan)
        low, high = np.quantile(self.draws, [(1 - share) / 2, (1 + share) / 2], axis=1)
        return low, high

    @property
    def median(self) -> Floats:
        return np.full(len(self.value), np.nan) if self.draws is None else np.median(self.draws, axis=1)

    def uncertainty(self, which: int = 0) -> Uncertainty:
        """The variance by source of one of the numbers."""
        spread = 0.0 if self.draws is None else float(self.draws[which].var(ddof=1))
        return Uncertainty(float(np.nan_to_num(self.se[which])) ** 2, spread, float(self.imputation[which]))

    def by(self, variable: str) -> Figure:
        """The same by a category variable of the workers (``province`` is the schema's ``region``)."""
        if self._by is None:
            raise ValueError("a combined figure cannot be broken down: break down its parts")
        return self._by(variable)

    def __getitem__(self, level: str) -> Figure:
        if level not in self.levels:
            raise InformalityError(
                Problem(self.name, f"`{level}` is not one of its groups", fix=did_you_mean(level, self.levels)), ExitCode.SPEC
            )
        i = self.levels.index(level)
        draws = None if self.draws is None else self.draws[i : i + 1]
        return replace(self, levels=(level,), estimate=self.estimate[i], draws=draws, imputation=self.imputation[i : i + 1], _by=None)

    def __sub__(self, other: Figure) -> Figure:
        return self._with(other, self.estimate - other.estimate, lambda a, b: a - b, f"{self.name} less {other.name}", self.unit)

    def __truediv__(self, other: Figure) -> Figure:
        return self._with(other, self.estimate / other.estimate, _ratio, f"{self.name} per {other.name}", "share")

    def _with(self, other: Figure, estimate: Derived, function: Callable[[Floats, Floats], Floats], name: str, unit: str) -> Figure:
        from informality.foundation.quantities import weakest

        if len(other.levels) not in (1, len(self.levels)) or (len(other.levels) > 1 and other.levels != self.levels):
            raise ValueError(f"{self.name} and {other.name} are not of the same groups")
        draws = None
        if self.draws is not None and other.draws is not None:
            draws = function(self.draws, other.draws)
        same = np.array_equal(self.value, other.value) and unit == self.unit
        imputation = np.zeros(len(self.value)) if same else self.imputation + 0 * other.imputation
        return Figure(name, unit, self.levels, estimate, draws, imputation, weakest(self.status, other.status))


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.divide(a, b, out=np.full(np.broadcast(a, b).shape, np.nan), where=b != 0)


@dataclass(eq=False)
class Outcome:
    """A scenario run over the people of a survey. Years are run when they are first asked for, and kept."""

    ground: Ground
    scenario: Scenario
    theta: Theta
    parameters: Parameters
    draws_theta: Theta | None
    breakdowns: tuple[str, ...] = ()
    detail_years: tuple[int, ...] = ()
    status_of: Callable[[Key], Status] = field(default=lambda key: "assumption")
    movable: Mapping[str, Mapping[str, npt.NDArray[np.bool_]]] = field(default_factory=dict)
    seed: int | None = None
    _kept: dict[int, Any] = field(default_factory=dict)

    def members(self, year: int, scheme: str = ALL) -> Figure:
        return self.figure("members", year, scheme=scheme)

    def contributions(self, year: int, scheme: str = ALL, branch: str = ALL, payer: str = ALL) -> Figure:
        return self.figure("contributions", year, scheme=scheme, branch=branch, payer=payer)

    def coverage(self, year: int, scheme: str = ALL) -> Figure:
        """Members as a share of the employed."""
        return self.figure("members", year, scheme=scheme) / self.figure("employed", year)

    @property
    def years(self) -> range:
        years = self.scenario.baseline.spec.years
        return range(years.first, years.last + 1)

    @cached_property
    def path(self) -> list[Year]:
        """The central path, from the base year on."""
        return list(run(self.ground, self.scenario, self.theta, Parameters()))

    @cached_property
    def slopes(self) -> dict[str, list[list[tuple[Floats, Floats, Floats]]]]:
        """How membership, paying and what is newly insured of each row move with each number of theta, by year and part."""
        out = {}
        for name in self.theta.influence:
            up = run(self.ground, self.scenario, self.theta.moved(name, _STEP), Parameters())
            down = run(self.ground, self.scenario, self.theta.moved(name, -_STEP), Parameters())
            out[name] = [
                [
                    (
                        (a.members - b.members) / (2 * _STEP),
                        (a.paid - b.paid) / (2 * _STEP),
                        (a.members - a.before - b.members + b.before) / (2 * _STEP),
                    )
                    for a, b in zip(high.parts, low.parts, strict=True)
                ]
                for high, low in zip(up, down, strict=True)
            ]
        return out

    def known(self) -> list[Key]:
        """Every indicator of the last year, with its sums."""
        year = self.path[-1]
        found = {k: np.zeros(1) for made in year.parts for k, _ in self._recipes(made, year.year)}
        return sorted(sums_of(found))

    def figure(self, indicator: str, year: int, *, scheme: str = ALL, branch: str = ALL, payer: str = ALL, by: str | None = None) -> Figure:
        """An indicator in a year: persons, or units of currency a year. ``by``: a category variable, as ``region``.

        Raises :class:`InformalityError` (SPEC) for a year that is not run and an indicator that is not known.
        """
        key = Key(indicator, scheme, branch, payer)
        base = self.scenario.baseline.spec.years.base
        if not base <= year <= self.years[-1]:
            raise InformalityError(Problem(indicator, f"the year {year} is not run", f"{base} to {self.years[-1]}", "lengthen `years` of the baseline"), ExitCode.SPEC)
        by = "region" if by == "province" else by
        values, slopes = self.rows(key, year)
        codes, levels = (np.zeros(len(values), dtype=np.intp), ["all"]) if by is None else self.ground.people.levels(by)
        occurs = np.bincount(codes[self.ground.people.working], minlength=len(levels)) > 0 if by else np.ones(1, dtype=bool)
        place = np.cumsum(occurs) - 1
        codes = np.where((codes >= 0) & occurs[codes], place[codes], -1)
        names = tuple(name for name, here in zip(levels, occurs, strict=True) if here)
        estimate = cells(self._estimate(values, slopes, codes, len(names), indicator))
        draws = self._drawn(key, year, by, names)
        spread = self._imputation(values, slopes, codes, len(names))
        money = indicator.startswith(MONEY) and indicator not in ("tax_pillar_recipients",)
        unit = self.ground.baseline.country.spec.currency if money else "persons"
        return Figure(
            indicator, unit, names, estimate, draws, spread, self.status_of(key),
            lambda variable: self.figure(indicator, year, scheme=scheme, branch=branch, payer=payer, by=variable),
        )  # fmt: skip

    def rows(self, key: Key, year: int) -> tuple[Floats, dict[str, Floats]]:
        """(r,) what each row adds to an indicator for each bit of its weight, and how that moves with theta."""
        if key.indicator.startswith("liability."):
            return self._liability(key, year)
        people = self.ground.people
        values, slopes = np.zeros(len(people.person)), {n: np.zeros(len(people.person)) for n in self.theta.influence}
        if (mask := self._counted(key.indicator)) is not None:
            return mask * self.ground.factor(year), {}
        if key.indicator.startswith("newly_formal."):
            return self._newly_formal(key, year)
        index, found = year - self.scenario.baseline.spec.years.base, key.indicator in _PILLAR
        for entitled, share, cost in recipients(self.ground, self.scenario, year, Parameters()) if key.scheme == ALL else ():
            each = {"tax_pillar_recipients": 1.0, "tax_pillar": cost[0], "state_cost": cost[0]}.get(key.indicator, 0.0)
            values += entitled * share[0] * each * self.ground.factor(year)
        for number, (made, known, makes) in enumerate(self._prepared(index)):
            for name, recipe in makes:
                if not _within(name, key):
                    continue
                found = True
                for quantity, times in recipe:
                    if quantity not in known:
                        continue  # nobody has any of it
                    name_of, factor = known[quantity]
                    weight = factor * np.ravel(times)[0]
                    values[made.part.rows] += weight * carrier(made, name_of)[:, 0]
                    for n in slopes:
                        slope = carrier_slope(made, name_of, *self.slopes[n][index][number])
                        if slope is not None:
                            slopes[n][made.part.rows] += weight * slope[:, 0]
        if not found and key.indicator not in {k.indicator for k in self.known()}:
            raise InformalityError(
                Problem("coverage", f"`{key.indicator}` is not an indicator", fix=did_you_mean(key.indicator, {k.indicator for k in self.known()} | set(_COUNTS))), ExitCode.SPEC
            )
        return values, slopes

    def _prepared(self, index: int) -> list[tuple[PartYear, dict[str, tuple[str, Floats]], list[tuple[Key, Recipe]]]]:
        """The parts of a year with their quantities and recipes, found once."""
        if index not in self._kept:
            year = self.path[index]
            self._kept[index] = [(made, quantities(made), self._recipes(made, year.year)) for made in year.parts]
        return self._kept[index]

    def _recipes(self, made: PartYear, year: int) -> list[tuple[Key, Recipe]]:
        return list(recipes(made, self.scenario, Parameters(), self.ground.prices(year)))

    def _counted(self, indicator: str) -> Floats | None:
        """(r,) 1 for the people of a plain count, None for an indicator of the schemes."""
        if indicator not in _COUNTS:
            return None
        condition = _COUNTS[indicator]
        missing = [n for n in condition if n not in self.ground.people.variables]
        if missing:
            raise InformalityError(
                Problem("coverage", f"`{indicator}` needs `{missing[0]}`, which no definition has decided", fix="run with a definition that decides it"), ExitCode.SPEC
            )
        return self.ground.people.where(condition).astype(float)

    def _liability(self, key: Key, year: int) -> tuple[Floats, dict[str, Floats]]:
        """Rights accrued since the first year, with interest, in money of the year."""
        rate = key.indicator.removeprefix("liability.")
        first = self.scenario.baseline.spec.years.first
        total, slopes = np.zeros(len(self.ground.people.person)), {n: np.zeros(len(self.ground.people.person)) for n in self.theta.influence}
        for then in range(first, year + 1):
            values, moved = self.rows(Key(f"accrual.{rate}", key.scheme), then)
            growth = self._interest(float(rate), then, year)
            total += values * growth
            for n, slope in moved.items():
                slopes[n] += slope * growth
        return total, slopes

    def _interest(self, rate: float, start: int, end: int) -> float:
        return (1 + rate) ** (end - start) * self.ground.prices(end) / self.ground.prices(start)

    def _newly_formal(self, key: Key, year: int) -> tuple[Floats, dict[str, Floats]]:
        """Jobs that became formal, by the rule of one definition: those newly insured by their employer, and owners of such units."""
        from informality.coverage.formalisation import owners_following

        definition = key.indicator.removeprefix("newly_formal.")
        moves = self.movable[definition]
        values, slopes = self.rows(Key("newly_insured", key.scheme), year)
        index = year - self.scenario.baseline.spec.years.base
        joined = np.zeros(len(values))
        for made in self.path[index].parts:
            if made.part.kind == "voluntary":
                joined[made.part.rows] += ((made.members - made.before) * made.factor)[:, 0]
        people = self.ground.people
        follows = owners_following(people, values, people.weight * self.ground.factor(year))
        out = values * moves["insured_by_employer"] + joined * moves["joins_voluntarily"]
        out = out + follows * self.ground.factor(year) * moves["employs_formally"]
        return out, {n: s * moves["insured_by_employer"] for n, s in slopes.items()}

    def _estimate(self, values: Floats, slopes: Mapping[str, Floats], codes: Ints, size: int, name: str) -> Functional:
        """Totals by group with the influence of every row, that of what was tied to records included."""
        people, design = self.ground.people, self.ground.people.design
        weight, inside = people.weight, codes >= 0
        weighted = weight * values
        value = np.bincount(codes[inside], weighted[inside], minlength=size)
        unit = design.unit[people.person]
        units = int(design.unit.max()) + 1
        direct = np.stack([np.bincount(unit[codes == g], weighted[codes == g], minlength=units) for g in range(size)], axis=1)
        moved = self._moved(slopes, codes, size)
        for n, answer in moved.items():
            direct += np.bincount(unit, self.theta.influence[n], minlength=units)[:, None] * answer
        # What a record fixes has no error: what is left of the difference is its rounding.
        direct[np.abs(direct) < 1e-12 * np.abs(value).max(initial=0.0)] = 0.0
        occurs = np.zeros((units, size), dtype=bool)
        if moved:
            occurs[np.unique(design.unit)] = True
        else:
            occurs[unit[inside], codes[inside]] = True
        at, group = np.nonzero(occurs)
        totals = PsuTotals(at, group, direct[at, group][:, None], size)
        if design.replicates is not None:
            sums = design.replicates.totals(at, group, size, direct[at, group][:, None])[..., 0]
            deviations = design.replicates.deviations(sums.reshape(len(design.replicates), -1), direct.sum(axis=0))
            number = len(design.replicates)
            totals = PsuTotals(np.repeat(np.arange(number), size), np.tile(np.arange(size), number), deviations.reshape(number * size, 1), size)
        cases = [np.unique(people.person[(codes == g) & (values != 0)]) for g in range(size)]
        psus = [np.unique(design.psu[c]) for c in cases]
        df = [float(len(p) - len(np.unique(design.units.stratum[p]))) if len(p) else np.nan for p in psus]
        spread = variances(design.basis, totals)[:, 0]
        return Functional(
            statistic=name,
            value=value,
            se=np.sqrt(np.maximum(spread, 0.0)),
            n=np.array([len(c) for c in cases], dtype=np.intp),
            n_weighted=np.array([design.weight[c].sum() for c in cases]),
            df=np.array(df),
            influence=totals,
            units=design.basis,
        )

    def _moved(self, slopes: Mapping[str, Floats], codes: Ints, size: int) -> dict[str, Floats]:
        """How the total of each group moves with each number of theta, for those that move any."""
        weight, inside = self.ground.people.weight, codes >= 0
        return {
            n: np.bincount(codes[inside], (weight * slope)[inside], minlength=size)
            for n, slope in slopes.items()
            if slope.any()
        }

    def _imputation(self, values: Floats, slopes: Mapping[str, Floats], codes: Ints, size: int) -> Floats:
        """Variance of each group's total because some earnings are imputed, ties to records counted."""
        people = self.ground.people
        rows = np.flatnonzero(people.imputed)
        out = np.zeros(size)
        if not len(rows):
            return out
        # Split rows of one person and one answer are one answer.
        pairs = np.column_stack([people.who[people.person[rows]], people.earnings[rows]])
        distinct, place = np.unique(pairs, axis=0, return_inverse=True)
        _, person = np.unique(distinct[:, 0], return_inverse=True)
        moved = self._moved(slopes, codes, size)
        for g in range(size):
            z = np.where(codes[rows] == g, (people.weight * values)[rows], 0.0)
            for n, answer in moved.items():
                z = z + answer[g] * self.theta.influence[n][rows]
            sums = np.bincount(place.ravel(), z, minlength=len(distinct))
            out[g] = imputation_variance(sums, person.ravel().astype(np.intp))
        return out

    @cached_property
    def drawn(self) -> DrawTable | None:
        """Indicators under every parameter draw, in total and, in some years, by the variables asked for."""
        if self.draws_theta is None:
            return None
        return draw_table(self)

    def _drawn(self, key: Key, year: int, by: str | None, names: Sequence[str]) -> Floats | None:
        table = self.drawn
        if table is None or key.indicator.startswith("newly_formal."):
            return None
        if key.indicator in _COUNTS:
            mask = self._counted(key.indicator)
            assert mask is not None
            codes, _ = (np.zeros(len(mask), dtype=np.intp), ["all"]) if by is None else self.ground.people.levels(by)
            weight = self.ground.people.weight * self.ground.factor(year) * mask
            total = np.bincount(codes[codes >= 0], weight[codes >= 0])
            if by is None:
                return np.repeat(total[:, None], table.size, axis=1)
            levels = self.ground.people.levels(by)[1]
            return np.repeat(total[[levels.index(n) for n in names]][:, None], table.size, axis=1)
        return table.of(key, year, by, names, self._interest)


@dataclass(frozen=True, slots=True, eq=False)
class DrawTable:
    """``values``: by year and key, (groups, draws); ``groups``: by year, the breakdown and level of each row, the total first."""

    size: int
    first: int
    values: Mapping[int, Mapping[Key, Floats]]
    groups: Mapping[int, tuple[tuple[str | None, str], ...]]

    def of(
        self, key: Key, year: int, by: str | None, names: Sequence[str], interest: Callable[[float, int, int], float]
    ) -> Floats | None:
        if key.indicator.startswith("liability."):
            rate = key.indicator.removeprefix("liability.")
            parts = [self.of(Key(f"accrual.{rate}", key.scheme), t, by, names, interest) for t in range(self.first, year + 1)]
            if any(p is None for p in parts):
                return None
            return np.asarray(sum(p * interest(float(rate), self.first + i, year) for i, p in enumerate(parts) if p is not None))
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
    for year in range(outcome.scenario.baseline.spec.years.base, outcome.years[-1] + 1):
        outcome.ground.factor(year)  # kept by the ground: found once, before there are threads
    with ThreadPoolExecutor(threads) as pool:
        blocks = list(pool.map(lambda start: _draw_block(outcome, start, min(start + block, size)), starts))
    values = {
        year: {key: np.concatenate([b[0][year][key] for b in blocks], axis=1) for key in blocks[0][0][year]}
        for year in blocks[0][0]
    }
    return DrawTable(size, outcome.scenario.baseline.spec.years.first, values, blocks[0][1])


def _draw_block(
    outcome: Outcome, start: int, stop: int
) -> tuple[dict[int, dict[Key, Floats]], dict[int, tuple[tuple[str | None, str], ...]]]:
    """Indicators by year under some of the draws, and the groups they are by."""
    ground, weight = outcome.ground, outcome.ground.people.weight
    assert outcome.draws_theta is not None
    parameters, theta = outcome.parameters.block(start, stop), outcome.draws_theta.block(start, stop)
    kept: dict[int, dict[Key, Floats]] = {}
    groups: dict[int, tuple[tuple[str | None, str], ...]] = {}
    cells_of: dict[tuple[int, bool], tuple[Floats, tuple[tuple[str | None, str], ...]]] = {}
    for year in run(ground, outcome.scenario, theta, parameters, lean=True):
        if year.year < outcome.scenario.baseline.spec.years.first:
            continue
        detail = year.year in outcome.detail_years
        found: dict[Key, Floats] = {}
        names: tuple[tuple[str | None, str], ...] = ((None, "all"),)
        for number, made in enumerate(year.parts):
            if (number, detail) not in cells_of:
                cells_of[number, detail] = _membership(outcome, made, weight, detail)
            g, names = cells_of[number, detail]
            known = _summed(g, made, stop - start)
            for key, recipe in recipes(made, outcome.scenario, parameters, ground.prices(year.year)):
                value = sum((known[q] * times for q, times in recipe if q in known), np.zeros((len(names), stop - start)))
                found[key] = found[key] + value if key in found else value
        found = sums_of(found)
        for entitled, share, cost in recipients(ground, outcome.scenario, year.year, parameters):
            reached = _people_by_group(outcome, weight * ground.factor(year.year) * entitled, names)[:, None] * share
            for indicator, each in (("tax_pillar_recipients", 1.0), ("tax_pillar", cost), ("state_cost", cost)):
                found[Key(indicator)] = found.get(Key(indicator), 0.0) + reached * each
        kept[year.year], groups[year.year] = found, names
    return kept, groups


def _summed(g: Floats, made: PartYear, draws: int) -> dict[str, Floats]:
    """Sums of every quantity of a part by group, (groups, draws): one matrix product for each carrier."""
    by_carrier: dict[str, list[tuple[str, Floats]]] = {}
    for name, (carried, factor) in quantities(made).items():
        by_carrier.setdefault(carried, []).append((name, factor))
    out = {}
    for carried, several in by_carrier.items():
        weights = np.concatenate([g * factor for _, factor in several])
        sums = weights @ carrier(made, carried)
        for i, (name, _) in enumerate(several):
            out[name] = np.broadcast_to(sums[i * len(g) : (i + 1) * len(g)], (len(g), draws))
    return out


def _membership(
    outcome: Outcome, made: PartYear, weight: Floats, detail: bool
) -> tuple[Floats, tuple[tuple[str | None, str], ...]]:
    """Weights by group (groups, m): the total, then every level of every breakdown."""
    rows = made.part.rows
    parts = [weight[rows][None, :]]
    names: list[tuple[str | None, str]] = [(None, "all")]
    for variable in outcome.breakdowns if detail else ():
        codes, levels = outcome.ground.people.levels(variable)
        for i, level in enumerate(levels):
            parts.append(np.where(codes[rows] == i, weight[rows], 0.0)[None, :])
            names.append((variable, level))
    return np.concatenate(parts), tuple(names)


def _people_by_group(outcome: Outcome, weight: Floats, names: Sequence[tuple[str | None, str]]) -> Floats:
    """Sums of weights of everybody, worker or not, by group."""
    out = []
    for variable, level in names:
        if variable is None:
            out.append(weight.sum())
            continue
        codes, levels = outcome.ground.people.levels(variable)
        out.append(weight[codes == levels.index(level)].sum())
    return np.array(out)


def _within(key: Key, wide: Key) -> bool:
    return key.indicator == wide.indicator and all(
        w in (ALL, k) for k, w in ((key.scheme, wide.scheme), (key.branch, wide.branch), (key.payer, wide.payer))
    )


_PILLAR = ("tax_pillar", "tax_pillar_recipients")
_COUNTS: dict[str, dict[str, str | int | float | list[str | int | float]]] = {
    "population": {},
    "employed": {"employed": "yes"},
    "labour_force": {"labour_force": ["employed", "unemployed"]},
    "unemployed": {"labour_force": "unemployed"},
    "formal_jobs": {"employed": "yes", "job": "formal"},
    "informal_jobs": {"employed": "yes", "job": "informal"},
}
