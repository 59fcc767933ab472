"""The years of a scenario, one after the other: who is a member, what is paid on what, and what that earns.

All arrays are (rows of a part, draws); with one column they are the central path, with many the parameter draws, and
the code is the same. A *part* is a group of workers in one scheme under one behaviour: obliged by law, obliged by a
lever, or free to join. Probabilities multiply weights; nobody is drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from informality.coverage import compliance as complying
from informality.coverage import takeup as joining
from informality.coverage.capacity import burden, household_payment, household_residual, passes_burden, passes_food, passes_household
from informality.coverage.contributions import bracket_match, floor_in_proportion, insurable_earnings, subsidy, subsidy_share
from informality.coverage.density import qualifies, reentry, vested_density
from informality.coverage.eligibility import MANDATORY, VOLUNTARY, Mandate, mandated
from informality.coverage.finance import DAYS_IN_MONTH
from informality.coverage.ground import Ground, Theta
from informality.coverage.levers import (
    AgriCollective,
    AssistedRegistration,
    AutoEnrol,
    DomesticWorkers,
    Enforcement,
    Package,
    PathSpec,
    PlatformWithholding,
)
from informality.coverage.pensions import right_value
from informality.coverage.policy import Parameters, Rules, chain, rules_of, strength
from informality.coverage.scenario import Placed, Scenario

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

MONTHS_AT_MOST = 12 * 50  # from joining at 15 to pension at 65


@dataclass(frozen=True, slots=True)
class Part:
    """``rows`` (m,) of the people; ``employee`` (m,): the employer pays, too; ``mandate``: the lever behind it."""

    scheme: str
    kind: str
    rows: Ints
    employee: Bools
    mandate: Placed | None = None


@dataclass(slots=True)
class PartYear:
    """One part in one year, arrays (m, draws) or (m, 1): chance of membership, of paying in a month, and monthly money.

    ``base``: insurable earnings; ``subsidy``: what the State pays of the contribution, ``match``: adds to it; ``tax``: paid with
    it; ``due``: what is left for members. ``factor`` (m, 1) ages the weights. ``able``: by test, the central path only.
    """

    part: Part
    rules: Rules
    factor: Floats
    members: Floats
    paid: Floats
    base: Floats
    subsidy: Floats
    match: Floats
    due: Floats
    before: Floats
    """Chance of membership in the base year (m, draws): what formalisation is counted against."""
    new: Floats
    """Members that joined and (second) left since the year before, in persons (2, draws)."""
    per_member_extra: Floats
    able: Mapping[str, Bools] = field(default_factory=dict)
    rights: Floats | None = None
    """Yearly pension rights earned, as a share of the base that ends in a pension, times the base (m, draws)."""
    right_value: Mapping[float, Floats] = field(default_factory=dict)
    """Value today of a right of 1 from the pension age on, by discount rate (m,)."""
    cases: Mapping[str, tuple[Bools, Floats, Floats]] = field(default_factory=dict)
    """Short-term benefits: whom they concern (m,), cases a year and their cost on a monthly base of 1 (draws,)."""


@dataclass(frozen=True, slots=True)
class Year:
    year: int
    parts: tuple[PartYear, ...]


@dataclass(slots=True)
class _State:
    """What a voluntary part carries from year to year."""

    members: Floats
    without: Floats
    """The path without the subsidies of levers: what is left when they end."""
    start: Floats
    cohorts: list[tuple[int, Floats]]


def parts_of(ground: Ground, scenario: Scenario, *, lean: bool = False) -> list[Part]:
    """The parts of a scenario: by law, by lever, and voluntary, in this order.

    ``lean`` leaves out those who may join but have no earnings to pay from; they count for nothing but themselves.
    """
    people = ground.people
    employee = people.where({"status": "employee"})
    mandates: list[Mandate] = mandated(people, scenario.levers, ground.covered)
    parts = []
    for scheme, code in ground.covered.items():
        rows = np.flatnonzero(code == MANDATORY)
        if len(rows):
            parts.append(Part(scheme, "mandatory", rows, employee[rows]))
    for mandate in mandates:
        rows = np.flatnonzero(mandate.rows)
        if len(rows):
            parts.append(Part(mandate.scheme, "mandated", rows, employee[rows], mandate.placed))
    for scheme, code in ground.covered.items():
        rows = np.flatnonzero(code == VOLUNTARY)
        if lean and scenario.baseline.schemes[scheme].spec.base.declared.mode != "floor":
            rows = rows[np.nan_to_num(people.earnings[rows]) > 0]
        if len(rows):
            parts.append(Part(scheme, "voluntary", rows, employee[rows]))
    return parts


def run(
    ground: Ground, scenario: Scenario, theta: Theta, parameters: Parameters, *, last: int | None = None, lean: bool = False
) -> Iterator[Year]:
    """The years from the base year on. ``theta`` ties the path to what is known of members (:mod:`ground`)."""
    years = scenario.baseline.spec.years
    parts = parts_of(ground, scenario, lean=lean)
    states: dict[int, _State] = {}
    tables: dict[tuple[str, int], Floats] = {}
    for year in range(years.base, (last or years.last) + 1):
        rules = {s: rules_of(scenario, s, year, parameters) for s in scenario.baseline.schemes}
        obliged = np.zeros((len(ground.people.person), parameters.size))  # chance to be in a scheme already
        done = []
        for number, part in enumerate(parts):
            if part.kind == "voluntary":
                made = _voluntary(ground, scenario, part, rules[part.scheme], theta, parameters, states, number, obliged[part.rows])
            else:
                made = _obliged(ground, scenario, part, rules[part.scheme], theta, parameters)
                if part.kind == "mandated":
                    obliged[part.rows] += made.members
            _benefits(ground, scenario, made, parameters, tables)
            done.append(made)
        yield Year(year, tuple(done))


def _money(ground: Ground, part: Part, rules: Rules, year: int, *, proportional: float | None = None) -> tuple[Floats, Floats]:
    """Earnings and insurable earnings of a part in a year, (m, 1) or (m, draws)."""
    people = ground.people
    earnings = people.earnings[part.rows][:, None] * ground.wages(year)
    floor: npt.ArrayLike = rules.floor
    full = proportional or rules.full_time
    if full is not None and rules.floor > 0:
        floor = floor_in_proportion(rules.floor, people.hours[part.rows], full)[:, None]
    top = min(rules.ceiling, rules.entry_cap) if part.kind == "voluntary" else rules.ceiling
    declared = rules.declared if not part.employee.all() else np.ones(1)
    base = insurable_earnings(np.nan_to_num(earnings), floor, top, declared=declared, on_floor=rules.on_floor)  # type: ignore[arg-type]
    return earnings, np.where(np.isnan(earnings) & ~np.bool_(rules.on_floor), 0.0, base)


def _matched(part: Part, rules: Rules, earnings: Floats, due: Floats) -> Floats:
    match = rules.match
    if match is None:
        return np.zeros((len(part.rows), 1))
    if match.brackets:
        return bracket_match(np.nan_to_num(earnings) * 12, match.brackets, match.mode) / 12  # type: ignore[arg-type]
    return np.minimum(match.rate * due, match.cap) * match.vesting


def _obliged(ground: Ground, scenario: Scenario, part: Part, rules: Rules, theta: Theta, parameters: Parameters) -> PartYear:
    """Those who must join: insured now, or brought in by enforcement or a mandate."""
    year, m = rules.year, len(part.rows)
    lever = part.mandate.lever if part.mandate is not None else None
    full = lever.full_time_hours.value if isinstance(lever, DomesticWorkers) else None
    earnings, base = _money(ground, part, rules, year, proportional=full)
    if isinstance(lever, PlatformWithholding):
        base = np.minimum(np.nan_to_num(earnings), rules.ceiling)
    start = ground.insured(theta, part.scheme, part.rows) if lever is None else np.zeros((m, 1))
    uptake: Floats = np.zeros((m, 1))
    if part.mandate is not None and lever is not None:
        uptake = np.broadcast_to(_newly(scenario, part.mandate, year, parameters), (m, parameters.size))
    for placed in scenario.of(Enforcement, part.scheme):
        uptake = _enforced(ground, placed, part, year, theta, parameters, uptake)
    members = start + (1 - start) * uptake
    paid_share, _ = chain(parameters, "mandatory", scenario.baseline.spec.density.mandatory)
    due = rules.total("employee") * base * part.employee[:, None] + rules.total("self") * base * ~part.employee[:, None]
    none = np.zeros((m, 1))
    zero = np.zeros((2, members.shape[1]))
    return PartYear(
        part, rules, ground.factor(year)[part.rows][:, None], members, members * paid_share, base, none,
        _matched(part, rules, earnings, due), due, start, zero, np.zeros((m, 1)),
    )  # fmt: skip


def _newly(scenario: Scenario, placed: Placed, year: int, parameters: Parameters) -> Floats:
    """Compliance of people a lever has newly obliged: the path of the lever, or of the baseline."""
    lever = placed.lever
    if strength(lever, year) == 0:
        return np.zeros(1)
    if isinstance(lever, PlatformWithholding):
        return parameters(f"{placed.name}.in_scope", lever.in_scope) * strength(lever, year)
    own: PathSpec | None = getattr(lever, "compliance", None)
    spec, name = (own, f"{placed.name}.compliance") if own is not None else (scenario.baseline.spec.newly_covered, "newly_covered")
    values = [parameters(f"{name}.{k}", getattr(spec, k)) for k in ("start", "step", "cap")]
    begun = lever.begins.year + (0 if (lever.begins.month, lever.begins.day) <= (7, 1) else 1)
    return complying.phased(*values, year - begun) * strength(lever, year)


def _enforced(
    ground: Ground, placed: Placed, part: Part, year: int, theta: Theta, parameters: Parameters, uptake: Floats
) -> Floats:
    """The chance of the uninsured to become insured, after one more lever of enforcement."""
    lever = placed.lever
    assert isinstance(lever, Enforcement)
    part_in_place = strength(lever, year)
    if part_in_place == 0:
        return uptake
    who = ground.people.where(lever.who)[part.rows][:, None] if lever.who else np.ones((len(part.rows), 1), dtype=bool)
    if lever.base == "uninsured":
        assert lever.target is not None
        more = parameters(f"{placed.name}.target", lever.target) * part_in_place
    else:
        now = theta.values[f"now:{placed.name}"]
        if lever.target is not None:
            goal = now + (parameters(f"{placed.name}.target", lever.target) - now) * part_in_place
        else:
            assert lever.log_odds is not None
            goal = complying.shifted(now, parameters(f"{placed.name}.log_odds", lever.log_odds) * part_in_place)
        more = complying.uptake_for_target(now, goal)
    return np.where(who, 1 - (1 - uptake) * (1 - more), uptake)


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


def offer_of(
    ground: Ground, scenario: Scenario, part: Part, rules: Rules, parameters: Parameters, *, levers: bool = True
) -> Offer:
    """Contribution, State support and capacity tests of a voluntary part. Without ``levers`` only what the law gives."""
    people, spec = ground.people, scenario.baseline.spec
    earnings, base = _money(ground, part, rules, rules.year)
    rate = np.where(part.employee, rules.total("employee"), rules.total("self"))[:, None]
    own = rate * base
    if rules.flat is not None:
        has = (np.nan_to_num(earnings) > 0) | rules.on_floor
        own = np.where(has, rules.flat, 0.0)
        base = np.divide(own, rate, out=np.zeros(np.broadcast(own, rate).shape), where=rate > 0)
    granted: Floats = np.zeros((len(part.rows), 1))
    months, begins = np.inf, rules.year
    for rule in rules.subsidies:
        if not levers and rule.name != "law":
            continue
        share = np.zeros((len(part.rows), 1)) + rule.shares["default"]
        for group, value in rule.shares.items():
            if group != "default" and group in spec.groups:
                inside = people.where(spec.groups[group])[part.rows][:, None]
                share = np.where(inside, np.maximum(share, value), share)  # several groups: the highest
        reference = {"own": own, "floor": rate * rules.floor, "poverty_line": rate * rule.line}[rule.base]
        granted = np.maximum(granted, subsidy(share, own, reference, rule.cap))
        months, begins = (rule.max_months, rule.begins) if rule.name != "law" or months == np.inf else (months, begins)
    match = _matched(part, rules, earnings, own - granted)
    due = own - granted
    reward = np.divide(match, own + match, out=np.zeros(np.broadcast(own, match).shape), where=own + match > 0)
    tests: dict[str, Bools] = {"income": np.broadcast_to((np.nan_to_num(earnings) > 0) | rules.on_floor, own.shape)}
    tests["burden"] = passes_burden(burden(due + rules.tax, np.nan_to_num(earnings)), parameters("capacity.burden", spec.capacity.burden))
    if spec.capacity.welfare is not None:
        tests |= _household_tests(ground, scenario, part, rules, due + rules.tax)
    able = tests["income"]
    for name in spec.capacity.applied:
        able = able & tests[name]
    return Offer(earnings, base, own, granted, np.maximum(subsidy_share(granted, own), reward), match, due, tests, able, months, begins)


def _household_tests(ground: Ground, scenario: Scenario, part: Part, rules: Rules, pay: Floats) -> dict[str, Bools]:
    people, capacity = ground.people, scenario.baseline.spec.capacity
    assert capacity.welfare is not None
    person = people.person[part.rows]
    size = people.size[person]
    means = people.means[person] * size * ground.wages(rules.year)
    line = people.line * ground.prices(rules.year)
    mine = pay if pay.shape[1] == 1 else pay.mean(axis=1, keepdims=True)
    weighted = household_payment(mine[:, 0] * people.share[part.rows], people.household[person], capacity.household_mode)
    counted = mine[:, 0] if capacity.household_mode == "own_only" else weighted
    left = household_residual(means, counted, size)
    return {
        "household": passes_household(left, line, capacity.margin.value)[:, None],
        "food": passes_food(means, counted, size, line * capacity.welfare.food_share.value)[:, None],
    }


def target_of(
    ground: Ground, scenario: Scenario, part: Part, rules: Rules, offer: Offer, theta: Theta, parameters: Parameters, *, levers: bool = True
) -> Floats:
    """Long-run take-up p* of a voluntary part, (m, draws)."""
    people, spec = ground.people, scenario.baseline.spec.takeup
    score = ground.scores(scenario, part.rows, parameters) + theta.alpha(part.scheme, part.rows)
    score = score + parameters("takeup.beta_subsidy", spec.beta_subsidy) * offer.share
    for placed, strong in rules.assistance if levers else ():
        lever = placed.lever
        assert isinstance(lever, AssistedRegistration)
        odds = parameters(f"{placed.name}.log_odds", lever.log_odds) if lever.log_odds else parameters("takeup.beta_assistance", spec.beta_assistance)
        left = np.ones((len(part.rows), 1), dtype=bool)
        for i, reach in enumerate(lever.reach):
            here = left & people.where(reach.who)[part.rows][:, None]
            score = score + np.where(here, odds * parameters(f"{placed.name}.reach.{i}.share", reach.share) * strong, 0.0)
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


def _voluntary(
    ground: Ground, scenario: Scenario, part: Part, rules: Rules, theta: Theta, parameters: Parameters,
    states: dict[int, _State], number: int, obliged: Floats,
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
    paid_share, stay = chain(parameters, "voluntary", spec.density.voluntary)
    weight = ground.people.weight[part.rows] * ground.factor(year)[part.rows]
    leaving = parameters("takeup.leaving", spec.takeup.leaving)
    state, subsidised = states.get(number), np.ones(1)
    stays = ground.observed(part.scheme, part.rows) if spec.takeup.observed == "keep" else np.zeros(m, dtype=bool)
    flows = np.zeros((2, target.shape[1]))
    if state is None:
        members = np.where(stays[:, None], 1.0, target)
        state = states[number] = _State(members, np.where(stays[:, None], 1.0, plain), members, [])
    else:
        speed = parameters("takeup.speed", spec.takeup.speed)
        members = np.where(stays[:, None], 1.0, joining.diffused(state.members, target, speed))
        without = np.where(stays[:, None], 1.0, joining.diffused(state.without, plain, speed)) if temporary else members
        retention = parameters("takeup.retention", spec.takeup.retention)
        if rules.ended:
            members = without + retention * np.maximum(state.members - without, 0.0)
        before = weight @ state.members
        if np.isfinite(offer.months) and year >= offer.begins:
            lost, subsidised = _exhausted(state, weight @ members, leaving, paid_share, offer, year)
            members = members - lost * (1 - retention) * np.maximum(members - without, 0.0)
        flows = np.stack(joining.entrants(before, weight @ members, leaving))
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
        part, rules, ground.factor(year)[part.rows][:, None], present, paid, offer.base, offer.subsidy * subsidised,
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
        here = ground.people.where(lever.who)[part.rows][:, None] if lever.who else np.ones((len(part.rows), 1), dtype=bool)
        better = np.maximum(share, parameters(f"{placed.name}.paid", lever.paid))
        out = np.where(here, share + (better - share) * strong, out)
    present = scenario.baseline.spec.density.present
    if present is not None and stays.any():
        out = np.where(stays[:, None], parameters("density.present.paid", present.paid), out)
    return out


def _exhausted(
    state: _State, members: Floats, leaving: Floats, density: Floats, offer: Offer, year: int
) -> tuple[Floats, Floats]:
    """Share of members whose months of subsidy run out this year, and the share that is still subsidised, (draws,).

    Members are followed by the year they joined (all who were members when it began count as joined then); each pays
    12 x density months a year, and those who leave are taken from all years alike.
    """
    old = [(joined, size * (1 - leaving)) for joined, size in state.cohorts]
    joined_now = np.maximum(members - sum((size for _, size in old), np.zeros(len(members))), 0.0)
    state.cohorts = [*old, (year, joined_now)]
    scale = np.divide(members, sum((s for _, s in state.cohorts), np.zeros(len(members))), out=np.ones(len(members)), where=members > 0)
    lost, over = np.zeros(len(members)), np.zeros(len(members))
    for joined, size in state.cohorts:
        paid = 12 * density * (year - joined)
        gone = paid >= offer.months
        over = over + np.where(gone, size * scale, 0.0)
        lost = lost + np.where(gone & (paid - 12 * density < offer.months), size * scale, 0.0)
    share = np.divide(over, members, out=np.zeros(len(members)), where=members > 0)
    return np.divide(lost, members, out=np.zeros(len(members)), where=members > 0), 1 - np.clip(share, 0, 1)


def _benefits(
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
        need = int(round(12 * rule.min_years))
        if (kind, need) not in tables:
            tables[kind, need] = vested_density(going_on, again, need, MONTHS_AT_MOST)[1]
        share = tables[kind, need][horizon]
    base = made.base
    if rule.minimum > 0:
        years = np.maximum((limit - known) * paid.mean(), 1e-9)[:, None]
        base = np.maximum(base, np.minimum(rule.minimum / np.maximum(rules.accrual * years, 1e-12), rules.ceiling))
    made.rights = made.members * share * (base * (12 * rules.accrual))
    made.rights[known >= limit] = 0.0
    for rate in spec.pensions.liability_rates:
        value = np.zeros(len(part.rows))
        for sex, here in (("male", ~female), ("female", female)):
            value[here] = right_value(
                rules.pension[sex], ground.life[sex], known[here],
                real_wage=spec.pensions.real_wage.value, discount=rate, shares=False,
            )  # fmt: skip
        made.right_value = {**made.right_value, rate: value}
