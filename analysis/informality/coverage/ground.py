"""What every scenario of a baseline stands on: the people, whom the law covers, and how the years after the survey differ.

:class:`Theta` holds the few numbers that tie the model to what is known: intercepts of take-up that meet members on record,
the share of unclear answers that are members, compliance now. Each was found from the sample, so each has an influence by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from informality.coverage.baseline import Baseline
from informality.coverage.eligibility import legal_coverage
from informality.coverage.lifetable import LifeTable
from informality.coverage.people import People
from informality.coverage.policy import Parameters
from informality.coverage.projection import (
    WeightQuality,
    ageing_factors,
    rake_weights,
    require_moderate,
    weight_quality,
)
from informality.coverage.scenario import Scenario
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

YES, UNCLEAR, NO = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Theta:
    """``values`` by name, each (draws,) or (1,); ``cells``: for a scheme, the cell of each row (r,) whose intercept is its
    own. ``influence``: by name, (r,) how the value moves with one more bit of weight on a row, the weight included.
    """

    values: Mapping[str, Floats]
    cells: Mapping[str, Ints] = field(default_factory=dict)
    influence: Mapping[str, Floats] = field(default_factory=dict)
    gaps: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Before calibration: members by the survey alone, and on record."""

    def alpha(self, scheme: str, rows: Ints) -> Floats:
        """Intercepts of take-up, (draws,) or (m, draws)."""
        names = [n for n in self.values if n.startswith(f"alpha:{scheme}:")]
        if len(names) == 1:
            return self.values[names[0]]
        return np.stack([self.values[f"alpha:{scheme}:{i}"] for i in range(len(names))])[self.cells[scheme][rows]]

    def moved(self, name: str, by: float) -> Theta:
        return Theta({**self.values, name: self.values[name] + by}, self.cells, self.influence, self.gaps)

    def block(self, start: int, stop: int) -> Theta:
        part = {n: v if len(v) == 1 else v[start:stop] for n, v in self.values.items()}
        return Theta(part, self.cells, self.influence, self.gaps)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """``covered``: by scheme, legal coverage of each row (r,). ``answers``: by scheme, what rows say about membership (r,)."""

    people: People
    baseline: Baseline
    covered: Mapping[str, Ints]
    answers: Mapping[str, Ints]
    life: Mapping[str, LifeTable]
    typical_age: int
    factors: dict[int, Floats] = field(default_factory=dict)
    quality: dict[int, WeightQuality] = field(default_factory=dict)
    vested: dict[tuple[int, bytes, bytes], Floats] = field(default_factory=dict)
    """What :mod:`rights` has found of chains of months paid."""

    def wages(self, year: int) -> float:
        """Nominal wage growth since the survey, as a factor."""
        return self._growth("wages", year)

    def prices(self, year: int) -> float:
        return self._growth("prices", year)

    def _growth(self, name: str, year: int) -> float:
        base, macro = self.baseline.spec.years.base, self.baseline.country.macro
        if year == base:
            return 1.0
        if macro is None:
            raise InformalityError(
                Problem(
                    f"baseline {self.baseline.spec.id}",
                    f"there is no path of {name} for {self.baseline.country.spec.title}: only the survey's year can be run",
                    f"{base} asked to {year}",
                    "add `macro` to the country file, or let `years` begin and end with the base year",
                ),
                ExitCode.SPEC,
            )
        return macro.growth_of(name, base, year)

    def factor(self, year: int) -> Floats:
        """(r,) factor by which weights grow with the population of their age and sex; guarded against overstretching."""
        if year not in self.factors:
            base, population = self.baseline.spec.years.base, self.baseline.country.population
            if year == base or population is None:
                self.factors[year] = np.ones(len(self.people.person))
            else:
                sex = np.where(self.people.female, "female", "male")
                self.factors[year] = ageing_factors(population, sex, self.people.age, base, year)
                weight = self.people.weight
                if self.baseline.spec.margins:
                    self.factors[year] = self._raked(weight * self.factors[year], year) / weight
                self.quality[year] = weight_quality(weight * self.factors[year], weight)
                require_moderate(self.quality[year], year)
        return self.factors[year]

    def _raked(self, weight: Floats, year: int) -> Floats:
        """Aged weights raked to where people live and work in a year; shares between the years given are interpolated."""
        margins = []
        for margin in self.baseline.spec.margins:
            codes, levels = self.people.levels(margin.variable)
            years = sorted(margin.shares)
            place = np.full(len(levels), -1, dtype=np.intp)
            names = list(margin.shares[years[0]])
            for i, name in enumerate(names):
                if name not in levels:
                    raise InformalityError(
                        Problem(
                            "margins", f"`{name}` is not a level of `{margin.variable}`", fix=did_you_mean(name, levels)
                        ),
                        ExitCode.SPEC,
                    )
                place[levels.index(name)] = i
            code = place[codes]
            share = np.array([np.interp(year, years, [margin.shares[y][n] for y in years]) for n in names])
            margins.append((code, share * weight[code >= 0].sum()))
        return rake_weights(weight, margins)

    def insured(self, theta: Theta, scheme: str, rows: Ints) -> Floats:
        """(m, 1) or (m, draws): chance that those who must join are members, in the base year.

        One number s for a group of schemes says it all: up to 1 it scales those who say they are members, up to 2 it adds
        those whose answer is unclear, up to 3 those who say they are not.
        """
        s = theta.values[f"insured:{self.group_of(scheme)}"]
        chances = np.stack([np.minimum(s, 1.0), np.clip(s - 1, 0, 1), np.clip(s - 2, 0, 1)])
        return np.asarray(chances[self.answers[scheme][rows]])

    def observed(self, scheme: str, rows: Ints) -> Bools:
        """(m,) who says that they are voluntary members."""
        return np.asarray(self.answers[scheme][rows] == YES)

    def group_of(self, scheme: str) -> str:
        """The name under which compulsory members of a scheme are tied to a record: that of all schemes of the record."""
        for entry in self.baseline.spec.administrative:
            if scheme in entry.schemes and not entry.where:
                return "+".join(entry.schemes)
        return scheme

    def scores(self, scenario: Scenario, scheme: str, rows: Ints, theta: Theta, parameters: Parameters) -> Floats:
        """(m, 1) or (m, draws): what covariates add to the log-odds of joining a scheme.

        Coefficients fitted to the survey are part of theta; others are numbers of the baseline.
        """
        total: Floats = np.zeros((len(rows), 1))
        for name, number in scenario.baseline.spec.takeup.covariates.items():
            fitted = theta.values.get(f"gamma:{scheme}:{name}")
            gamma = fitted if fitted is not None else parameters(f"takeup.covariates.{name}", number)
            total = total + self.covariate(name)[rows][:, None] * gamma
        return total

    def covariate(self, name: str) -> Floats:
        """(r,) a covariate: ``log_income`` (log of earnings over median earnings), or ``variable=level`` (1 or 0)."""
        people = self.people
        if name == "log_income":
            earned = np.nan_to_num(people.earnings)
            typical = _median(earned[earned > 0], people.weight[earned > 0])
            with np.errstate(divide="ignore"):
                return np.where(earned > 0, np.log(earned / typical), 0.0)
        variable, _, level = name.partition("=")
        if not level or variable not in people.variables:
            raise InformalityError(
                Problem(
                    "takeup.covariates",
                    f"`{name}` is not a covariate",
                    fix="write `log_income`, or `variable=level`, as `area=urban`",
                ),
                ExitCode.SPEC,
            )
        if level not in people.variables[variable].categories:
            raise InformalityError(
                Problem(
                    "takeup.covariates",
                    f"`{level}` is not a level of `{variable}`",
                    fix=did_you_mean(level, people.variables[variable].categories),
                ),
                ExitCode.SPEC,
            )
        return people.where({variable: level}).astype(float)


def ground_of(people: People, baseline: Baseline) -> Ground:
    """Prepare a baseline for the people of a survey."""
    covered = legal_coverage(people, list(baseline.schemes.values()))
    answers = {}
    for scheme in baseline.schemes.values():
        code = np.full(len(people.person), NO, dtype=np.intp)
        now = scheme.spec.members_now
        for part, cover in ((now.mandatory, 1), (now.voluntary, 2)):
            if part is None:
                continue
            here = covered[scheme.id] == cover
            if part.unknown is not None:
                code[here & people.where(part.unknown)] = UNCLEAR
            code[here & people.where(part.who)] = YES
        answers[scheme.id] = code
    working = people.working & ~np.isnan(people.age)
    age = _median(people.age[working], people.weight[working]) if working.any() else 40.0
    return Ground(people, baseline, covered, answers, baseline.country.life, round(age))


def _median(values: Floats, weight: Floats) -> float:
    """A weighted median that does not depend on how rows are split."""
    if not len(values):
        return 1.0
    distinct, place = np.unique(values, return_inverse=True)
    reached = np.cumsum(np.bincount(place, weight))
    return float(distinct[np.searchsorted(reached, reached[-1] / 2)])
