"""What stands beside the rows in a coverage report: rules as schedules, tests passed, numbers assumed, lessons.

Everything here follows from files and the central path, without a sampling error of its own; it is kept as plain records, so
that a report can print it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from informality.coverage.accounts import take_home, vesting, vesting_year
from informality.coverage.gates import Gate
from informality.coverage.lever_facts import lever_facts
from informality.coverage.means import poverty_effect
from informality.coverage.measures import Key
from informality.coverage.outcome import Outcome
from informality.coverage.policy import Parameters, Rules, midyear, rules_of
from informality.coverage.register import register
from informality.coverage.scenario import Scenario
from informality.coverage.scheme import numbers
from informality.coverage.sensitivity import tornadoes
from informality.foundation.quantities import weakest

AGES = tuple(range(20, 56))
WAGES = tuple(round(0.1 * i, 1) for i in range(1, 61))
"""Wages of schedules, in floors."""
VARIANCES = ("members", "active", "contributions", "state_cost", "benefits", "administration", "liability.0.03")
Record = dict[str, Any]


def facts_of(
    outcomes: Mapping[str, Outcome], quo: Outcome, focus: Outcome, gates: Mapping[str, Sequence[Gate]], seed: int
) -> dict[str, Any]:
    """Everything, by name: mappings and lists of records."""
    spec, years = quo.scenario.baseline.spec, quo.scenario.baseline.spec.years
    shown = shown_year(focus)
    return {
        "country": quo.scenario.baseline.country.spec.title,
        "currency": quo.scenario.baseline.country.spec.currency,
        "baseline": {"id": spec.id, "title": spec.title, "summary": spec.summary, "notes": list(spec.notes)},
        "years": {"base": years.base, "first": years.first, "last": years.last, "shown": shown},
        "draws": focus.parameters.size if focus.draws_theta is not None else 0,
        "seed": seed,
        "quo": quo.scenario.id,
        "focus": focus.scenario.id,
        "scenarios": [_scenario(o.scenario) for o in outcomes.values()],
        "schemes": [r for s in quo.scenario.baseline.schemes for r in _scheme(quo, s, shown)],
        "gates": [
            {"scenario": name, "number": g.number, "title": g.title, "passed": g.passed, "evidence": list(g.evidence)}
            for name, found in gates.items()
            for g in found
        ],
        "register": _register([o.scenario for o in outcomes.values()]),
        "schedule": [r for o in (quo, focus) for s in quo.scenario.baseline.schemes for r in _schedule(o, s, shown)],
        "take_home": [r for s in quo.scenario.baseline.schemes for r in _take_home(quo, s, shown)],
        "vesting": [r for o in outcomes.values() for s in o.scenario.baseline.schemes for r in _vesting(o, s, shown)],
        "tornado": _tornado(focus, quo) if focus.draws_theta is not None else [],
        "variance": [r for o in (quo, focus) for r in _variance(o)],
        "poverty": [r for o in (quo, focus) for r in _poverty(o)],
        "projection": [
            {"year": y, "effective_n": q.effective_n, "largest_ratio": q.largest_ratio}
            for y, q in sorted(quo.ground.quality.items())
        ],
        "lessons": _lessons(quo, shown),
        "people": [dict(note) for note in quo.ground.people.notes],
        "held": _held(quo),
        "mortality": _mortality(quo),
        "economy": _economy(quo),
        "pensions": {
            "real_wage": spec.pensions.real_wage.value,
            "discount": spec.pensions.discount.value,
            "mandatory": spec.density.mandatory.paid.value,
            "voluntary": spec.density.voluntary.paid.value,
        },
    }


def _held(quo: Outcome) -> list[Record]:
    """Schemes whose floor would outgrow another limit, and is held at it: each once, with the first year."""
    first: dict[str, Record] = {}
    for year in quo.path:
        for part in year.parts:
            if part.rules.held:
                record = {"scheme": part.part.scheme, "year": part.rules.year, "at": part.rules.held}
                first.setdefault(part.part.scheme, record)
    return sorted(first.values(), key=lambda r: (r["year"], r["scheme"]))


def _mortality(quo: Outcome) -> Record | None:
    """Which life table pensions are valued by: its source and the years it speaks of."""
    country = quo.scenario.baseline.country.spec
    if country.mortality is None:
        return None
    return {"source": country.sources.get(country.mortality.source, country.mortality.source),
            "period": country.mortality.period}  # fmt: skip


def _economy(quo: Outcome) -> Record | None:
    """The path of product, prices, wages, State revenue and the minimum wage, with the last year that a source gives."""
    country, years = quo.scenario.baseline.country, quo.scenario.baseline.spec.years
    macro, spec = country.macro, country.spec.macro
    if macro is None or spec is None:
        return None
    least, later = country.series.amounts.get("minimum_wage"), spec.later.real_growth.value if spec.later else None
    paths = (spec.gdp, spec.growth, spec.inflation, spec.revenue)
    rows = [
        {
            "year": year,
            "gdp": macro.gdp[year],
            "growth": spec.growth.values[year] / 100 if year in spec.growth.values else later,
            "prices": macro.inflation.get(year),
            "wages": macro.wage_growth.get(year),
            "revenue": macro.revenue.get(year),
            "minimum_wage": None if least is None else least.at(midyear(year)).value,
        }
        for year in range(years.base, years.last + 1)
        if year in macro.gdp
    ]
    return {
        "rows": rows,
        "known": min(max(p.values) for p in paths),
        "sources": list(dict.fromkeys(country.spec.sources.get(p.source, p.source) for p in paths)),
        "productivity": spec.productivity_in_wages.value,
    }


def shown_year(outcome: Outcome) -> int:
    """The first year in which some lever is in force: for schedules, in money of that year."""
    years = outcome.scenario.baseline.spec.years
    begin = min((p.lever.begins.year for p in outcome.scenario.levers), default=years.first)
    return min(max(begin, years.first), years.last)


def _scenario(scenario: Scenario) -> Record:
    file = scenario.file
    return {
        "id": scenario.id,
        "title": scenario.title,
        "summary": file.spec.summary if file else scenario.baseline.spec.summary,
        "notes": list(file.spec.notes) if file else [],
        "levers": lever_facts(scenario),
        "expects": [f"{k.replace('_', ' ')} {v}" for k, v in file.spec.expects.items()] if file else [],
    }


def _scheme(quo: Outcome, name: str, year: int) -> list[Record]:
    """The parameters of a scheme as a reader looks for them, each with its status.

    ``rule`` says which, ``of`` whose; ``value`` is a share, an amount of money a month, years or what ``unit`` says. Words are
    for who prints them.
    """
    scheme, rules = quo.scenario.baseline.schemes[name], rules_of(quo.scenario, name, year, Parameters())
    day, spec = midyear(year), quo.scenario.baseline.schemes[name].spec
    rows: list[Record] = []

    def add(rule: str, of: str, value: float, status: str, **more: object) -> None:
        told = {"rule": rule, "of": of, "value": float(value), "status": status}
        rows.append({"scheme": name, "title": spec.title, **told, **more})

    rates = scheme.rates_at(day)
    for payer, branches in rates.rates.items():
        add(
            "contribution",
            payer,
            sum(branches.values()),
            rates.status,
            parts={b: float(r) for b, r in branches.items()},
        )
    for limit, value in (("floor", rules.floor), ("ceiling", rules.ceiling), ("entry_cap", rules.entry_cap)):
        known = scheme.value_at(limit, day)
        if known is not None and np.isfinite(value) and value:
            add("limit", limit, value, known.status, year=year)
    for sex, rule in rules.pension.items():
        known = scheme.value_at(f"old_age.age.{sex}", day) or scheme.value_at("old_age.age", day)
        add("pension_age", sex, rule.age, known.status if known else "derived")
    if rules.pension and spec.benefits.old_age is not None:
        rule = next(iter(rules.pension.values()))
        known = scheme.value_at("old_age.min_years", day)
        add("min_years", "", rule.min_years, known.status if known else "derived")
        for path, n in numbers(spec.benefits.old_age):
            add("old_age", path, n.value, n.status, unit=n.unit)
    for benefit in rules.cash.values():
        qualify = {"months": benefit.qualify.months, "window": benefit.qualify.window}
        standing = weakest(benefit.replacement.status, benefit.days.status)
        add("benefit", benefit.title, benefit.replacement.value, standing, days=benefit.days.value, **qualify)
    return rows


def _register(scenarios: Sequence[Scenario]) -> list[Record]:
    """Every number of the baseline once, and the levers of each scenario."""
    frames = [register(s) for s in scenarios]
    whole = pd.concat(frames).drop_duplicates(["part", "name", "value", "from", "unit"])
    return [{k: (None if pd.isna(v) else v) for k, v in row.items()} for row in whole.to_dict("records")]


def _schedule(outcome: Outcome, name: str, year: int) -> list[Record]:
    """What payers give of a wage, as a share of it: the kinks at the floor and the ceiling stand in the rows."""
    rules = rules_of(outcome.scenario, name, year, Parameters())
    kinks = [k for k in (rules.floor, rules.ceiling, rules.entry_cap) if np.isfinite(k) and k > 0]
    unit = kinks[0] if kinks else outcome.ground.baseline.country.series.amounts["minimum_wage"].at(midyear(year)).value
    top = min(rules.ceiling, rules.entry_cap) if "self" in rules.rates else rules.ceiling
    wages = np.unique([*(unit * np.array(WAGES)), *kinks])
    base = np.minimum(np.maximum(wages, rules.floor), top)
    return [
        {"scenario": outcome.scenario.id, "scheme": name, "payer": payer, "wage": w, "amount": a, "share": a / w}
        for payer, branches in rules.rates.items()
        for w, a in zip(wages.tolist(), (sum(branches.values()) * base).tolist(), strict=True)
    ]


def _take_home(outcome: Outcome, name: str, year: int) -> list[Record]:
    """Pay before and after insurance, at wages from half the floor to twice the ceiling."""
    rules: Rules = rules_of(outcome.scenario, name, year, Parameters())
    if "employer" not in rules.rates:
        return []
    top = rules.ceiling if np.isfinite(rules.ceiling) else rules.floor * 3
    wages = np.unique(np.round([rules.floor * f for f in (0.5, 0.75, 1.0, 1.25, 1.5)] + [top, 1.5 * top, 2 * top]))
    return [
        {"scheme": name, "year": year, **row}
        for row in take_home(outcome, year, name, wages.tolist()).to_dict("records")
    ]


def _vesting(outcome: Outcome, name: str, year: int) -> list[Record]:
    frame = vesting(outcome, year, name, AGES)
    if frame.empty:
        return []
    frame = frame.assign(scenario=outcome.scenario.id, scheme=name, first_vesting=vesting_year(outcome, name))
    return [dict(row) for row in frame.to_dict("records")]


def _tornado(focus: Outcome, quo: Outcome) -> list[Record]:
    last = focus.years[-1]
    wanted = ("members", "contributions", "state_cost", "liability.0.03")
    found = tornadoes(focus, wanted, last, against=quo)
    listed = focus.scenario.uncertain() | quo.scenario.uncertain()
    return [
        {
            "indicator": indicator,
            "unit": listed[row["parameter"]].unit,
            "status": listed[row["parameter"]].status,
            **row,
        }
        for indicator, frame in found.items()
        for row in frame.to_dict("records")
    ]


def _variance(outcome: Outcome) -> list[Record]:
    """Share of the variance of the last year by source. They are shown apart, and never added up in a printed interval."""
    last, rows = outcome.years[-1], []
    for indicator in VARIANCES:
        parts = outcome.figure(indicator, last).uncertainty()
        if parts.total > 0:
            rows.append({"scenario": outcome.scenario.id, "indicator": indicator, "year": last, **parts.shares})
    return rows


def _poverty(outcome: Outcome) -> list[Record]:
    if outcome.scenario.baseline.spec.capacity.welfare is None:
        return []
    last = outcome.years[-1]
    rows = poverty_effect(outcome, last).to_dict("records")
    return [{"scenario": outcome.scenario.id, "year": last, **row} for row in rows]


# -- lessons -------------------------------------------------------------------------------------------


def _lessons(quo: Outcome, shown: int) -> dict[str, Any]:
    """Numbers of the sentences that every report prints: what price alone can do, what frozen limits did, what floors cost."""
    return {"take_up": _take_up(quo), "ceilings": _ceilings(quo, shown), "least": _least(quo, shown)}


def _take_up(quo: Outcome) -> Record | None:
    """Take-up of a full subsidy at the elasticities of trials, from present membership; and what must be reached for a goal."""
    spec, base = quo.scenario.baseline.spec.takeup, quo.scenario.baseline.spec.years.base
    informal = quo.total(Key("informal_jobs"), base) if "job" in quo.ground.people.variables else 0.0
    members = sum(e.members for e in quo.scenario.baseline.spec.administrative if _voluntary(quo, e.schemes))
    if not informal or not members:
        return None
    p0, beta = members / informal, spec.beta_subsidy
    full = [float(expit(logit(p0) + b)) for b in (beta.low, beta.value, beta.high) if b is not None]
    out: Record = {"now": p0, "full": full, "status": beta.status}
    if spec.pilot is not None and spec.goal is not None:
        reach = (spec.goal - p0) / (spec.pilot.value - p0)
        out |= {"pilot": spec.pilot.value, "pilot_source": spec.pilot.source, "goal": spec.goal, "reach": reach}
    return out


def _voluntary(quo: Outcome, schemes: Sequence[str]) -> bool:
    return all(any(p.part.kind == "voluntary" and p.part.scheme == s for p in quo.path[0].parts) for s in schemes)


def _ceilings(quo: Outcome, shown: int) -> list[Record]:
    """Ceiling over minimum wage when the ceiling was set and now, and what prices did to it since."""
    country, rows = quo.scenario.baseline.country, []
    wage = country.series.amounts.get("minimum_wage")
    for name, scheme in quo.scenario.baseline.schemes.items():
        values = scheme.dated["ceiling"].values if "ceiling" in scheme.dated else ()
        now = scheme.value_at("ceiling", midyear(shown))
        if not values or now is None or wage is None:
            continue
        since = min((v.begins for v in values if v.value == now.value), default=values[0].begins)
        row = {"scheme": name, "title": scheme.spec.title, "ceiling": now.value, "since": since.year, "year": shown}
        row["ratio_then"], row["ratio_now"] = (
            now.value / wage.at(since).value, now.value / wage.at(midyear(shown)).value
        )  # fmt: skip
        macro, first = country.macro, quo.scenario.baseline.spec.years.first
        if macro is not None and since.year in macro.inflation:
            factor = macro.growth_of("prices", since.year - 1, first)
            row |= {"prices": factor, "price_year": first, "worth": now.value / factor, "restored": now.value * factor}
        rows.append(row)
    return rows


def _least(quo: Outcome, shown: int) -> list[Record]:
    """The least a voluntary member pays a month, in two years, beside the poverty line of one person."""
    country, first, rows = quo.scenario.baseline.country, quo.scenario.baseline.spec.years.first, []
    line = country.series.amounts.get("poverty_line")
    for name in quo.scenario.baseline.schemes:
        for year in dict.fromkeys((first, shown)):
            rules = rules_of(quo.scenario, name, year, Parameters())
            if "self" not in rules.rates or not rules.floor:
                continue
            least = rules.total("self") * rules.floor
            row = {"scheme": name, "year": year, "floor": rules.floor, "least": least}
            rows.append(row | ({"line": line.at(midyear(year)).value} if line is not None else {}))
    return rows
