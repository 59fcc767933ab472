"""The eight gates of the reference page, 3.8: a scenario that fails one is not published.

Each gate returns its evidence, what was compared and how near it came, whether it passed or not; :func:`require` turns
failures into one error that names them all. They are run with every scenario, and printed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.coverage.baseline import IdentitySpec
from informality.coverage.contributions import floor_in_proportion
from informality.coverage.country import Country
from informality.coverage.engine import parts_of, run
from informality.coverage.levers import FloorRebase, Subsidy
from informality.coverage.measures import ALL, Key
from informality.coverage.outcome import Outcome
from informality.coverage.parts import PartYear
from informality.coverage.policy import Parameters, rules_of
from informality.coverage.scenario import Placed, Scenario, status_quo
from informality.coverage.simulate import Study, simulate
from informality.coverage.voluntary import offer_of
from informality.foundation.errors import ExitCode, InformalityError, Problem

MEMBERS_WITHIN, SUMS_WITHIN, AGE_WITHIN = 0.01, 1e-9, 0.1
_EXACT = 1e-12


@dataclass(frozen=True, slots=True)
class Gate:
    """``number`` and ``title`` as on the page; ``evidence``: one line for each thing compared."""

    number: int
    title: str
    passed: bool
    evidence: tuple[str, ...]


def members_on_record(outcome: Outcome) -> Gate:
    """1. Members by scheme are within 1 % of the record after calibration; the gap before it is printed."""
    base, lines, ok = outcome.scenario.baseline.spec.years.base, [], True
    quo = replace_scenario(outcome)
    for entry in outcome.scenario.baseline.spec.administrative:
        here = (
            outcome.ground.people.where(entry.where)
            if entry.where
            else np.ones(len(outcome.ground.people.person), dtype=bool)
        )
        weight = outcome.ground.people.weight * here
        model = sum(float(weight @ quo.rows(Key("members", s), base, errors=False)[0]) for s in entry.schemes)
        survey = sum(float(weight @ (outcome.ground.answers[s] == 0)) for s in entry.schemes)
        near = abs(model - entry.members) <= MEMBERS_WITHIN * entry.members
        ok &= near
        names, off = " + ".join(entry.schemes), 100 * (model / entry.members - 1)
        lines.append(
            f"{names}: {entry.members:,.0f} on record; the survey alone {survey:,.0f} "
            f"({100 * (survey / entry.members - 1):+.1f} %), after calibration {model:,.0f} ({off:+.2f} %)"
        )
    return Gate(1, "Members on record are reproduced", ok, tuple(lines) or ("no members on record were given",))


def replace_scenario(outcome: Outcome) -> Outcome:
    """The status quo of the same baseline over the same people."""
    return Outcome(outcome.ground, status_quo(outcome.scenario.baseline), outcome.theta, Parameters(), None)


def identities(outcome: Outcome) -> Gate:
    """2. Ratios of known totals lie in their bands."""
    quo, base, lines, ok = replace_scenario(outcome), outcome.scenario.baseline.spec.years.base, [], True

    def total(name: str) -> float:
        indicator, _, scheme = name.partition(":")
        return quo.total(Key(indicator, scheme or ALL), base)

    for spec in outcome.scenario.baseline.spec.identities:
        ratio = _ratio(spec, total)
        inside = spec.low <= ratio <= spec.high
        ok &= inside
        lines.append(f"{spec.title}: {ratio:.4f}, band {spec.low:g} to {spec.high:g}")
    return Gate(2, "Known ratios hold", ok, tuple(lines) or ("the baseline names none",))


def _ratio(spec: IdentitySpec, total: object) -> float:
    assert callable(total)
    below = math.fsum(total(n) for n in spec.denominator)
    return math.fsum(total(n) for n in spec.numerator) / below if below else math.nan


def payers_add_up(
    years: Iterable[PartYear], columns: Sequence[str] = ("employer", "employee", "self", "state")
) -> Gate:
    """3. Worker + employer + State + self are all contributions, for each row, branch by branch, to 1e-9."""
    worst, where = 0.0, "nothing is paid"
    for made in years:
        rates = made.rules.rates
        employee = made.part.employee[:, None]
        whole = made.base * np.where(
            employee, sum(made.rules.total(p) for p in ("employer", "employee", "state")), made.rules.total("self")
        )
        own = np.where(employee, 0.0, made.rules.total("self") * made.base)
        parts = [
            np.where(employee, made.base * math.fsum(b.values()), 0.0)
            for p, b in rates.items()
            if p != "self" and p in columns
        ]
        if "self" in columns:
            parts.append(np.where(employee, 0.0, own - made.subsidy))
        if "state" in columns:
            parts.append(np.where(employee, 0.0, made.subsidy))
        gap = np.abs(np.sum(parts, axis=0) - whole) / np.maximum(np.abs(whole), 1.0) if parts else np.zeros(1)
        if gap.max(initial=0.0) >= worst:
            worst, where = float(gap.max(initial=0.0)), f"{made.part.scheme}, {made.rules.year}"
    return Gate(
        3,
        "What payers pay is all that is contributed",
        worst <= SUMS_WITHIN,
        (f"largest relative gap {worst:.1e} ({where}), limit {SUMS_WITHIN:g}",),
    )


def nothing_from_nothing(outcome: Outcome, empty: Outcome | None = None, ends: bool = True) -> Gate:
    """4. An empty difference is zero everywhere; a subsidy of nothing changes no take-up; all complying and paying
    every month is the statutory maximum.
    """
    quo = replace_scenario(outcome)
    again = empty or Outcome(
        outcome.ground, Scenario(None, outcome.scenario.baseline, ()), outcome.theta, Parameters(), None
    )
    lines, ok = [], True
    differ = sum(
        not np.array_equal(a.members, b.members) or not np.array_equal(a.paid, b.paid)
        for one, two in zip(quo.path, again.path, strict=True)
        for a, b in zip(one.parts, two.parts, strict=True)
    )
    ok &= differ == 0
    lines.append(
        f"an empty scenario: {differ} of {sum(len(y.parts) for y in quo.path)} parts and years differ in any bit"
    )
    first = outcome.scenario.baseline.spec.years.first
    for scheme in outcome.scenario.baseline.schemes if ends else ():
        if not any(p.part.scheme == scheme and p.part.kind == "voluntary" for p in quo.path[0].parts):
            continue
        nothing = Subsidy.model_validate(
            {"type": "subsidy", "scheme": scheme, "base": "own", "share": {"default": 0.0}, "from": f"{first}-01-01"}
        )
        zero = Outcome(
            outcome.ground,
            Scenario(None, outcome.scenario.baseline, (Placed("zero", nothing, "gate 4"),)),
            outcome.theta,
            Parameters(),
            None,
        )
        gap = max(
            float(np.abs(a.members - b.members).max())
            for one, two in zip(quo.path, zero.path, strict=True)
            for a, b in zip(one.parts, two.parts, strict=True)
        )
        ok &= gap == 0
        lines.append(f"a subsidy of nothing in {scheme}: largest change of take-up {gap:.1e}")
    most, model = statutory_maximum(outcome)
    ok &= abs(model - most) <= _EXACT * max(most, 1.0)
    lines.append(f"all comply and pay every month: {model:,.0f} a year, by the law {most:,.0f}")
    return Gate(4, "Nothing comes from nothing", ok, tuple(lines))


def statutory_maximum(outcome: Outcome) -> tuple[float, float]:
    """Contributions in the base year if everyone who must pays every month: by the law directly, and by the model's parts."""
    ground, spec = outcome.ground, outcome.scenario.baseline
    base, weight = spec.spec.years.base, ground.people.weight
    law = model = 0.0
    for made in next(iter(run(ground, status_quo(spec), outcome.theta, Parameters(), last=base))).parts:
        if made.part.kind == "voluntary":
            continue
        rows, rules = made.part.rows, made.rules
        w, y = weight[rows], np.nan_to_num(ground.people.earnings[rows])
        y = np.where(
            made.part.employee, y, y * rules.declared
        )  # what the self-employed earn and do not declare is not due
        floor: npt.ArrayLike = rules.floor
        if rules.full_time is not None:
            floor = floor_in_proportion(rules.floor, ground.people.hours[rows], rules.full_time)
        inside = np.where(y > 0, np.minimum(np.maximum(y, floor), rules.ceiling), 0.0)
        rate = np.where(
            made.part.employee, sum(rules.total(p) for p in ("employer", "employee", "state")), rules.total("self")
        )
        law += 12 * float(w @ (rate * inside))
        full = replace_members(made)
        model += 12 * float(w @ ((full.paid * full.base)[:, 0] * rate))
    return law, model


