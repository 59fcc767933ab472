"""What parties to a reform ask next: who passes which test, what is left of pay, who vests, who gains, SDG 1.3.1.

Plain frames of expected numbers on the central path, each with the function that makes it; printed as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from informality.coverage import sdg
from informality.coverage.density import critical_density, histories, reentry
from informality.coverage.distribution import concentration, share_of_poorest
from informality.coverage.incidence import jobs_at_risk, labour_cost, net_pay
from informality.coverage.measures import ALL, Key
from informality.coverage.outcome import Outcome
from informality.coverage.pensions import balancing_rate, first_vesting_year, moneys_worth
from informality.coverage.policy import Parameters, rules_of

STEPS = ("legal", "income", "burden", "household", "food")


def cascade(outcome: Outcome, year: int, scheme: str) -> pd.DataFrame:
    """step, persons, share: those who may join, pass each test and all before it, join, and pay in a month.

    Tests that do not decide are shown, too; ``decides`` says which do.
    """
    base, weight = outcome.scenario.baseline.spec.years.base, outcome.ground.people.weight
    applied = {"legal", "income", *outcome.scenario.baseline.spec.capacity.applied}
    rows: list[tuple[str, float, bool]] = []
    parts = [p for p in outcome.path[year - base].parts if p.part.kind == "voluntary" and p.part.scheme == scheme]
    for step in STEPS:
        persons, seen = 0.0, False
        for made in parts:
            passed = np.ones(len(made.part.rows), dtype=bool)
            for earlier in STEPS[: STEPS.index(step) + 1]:
                if earlier in made.able:
                    passed &= np.broadcast_to(made.able[earlier], made.members.shape)[:, 0]
            seen |= step in made.able
            persons += float((weight[made.part.rows] * made.factor[:, 0]) @ passed)
        if seen:
            rows.append((step, persons, step in applied))
    for step, attribute in (("joins", "members"), ("pays", "paid")):
        persons = sum(float((weight[m.part.rows] * m.factor[:, 0]) @ getattr(m, attribute)[:, 0]) for m in parts)
        rows.append((step, persons, True))
    out = pd.DataFrame(rows, columns=["step", "persons", "decides"])
    out["share"] = out["persons"] / out["persons"].iloc[0]
    return out


def take_home(outcome: Outcome, year: int, scheme: str, wages: Sequence[float]) -> pd.DataFrame:
    """wage, base, employee, employer, net_low .. net_high (all, half, nothing of the employer's part shifted), cost, at_risk."""
    spec = outcome.scenario.baseline.spec
    rules = rules_of(outcome.scenario, scheme, year, Parameters())
    y = np.asarray(wages, dtype=float)
    base = np.minimum(np.maximum(y, rules.floor), rules.ceiling)
    employee, employer = rules.total("employee") * base, rules.total("employer") * base
    least = outcome.ground.baseline.country.series.amounts.get("minimum_wage")
    minimum = least.at(pd.Timestamp(year, 7, 1).date()).value if least is not None else 0.0
    theta = spec.finance.wage_shift
    cost = labour_cost(y, employer, theta.value, minimum)
    return pd.DataFrame(
        {
            "wage": y,
            "base": base,
            "employee": employee,
            "employer": employer,
            "net": net_pay(y, employee, employer, theta.value, minimum),
            "net_low": net_pay(y, employee, employer, 1.0, minimum),
            "net_high": net_pay(y, employee, employer, 0.0, minimum),
            "cost": cost,
            "at_risk": jobs_at_risk(cost / y - 1, spec.finance.informality_response.value),
        }
    )


def vesting(outcome: Outcome, year: int, scheme: str, ages: Sequence[int] = (25, 30, 35, 40, 45, 50)) -> pd.DataFrame:
    """sex, age, density_needed, worth (money's worth at full density), worth_expected (at the expected density), balancing_rate.

    ``density_needed`` above 1: a pension cannot be earned any more.
    """
    rules, spec = rules_of(outcome.scenario, scheme, year, Parameters()), outcome.scenario.baseline.spec
    own = rules.rates.get("self", {}).get("pension") or sum(b.get("pension", 0.0) for b in rules.rates.values())
    kind = "voluntary" if "self" in rules.rates else "mandatory"
    density = getattr(spec.density, kind).paid.value
    assumed = {"real_wage": spec.pensions.real_wage.value, "discount": spec.pensions.discount.value}
    rows = []
    for sex, rule in rules.pension.items():
        life = outcome.ground.life[sex]
        for age in ages:
            if age >= rule.age or not own:
                continue
            full = moneys_worth(rule, life, age, rate=own, **assumed)
            usual = moneys_worth(rule, life, age, rate=own, density=density, **assumed)
            needed = 0.0 if rule.proportional else float(critical_density(rule.min_years, age, rule.age))
            rows.append((sex, age, needed, full, usual, balancing_rate(rule, life, age, **assumed)))
    return pd.DataFrame(rows, columns=["sex", "age", "density_needed", "worth", "worth_expected", "balancing_rate"])


def vesting_year(outcome: Outcome, scheme: str) -> int:
    """The year in which the first who join in the first year, paying at the expected density, have their years."""
    years, spec = outcome.scenario.baseline.spec.years, outcome.scenario.baseline.spec
    rules = rules_of(outcome.scenario, scheme, years.first, Parameters())
    kind = "voluntary" if "self" in rules.rates else "mandatory"
    return first_vesting_year(years.first, rules.pension["male"].min_years, getattr(spec.density, kind).paid.value)


def careers(
    outcome: Outcome, kind: Literal["mandatory", "voluntary"], years: int, members: int, seed: int
) -> pd.DataFrame:
    """Months paid in each year since joining (members, years), drawn at random; the seed is kept with them (``attrs``).

    All join by paying a first month, at the density of their class of members. Expected values need no draws: these are
    for what needs whole lives.
    """
    spec = getattr(outcome.scenario.baseline.spec.density, kind)
    stay = 1.0 if spec.paid.value >= 1 else spec.stay.value
    paying = histories(stay, float(reentry(spec.paid.value, stay)), 12 * years, 1.0, members, seed)
    months = paying.reshape(members, years, 12).sum(axis=2)
    out = pd.DataFrame(months, columns=pd.Index(range(1, years + 1), name="year"))
    out.attrs["seed"] = seed
    return out.rename_axis("member")


def spread(outcome: Outcome, year: int, indicator: str, scheme: str = ALL) -> pd.Series:
    """concentration (negative: pro-poor) and poorest_40 (share to the poorest two fifths) of an indicator, by household means."""
    people, factor = outcome.ground.people, outcome.ground.factor(year)
    values, _ = outcome.rows(Key(indicator, scheme), year, errors=False)
    means = people.means[people.person]
    known = ~np.isnan(means) & people.working
    each, x, w = (values / factor)[known], means[known], (people.weight * factor)[known]
    return pd.Series({"concentration": concentration(each, x, w), "poorest_40": share_of_poorest(each, x, w)})


def sdg_131(outcome: Outcome, year: int) -> pd.DataFrame:
    """SDG 1.3.1 and its parts in a year: name, title, numerator, denominator, value, note."""
    people, base = outcome.ground.people, outcome.scenario.baseline.spec.years.base
    factor, weight = outcome.ground.factor(year), outcome.ground.people.weight

    def total(indicator: str, **parts: str) -> float:
        return outcome.total(Key(indicator, **parts), year)

    parts = outcome.path[year - base].parts

    def having(branches: set[str], attribute: str) -> float:
        return sum(
            float((weight[m.part.rows] * m.factor[:, 0]) @ getattr(m, attribute)[:, 0])
            for m in parts
            if branches & {b for r in m.rules.rates.values() for b, rate in r.items() if rate > 0}
        )

    cash = {"pension", "short_term", "unemployment", "injury"}
    limits = [r.age for m in parts for r in m.rules.pension.values()]
    old = people.age >= (min(limits) if limits else 65)
    population = outcome.ground.baseline.country.population
    births = (
        np.interp(year, sorted(population.births), [population.births[y] for y in sorted(population.births)])
        if population and population.births
        else None
    )
    mothers = sum(
        float(
            (weight[m.part.rows] * m.factor[:, 0])
            @ (m.members * m.cases["maternity"][0][:, None] * m.cases["maternity"][1])[:, 0]
        )
        for m in parts
        if "maternity" in m.cases
    )
    found = sdg.indicators(
        registered=having({"pension", "account"}, "members"),
        active=having(cash, "paid"),
        pension_paying=having({"pension", "account"}, "paid"),
        cash_covered=having(cash, "members"),
        injury_covered=having({"injury"}, "members"),
        mothers_with_benefit=mothers,
        pensioners=None,
        unemployed_receiving=None,
        population=total("population"),
        labour_force=total("labour_force"),
        employed=total("employed"),
        pension_age=float((weight * factor) @ old),
        births=float(births) if births is not None else None,
        unemployed=total("unemployed"),
    )
    return pd.DataFrame(
        [(i.name, i.title, i.numerator, i.denominator, i.value, i.note) for i in found],
        columns=["name", "title", "numerator", "denominator", "value", "note"],
    )
