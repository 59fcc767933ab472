"""What membership gives: expected short-term benefits, and pension rights that end in a pension."""

from __future__ import annotations

import numpy as np

from informality.coverage.density import qualifies, reentry, topped_up, vested_density
from informality.coverage.finance import DAYS_IN_MONTH
from informality.coverage.ground import Ground
from informality.coverage.parts import Bools, Floats, Ints, PartYear
from informality.coverage.pensions import PensionRule, right_value
from informality.coverage.policy import Parameters, chain
from informality.coverage.scenario import Scenario

YEARS_AT_MOST = 50  # from joining at 15 to pension at 65


def vested_share(ground: Ground, stay: Floats, reenter: Floats, need: int) -> Floats:
    """(years + 1, draws) share of months paid that end in a pension, by years left; found once for a baseline."""
    key = (need, stay.tobytes(), reenter.tobytes())
    if key not in ground.vested:
        ground.vested[key] = vested_density(stay, reenter, need, 12 * YEARS_AT_MOST)[1][::12]
    return ground.vested[key]


def _least(
    ground: Ground, chain_of: tuple[Floats, Floats], rule: PensionRule, base: Floats, accrual: Floats, years: Ints
) -> Floats:
    """(g, draws) what the least pension adds to the share of months that end in a pension.

    The least pension is worth so many months of contributions on a base; it is paid to those who have the years. It grows with
    wages to the pension age, as the base does.
    """
    stay, again = chain_of
    need = round(12 * rule.min_years)
    key = (-1 - need, stay.tobytes(), again.tobytes())
    if key not in ground.vested:
        ground.vested[key] = topped_up(stay, again, need, YEARS_AT_MOST)
    table = ground.vested[key]
    most = table.shape[1] - 1
    worth = np.divide(
        12 * rule.minimum, accrual * base, out=np.zeros(np.broadcast(accrual, base).shape), where=base > 0
    )
    worth, column = np.broadcast_arrays(worth, np.arange(table.shape[2]))
    whole = np.minimum(np.floor(worth), most - 1).astype(np.intp)  # past the longest life it is a line, too
    low, high = table[years[:, None], whole, column], table[years[:, None], whole + 1, column]
    return np.asarray(low + (worth - whole) * (high - low))


def add_benefits(ground: Ground, scenario: Scenario, made: PartYear, parameters: Parameters) -> None:
    """Short-term benefits and pension rights of a part, added to it."""
    spec, part, rules = scenario.baseline.spec, made.part, made.rules
    kind = "voluntary" if part.kind == "voluntary" else "mandatory"
    paid, stay = np.broadcast_arrays(*chain(parameters, kind, getattr(spec.density, kind)))
    again, going_on = reentry(paid, stay), np.where(paid >= 1, 1.0, stay)
    load = parameters(f"claims.{kind}", getattr(spec.claims, kind))
    age, female = ground.people.age[part.aged_rows], ground.people.female[part.aged_rows]
    cases: dict[str, tuple[Bools, Floats, Floats]] = {}
    for name, benefit in rules.cash.items():
        here = np.ones(len(age), dtype=bool)
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
    horizon = np.clip(limit - joined, 0, YEARS_AT_MOST)
    rule = rules.pension["male"]
    left = np.maximum(limit - known, 0)
    growth = (1 + parameters("pensions.real_wage", spec.pensions.real_wage)) ** np.arange(left.max() + 1.0)[:, None]
    # Nothing here but the base tells people of one age and sex apart: what multiplies it is found once for each.
    code = (horizon * (left.max() + 1) + left) * 2 + (known < limit)
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    horizon, left, before = horizon[first], left[first], (known < limit)[first]
    if rule.proportional:
        share = np.broadcast_to(paid, (len(first), len(paid)))
    else:
        share = vested_share(ground, going_on, again, round(12 * rule.min_years))[horizon]
    earned = (share * growth[left] * before[:, None])[which.ravel()]
    if rule.minimum > 0:
        base = part.aged(made.base)
        least = _least(ground, (going_on, again), rule, base, rules.accrual, horizon[which.ravel()])
        lift = (growth[left] * before[:, None])[which.ravel()]
        made.rights = part.aged(made.members) * (base * (12 * rules.accrual)) * (earned + least * lift)
    else:
        made.rights = part.aged(made.members * (made.base * (12 * rules.accrual))) * earned
    for interest in spec.pensions.liability_rates:
        worth = np.zeros(len(known))
        for sex, here in (("male", ~female), ("female", female)):
            worth[here] = right_value(
                rules.pension[sex], ground.life[sex], known[here],
                real_wage=0.0, discount=interest, shares=False,
            )  # fmt: skip
        made.right_value = {**made.right_value, interest: worth}