def replace_members(made: PartYear) -> PartYear:
    one = np.ones_like(made.members)
    return replace(made, members=one, paid=one)


def monotone(outcome: Outcome) -> Gate:
    """5. A higher subsidy never lowers members; a higher floor never lowers what is due for a month paid."""
    spec, first = outcome.scenario.baseline, outcome.scenario.baseline.spec.years.first
    lines, ok = [], True
    for scheme in spec.schemes.values():
        if not any(p.scheme == scheme.id and p.kind == "voluntary" for p in parts_of(outcome.ground, status_quo(spec))):
            continue
        sizes = []
        for share in (0.0, 0.25, 0.5, 1.0):
            lever = Subsidy.model_validate(
                {
                    "type": "subsidy",
                    "scheme": scheme.id,
                    "base": "own",
                    "share": {"default": share},
                    "from": f"{first}-01-01",
                }
            )
            path = list(
                run(
                    outcome.ground,
                    Scenario(None, spec, (Placed("more", lever, "gate 5"),)),
                    outcome.theta,
                    Parameters(),
                )
            )
            weight = outcome.ground.people.weight
            sizes.append(
                [
                    sum(
                        float(weight[p.part.rows] @ (p.members * p.factor)[:, 0])
                        for p in y.parts
                        if p.part.kind == "voluntary"
                    )
                    for y in path
                ]
            )
        falls = [max(a - b for a, b in zip(low, high, strict=True)) for low, high in pairwise(sizes)]
        ok &= max(falls) <= _EXACT * max(map(max, sizes))
        lines.append(
            f"{scheme.id}: members in the last year with a subsidy of 0, 25, 50 and 100 per cent: "
            + ", ".join(f"{s[-1]:,.0f}" for s in sizes)
        )
        if scheme.spec.base.floor is not None:
            ok &= _floor_rises(outcome, scheme.id, lines)
    return Gate(
        5,
        "More support, more members; a higher floor, no lower contribution",
        ok,
        tuple(lines) or ("there is no voluntary scheme",),
    )


