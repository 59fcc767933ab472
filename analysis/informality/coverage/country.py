"""What is known of a country whatever the scheme: reference amounts, prices and wages, population, mortality.

One file for each country (``library/countries``). The wage path is a rule, not a forecast: prices plus a share
of productivity growth. All paths are by calendar year; a value that must be read on a day is read on 1 July.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from informality.coverage.dated import DatedSpec, Number, Real, Series, Timeline, compile_dated
from informality.coverage.lifetable import LifeTable
from informality.foundation.errors import ExitCode, InformalityError, Problem, did_you_mean
from informality.foundation.library import find
from informality.foundation.quantities import Status, weakest
from informality.foundation.specfile import SpecFile, SpecModel, Words, load

Floats = npt.NDArray[np.float64]

SEXES = ("male", "female")


class PathSpec(SpecModel):
    """Numbers by calendar year."""

    unit: Words
    source: Words
    status: Status
    values: dict[int, Real] = Field(min_length=1)


class LaterSpec(SpecModel):
    """Years after the last of the macro path: growth stays, prices glide to where they settle."""

    until: int
    real_growth: Number
    inflation: Number


class MacroSpec(SpecModel):
    gdp: PathSpec
    growth: PathSpec
    inflation: PathSpec
    revenue: PathSpec
    later: LaterSpec | None = None
    productivity_in_wages: Number


class AgeSexSpec(SpecModel):
    """Persons by sex and age group, in some years; groups are named by their first age."""

    unit: Words
    source: Words
    status: Status
    values: dict[int, dict[str, dict[int, Real]]]


class PopulationSpec(SpecModel):
    total: PathSpec
    age_sex: AgeSexSpec
    births: PathSpec | None = None


class MortalitySpec(SpecModel):
    period: Words
    unit: Words
    source: Words
    status: Status
    values: dict[str, dict[int, Real]]
    life_expectancy: dict[str, Real]
    """As published, for the check of the table."""


class CountrySpec(SpecModel):
    id: Words
    title: Words
    currency: Words
    sources: dict[str, Words]
    amounts: dict[str, DatedSpec] = Field(default_factory=dict)
    macro: MacroSpec | None = None
    population: PopulationSpec | None = None
    mortality: MortalitySpec | None = None


@dataclass(frozen=True, slots=True)
class Macro:
    """Yearly paths: ``gdp`` in units of currency, ``inflation``, ``wage_growth`` and ``revenue`` as shares of one."""

    gdp: Mapping[int, float]
    inflation: Mapping[int, float]
    wage_growth: Mapping[int, float]
    revenue: Mapping[int, float]
    status: Status

    def growth_of(self, name: str, start: int, end: int) -> float:
        """The factor by which ``prices`` or ``wages`` grow between two years."""
        path = {"prices": self.inflation, "wages": self.wage_growth}[name]
        missing = [y for y in range(min(start, end) + 1, max(start, end) + 1) if y not in path]
        if missing:
            raise InformalityError(
                Problem(
                    "country file, macro",
                    f"there is no path of {name} from {start} to {end}",
                    f"first missing year: {missing[0]}",
                    "lengthen the path, or run fewer years",
                ),
                ExitCode.SPEC,
            )
        factor = float(np.prod([1 + path[y] for y in range(min(start, end) + 1, max(start, end) + 1)]))
        return factor if end >= start else 1 / factor


@dataclass(frozen=True, slots=True)
class Population:
    """Persons by year; ``groups`` are the first ages, ``table`` (years, sexes, groups) in persons."""

    years: tuple[int, ...]
    groups: tuple[int, ...]
    table: Floats
    total: Mapping[int, float]
    births: Mapping[int, float]
    status: Status

    def at(self, year: int) -> Floats:
        """Persons (sexes, groups) in a year, its total as published; the age pattern between and before the
        years of the table is interpolated, or that of the first.
        """
        if year not in self.total:
            raise InformalityError(
                Problem(
                    "country file, population",
                    f"there is no total for {year}",
                    f"it covers {min(self.total)} to {max(self.total)}",
                    "lengthen the path, or run fewer years",
                ),
                ExitCode.SPEC,
            )
        flat = self.table.reshape(len(self.years), -1)
        pattern = np.array([np.interp(year, self.years, column) for column in flat.T]).reshape(self.table.shape[1:])
        return np.asarray(pattern * (self.total[year] / pattern.sum()))

    def between(self, year: int, low: int, high: int) -> float:
        """Persons aged from ``low`` to below ``high``, whole groups only."""
        inside = [low <= a < high for a in self.groups]
        return float(self.at(year)[:, inside].sum())


@dataclass(frozen=True, slots=True)
class Country:
    file: SpecFile[CountrySpec]
    series: Series
    macro: Macro | None
    population: Population | None
    life: Mapping[str, LifeTable]

    @property
    def spec(self) -> CountrySpec:
        return self.file.spec

    def amount(self, name: str, day: date) -> float:
        return self.series.amounts[name].at(day).value


@functools.cache
def read_country(name: str, *folders: Path) -> Country:
    """Read a country file, from the given folders or the library. Raises InformalityError with every problem."""
    file = load(find("countries", name, *folders), CountrySpec)
    spec = file.spec
    population = _population(spec.population) if spec.population else None
    macro = _macro(spec.macro, population) if spec.macro else None
    levels: dict[str, Mapping[int, float]] = {}
    if macro is not None:
        levels = {"cpi": _level(macro.inflation), "wages": _level(macro.wage_growth)}
    amounts: dict[str, Timeline] = {}
    series = Series(amounts, levels, macro.status if macro else "assumption")
    problems: list[Problem] = []
    for amount, dated in spec.amounts.items():  # a later amount may follow an earlier one
        amounts[amount], found = compile_dated(dated, amount, series, file.place, ("amounts", amount))
        problems += found
    problems += unknown_sources(file, spec.sources)
    problems += _population_problems(file)
    if problems:
        raise InformalityError(problems, ExitCode.SPEC)
    life = {sex: LifeTable.of(rates) for sex, rates in spec.mortality.values.items()} if spec.mortality else {}
    return Country(file, series, macro, population, life)


def unknown_sources(file: SpecFile[Any], register: Mapping[str, str]) -> list[Problem]:
    """A problem for each ``source`` that is not in the register of the file."""
    problems: list[Problem] = []

    def walk(node: object, loc: tuple[object, ...]) -> None:
        if isinstance(node, SpecModel):
            for name, field in type(node).model_fields.items():
                value = getattr(node, name)
                key = field.alias or name
                if name == "source" and isinstance(value, str) and value not in register:
                    problems.append(
                        Problem(
                            file.place(*loc, key),
                            f"the source `{value}` is not in `sources`",
                            fix=did_you_mean(value, register) or "add it to `sources`",
                        )
                    )
                walk(value, (*loc, key))
        elif isinstance(node, dict):
            for key, value in node.items():
                walk(value, (*loc, key))
        elif isinstance(node, list):
            for i, value in enumerate(node):
                walk(value, (*loc, i))

    walk(file.spec, ())
    return problems


def _level(growth: Mapping[int, float]) -> dict[int, float]:
    """Index levels from yearly growth; 1 in the year before the first."""
    level, out = 1.0, {min(growth) - 1: 1.0}
    for year in sorted(growth):
        level *= 1 + growth[year]
        out[year] = level
    return out


def _population(spec: PopulationSpec) -> Population:
    years = tuple(sorted(spec.age_sex.values))
    groups = tuple(sorted(spec.age_sex.values[years[0]][SEXES[0]]))
    table = np.array([[[spec.age_sex.values[y][s].get(g, np.nan) for g in groups] for s in SEXES] for y in years])
    scale = 1000.0 if spec.total.unit.startswith("thousand") else 1.0
    return Population(
        years,
        groups,
        table,
        {y: v * scale for y, v in spec.total.values.items()},
        dict(spec.births.values) if spec.births else {},
        weakest(spec.total.status, spec.age_sex.status),
    )


def _macro(spec: MacroSpec, population: Population | None) -> Macro:
    scale = 1e9 if "billion" in spec.gdp.unit else 1.0
    gdp = {y: v * scale for y, v in spec.gdp.values.items()}
    growth = {y: v / 100 for y, v in spec.growth.values.items()}
    inflation = {y: v / 100 for y, v in spec.inflation.values.items()}
    revenue = {y: v / 100 for y, v in spec.revenue.values.items()}
    statuses = [spec.gdp.status, spec.growth.status, spec.inflation.status, spec.productivity_in_wages.status]
    if spec.later is not None:
        last, end = max(inflation), spec.later.until
        start = inflation[last]
        for year in range(last + 1, end + 1):
            inflation[year] = start + (spec.later.inflation.value - start) * (year - last) / (end - last)
            growth[year] = spec.later.real_growth.value
            gdp[year] = gdp[year - 1] * (1 + growth[year]) * (1 + inflation[year])
            revenue[year] = revenue[year - 1]
        statuses += [spec.later.inflation.status, spec.later.real_growth.status]
    share = spec.productivity_in_wages.value
    wages = {}
    for year in sorted(set(growth) & set(inflation)):
        workers = 0.0
        if population is not None and {year - 1, year} <= set(population.total):
            workers = population.between(year, 15, 65) / population.between(year - 1, 15, 65) - 1
        wages[year] = inflation[year] + share * (growth[year] - workers)
    return Macro(gdp, inflation, wages, revenue, weakest(*statuses))


def _population_problems(file: SpecFile[CountrySpec]) -> list[Problem]:
    spec = file.spec.population
    if spec is None:
        return []
    problems = []
    groups: set[int] | None = None
    for year, table in spec.age_sex.values.items():
        for sex in SEXES:
            found = set(table.get(sex, {}))
            groups = groups or found
            if not found or found != groups:
                problems.append(
                    Problem(
                        file.place("population", "age_sex", "values", year),
                        f"{sex} ages of {year} are not those of the other tables",
                        fix="give every sex and year the same age groups",
                    )
                )
    return problems
