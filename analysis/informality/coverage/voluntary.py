"""Those who may join: what they are offered, who can pay it, where take-up goes, and what ends when a subsidy ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from informality.coverage import takeup as joining
from informality.coverage.capacity import (
    burden,
    household_payment,
    household_residual,
    passes_burden,
    passes_food,
    passes_household,
)
from informality.coverage.contributions import subsidy, subsidy_share
from informality.coverage.ground import Ground, Theta
from informality.coverage.levers import AgriCollective, AssistedRegistration, AutoEnrol, Package
from informality.coverage.parts import Bools, Floats, Part, PartYear, matched, money
from informality.coverage.policy import Parameters, Rules, chain
from informality.coverage.scenario import Scenario


@dataclass(slots=True)
class State:
    """What a voluntary part carries from year to year."""

    members: Floats
    without: Floats
    """The path without the subsidies of levers: what is left when they end."""
    start: Floats
    cohorts: list[tuple[int, Floats]]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a voluntary scheme asks of each row in a year, and who could pay it."""

    earnings: Floats
    base: Floats
    own: Floats
    subsidy: Floats
    share: Floats
    match: Floats
    due: Floats
    tests: Mapping[str, Bools]
    able: Bools
    months: float
    begins: int


def granted_of(
    ground: Ground, scenario: Scenario, part: Part, rules: Rules, own: Floats, *, levers: bool = True
) -> tuple[Floats, float, int]:
    """What the State pays of ``own`` contributions a month (m, 1 or draws), for how many months, and since which year.

    Without ``levers`` only what the law gives.
    """
    people, groups = ground.people, scenario.baseline.spec.groups
    rate = np.where(part.employee, rules.total("employee"), rules.total("self"))[:, None]
    granted: Floats = np.zeros((len(part.rows), 1))
    months, begins = np.inf, rules.year
    for rule in rules.subsidies:
        if not levers and rule.name != "law":
            continue
        share = np.zeros((len(part.rows), 1)) + rule.shares["default"]
        for group, value in rule.shares.items():
            if group != "default" and group in groups:
                inside = people.where(groups[group])[part.rows][:, None]
                share = np.where(inside, np.maximum(share, value), share)  # several groups: the highest
        reference = {"own": own, "floor": rate * rules.floor, "poverty_line": rate * rule.line}[rule.base]
        granted = np.maximum(granted, subsidy(share, own, reference, rule.cap))
        months, begins = (rule.max_months, rule.begins) if rule.name != "law" or months == np.inf else (months, begins)
    return granted, months, begins


def offer_of(
    ground: Ground, scenario: Scenario, part: Part, rules: Rules, parameters: Parameters, *, levers: bool = True
) -> Offer:
    """Contribution, State support and capacity tests of a voluntary part. Without ``levers`` only what the law gives."""
    spec = scenario.baseline.spec
    earnings, base = money(ground, part, rules, rules.year)
    rate = np.where(part.employee, rules.total("employee"), rules.total("self"))[:, None]
    own = rate * base
    if rules.flat is not None:
        has = (np.nan_to_num(earnings) > 0) | rules.on_floor
        own = np.where(has, rules.flat, 0.0)
        base = np.divide(own, rate, out=np.zeros(np.broadcast(own, rate).shape), where=rate > 0)
    granted, months, begins = granted_of(ground, scenario, part, rules, own, levers=levers)
    match = matched(part, rules, earnings, own - granted)
    due = own - granted
    reward = np.divide(match, own + match, out=np.zeros(np.broadcast(own, match).shape), where=own + match > 0)
    tests: dict[str, Bools] = {"income": np.broadcast_to((np.nan_to_num(earnings) > 0) | rules.on_floor, own.shape)}
    tests["burden"] = passes_burden(
        burden(due + rules.tax, np.nan_to_num(earnings)), parameters("capacity.burden", spec.capacity.burden)
    )
    if spec.capacity.welfare is not None and part.merged is None:  # kinds have no household
        tests |= _household_tests(ground, scenario, part, rules, due + rules.tax)
    able = tests["income"]
    for name in spec.capacity.applied:
        able = able & tests[name]
    return Offer(
        earnings,
        base,
        own,
        granted,
        np.maximum(subsidy_share(granted, own), reward),
        match,
        due,
        tests,
        able,
        months,
        begins,
    )