def _floor_rises(outcome: Outcome, scheme: str, lines: list[str]) -> bool:
    spec, first = outcome.scenario.baseline, outcome.scenario.baseline.spec.years.first
    rules = rules_of(status_quo(spec), scheme, first, Parameters())
    dues = []
    for factor in (0.5, 0.75, 1.0):
        lever = FloorRebase.model_validate(
            {
                "type": "floor_rebase",
                "scheme": scheme,
                "base": "monthly_earnings",
                "value": rules.floor * factor,
                "from": f"{first}-01-01",
            }
        )
        scenario = Scenario(None, spec, (Placed("floor", lever, "gate 5"),))
        part = next(p for p in parts_of(outcome.ground, scenario) if p.scheme == scheme and p.kind == "voluntary")
        dues.append(
            offer_of(outcome.ground, scenario, part, rules_of(scenario, scheme, first, Parameters()), Parameters()).own
        )
    fall = max(float((low - high).max()) for low, high in pairwise(dues))
    lines.append(f"{scheme}: largest fall of a month's contribution when the floor rises {max(fall, 0):.1e}")
    return fall <= 0


def split_rows(
    study: Study,
    scenario: Scenario,
    parts: int = 10,
    indicators: Sequence[str] = ("members", "contributions", "state_cost"),
    *,
    every: int = 10,
    errors: bool = True,
) -> Gate:
    """6. One row of weight 10 is ten rows of weight 1: splitting every so many-th row changes no output.

    ``errors``: standard errors are compared, too, which takes several times as long.
    """
    whole, split = twins(study, parts, every)
    a, b = simulate(whole, scenario=scenario), simulate(split, scenario=scenario)
    return same_outcome(a, b, indicators, f"every {every}th row in {parts}", errors=errors)


def twins(study: Study, parts: int, every: int) -> tuple[Study, Study]:
    """The same people twice, whole and with rows split, by a design of strata and units alone; made once for a study."""
    from informality.inference.sampling.design import Design

    if (parts, every) not in study.twins:
        design, n = study.design, len(study.workers)
        times = np.where(np.arange(n) % every == 0, parts, 1)
        rows = np.repeat(np.arange(n), times)
        made = []
        for these, share in ((np.arange(n), np.ones(n)), (rows, 1 / times[rows])):  # a copy stays in its PSU
            stratum = design.units.stratum[design.psu][these]
            other = Design.from_columns(design.weight[these] * share, stratum, design.psu[these], design.units.lonely)
            workers = study.workers.iloc[these].reset_index(drop=True)
            bare: dict[str, dict[object, object]] = {
                n: {} for n in ("grounds", "thetas", "movable", "twins", "checked")
            }
            made.append(replace(study, workers=workers, design=other, definitions=(), **bare))  # type: ignore[arg-type]
        study.twins[parts, every] = (made[0], made[1])
    return study.twins[parts, every]


def same_outcome(a: Outcome, b: Outcome, indicators: Sequence[str], what: str, *, errors: bool = True) -> Gate:
    last, lines, ok = a.years[-1], [], True
    for indicator in indicators:
        if not errors:
            v, u = a.total(Key(indicator), last), b.total(Key(indicator), last)
            gap = abs(v - u) / max(abs(v), 1.0)
            ok &= gap <= SUMS_WITHIN
            lines.append(f"{indicator}, {what}: value differs by {gap:.1e}")
            continue
        x, y = a.figure(indicator, last), b.figure(indicator, last)
        gaps = [abs(float(p[0] - q[0])) / max(abs(float(p[0])), 1.0) for p, q in ((x.value, y.value), (x.se, y.se))]
        ok &= max(gaps) <= SUMS_WITHIN
        lines.append(f"{indicator}, {what}: value differs by {gaps[0]:.1e}, its standard error by {gaps[1]:.1e}")
    return Gate(6, "How rows are split changes nothing", ok, tuple(lines))


