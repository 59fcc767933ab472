"""The rules of one scheme in one year: its own, changed by the levers that are in force then.

Rules are read on 1 July. Policy sets floors, ceilings and rates; what nobody can set (reach, readiness, compliance,
densities) is drawn within its range, so those are arrays (draws,).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from informality.coverage.baseline import Baseline, PaidSpec
from informality.coverage.compliance import ramp
from informality.coverage.country import SEXES
from informality.coverage.dated import Number
from informality.coverage.levers import (
    AgriCollective,
    AssistedRegistration,
    AutoEnrol,
    CeilingRebase,
    FlatContribution,
    FloorRebase,
    IndexRule,
    Lever,
    MatchDc,
    Monotax,
    Package,
    Parametric,
    Subsidy,
)
from informality.coverage.pensions import PensionRule
from informality.coverage.scenario import Placed, Scenario
from informality.coverage.scheme import Scheme
from informality.coverage.scheme_spec import CashSpec
from informality.foundation.errors import ExitCode, InformalityError, Problem

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values of the uncertain numbers: drawn, (draws,), where there are draws; else the number itself, (1,)."""

    drawn: Mapping[str, Floats] = field(default_factory=dict)

    def __call__(self, name: str, number: Number) -> Floats:
        found = self.drawn.get(name)
        return np.array([number.value]) if found is None else found

    @property
    def size(self) -> int:
        """Number of draws; 1 on the central path."""
        return max((len(values) for values in self.drawn.values()), default=1)

    def block(self, start: int, stop: int) -> Parameters:
        return Parameters({name: values[start:stop] for name, values in self.drawn.items()})


@dataclass(frozen=True, slots=True)
class SubsidyRule:
    """A subsidy in force: ``shares`` by group (draws,), ``default`` for the rest; ``line`` the base of `poverty_line`."""

    name: str
    base: str
    shares: Mapping[str, Floats]
    line: float
    cap: float
    max_months: float
    begins: int


@dataclass(frozen=True, slots=True)
class MatchRule:
    """A match of contributions: rate of what members pay, cap a month, share kept; or brackets of earnings."""

    rate: float = 0.0
    cap: float = np.inf
    vesting: float = 1.0
    brackets: tuple[tuple[float, float], ...] = ()
    mode: str = "marginal"
    branch: str = "account"


@dataclass(frozen=True, slots=True)
class Rules:
    """One scheme in one year."""

    scheme: Scheme
    year: int
    floor: float
    ceiling: float
    entry_cap: float
    rates: Mapping[str, Mapping[str, float]]
    on_floor: bool
    declared: Floats
    flat: float | None
    tax: float
    subsidies: tuple[SubsidyRule, ...]
    ended: tuple[str, ...]
    """Subsidies whose last day lies in the year before."""
    match: MatchRule | None
    assistance: tuple[tuple[Placed, float], ...]
    auto: tuple[tuple[Placed, float], ...]
    collective: tuple[tuple[Placed, float], ...]
    package: tuple[tuple[Placed, float], ...]
    pension: Mapping[str, PensionRule]
    accrual: Floats
    cash: Mapping[str, CashSpec]
    waiting: Mapping[str, int]
    full_time: float | None
    held: str = ""
    """``ceiling`` or ``entry_cap``: the limit at which the floor is held, since it would lie above. Empty where it does not."""

    def total(self, payer: str) -> float:
        return float(sum(self.rates.get(payer, {}).values()))


def midyear(year: int) -> date:
    return date(year, 7, 1)


def strength(lever: Lever, year: int) -> float:
    """How much of a lever is in place in a year: 0 before it begins and after it ends."""
    day = midyear(year)
    if day < lever.begins or (lever.until is not None and day >= lever.until):
        return 0.0
    years = year - lever.begins.year + (1 if (lever.begins.month, lever.begins.day) <= (7, 1) else 0)
    return ramp(max(years, 1), lever.ramp_years)


def active(scenario: Scenario, kind: type[Lever], scheme: str, year: int) -> tuple[tuple[Placed, float], ...]:
    found = ((p, strength(p.lever, year)) for p in scenario.of(kind, scheme))
    return tuple((p, s) for p, s in found if s > 0)