def _household_tests(ground: Ground, scenario: Scenario, part: Part, rules: Rules, pay: Floats) -> dict[str, Bools]:
    people, capacity = ground.people, scenario.baseline.spec.capacity
    assert capacity.welfare is not None
    person = people.person[part.rows]
    size = people.size[person]
    means = people.means[person] * size * ground.wages(rules.year)
    line = people.line * ground.prices(rules.year)
    mine = pay if pay.shape[1] == 1 else pay.mean(axis=1, keepdims=True)
    weighted = household_payment(
        mine[:, 0] * people.share[part.rows], people.household[person], capacity.household_mode
    )
    counted = mine[:, 0] if capacity.household_mode == "own_only" else weighted
    left = household_residual(means, counted, size)
    return {
        "household": passes_household(left, line, capacity.margin.value)[:, None],
        "food": passes_food(means, counted, size, line * capacity.welfare.food_share.value)[:, None],
    }


def target_of(
    ground: Ground,
    scenario: Scenario,
    part: Part,
    rules: Rules,
    offer: Offer,
    theta: Theta,
    parameters: Parameters,
    *,
    levers: bool = True,
) -> Floats:
    """Long-run take-up p* of a voluntary part, (m, draws)."""
    people, spec = ground.people, scenario.baseline.spec.takeup
    score = ground.scores(scenario, part.scheme, part.rows, theta, parameters)
    score = score + theta.alpha(part.scheme, part.rows)
    score = score + parameters("takeup.beta_subsidy", spec.beta_subsidy) * offer.share
    for placed, strong in rules.assistance if levers else ():
        lever = placed.lever
        assert isinstance(lever, AssistedRegistration)
        odds = (
            parameters(f"{placed.name}.log_odds", lever.log_odds)
            if lever.log_odds
            else parameters("takeup.beta_assistance", spec.beta_assistance)
        )
        left = np.ones((len(part.rows), 1), dtype=bool)
        for i, reach in enumerate(lever.reach):
            here = left & people.where(reach.who)[part.rows][:, None]
            score = score + np.where(
                here, odds * parameters(f"{placed.name}.reach.{i}.share", reach.share) * strong, 0.0
            )
            left &= ~here
    for placed, strong in rules.package if levers else ():
        lever = placed.lever
        if isinstance(lever, Package) and lever.log_odds is not None:
            score = score + parameters(f"{placed.name}.log_odds", lever.log_odds) * strong
    target = joining.take_up(score, 0.0, parameters("takeup.p_max", spec.p_max), offer.able)
    for placed, strong in rules.auto if levers else ():
        lever = placed.lever
        assert isinstance(lever, AutoEnrol)
        here = people.where(lever.who)[part.rows][:, None] & offer.tests["income"]
        enrolled = (1 - parameters(f"{placed.name}.opt_out", lever.opt_out)) * strong
        target = np.where(here, np.maximum(target, enrolled), target)
    return target


