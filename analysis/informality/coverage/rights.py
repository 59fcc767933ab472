"""What membership gives: expected short-term benefits, and pension rights that end in a pension."""

from __future__ import annotations

import numpy as np

from informality.coverage.density import qualifies, reentry, vested_density
from informality.coverage.finance import DAYS_IN_MONTH
from informality.coverage.ground import Ground
from informality.coverage.parts import Bools, Floats, PartYear
from informality.coverage.pensions import right_value
from informality.coverage.policy import Parameters, chain
from informality.coverage.scenario import Scenario

MONTHS_AT_MOST = 12 * 50  # from joining at 15 to pension at 65


def add_benefits(
    ground: Ground, scenario: Scenario, made: PartYear, parameters: Parameters, tables: dict[tuple[str, int], Floats]
) -> None:
    """Short-term benefits and pension rights of a part, added to it."""
    spec, part, rules = scenario.baseline.spec, made.part, made.rules
    kind = "voluntary" if part.kind == "voluntary" else "mandatory"
    paid, stay = np.broadcast_arrays(*chain(parameters, kind, getattr(spec.density, kind)))
    again, going_on = reentry(paid, stay), np.where(paid >= 1, 1.0, stay)
    load = parameters(f"claims.{kind}", getattr(spec.claims, kind))
    age, female = ground.people.age[part.rows], ground.people.female[part.rows]
    cases: dict[str, tuple[Bools, Floats, Floats]] = {}
    for name, benefit in rules.cash.items():
        here = np.ones(len(part.rows), dtype=bool)
        if benefit.sex is not None:
            here &= female == (benefit.sex == "female")
        if benefit.ages is not None:
            here &= (age >= benefit.ages[0]) & (age < benefit.ages[1])
        months = rules.waiting.get(name, benefit.qualify.months)
        chance = qualifies(going_on, again, months, max(benefit.qualify.window, months), paid)
        place = f"{rules.scheme.id}.benefits.cash.{name}"
        rate = parameters(f"{place}.incidence", benefit.incidence) * load * chance
        value = parameters(f"{place}.replacement", benefit.replacement) * parameters(f"{place}.days", benefit.days)
        cases[name] = (here, rate, rate * value / DAYS_IN_MONTH)
    made.cases = cases
    old = rules.scheme.spec.benefits.old_age
    if old is None or not ground.life or old.branch not in {b for r in rules.rates.values() for b in r}:
        return
    known = np.where(np.isnan(age), ground.typical_age, age).astype(int)
    limit = np.where(female, rules.pension["female"].age, rules.pension["male"].age)
    if kind == "mandatory":
        joined = np.minimum(known, int(spec.pensions.entry_age.value))
    else:  # on average in the middle of the years since the survey
        joined = known - (rules.year - spec.years.base) // 2
    horizon = np.clip(12 * (limit - joined), 0, MONTHS_AT_MOST)
    rule = rules.pension["male"]
    if rule.proportional:
        share = np.broadcast_to(paid, (len(part.rows), len(paid)))
    else:
        need = round(12 * rule.min_years)
        if (kind, need) not in tables:
            tables[kind, need] = vested_density(going_on, again, need, MONTHS_AT_MOST)[1]
        share = tables[kind, need][horizon]
    base = made.base
    if rule.minimum > 0:
        years = np.maximum((limit - known) * paid.mean(), 1e-9)[:, None]
        base = np.maximum(base, np.minimum(rule.minimum / np.maximum(rules.accrual * years, 1e-12), rules.ceiling))
    left = np.maximum(limit - known, 0)
    growth = (1 + parameters("pensions.real_wage", spec.pensions.real_wage)) ** np.arange(left.max() + 1.0)[:, None]
    made.rights = made.members * share * (base * (12 * rules.accrual)) * growth[left]
    made.rights[known >= limit] = 0.0
    for interest in spec.pensions.liability_rates:
        worth = np.zeros(len(part.rows))
        for sex, here in (("male", ~female), ("female", female)):
            worth[here] = right_value(
                rules.pension[sex], ground.life[sex], known[here],
                real_wage=0.0, discount=interest, shares=False,
            )  # fmt: skip
        made.right_value = {**made.right_value, interest: worth}