def rules_of(scenario: Scenario, scheme_id: str, year: int, parameters: Parameters) -> Rules:
    """The rules of a scheme in a year under a scenario. Raises InformalityError (SPEC) for a floor above the ceiling."""
    scheme = scenario.baseline.schemes[scheme_id]
    spec, day = scheme.spec, midyear(year)
    scheme.require_resolved()
    limits = {name: _limit(scenario, scheme, name, year) for name in ("floor", "ceiling", "entry_cap")}
    held = ""
    top = "ceiling" if limits["ceiling"] <= limits["entry_cap"] else "entry_cap"
    if limits["floor"] > limits[top] and not _moved(scenario, scheme_id):
        # Left alone, an indexed floor can outgrow a frozen ceiling: the ceiling is the law, so it holds.
        held = top
        limits["floor"] = limits[top]
    if limits["floor"] > limits[top]:
        raise InformalityError(
            Problem(
                f"{scenario.id}, {scheme_id}",
                f"the floor lies above the {top.replace('_', ' ')} in {year}",
                f"floor {limits['floor']:,.0f}, {top.replace('_', ' ')} {limits[top]:,.0f}",
                "raise the ceiling with the floor, or index both alike",
            ),
            ExitCode.SPEC,
        )
    rates: Mapping[str, Mapping[str, float]] = scheme.rates_at(day).rates
    package = active(scenario, Package, scheme_id, year)
    for placed, _ in package:
        lever = placed.lever
        assert isinstance(lever, Package)
        kept = set(lever.keep) or {b for r in rates.values() for b in r} - set(lever.drop)
        rates = {payer: {b: r for b, r in branches.items() if b in kept} for payer, branches in rates.items()}
    flat, tax = _flat(scenario, scheme_id, year)
    declared = spec.base.declared
    share = np.ones(1)
    if declared.mode == "choose" and declared.chosen is not None:
        share = parameters(f"{scheme_id}.base.declared.chosen", declared.chosen)
    elif declared.under_declaration is not None:
        share = parameters(f"{scheme_id}.base.declared.under_declaration", declared.under_declaration)
    pension, accrual = _pension(scenario, scheme, year, parameters)
    paid_branches = {b for r in rates.values() for b in r}
    return Rules(
        scheme=scheme,
        year=year,
        floor=limits["floor"],
        ceiling=limits["ceiling"],
        entry_cap=limits["entry_cap"],
        rates=rates,
        on_floor=declared.mode == "floor",
        declared=share,
        flat=flat,
        tax=tax,
        subsidies=_subsidies(scenario, scheme, year, parameters),
        ended=tuple(
            p.name
            for p in scenario.of(Subsidy, scheme_id)
            if strength(p.lever, year - 1) > 0 and strength(p.lever, year) == 0
        ),
        match=_match(scenario, scheme, year),
        assistance=active(scenario, AssistedRegistration, scheme_id, year),
        auto=active(scenario, AutoEnrol, scheme_id, year),
        collective=active(scenario, AgriCollective, scheme_id, year),
        package=package,
        pension=pension,
        accrual=accrual,
        cash={n: c for n, c in spec.benefits.cash.items() if c.branch in paid_branches},
        waiting={k: v for p, _ in package if isinstance(p.lever, Package) for k, v in p.lever.waiting.items()},
        full_time=spec.base.full_time_hours.value if spec.base.full_time_hours else None,
        held=held,
    )


def _moved(scenario: Scenario, scheme: str) -> bool:
    """Whether the scenario itself sets the floor or the ceiling."""
    kinds: tuple[type[Lever], ...] = (FloorRebase, CeilingRebase, IndexRule)
    return any(scenario.of(kind, scheme) for kind in kinds)


def _limit(scenario: Scenario, scheme: Scheme, name: str, year: int) -> float:
    """Floor, ceiling or entry cap of a year, in units of currency a month."""
    kinds: dict[str, type[Lever]] = {"floor": FloorRebase, "ceiling": CeilingRebase}
    kind = kinds.get(name)
    for placed in reversed(scenario.of(kind, scheme.id) if kind else []):
        lever = placed.lever
        if strength(lever, year) > 0:
            assert isinstance(lever, FloorRebase | CeilingRebase)
            return lever.value.value * index_growth(scenario.baseline, lever.index, lever.begins, year, lever.lag_years)
    for placed in reversed(scenario.of(IndexRule, scheme.id)):
        rule = placed.lever
        assert isinstance(rule, IndexRule)
        if rule.of == name and strength(rule, year) > 0:
            last = scheme.value_at(name, rule.begins)
            if last is not None:
                return last.value * index_growth(scenario.baseline, rule.index, rule.begins, year, rule.lag_years)
    known = scheme.value_at(name, midyear(year))
    return known.value if known is not None else (0.0 if name == "floor" else np.inf)


def index_growth(baseline: Baseline, index: str, begins: date, year: int, lag: int) -> float:
    """Growth of an index from the year a rule begins, some years late; 1 until it moves."""
    to = max(begins.year, year - lag)
    if index == "none" or to == begins.year:
        return 1.0
    if index == "minimum_wage":
        return baseline.country.amount("minimum_wage", midyear(to)) / baseline.country.amount("minimum_wage", begins)
    level = baseline.country.series.level
    return level(index, to) / level(index, begins.year)