def voluntary(
    ground: Ground, scenario: Scenario, part: Part, rules: Rules, theta: Theta, parameters: Parameters,
    states: dict[int, State], number: int, obliged: Floats,
) -> PartYear:  # fmt: skip
    """Those who may join: towards p*, with what ends when a subsidy ends."""
    spec, year, m = scenario.baseline.spec, rules.year, len(part.rows)
    offer = offer_of(ground, scenario, part, rules, parameters)
    target = target_of(ground, scenario, part, rules, offer, theta, parameters)
    temporary = bool(rules.ended) or any(p.lever.until for p in scenario.levers) or np.isfinite(offer.months)
    plain = target
    if temporary:
        law = offer_of(ground, scenario, part, rules, parameters, levers=False)
        plain = target_of(ground, scenario, part, rules, law, theta, parameters)
    paid_share, _ = chain(parameters, "voluntary", spec.density.voluntary)
    weight = part.weight(ground, year)
    leaving = parameters("takeup.leaving", spec.takeup.leaving)
    state, subsidised = states.get(number), np.ones(1)
    stays = ground.observed(part.scheme, part.rows) if spec.takeup.observed == "keep" else np.zeros(m, dtype=bool)
    flows = np.zeros((2, target.shape[1]))
    if state is None:
        members = np.where(stays[:, None], 1.0, target)
        state = states[number] = State(members, np.where(stays[:, None], 1.0, plain), members, [])
    else:
        speed = parameters("takeup.speed", spec.takeup.speed)
        members = np.where(stays[:, None], 1.0, joining.diffused(state.members, target, speed))
        without = np.where(stays[:, None], 1.0, joining.diffused(state.without, plain, speed)) if temporary else members
        retention = parameters("takeup.retention", spec.takeup.retention)
        if rules.ended:
            members = without + retention * np.maximum(state.members - without, 0.0)
        before = part.total(weight, state.members)
        if np.isfinite(offer.months) and year >= offer.begins:
            lost, subsidised = _exhausted(state, part.total(weight, members), leaving, paid_share, offer, year)
            members = members - lost * (1 - retention) * np.maximum(members - without, 0.0)
        flows = np.stack(joining.entrants(before, part.total(weight, members), leaving))
        state.members, state.without = members, without
    present = members if not obliged.any() else members * (1 - obliged)
    paid = present * _paid_shares(ground, scenario, part, rules, parameters, paid_share, stays)
    extra = np.zeros((m, 1))
    for placed, _ in rules.collective:
        lever = placed.lever
        assert isinstance(lever, AgriCollective)
        here = ground.people.where(lever.who)[part.rows][:, None] if lever.who else np.ones((m, 1), dtype=bool)
        extra = extra + np.where(here, parameters(f"{placed.name}.admin_per_member", lever.admin_per_member), 0.0)
    return PartYear(
        part, rules, ground.factor(year)[part.aged_rows][:, None], present, paid, offer.base, offer.subsidy * subsidised,
        offer.match, offer.own - offer.subsidy * subsidised, state.start, flows, extra,
        {"legal": np.ones((m, 1), dtype=bool), **offer.tests},
    )  # fmt: skip


def _paid_shares(
    ground: Ground, scenario: Scenario, part: Part, rules: Rules, parameters: Parameters, share: Floats, stays: Bools
) -> Floats:
    """Share of months paid by row: that of the class, of a collective collection, or of those who are members already."""
    out: Floats = np.broadcast_to(share, (len(part.rows), len(share)))
    for placed, strong in rules.collective:
        lever = placed.lever
        assert isinstance(lever, AgriCollective)
        here = (
            ground.people.where(lever.who)[part.rows][:, None]
            if lever.who
            else np.ones((len(part.rows), 1), dtype=bool)
        )
        better = np.maximum(share, parameters(f"{placed.name}.paid", lever.paid))
        out = np.where(here, share + (better - share) * strong, out)
    present = scenario.baseline.spec.density.present
    if present is not None and stays.any():
        out = np.where(stays[:, None], parameters("density.present.paid", present.paid), out)
    return out


def _exhausted(
    state: State, members: Floats, leaving: Floats, density: Floats, offer: Offer, year: int
) -> tuple[Floats, Floats]:
    """Share of members whose months of subsidy run out this year, and the share that is still subsidised, (draws,).

    Members are followed by the year they joined (all who were members when it began count as joined then); each pays
    12 x density months a year, and those who leave are taken from all years alike.
    """
    old = [(joined, size * (1 - leaving)) for joined, size in state.cohorts]
    joined_now = np.maximum(members - sum((size for _, size in old), np.zeros(len(members))), 0.0)
    state.cohorts = [*old, (year, joined_now)]
    scale = np.divide(
        members,
        sum((s for _, s in state.cohorts), np.zeros(len(members))),
        out=np.ones(len(members)),
        where=members > 0,
    )
    lost, over = np.zeros(len(members)), np.zeros(len(members))
    for joined, size in state.cohorts:
        paid = 12 * density * (year - joined)
        gone = paid >= offer.months
        over = over + np.where(gone, size * scale, 0.0)
        lost = lost + np.where(gone & (paid - 12 * density < offer.months), size * scale, 0.0)
    share = np.divide(over, members, out=np.zeros(len(members)), where=members > 0)
    return np.divide(lost, members, out=np.zeros(len(members)), where=members > 0), 1 - np.clip(share, 0, 1)