def units(outcome: Outcome, published: Mapping[str, Mapping[str, float]] | None = None) -> Gate:
    """7. Rates lie in [0, 1]; parts that add up to their total are a composition, not rates; no mix of units.

    ``published``: sets of figures to look at, each with a ``total`` and its parts.
    """
    lines, ok = [], True
    first = outcome.scenario.baseline.spec.years.first
    for scheme in outcome.scenario.baseline.schemes:
        rates = rules_of(outcome.scenario, scheme, first, Parameters()).rates
        values = [r for b in rates.values() for r in b.values()]
        inside = all(0 <= r <= 1 for r in values) and sum(values) <= 1
        ok &= inside
        lines.append(
            f"{scheme}: {len(values)} rates, {min(values, default=0):g} to {max(values, default=0):g}, together {sum(values):g}"
        )
    for made in (p for year in outcome.path for p in year.parts):
        ok &= bool(
            ((made.members >= 0) & (made.members <= 1)).all()
            and ((made.paid >= 0) & (made.paid <= made.members * (1 + _EXACT))).all()
        )
    for name, figures in (published or {}).items():
        fault = composition_or_units(figures)
        ok &= fault is None
        lines.append(f"{name}: {fault or 'rates'}")
    return Gate(7, "Rates are rates, and units are not mixed", ok, tuple(lines))


def composition_or_units(figures: Mapping[str, float]) -> str | None:
    """What is wrong with a set of figures called rates: parts that sum to the total, or fractions beside per cent."""
    parts = [v for k, v in figures.items() if k != "total"]
    total = figures["total"]
    if (
        len(parts) > 1
        and total
        and abs(sum(parts) - total) <= 0.005 * abs(total)
        and not all(math.isclose(p, total) for p in parts)
    ):
        return f"a composition, not rates: the parts add up to the total ({' + '.join(f'{p:g}' for p in parts)} = {total:g})"
    if total > 1 and any(0 < p <= 1 for p in parts):
        return f"units are mixed: fractions beside per cent ({', '.join(f'{p:g}' for p in parts)} beside {total:g})"
    return None


def life_tables(country: Country) -> Gate:
    """8. Life expectancy of the loaded tables is within 0.1 year of the published one."""
    published = country.spec.mortality.life_expectancy if country.spec.mortality else {}
    lines, ok = [], True
    for sex, table in country.life.items():
        gap = table.expectancy(0) - published[sex]
        ok &= abs(gap) <= AGE_WITHIN
        lines.append(f"{sex}: {table.expectancy(0):.2f} years, published {published[sex]:.2f} ({gap:+.3f})")
    return Gate(
        8,
        "The life table is that of the country",
        ok,
        tuple(lines) or ("there is no life table, and no pension is valued",),
    )


def all_gates(study: Study, outcome: Outcome) -> list[Gate]:
    """All eight, for one outcome. Those that only a baseline decides (1, 2, 4, 5, 8) are found once for it."""
    first = id(outcome.ground) not in study.checked
    if first:
        country = outcome.scenario.baseline.country
        study.checked[id(outcome.ground)] = (
            members_on_record(outcome), identities(outcome), nothing_from_nothing(outcome), monotone(outcome),
            life_tables(country),
        )  # fmt: skip
    made = (p for year in outcome.path for p in year.parts)
    own = (payers_add_up(made), split_rows(study, outcome.scenario, errors=first), units(outcome))
    return sorted((*study.checked[id(outcome.ground)], *own), key=lambda gate: gate.number)


def require(gates: Sequence[Gate], scenario: str) -> None:
    """Raise (BENCHMARK) naming every gate that failed, with its evidence."""
    failed = [g for g in gates if not g.passed]
    if failed:
        raise InformalityError(
            [
                Problem(
                    scenario,
                    f"validation gate {g.number} failed: {g.title.lower()}",
                    "; ".join(g.evidence),
                    "the scenario is not published until it passes",
                )
                for g in failed
            ],
            ExitCode.BENCHMARK,
        )


def table(gates: Sequence[Gate]) -> pd.DataFrame:
    """number, gate, passed, evidence: one row for each line of evidence; for the validation page."""
    rows = [(g.number, g.title, g.passed, line) for g in gates for line in g.evidence]
    return pd.DataFrame(rows, columns=["number", "gate", "passed", "evidence"])
