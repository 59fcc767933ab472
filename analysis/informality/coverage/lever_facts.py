"""What each lever of a scenario sets, and what holds without it: plain records, from which reports make sentences."""

from __future__ import annotations

from typing import Any

from informality.coverage.levers import DomesticWorkers, Lever, MandateGroup, SizeThreshold
from informality.coverage.policy import Parameters, Rules, midyear, rules_of
from informality.coverage.scenario import Placed, Scenario, status_quo

Record = dict[str, Any]
BESIDE = {"type", "scheme", "base", "begins", "until", "ramp_years", "why", "source", "status"}
"""Keys of a lever that are no settings of its own kind."""


def lever_facts(scenario: Scenario) -> list[Record]:
    """A record for each lever, in the order in which they apply."""
    return [_fact(placed, scenario) for placed in scenario.levers]


def _fact(placed: Placed, scenario: Scenario) -> Record:
    """``name``: as draws and the register call it. ``of``: the scenario that has the lever. ``sets``: the lever's own keys,
    numbers with their range. ``now``: what holds in the first year it is in force, without any lever, in the units of
    ``sets``; what is not known there is absent. ``whole``: the year in which a ramp ends, or None. ``groups``: whom the
    groups of a subsidy mean.
    """
    lever = placed.lever
    spec = scenario.baseline.spec
    sets = lever.model_dump(mode="json", by_alias=True, exclude=BESIDE, exclude_none=True)
    if isinstance(lever, MandateGroup | SizeThreshold | DomesticWorkers) and lever.compliance is None:
        sets["compliance"] = spec.newly_covered.model_dump(mode="json")
    first = lever.begins.year + (lever.begins > midyear(lever.begins.year))
    year = min(max(first, spec.years.base), spec.years.last)
    return {
        "name": placed.name,
        "of": placed.name.rpartition(".")[0],
        "type": str(getattr(lever, "type", "")),
        "scheme": placed.scheme,
        "base": str(getattr(lever, "base", "")),
        "from": lever.begins.isoformat(),
        "until": lever.until.isoformat() if lever.until else None,
        "whole": first + int(-(-lever.ramp_years // 1)) - 1 if lever.ramp_years > 1 else None,
        "why": lever.why,
        "sets": sets,
        "now": _now(scenario, placed, year),
        "groups": {name: when for name, when in spec.groups.items() if name in getattr(lever, "share", {})},
    }


def _now(scenario: Scenario, placed: Placed, year: int) -> Record:
    """The rules of the scheme in a year without any lever."""
    if placed.scheme is None:
        return {}
    quo = status_quo(scenario.baseline)
    rules = rules_of(quo, placed.scheme, year, Parameters())
    day, dated = midyear(year), rules.scheme.value_at
    limits = {
        name: known.value for name in ("floor", "ceiling", "entry_cap") if (known := dated(name, day)) is not None
    }
    pension = {f"age_{sex}": float(rule.age) for sex, rule in rules.pension.items()}
    for rule in list(rules.pension.values())[:1]:
        pension |= {"min_years": rule.min_years, "cap": rule.cap, "minimum": rule.minimum}
        pension |= {"accrual": float(rules.accrual.mean()), "proportional": float(rule.proportional)}
    return {
        **limits,
        **pension,
        "rate": sum(map(rules.total, rules.rates)),
        "kept": _rate_of(placed.lever, rules),
        "subsidised": bool(rules.subsidies),
        "matched": rules.match is not None,
        "paid": scenario.baseline.spec.density.voluntary.paid.value,
        "waiting": {name: {"title": b.title, "months": b.qualify.months} for name, b in rules.cash.items()},
    }


def _rate_of(lever: Lever, rules: Rules) -> float:
    """What all payers together pay for the branches that a package keeps, as a share of the base."""
    keep, drop = set(getattr(lever, "keep", ())), set(getattr(lever, "drop", ()))
    return float(
        sum(
            rate
            for branches in rules.rates.values()
            for branch, rate in branches.items()
            if branch not in drop and (not keep or branch in keep)
        )
    )
