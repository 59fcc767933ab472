"""The years of a scenario, one after the other: who is a member, what is paid on what, and what that earns.

All arrays are (rows of a part, draws); with one column they are the central path, with many the parameter draws, and
the code is the same. A *part* is a group of workers in one scheme under one behaviour: obliged by law, obliged by a
lever, or free to join. Probabilities multiply weights; nobody is drawn at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from informality.coverage import compliance as complying
from informality.coverage.eligibility import MANDATORY, VOLUNTARY, Mandate, mandated
from informality.coverage.ground import Ground, Theta
from informality.coverage.levers import DomesticWorkers, Enforcement, PathSpec, PlatformWithholding
from informality.coverage.parts import Floats, Part, PartYear, matched, money
from informality.coverage.policy import Parameters, Rules, chain, rules_of, strength
from informality.coverage.rights import add_benefits
from informality.coverage.scenario import Placed, Scenario
from informality.coverage.voluntary import State, granted_of, voluntary


@dataclass(frozen=True, slots=True)
class Year:
    year: int
    parts: tuple[PartYear, ...]


def parts_of(ground: Ground, scenario: Scenario) -> list[Part]:
    """The parts of a scenario: by law, by lever, and voluntary, in this order."""
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
        if len(rows):
            parts.append(Part(scheme, "voluntary", rows, employee[rows]))
    return parts


def earning(ground: Ground, scenario: Scenario, parts: Sequence[Part]) -> list[Part]:
    """Parts without those who may join but have no earnings to pay from: they count for nothing but themselves."""
    out = []
    for part in parts:
        if part.kind == "voluntary" and scenario.baseline.schemes[part.scheme].spec.base.declared.mode != "floor":
            earns = np.nan_to_num(ground.people.earnings[part.rows]) > 0
            part = replace(part, rows=part.rows[earns], employee=part.employee[earns])
        out.append(part)
    return out


def run(
    ground: Ground,
    scenario: Scenario,
    theta: Theta,
    parameters: Parameters,
    *,
    last: int | None = None,
    parts: Sequence[Part] | None = None,
) -> Iterator[Year]:
    """The years from the base year on. ``theta`` ties the path to what is known of members (:mod:`ground`).

    ``parts``: those of the scenario, as they are (default) or merged.
    """
    years = scenario.baseline.spec.years
    parts = parts_of(ground, scenario) if parts is None else parts
    states: dict[int, State] = {}
    for year in range(years.base, (last or years.last) + 1):
        rules = {s: rules_of(scenario, s, year, parameters) for s in scenario.baseline.schemes}
        done: list[PartYear] = []
        for number, part in enumerate(parts):
            if part.kind == "voluntary":
                already = _already(len(ground.people.person), part, done)
                made = voluntary(ground, scenario, part, rules[part.scheme], theta, parameters, states, number, already)
            else:
                made = _obliged(ground, scenario, part, rules[part.scheme], theta, parameters)
            add_benefits(ground, scenario, made, parameters)
            done.append(made)
        yield Year(year, tuple(done))


def _already(people: int, part: Part, done: Sequence[PartYear]) -> Floats:
    """(m, draws) or (m, 1): the chance of those who may join that a lever has obliged them to be in a scheme already."""
    chance: Floats = np.zeros((len(part.rows), 1))
    for made in done:
        if made.part.kind == "mandated":
            place = np.full(people, -1, dtype=np.intp)
            whole = made.part.merged
            if whole is None:
                place[made.part.rows] = np.arange(len(made.part.rows))
            else:
                place[whole.everybody] = whole.kind[whole.into]
            at = place[part.rows]
            chance = chance + np.where(at[:, None] >= 0, made.members[at], 0.0)
    return chance


def _obliged(
    ground: Ground, scenario: Scenario, part: Part, rules: Rules, theta: Theta, parameters: Parameters
) -> PartYear:
    """Those who must join: insured now, or brought in by enforcement or a mandate."""
    year, m = rules.year, len(part.rows)
    lever = part.mandate.lever if part.mandate is not None else None
    full = lever.full_time_hours.value if isinstance(lever, DomesticWorkers) else None
    earnings, base = money(ground, part, rules, year, proportional=full)
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
    law, _, _ = granted_of(ground, scenario, part, rules, due, levers=False)
    subsidy = np.where(part.employee[:, None], 0.0, law)  # the law pays a part for the self-employed alone
    zero = np.zeros((2, members.shape[1]))
    return PartYear(
        part, rules, ground.factor(year)[part.aged_rows][:, None], members, members * paid_share, base, subsidy,
        matched(part, rules, earnings, due - subsidy), due - subsidy, start, zero, np.zeros((m, 1)),
    )  # fmt: skip


def _newly(scenario: Scenario, placed: Placed, year: int, parameters: Parameters) -> Floats:
    """Compliance of people a lever has newly obliged: the path of the lever, or of the baseline."""
    lever = placed.lever
    if strength(lever, year) == 0:
        return np.zeros(1)
    if isinstance(lever, PlatformWithholding):
        return parameters(f"{placed.name}.in_scope", lever.in_scope) * strength(lever, year)
    own: PathSpec | None = getattr(lever, "compliance", None)
    spec, name = (
        (own, f"{placed.name}.compliance")
        if own is not None
        else (scenario.baseline.spec.newly_covered, "newly_covered")
    )
    start, step, cap = (parameters(f"{name}.{k}", getattr(spec, k)) for k in ("start", "step", "cap"))
    begun = lever.begins.year + (0 if (lever.begins.month, lever.begins.day) <= (7, 1) else 1)
    return complying.phased(start, step, cap, year - begun) * strength(lever, year)


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