def _flat(scenario: Scenario, scheme: str, year: int) -> tuple[float | None, float]:
    """A deemed monthly contribution and the tax beside it; None where contributions follow earnings."""
    flat: tuple[type[Lever], ...] = (FlatContribution, Monotax)
    for kind in flat:
        for placed, _ in active(scenario, kind, scheme, year):
            lever = placed.lever
            assert isinstance(lever, FlatContribution | Monotax)
            growth = index_growth(scenario.baseline, lever.index, lever.begins, year, 0)
            tax = lever.tax.value * growth if isinstance(lever, Monotax) else 0.0
            return lever.amount.value * growth - tax, tax
    return None, 0.0


def _subsidies(scenario: Scenario, scheme: Scheme, year: int, parameters: Parameters) -> tuple[SubsidyRule, ...]:
    out = []
    day, country = midyear(year), scenario.baseline.country
    law = scheme.spec.subsidy
    if law is not None and (reached := [s for s in law.shares if s.begins <= day]):
        line = country.amount(law.amount, day) if law.amount else 0.0
        shares = {g: np.array([v]) for g, v in reached[-1].shares.items()}
        months = law.max_months.value if law.max_months else np.inf
        out.append(SubsidyRule("law", law.base, shares, line, np.inf, months, law.shares[0].begins.year))
    for placed, part in active(scenario, Subsidy, scheme.id, year):
        lever = placed.lever
        assert isinstance(lever, Subsidy)
        line = country.amount(lever.amount, day) if lever.amount else 0.0
        shares = {g: parameters(f"{placed.name}.share.{g}", n) * part for g, n in lever.share.items()}
        cap = lever.cap.value if lever.cap else np.inf
        months = lever.max_months.value if lever.max_months else np.inf
        out.append(SubsidyRule(placed.name, lever.base, shares, line, cap, months, lever.begins.year))
    return tuple(out)


def _match(scenario: Scenario, scheme: Scheme, year: int) -> MatchRule | None:
    for placed, part in active(scenario, MatchDc, scheme.id, year):
        lever = placed.lever
        assert isinstance(lever, MatchDc)
        cap = lever.yearly_cap.value / 12 if lever.yearly_cap else np.inf
        return MatchRule(lever.rate.value * part, cap, lever.vesting.value)
    spec = scheme.spec.match
    if spec is None:
        return None
    brackets = tuple((b.up_to, b.rate) for b in spec.brackets)
    return MatchRule(brackets=brackets, mode=str(scheme.mode), branch=spec.branch)


def _pension(
    scenario: Scenario, scheme: Scheme, year: int, parameters: Parameters
) -> tuple[dict[str, PensionRule], Floats]:
    """The old-age rule by sex and the accrual, (draws,)."""
    old, day = scheme.spec.benefits.old_age, midyear(year)
    if old is None:
        return {}, np.zeros(1)
    levers = [(p, p.lever) for p, _ in active(scenario, Parametric, scheme.id, year)]
    accrual = parameters(f"{scheme.id}.benefits.old_age.accrual", old.accrual)
    values = {"min_years": scheme.dated["old_age.min_years"].at(day).value, "cap": old.cap.value}
    minimum = scheme.value_at("old_age.minimum", day)
    values["minimum"] = minimum.value if minimum else 0.0
    ages = {sex: scheme.dated[f"old_age.age.{sex}"].at(day).value for sex in SEXES}
    below = old.below_min_years
    for placed, lever in levers:
        assert isinstance(lever, Parametric)
        for name in ("min_years", "cap", "minimum"):
            if (number := getattr(lever, name)) is not None:
                values[name] = number.value
        ages |= {sex: n.value for sex in SEXES if (n := getattr(lever, f"age_{sex}")) is not None}
        if lever.accrual is not None:
            accrual = parameters(f"{placed.name}.accrual", lever.accrual)
        below = lever.below_min_years or below
    rules = {
        sex: PensionRule(
            int(age),
            values["min_years"],
            float(accrual.mean()),
            values["cap"],
            below == "proportional",
            values["minimum"],
        )
        for sex, age in ages.items()
    }
    return rules, accrual


def chain(parameters: Parameters, name: str, spec: PaidSpec) -> tuple[Floats, Floats]:
    """Density and the chance to go on paying of a class of members, (draws,)."""
    return parameters(f"density.{name}.paid", spec.paid), parameters(f"density.{name}.stay", spec.stay)
