"""Levers in sentences: what is set, from when, and what holds without it. Expected sentences by hand, from the scheme files."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from informality import drafting
from informality.classification.definition import read_definition
from informality.coverage.lever_facts import lever_facts
from informality.coverage.levers import AnyLever, Lever
from informality.coverage.people import grammar
from informality.coverage.register import register
from informality.coverage.scenario import Scenario, known_scenarios, read_scenario
from informality.foundation.library import LIBRARY, find
from informality.foundation.schema import read_schema
from informality.publication.coverage_levers import _KINDS
from informality.publication.coverage_number_words import drawn_number_words, number_words, unit_of_number
from informality.publication.coverage_views import Told, read_coverage_views
from informality.publication.table import Labels
from informality.study import Workspace

THIN = "\u202f"
SELF = "Voluntary social security of the self-employed"
FIRMS = "Social security of enterprise employees"
HEAD = "id: own\ntitle: Own\nsummary: Own.\nbaseline: lao\nlevers:\n"


def told(folder: Path, *levers: str) -> tuple[str, ...]:
    path = folder / "own.yml"
    path.write_text(HEAD + "".join(f"  - {{{lever}}}\n" for lever in levers), encoding="utf-8")
    return drafting.check_scenario(str(path), Workspace(folder)).levers


@pytest.mark.parametrize(
    ("lever", "expected"),
    [
        (  # the floor followed the minimum wage to 2.5 million in October 2024
            "type: floor_rebase, scheme: lao-voluntary, base: monthly_earnings, value: 1200000, index: cpi, from: 2026-01-01, "
            "why: cheaper.",
            f"{SELF}, from 2026: contributions are paid on at least LAK 1{THIN}200{THIN}000 a month, in place "
            f"of 2{THIN}500{THIN}000. Afterwards it rises with prices. Why: cheaper.",
        ),
        (
            "type: ceiling_rebase, scheme: lao-enterprise, base: monthly_earnings, value: 9e6, lag_years: 1, index: wages, "
            "from: 2026-07-01",
            f"{FIRMS}, from 2026-07-01: contributions are paid on at most LAK 9{THIN}000{THIN}000 a month, in place of "
            f"4{THIN}500{THIN}000. Afterwards it rises with wages. It follows one year late.",
        ),
        (
            "type: index_rule, scheme: lao-enterprise, base: last_value, of: ceiling, index: minimum_wage, from: 2026-01-01",
            f"{FIRMS}, from 2026: another rule for the ceiling of earnings on which contributions are paid, LAK "
            f"4{THIN}500{THIN}000. Afterwards it rises with the minimum wage.",
        ),
        (
            "type: enforcement, scheme: lao-enterprise, base: covered, who: {size_group: [5_9, 10_49]}, target: {value: 0.5, "
            "low: 0.4, high: 0.6, unit: share, source: own, status: assumption}, from: 2026-01-01, ramp_years: 3",
            f"{FIRMS}, from 2026: of those who must be insured 50 per cent (40 to 60) are, in place of the share that is "
            "insured now. Only for “Size of the unit”: 5 to 9 persons or 10 to 49 persons. It comes in equal steps and is "
            "whole in 2028.",
        ),
        (
            "type: enforcement, scheme: lao-enterprise, base: covered, log_odds: 0.693147, from: 2026-01-01",
            f"{FIRMS}, from 2026: the odds that somebody who must be insured is so are multiplied by 2.",
        ),
        (
            "type: mandate_group, scheme: lao-voluntary, base: newly_covered, who: {sex: female, age: '>= 30'}, compliance: "
            "{start: 0.1, step: 0.02, cap: 0.3}, from: 2026-01-01",
            f"{SELF}, from 2026: insurance becomes an obligation for “Sex”: Women; “Age”: at least 30. Of them 10 per cent are "
            "insured in the first year, 2 per cent more each year, and 30 per cent at most.",
        ),
        (  # the baseline: 0.10 (0.05 to 0.20), 0.05 (0.02 to 0.08) a year, 0.45 (0.30 to 0.60)
            "type: size_threshold, scheme: lao-enterprise, base: newly_covered, persons_at_least: 5, from: 2026-01-01",
            f"{FIRMS}, from 2026: all employees must be insured in units of 5 persons or more. Of them 10 per cent (5 to 20) "
            "are insured in the first year, 5 per cent (2 to 8) more each year, and 45 per cent (30 to 60) at most.",
        ),
        (
            "type: subsidy, scheme: lao-voluntary, base: own, share: {default: 0.3, poor: 0.5}, cap: 50000, max_months: 120, "
            "from: 2026-01-01",
            f"{SELF}, from 2026: the State pays 30 per cent of what a member has to pay, in place of nothing. It pays 50 per "
            f"cent for “Poor, near poor or neither”: Poor. It pays at most LAK 50{THIN}000 a month. It pays for at most 120 "
            "months in a life.",
        ),
        (  # 9 per cent: pension 5, health 1.5, short-term benefits 2.5
            "type: monotax, scheme: lao-voluntary, base: deemed, amount: 80000, tax: 20000, from: 2026-01-01",
            f"{SELF}, from 2026: one payment of LAK 80{THIN}000 a month, of which LAK 20{THIN}000 is tax, whatever is earned, "
            "in place of 9 per cent of earnings. Afterwards it stays as it is.",
        ),
        (
            "type: flat_contribution, scheme: lao-voluntary, base: deemed, amount: 60000, index: cpi, from: 2026-01-01",
            f"{SELF}, from 2026: a contribution of LAK 60{THIN}000 a month, whatever is earned, in place of 9 per cent of "
            "earnings. Afterwards it rises with prices.",
        ),
        (
            "type: package, scheme: lao-voluntary, base: statutory_rates, drop: [pension], waiting: {sickness: 1}, from: "
            "2026-01-01",
            f"{SELF}, from 2026: no longer paid for and insured: old age, invalidity, survivors. The contribution of all "
            "payers together is 4 per cent of earnings, in place of 9 per cent. Months that must be paid before a "
            "benefit, sickness: 1, in place of 3.",
        ),
        (
            "type: agri_collective, scheme: lao-voluntary, base: members, who: {area: rural}, every_months: 6, paid: 0.7, "
            "admin_per_member: 0, from: 2026-01-01, until: 2030-07-01",
            f"{SELF}, from 2026 until 2030-07-01: members may pay every 6 months. They then pay in 70 per cent of "
            "months, in place of 60 per cent. Only for “Area”: Rural.",
        ),
        (
            "type: auto_enrol, scheme: lao-voluntary, base: eligible, who: {area: urban}, opt_out: 0.6, from: 2026-01-01",
            f"{SELF}, from 2026: all are enrolled and may leave; 60 per cent do. This is for “Area”: Urban.",
        ),
        (
            "type: platform_withholding, scheme: lao-voluntary, base: gross_earnings, who: {area: urban}, rate: 0.05, in_scope: "
            "0.8, from: 2026-01-01",
            f"{SELF}, from 2026: platforms keep back 5 per cent of gross earnings as the contribution, for 80 per cent of "
            "those concerned (“Area”: Urban).",
        ),
        (
            "type: tax_pillar, base: population, age: 70, amount: 200000, index: none, test: poverty, take_up: 0.8, admin: 0.05, "
            "from: 2026-01-01",
            f"From 2026: everybody aged 70 or more who is poor has a right to LAK 200{THIN}000 a month out of taxes, in place "
            "of nothing. Afterwards it stays as it is. 80 per cent of those with the right take it up; administration adds 5 "
            "per cent to what is paid.",
        ),
        (
            "type: parametric, scheme: lao-voluntary, base: members, min_years: 10, age_female: 60, accrual: 0.015, cap: 0.6, "
            "below_min_years: proportional, from: 2026-01-01",
            f"{SELF}, from 2026: the pension age of women: 60 years, in place of 55. The years of contributions that a pension "
            "asks for: 10 years, in place of 15. The pension earned in a year, of average insured earnings: 1.5 per cent, in "
            "place of 2. The largest pension, of average insured earnings: 60 per cent, in place of 75. Who stops short of the "
            "years that are asked for gets a pension for what was paid, in place of none.",
        ),
    ],
)
def test_a_lever_is_a_sentence(tmp_path: Path, lever: str, expected: str) -> None:
    assert told(tmp_path, lever) == (expected,)


@pytest.mark.parametrize("name", known_scenarios())
def test_no_scenario_of_the_library_is_told_in_code(name: str, tmp_path: Path) -> None:
    schemes = {path.stem for path in (LIBRARY / "schemes").glob("*.yml")}
    for line in drafting.check_scenario(name, Workspace(tmp_path)).levers:
        assert "_" not in line and not any(scheme in line for scheme in schemes), line


def test_every_kind_of_lever_has_its_sentence() -> None:
    kinds: tuple[type[Lever], ...] = get_args(get_args(AnyLever)[0])
    assert {get_args(kind.model_fields["type"].annotation)[0] for kind in kinds} == set(_KINDS)


# -- what numbers are called ---------------------------------------------------------------------------


def scenario_of(name: str) -> Scenario:
    schema = read_schema()
    return read_scenario(name, grammar(schema, read_definition(find("definitions", "ilo-17icls"), schema)))


def told_of(scenario: Scenario) -> Told:
    """What a report knows of the numbers of a scenario."""
    schemes = scenario.baseline.schemes.values()
    facts: dict[str, Any] = {
        "schemes": [{"scheme": s.id, "of": b.title} for s in schemes for b in s.spec.benefits.cash.values()],
        "scenarios": [{"levers": lever_facts(scenario)}],
        "baseline": {"id": scenario.baseline.spec.id},
        "currency": scenario.baseline.country.spec.currency,
    }
    area = Labels({"area": "Area"}, {"area": {"urban": "Urban", "rural": "Rural"}})
    pub: Any = SimpleNamespace(labels=area)
    ids = {id: id.upper() for placed in scenario.levers for id in [placed.name.rpartition(".")[0]]}
    return Told(pub, facts, read_coverage_views(), ids, {s.id: s.spec.title for s in schemes})


@pytest.mark.parametrize("name", known_scenarios())
def test_every_number_of_the_library_has_a_name_and_a_unit_in_words(name: str) -> None:
    scenario = scenario_of(name)
    told = told_of(scenario)
    code = re.compile(r"_|\w\.[a-z]|-l\d+\.")
    for row in register(scenario).to_dict("records"):
        words = number_words(row["part"], row["name"], told)
        unit = unit_of_number(row["part"], row["name"], row["unit"], told)
        assert words[:1].isupper() and not code.search(words.replace("welfare_band", "")), row["name"]
        assert "_" not in unit and "lever" not in unit, (row["name"], unit)
    for drawn in scenario.uncertain():
        assert not code.search(drawn_number_words(drawn, told)), drawn


def test_two_numbers_of_one_lever_have_two_names() -> None:
    told = told_of(scenario_of("lao-l5"))
    assert [drawn_number_words(f"lao-l5.0.reach.{i}.share", told) for i in (0, 1)] == [
        "LAO-L5: who is helped to register (“Area”: Urban)",
        "LAO-L5: who is helped to register (“Area”: Rural)",
    ]
    assert (
        drawn_number_words("lao-voluntary.benefits.old_age.accrual", told) == f"{SELF}: pension earned by a year paid"
    )
    assert drawn_number_words("takeup.p_max", told) == "Most who ever join freely"
    assert number_words("lao-voluntary", "benefits.cash.sickness.days", told) == "Sickness: days paid"
    assert number_words("lao-enterprise", "rate employer short_term", told) == (
        "Contribution: employers, sickness, maternity, death grants"
    )
    assert (
        unit_of_number("lao-voluntary", "floor, then", "2.45455 x minimum_wage", told) == "2.45 times the minimum wage"
    )
    assert unit_of_number("lao-l3.0", "value", "as the lever says", told) == "LAK a month"
