"""The register of every number a scenario rests on, and the weakest status that travels with each result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pandas as pd

from informality.coverage.dated import Number
from informality.coverage.measures import Key
from informality.coverage.policy import midyear
from informality.coverage.scenario import Scenario
from informality.coverage.scheme import Scheme, numbers
from informality.foundation.quantities import Status, weakest

_BEHAVIOUR = ("takeup", "newly_covered", "capacity")
_PARTS = {  # beyond membership: what an indicator rests on
    "contributions": ("rates", "base", "density"),
    "payroll": ("base", "density"),
    "active": ("density",),
    "paid_months": ("density",),
    "state_support": ("rates", "base", "density", "subsidy"),
    "state_cost": ("rates", "base", "density", "subsidy"),
    "state_as_employer": ("rates", "base", "density"),
    "administration": ("rates", "base", "density", "finance"),
    "benefit": ("base", "density", "claims", "cash"),
    "claims": ("density", "claims", "cash"),
    "accrual": ("base", "density", "old_age", "pensions"),
    "liability": ("base", "density", "old_age", "pensions"),
}


def status_of(scenario: Scenario, survey: Status) -> Callable[[Key], Status]:
    """A function from an indicator to the weakest status among the numbers it depends on, the survey and levers included."""
    kept: dict[Key, Status] = {}

    def find(key: Key) -> Status:
        if key not in kept:
            kept[key] = _status(scenario, survey, key)
        return kept[key]

    return find


def _status(scenario: Scenario, survey: Status, key: Key) -> Status:
    baseline = scenario.baseline
    if key.indicator in ("population", "employed", "labour_force", "unemployed", "formal_jobs", "informal_jobs"):
        return weakest(survey, "derived")
    schemes = [s for s in baseline.schemes.values() if key.scheme in ("all", s.id)]
    day = midyear(baseline.spec.years.last)
    found: list[Status] = [
        survey,
        "derived",
        *(p.lever.status for p in scenario.levers if p.scheme in (None, *(s.id for s in schemes))),
    ]
    found += [n.status for path, n in numbers(baseline.spec) if path.startswith(_BEHAVIOUR)]
    if baseline.country.macro is not None and baseline.spec.years.last > baseline.spec.years.base:
        found.append(baseline.country.macro.status)
    for part in _PARTS.get(key.indicator.split(".")[0], ()):
        for scheme in schemes:
            found += _part_status(scheme, part, day)
        if part in ("density", "claims", "finance", "pensions"):
            found += [n.status for path, n in numbers(baseline.spec) if path.startswith(part)]
    return weakest(*found)


def _part_status(scheme: Scheme, part: str, day: date) -> list[Status]:
    spec = scheme.spec
    if part == "rates":
        return [scheme.rates_at(day).status]
    if part == "base":
        values = [scheme.value_at(n, day) for n in ("floor", "ceiling", "entry_cap")]
        return [v.status for v in values if v is not None]
    if part == "subsidy":
        return [s.status for s in spec.subsidy.shares] if spec.subsidy else []
    if part == "old_age":
        if spec.benefits.old_age is None:
            return []
        own = [n.status for _, n in numbers(spec.benefits.old_age)]
        return [*own, *(scheme.dated[n].at(day).status for n in scheme.dated if n.startswith("old_age."))]
    if part == "cash":
        return [n.status for c in spec.benefits.cash.values() for _, n in numbers(c)]
    return []


def register(scenario: Scenario) -> pd.DataFrame:
    """One row for each number: part, name, value, low, high, unit, from, source, status; levers last."""
    return pd.DataFrame(
        list(_rows(scenario)),
        columns=["part", "name", "value", "low", "high", "unit", "from", "source", "status", "note"],
    )


def _rows(scenario: Scenario) -> Iterator[tuple[object, ...]]:
    baseline = scenario.baseline
    for scheme in baseline.schemes.values():
        names = {**baseline.country.spec.sources, **scheme.spec.sources}
        for timeline in scheme.dated.values():
            for value in timeline.values:
                yield (
                    scheme.id,
                    timeline.name,
                    value.value,
                    None,
                    None,
                    timeline.unit,
                    str(value.begins),
                    names[value.source],
                    timeline.at(value.begins).status,
                    value.note,
                )
            if timeline.then is not None:
                then = timeline.then
                yield (
                    scheme.id,
                    f"{timeline.name}, then",
                    None,
                    None,
                    None,
                    f"{then.multiple:g} x {then.index}",
                    None,
                    names[then.source],
                    then.status,
                    then.why,
                )
        for table in scheme.spec.rates.tables:
            for payer, branches in table.payers.items():
                for branch, rate in branches.items():
                    yield (
                        scheme.id,
                        f"rate {payer} {branch}",
                        rate,
                        None,
                        None,
                        scheme.spec.rates.unit,
                        str(table.begins),
                        names[table.source],
                        table.status.payers,
                        table.note,
                    )
        yield from (_number(scheme.id, path, n, names) for path, n in numbers(scheme.spec))
    yield from (_number(baseline.spec.id, path, n, baseline.spec.sources) for path, n in numbers(baseline.spec))
    for placed in scenario.levers:
        for path, n in numbers(placed.lever):
            yield (
                placed.name,
                path,
                n.value,
                n.low,
                n.high,
                n.unit,
                str(placed.lever.begins),
                baseline.spec.sources.get(placed.lever.source, placed.lever.source),
                placed.lever.status,
                placed.lever.why,
            )


def _number(part: str, path: str, n: Number, names: dict[str, str]) -> tuple[object, ...]:
    return part, path, n.value, n.low, n.high, n.unit, None, names.get(n.source, n.source), n.status, n.note
