"""All that a study publishes of its scenarios: rows for the one results table, by table.

``coverage``: indicators by year, scheme, payer and branch. ``coverage_change``: what a scenario changes against the
status quo, with the error of the change. ``coverage_share``: shares of the employed, of the labour force (SDG 1.3.1), of
GDP. ``coverage_by``: breakdowns. ``coverage_steps``: who may join, passes each test, joins and pays. ``coverage_people``:
whom the law covers. ``coverage_formal``: jobs that become formal, by each definition. ``coverage_means``: who gains by
household means, and what members' payments do to poverty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from informality.coverage.accounts import STEPS
from informality.coverage.figure import Figure
from informality.coverage.means import concentration_of, measured, poverty_changes
from informality.coverage.measures import ALL, Key
from informality.coverage.outcome import Outcome
from informality.coverage.policy import Parameters, rules_of
from informality.coverage.results import Row, difference_rows, frame_of, headline_rows, rows_of
from informality.coverage.voluntary import offer_of

Floats = npt.NDArray[np.float64]

CHANGES = (
    "members", "members_voluntary", "active", "newly_insured", "contributions", "state_support", "state_cost", "benefits",
    "administration", "liability.0.02", "liability.0.03", "liability.0.04",
)  # fmt: skip
OF_GDP = ("state_support", "state_cost", "contributions", "benefits", "administration", "liability.0.03")
CONCENTRATED = ("members", "contributions", "state_support")
CASH = frozenset({"pension", "short_term", "unemployment", "injury"})
"""Branches that pay cash; health does not count in SDG 1.3.1."""
_BLOCK = 64  # draws at a time


def rows_of_all(
    outcomes: Mapping[str, Outcome], quo: Outcome, definitions: Sequence[str], confidence: float
) -> pd.DataFrame:
    """The rows of every scenario, with their table and definition; unrounded and not graded."""
    reference = cache(lambda key, year: quo.figure(key.indicator, year))
    parts = []
    for outcome in outcomes.values():
        made: dict[str, list[Row]] = {}

        def add(table: str, rows: Iterator[Row], made: dict[str, list[Row]] = made) -> None:
            made.setdefault(table, []).extend(rows)

        for year in outcome.years:  # the figures of a year are asked for together, and found once
            add("coverage", headline_rows(outcome, [year], (), confidence))
            if outcome.scenario.levers:
                add("coverage_change", difference_rows(outcome, reference, [year], CHANGES, confidence))
            add("coverage_share", _shares(outcome, year, confidence))
            if year in outcome.detail_years:
                add("coverage_people", _people(outcome, year, confidence))
                add("coverage_steps", _steps(outcome, year, confidence))
                add("coverage_by", _by(outcome, year, confidence))
                add("coverage_means", _means(outcome, year, confidence))
        parts += [frame_of(rows).assign(table=table, definition=definitions[0]) for table, rows in made.items() if rows]
        for definition in definitions:
            if definition in outcome.movable and (formal := list(_formal(outcome, definition, confidence))):
                parts.append(frame_of(formal).assign(table="coverage_formal", definition=definition))
    return pd.concat(parts, ignore_index=True)


def _by(outcome: Outcome, year: int, confidence: float) -> Iterator[Row]:
    """Members by scheme, money for everybody, by the variables of the study."""
    name = outcome.scenario.id
    keys = [Key("members"), *(Key("members", s) for s in outcome.scenario.baseline.schemes), Key("contributions")]
    if outcome.figure("state_support", year).value[0] != 0:
        keys.append(Key("state_support"))
    for by in outcome.breakdowns:
        for key in keys:
            figure = outcome.figure(key.indicator, year, scheme=key.scheme, by=by)
            yield from rows_of(figure, name, key, year, by, confidence=confidence)
            if key == Key("members"):
                employed = outcome.figure("employed", year, by=by)
                rate = Key("member_rate")
                yield from rows_of(
                    figure / employed, name, rate, year, by, statistic="share", confidence=confidence, resting=employed
                )


def _means(outcome: Outcome, year: int, confidence: float) -> Iterator[Row]:
    """Concentration by household means, 0 where nobody is favoured, and the change of poverty: both as differences."""
    if not measured(outcome):
        return
    name = outcome.scenario.id
    found = {f"concentration_{i}": concentration_of(outcome, Key(i), year) for i in CONCENTRATED}
    found |= {f"poverty_{what}": figure for what, figure in poverty_changes(outcome, year).items()}
    for indicator, figure in found.items():
        if figure is not None:
            yield from rows_of(figure, name, Key(indicator), year, statistic="difference", confidence=confidence)


def _people(outcome: Outcome, year: int, confidence: float) -> Iterator[Row]:
    """Whom the law covers, and who works."""
    for indicator in ("population", "employed", "labour_force", "legal_mandatory", "legal_voluntary"):
        figure = outcome.figure(indicator, year)
        yield from rows_of(figure, outcome.scenario.id, Key(indicator), year, confidence=confidence)


def _formal(outcome: Outcome, definition: str, confidence: float) -> Iterator[Row]:
    """Jobs that become formal by a definition: employees newly insured by their employer, and owners where it says so."""
    for year in outcome.detail_years:
        figure = outcome.figure(f"newly_formal.{definition}", year)
        yield from rows_of(figure, outcome.scenario.id, Key("newly_formal"), year, confidence=confidence)


def _shares(outcome: Outcome, year: int, confidence: float) -> Iterator[Row]:
    """Shares with their errors: of the employed, of GDP, and SDG 1.3.1 by its parts."""
    macro, name = outcome.ground.baseline.country.macro, outcome.scenario.id
    employed = outcome.figure("employed", year)
    for indicator, figure in (("member_rate", "members"), ("active_rate", "active")):
        share = outcome.figure(figure, year) / employed
        yield from rows_of(
            share, name, Key(indicator), year, statistic="share", confidence=confidence, resting=employed
        )
    if macro is not None and year in macro.gdp:
        for indicator in OF_GDP:
            share = outcome.figure(indicator, year).times(1 / macro.gdp[year], "share of GDP")
            yield from rows_of(share, name, Key(f"{indicator}_gdp"), year, statistic="ratio", confidence=confidence)
        if macro.revenue.get(year):
            revenue = macro.gdp[year] * macro.revenue[year]
            share = outcome.figure("state_cost", year).times(1 / revenue, "share of State revenue")
            yield from rows_of(share, name, Key("state_cost_revenue"), year, statistic="ratio", confidence=confidence)
    if year in outcome.detail_years:
        members = outcome.figure("members", year)  # a sum over schemes rests on the members of all of them
        for indicator, share in _sdg(outcome, year):
            yield from rows_of(
                share, name, Key(indicator), year, statistic="share", confidence=confidence, resting=members
            )


def _sdg(outcome: Outcome, year: int) -> Iterator[tuple[str, Figure]]:
    """SDG 1.3.1 by its parts: registered and paying are different numbers, and health is not cash (3.5, 20)."""

    def having(branches: frozenset[str], indicator: str) -> Figure | None:
        total: Figure | None = None
        for scheme in outcome.scenario.baseline.schemes:
            rates = rules_of(outcome.scenario, scheme, year, Parameters()).rates
            if branches & {b for r in rates.values() for b, rate in r.items() if rate > 0}:
                figure = outcome.figure(indicator, year, scheme=scheme)
                total = figure if total is None else total + figure
        return total

    pensions = frozenset({"pension", "account"})
    parts = (
        ("sdg_pension_registered", having(pensions, "members"), "labour_force"),
        ("sdg_pension_paying", having(pensions, "active"), "labour_force"),
        ("sdg_cash_covered", having(CASH, "members"), "population"),
        ("sdg_cash_paying", having(CASH, "active"), "population"),
        ("sdg_injury", having(frozenset({"injury"}), "members"), "employed"),
    )
    for name, numerator, of in parts:
        if numerator is not None:
            yield name, numerator / outcome.figure(of, year)
    population = outcome.ground.baseline.country.population
    known = {k.indicator for k in outcome.known()}
    if population is not None and population.births and "claims.maternity" in known:
        births = float(
            np.interp(year, sorted(population.births), [population.births[y] for y in sorted(population.births)])
        )
        yield "sdg_maternity", outcome.figure("claims.maternity", year).times(1 / births, "share")


def _steps(outcome: Outcome, year: int, confidence: float) -> Iterator[Row]:
    """The cascade of each voluntary scheme: may join, has income, passes the tests, joins, pays."""
    for scheme in outcome.scenario.baseline.schemes:
        for step, figure in _cascade(outcome, year, scheme):
            yield from rows_of(figure, outcome.scenario.id, Key(step, scheme), year, confidence=confidence)


def _cascade(outcome: Outcome, year: int, scheme: str) -> Iterator[tuple[str, Figure]]:
    ground, base = outcome.ground, outcome.scenario.baseline.spec.years.base
    parts = [p for p in outcome.path[year - base].parts if p.part.kind == "voluntary" and p.part.scheme == scheme]
    if not parts:
        return
    passed = [np.ones(len(made.part.rows), dtype=bool) for made in parts]
    drawn = _drawn_tests(outcome, year, scheme)
    for step in STEPS:
        if step not in parts[0].able:
            continue
        values = np.zeros(len(ground.people.person))
        for made, mask in zip(parts, passed, strict=True):
            mask &= made.able[step][:, 0]
            values[made.part.rows] += made.factor[:, 0] * mask
        yield (
            f"step_{step}",
            outcome.figure_of(step, values, drawn.get(step), outcome.status_of(Key("members", scheme))),
        )
    yield "step_joins", outcome.figure("members_voluntary", year, scheme=scheme)
    yield "step_pays", outcome.figure("active", year, scheme=scheme)


def _drawn_tests(outcome: Outcome, year: int, scheme: str) -> dict[str, Floats]:
    """Persons who pass each test and all before it, under every draw."""
    ground, base = outcome.ground, outcome.scenario.baseline.spec.years.base
    if outcome.draws_theta is None:
        return {}
    size = outcome.parameters.size
    sums: dict[str, Floats] = {}
    for made in outcome.path[year - base].parts:
        part = made.part
        if part.kind != "voluntary" or part.scheme != scheme:
            continue
        weight = ground.people.weight[part.rows] * made.factor[:, 0]
        for start in range(0, size, _BLOCK):
            block = outcome.parameters.block(start, min(start + _BLOCK, size))
            rules = rules_of(outcome.scenario, scheme, year, block)
            tests = {"legal": np.ones((len(part.rows), 1), dtype=bool)}
            tests |= offer_of(ground, outcome.scenario, part, rules, block).tests
            passed = np.ones((len(part.rows), 1), dtype=bool)
            for step in (s for s in STEPS if s in tests):
                passed = passed & tests[step]
                reached = np.broadcast_to(weight @ passed, (block.size,))
                sums.setdefault(step, np.zeros(size))[start : start + block.size] += reached
    return sums


__all__ = ["ALL", "rows_of_all"]
