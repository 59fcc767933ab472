"""What a scenario comes to: numbers with their sampling error, and beside it the range of what nobody has measured.

An :class:`Outcome` is asked for a :class:`Figure`: an indicator in a year, whole or by a variable. A figure's ``estimate`` is an
estimate like any other (value, standard error, covariance with others of the same survey), its ``draws`` are the values under the
parameter draws. The two are never merged unless asked (:meth:`Figure.uncertainty`). Figures of two scenarios subtract: the
sample and the draws are the same in both, so what they share cancels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from informality.coverage.alike import forgetful, merged
from informality.coverage.drawn import DrawTable, draw_table, replicate_table
from informality.coverage.engine import Year, earning, run
from informality.coverage.figure import Figure
from informality.coverage.formal_jobs import NAME, formal_rows, tells_apart
from informality.coverage.formalisation import Units
from informality.coverage.ground import Ground, Theta
from informality.coverage.measures import (
    ALL,
    COUNTS,
    MONEY,
    Key,
    Recipe,
    carrier,
    carrier_slope,
    quantities,
    recipes,
    sums_of,
)
from informality.coverage.parts import Part, PartYear
from informality.coverage.pillar import recipients
from informality.coverage.policy import Parameters
from informality.coverage.sampling import Slopes, by_unit, slopes_of, totals_of
from informality.coverage.scenario import Scenario
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.quantities import Status
from informality.inference.estimates.derived import cells
from informality.inference.estimates.functional import Functional

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

Prepared = tuple[PartYear, dict[str, tuple[str, Floats]], list[tuple[Key, Recipe]]]
"""A part of a year with its quantities and recipes."""


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
    replicates_theta: Theta | None = None
    """Theta from each set of replicate weights; without it their errors are those of the linearised totals."""
    others: dict[str, Floats] = field(default_factory=dict)
    """Influence (r,) on numbers beside theta that results move with, by name."""
    _by_unit: dict[str, Floats] = field(default_factory=dict)
    _kept: dict[int, list[Prepared]] = field(default_factory=dict)
    _held: dict[tuple[Key, bool], tuple[int, tuple[Floats, dict[str, Floats]]]] = field(default_factory=dict)
    """Liabilities of the last year asked for, by indicator."""
    _tables: dict[tuple[str | None, tuple[int, ...]], DrawTable] = field(default_factory=dict)
    """Indicators with each set of replicate weights, by variable and years."""
    _lately: dict[tuple[Key, int], Figure] = field(default_factory=dict)
    """Figures of the last year asked for."""

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
        return list(run(self._asked, self.scenario, self.theta, Parameters()))

    @cached_property
    def _asked(self) -> Ground:
        """The ground that the central path is run on: afterwards its people remember what they were asked."""
        return forgetful(self.ground)

    @cached_property
    def merged(self) -> list[Part]:
        """The parts with workers merged whom no rule tells apart, for runs of many columns; without those who may join but
        have no earnings to pay from.
        """
        parts = [made.part for made in self.path[0].parts]
        theta = self.theta if self.draws_theta is None else self.draws_theta
        apart = tells_apart(self)
        return merged(self.ground, self._asked, self.scenario, earning(self.ground, self.scenario, parts), theta, apart)

    @cached_property
    def units(self) -> Units:
        """Informal units by size, for owners who follow their first insured employee."""
        return Units.of(self.ground.people)

    @cached_property
    def slopes(self) -> Slopes:
        """How membership, paying and what is newly insured of each row move with each number of theta, by year and part."""
        return slopes_of(self)

    def known(self) -> list[Key]:
        """Every indicator of the last year, with its sums."""
        year = self.path[-1]
        found = {k: np.zeros(1) for made in year.parts for k, _ in self._recipes(made, year.year)}
        return sorted(sums_of(found))

    def figure(
        self,
        indicator: str,
        year: int,
        *,
        scheme: str = ALL,
        branch: str = ALL,
        payer: str = ALL,
        by: str | None = None,
    ) -> Figure:
        """An indicator in a year: persons, or units of currency a year. ``by``: a category variable, as ``region``.

        Raises :class:`InformalityError` (SPEC) for a year that is not run and an indicator that is not known.
        """
        key = Key(indicator, scheme, branch, payer)
        if by is None and (found := self._lately.get((key, year))) is not None:
            return found
        base = self.scenario.baseline.spec.years.base
        if not base <= year <= self.years[-1]:
            raise InformalityError(
                Problem(
                    indicator,
                    f"the year {year} is not run",
                    f"{base} to {self.years[-1]}",
                    "lengthen `years` of the baseline",
                ),
                ExitCode.SPEC,
            )
        by = "region" if by == "province" else by
        values, slopes = self.rows(key, year)
        codes, levels = (np.zeros(len(values), dtype=np.intp), ["all"]) if by is None else self.ground.people.levels(by)
        occurs = (
            np.bincount(codes[self.ground.people.working], minlength=len(levels)) > 0 if by else np.ones(1, dtype=bool)
        )
        place = np.cumsum(occurs) - 1
        codes = np.where((codes >= 0) & occurs[codes], place[codes], -1)
        names = tuple(name for name, here in zip(levels, occurs, strict=True) if here)
        moved = self._moved(slopes, codes, len(names))
        anew = self._replicated(key, year, by, names) if moved and self.replicates_theta is not None else None
        functional = self._estimate(values, moved, codes, len(names), indicator, anew)
        estimate = cells(functional)
        draws = self._drawn(key, year, by, names)
        answers, persons = self._answers(values, moved, codes, len(names))
        money = indicator.startswith(MONEY) and indicator not in ("tax_pillar_recipients",)
        unit = self.ground.baseline.country.spec.currency if money else "persons"
        figure = Figure(
            indicator, unit, names, estimate, draws, answers, persons, self.status_of(key),
            lambda variable: self.figure(indicator, year, scheme=scheme, branch=branch, payer=payer, by=variable),
            functional.se,
        )  # fmt: skip
        if by is None:
            if any(kept != year for _, kept in self._lately):
                self._lately.clear()
            self._lately[key, year] = figure
        return figure

    def figure_of(self, name: str, values: Floats, draws: Floats | None, status: Status) -> Figure:
        """A total of persons from what each row adds for each bit of its weight (r,); ``draws`` (draws,) of it, if any."""
        codes = np.zeros(len(values), dtype=np.intp)
        answers, persons = self._answers(values, {}, codes, 1)
        shown = None if draws is None else draws[None, :]
        estimate = cells(self._estimate(values, {}, codes, 1, name))
        return Figure(name, "persons", ("all",), estimate, shown, answers, persons, status)

    def total(self, key: Key, year: int) -> float:
        """The value alone, without its error: for checks."""
        return float(self.ground.people.weight @ self.rows(key, year, errors=False)[0])

    def rows(self, key: Key, year: int, *, errors: bool = True) -> tuple[Floats, dict[str, Floats]]:
        """(r,) what each row adds to an indicator for each bit of its weight, and how that moves with theta.

        Without ``errors`` the second is left out, and the model need not be run again to find it.
        """
        if key.indicator.startswith("liability."):
            return self._liability(key, year, errors)
        people = self.ground.people
        values, slopes = (
            np.zeros(len(people.person)),
            {n: np.zeros(len(people.person)) for n in self.theta.influence if errors},
        )
        if (mask := self._counted(key.indicator)) is not None:
            return mask * self.ground.factor(year), {}
        if key.indicator.startswith(NAME):
            return formal_rows(self, key, year, errors)
        index, found = year - self.scenario.baseline.spec.years.base, key.indicator in _PILLAR
        for entitled, share, cost in (
            recipients(self.ground, self.scenario, year, Parameters()) if key.scheme == ALL else ()
        ):
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
                Problem(
                    "coverage",
                    f"`{key.indicator}` is not an indicator",
                    fix=did_you_mean(key.indicator, {k.indicator for k in self.known()} | set(COUNTS)),
                ),
                ExitCode.SPEC,
            )
        return values, slopes

    def _prepared(self, index: int) -> list[Prepared]:
        """The parts of a year with their quantities and recipes, found once."""
        if index not in self._kept:
            year = self.path[index]
            self._kept[index] = [(made, quantities(made), self._recipes(made, year.year)) for made in year.parts]
        return self._kept[index]

    def _recipes(self, made: PartYear, year: int) -> list[tuple[Key, Recipe]]:
        return list(recipes(made, self.scenario, Parameters(), self.ground.prices(year)))

    def _counted(self, indicator: str) -> Floats | None:
        """(r,) 1 for the people of a plain count, None for an indicator of the schemes."""
        if indicator not in COUNTS:
            return None
        condition = COUNTS[indicator]
        missing = [n for n in condition if n not in self.ground.people.variables]
        if missing:
            raise InformalityError(
                Problem(
                    "coverage",
                    f"`{indicator}` needs `{missing[0]}`, which no definition has decided",
                    fix="run with a definition that decides it",
                ),
                ExitCode.SPEC,
            )
        return self.ground.people.where(condition).astype(float)

    def _liability(self, key: Key, year: int, errors: bool) -> tuple[Floats, dict[str, Floats]]:
        """Rights accrued since the first year, with interest, in money of the year."""
        rate = key.indicator.removeprefix("liability.")
        first = self.scenario.baseline.spec.years.first
        total, slopes = (
            np.zeros(len(self.ground.people.person)),
            {n: np.zeros(len(self.ground.people.person)) for n in self.theta.influence if errors},
        )
        last, held = self._held.get((key, errors), (first - 1, (total, slopes)))
        if last > year:
            last, held = first - 1, (total, slopes)
        for then in range(last + 1, year + 1):  # what stood last year grows by a year, and a year is added
            values, moved = self.rows(Key(f"accrual.{rate}", key.scheme), then, errors=errors)
            growth = self.interest(float(rate), then - 1, then) if then > first else 1.0
            held = (held[0] * growth + values, {n: slope * growth + moved.get(n, 0.0) for n, slope in held[1].items()})
        self._held[key, errors] = year, held
        return held

    def interest(self, rate: float, start: int, end: int) -> float:
        return (1 + rate) ** (end - start) * self.ground.prices(end) / self.ground.prices(start)

    def _estimate(
        self, values: Floats, moved: Mapping[str, Floats], codes: Ints, size: int, name: str, anew: Floats | None = None
    ) -> Functional:
        """Totals by group with the influence of every unit, that of what was tied to records included; ``anew`` (R, size):
        the totals found with each set of replicate weights.
        """
        people, direct = self.ground.people, by_unit(self.ground.people, values, codes, size)
        for n, answer in moved.items():
            direct = direct + self._influence_by_unit(n)[:, None] * answer
        return totals_of(people, values, direct, codes, size, name, everywhere=bool(moved), replicated=anew)

    def _influence_by_unit(self, name: str) -> Floats:
        """The influence on a number that results move with, summed over units."""
        if name not in self._by_unit:
            people, z = self.ground.people, self.influence(name)
            unit, units = people.design.unit[people.person], int(people.design.unit.max()) + 1
            self._by_unit[name] = np.bincount(unit, z, minlength=units).astype(np.float64)
        return self._by_unit[name]

    def _influence_by_answer(self, name: str) -> Floats:
        """The same summed over imputed answers."""
        people = self.ground.people
        sums = np.bincount(people.answer, self.influence(name)[people.imputed], minlength=len(people.whose))
        return sums.astype(np.float64)

    def influence(self, name: str) -> Floats:
        """(r,) influence on a number that results move with."""
        return self.theta.influence[name] if name in self.theta.influence else self.others[name]

    def _moved(self, slopes: Mapping[str, Floats], codes: Ints, size: int) -> dict[str, Floats]:
        """How the total of each group moves with each number of theta, for those that move any."""
        weight, inside = self.ground.people.weight, codes >= 0
        return {
            n: np.bincount(codes[inside], (weight * slope)[inside], minlength=size).astype(np.float64)
            for n, slope in slopes.items()
            if slope.any()
        }

    def _answers(self, values: Floats, moved: Mapping[str, Floats], codes: Ints, size: int) -> tuple[Floats, Ints]:
        """What each imputed answer adds to each group's total, ties to records counted (k, a), and whose it is (a,)."""
        people = self.ground.people
        rows = np.flatnonzero(people.imputed)
        if not len(rows):
            return np.zeros((size, 0)), np.zeros(0, dtype=np.intp)
        code, many = codes[rows], len(people.whose)
        inside = code >= 0
        weighted = (people.weight[rows] * values[rows])[inside]
        sums = np.bincount(code[inside] * many + people.answer[inside], weighted, minlength=size * many)
        out: Floats = sums.astype(np.float64).reshape(size, many)
        for n, answer in moved.items():
            out += answer[:, None] * self._influence_by_answer(n)
        return out, people.whose

    def _replicated(self, key: Key, year: int, by: str | None, names: Sequence[str]) -> Floats | None:
        """(R, levels) an indicator with each set of replicate weights."""
        first = self.scenario.baseline.spec.years.first
        if year < first or _of_one_scheme(key):
            return None
        years = self.years if by is None else self.detail_years if year in self.detail_years else (year,)
        if by is not None and key.indicator.startswith("liability."):
            years = range(first, year + 1)
        wanted = (by, tuple(years))
        if wanted not in self._tables:
            self._tables[wanted] = replicate_table(self, by, wanted[1])
        values = self._tables[wanted].of(key, year, by, names, self.interest)
        return None if values is None else values.T

    @cached_property
    def drawn(self) -> DrawTable | None:
        """Indicators under every parameter draw, in total and, in some years, by the variables asked for."""
        if self.draws_theta is None:
            return None
        return draw_table(self)

    def _drawn(self, key: Key, year: int, by: str | None, names: Sequence[str]) -> Floats | None:
        table = self.drawn
        if table is None or _of_one_scheme(key):
            return None
        known = self._counted(key.indicator)
        if key.indicator.startswith("legal_"):  # the draws leave out who may join but earns nothing
            known = self.rows(key, year, errors=False)[0] / self.ground.factor(year)
        if known is not None:
            mask = known
            codes, _ = (np.zeros(len(mask), dtype=np.intp), ["all"]) if by is None else self.ground.people.levels(by)
            weight = self.ground.people.weight * self.ground.factor(year) * mask
            total = np.bincount(codes[codes >= 0], weight[codes >= 0])
            if by is None:
                return np.repeat(total[:, None], table.size, axis=1)
            levels = self.ground.people.levels(by)[1]
            return np.repeat(total[[levels.index(n) for n in names]][:, None], table.size, axis=1)
        return table.of(key, year, by, names, self.interest)


def _of_one_scheme(key: Key) -> bool:
    """Jobs that one scheme makes formal: owners follow employees of all schemes, so runs of many columns have the total only."""
    return key.indicator.startswith(NAME) and key.scheme != ALL


def _within(key: Key, wide: Key) -> bool:
    return key.indicator == wide.indicator and all(
        w in (ALL, k) for k, w in ((key.scheme, wide.scheme), (key.branch, wide.branch), (key.payer, wide.payer))
    )


_PILLAR = ("tax_pillar", "tax_pillar_recipients")
