"""Scenario files: what is wrong is said; every lever does what its name says; the Lao set keeps what it expects."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from informality.classification.definition import Definition
from informality.coverage.baseline import Baseline, read_baseline
from informality.coverage.expectations import unmet
from informality.coverage.levers import AnyLever
from informality.coverage.outcome import Outcome
from informality.coverage.people import grammar
from informality.coverage.records import read_members
from informality.coverage.register import register
from informality.coverage.scenario import Placed, Scenario, read_scenario, status_quo
from informality.coverage.simulate import Study, simulate, study_of
from informality.foundation.errors import ExitCode, InformalityError
from informality.foundation.library import LIBRARY, find
from informality.foundation.schema import Schema
from informality.inference.sampling.design import Design

from .conftest import GOLDEN, LAO, LIBRARY_SCENARIOS, number

HEAD = "id: mine\ntitle: Mine\nsummary: Mine.\nbaseline: lao\n"


def check(text: str, folder: Path, schema: Schema, definition: Definition) -> InformalityError:
    (folder / "mine.yml").write_text(HEAD + text, encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        read_scenario(str(folder / "mine.yml"), grammar(schema, definition), folder)
    assert failure.value.code == ExitCode.SPEC
    return failure.value


WRONG = {
    "an unknown lever": (
        "levers:\n  - {type: subsidie, scheme: lao-voluntary, base: floor, share: {default: 0.3}, from: 2026-01-01}\n",
        "`subsidie` is not a known type",
        "did you mean `subsidy`?",
    ),
    "a lever without a type": (
        "levers:\n  - {scheme: lao-voluntary, from: 2026-01-01}\n",
        "`type` is missing",
        "add a line `type: …`",
    ),
    "a subsidy without its base": (
        "levers:\n  - {type: subsidy, scheme: lao-voluntary, share: {default: 0.3}, from: 2026-01-01}\n",
        "`base` is missing",
        "add a line `base: …`",
    ),
    "another base": (
        "levers:\n  - {type: subsidy, scheme: lao-voluntary, base: gross, share: {default: 0.3}, from: 2026-01-01}\n",
        "has a value that is not allowed",
        "use one of own, floor, poverty_line",
    ),
    "a scheme that is not there": (
        "levers:\n  - {type: subsidy, scheme: lao-volontary, base: floor, share: {default: 0.3}, from: 2026-01-01}\n",
        "`lao-volontary` is not a scheme of this baseline",
        "did you mean `lao-voluntary`?",
    ),
    "a group nobody defined": (
        "levers:\n  - {type: subsidy, scheme: lao-voluntary, base: floor, share: {default: 0.3, pour: 0.5}, from: 2026-01-01}\n",
        "`pour` is not a group of this baseline",
        "did you mean `poor`?",
    ),
    "two that contradict": (
        "levers:\n  - {type: floor_rebase, scheme: lao-voluntary, base: monthly_earnings, value: 1200000, from: 2026-01-01}\n"
        "  - {type: floor_rebase, scheme: lao-voluntary, base: monthly_earnings, value: 1500000, from: 2028-01-01}\n",
        "two levers set the floor of `lao-voluntary` at the same time",
        "end the first before the second begins",
    ),
    "a pension rule without a pension": (
        "levers:\n  - {type: package, scheme: lao-voluntary, base: statutory_rates, keep: [health], from: 2026-01-01}\n"
        "  - {type: parametric, scheme: lao-voluntary, base: members, min_years: 10, from: 2026-01-01}\n",
        "a pension rule is changed where the package has no pension",
        "take one of them out",
    ),
    "a subsidy on a floor that is gone": (
        "levers:\n  - {type: flat_contribution, scheme: lao-voluntary, base: deemed, amount: 100000, from: 2026-01-01}\n"
        "  - {type: subsidy, scheme: lao-voluntary, base: floor, share: {default: 0.3}, from: 2026-01-01}\n",
        "has nothing to refer to",
        "use `base: own`",
    ),
    "an end before the beginning": (
        "levers:\n  - {type: subsidy, scheme: lao-voluntary, base: own, share: {default: 0.3}, "
        "from: 2026-01-01, until: 2025-01-01}\n",
        "it ends on 2025-01-01, before it begins",
        "",
    ),
    "a day that is none": (
        "levers:\n  - {type: subsidy, scheme: lao-voluntary, base: own, share: {default: 0.3}, from: 2026-13-01}\n",
        "`2026-13-01` is not a day",
        "",
    ),
    "an unknown parent": ("diff_of: lao-l33\n", "`lao-l33` is not a scenario", "did you mean `lao-l3`?"),
    "an expectation of nobody": (
        "expects: {members_not_below: lao-l99}\n",
        "`lao-l99` is not a scenario",
        "did you mean `lao-l9`?",
    ),
    "a condition on nothing": (
        "levers:\n  - {type: mandate_group, scheme: lao-enterprise, base: newly_covered, "
        "who: {statuss: employer}, from: 2026-01-01}\n",
        "`statuss` is not a variable",
        "did you mean `status`?",
    ),
    "a change of nothing": (
        "changes:\n  takeup.sped.value: {value: 0.2, why: slower}\n",
        "there is no `takeup.sped` to change",
        "",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistakes_are_explained(name: str, tmp_path: Path, schema: Schema, definition: Definition) -> None:
    text, what, fix = WRONG[name]
    error = check(text, tmp_path, schema, definition)
    found = [p for p in error.problems if what in p.what]
    assert found, error
    assert found[0].place.startswith(("mine.yml, line", "lao.yml"))
    assert fix in found[0].fix


def test_a_floor_above_the_ceiling_in_some_year(lao_of: Callable[..., Baseline], study: Study) -> None:
    levers = lever(
        {
            "type": "floor_rebase",
            "scheme": "lao-voluntary",
            "base": "monthly_earnings",
            "value": 5e6,
            "from": "2026-01-01",
        }
    )
    with pytest.raises(InformalityError, match="the floor lies above the ceiling in 2026"):
        list(simulate(study, scenario=Scenario(None, lao_of(), levers)).path)


def test_a_scenario_that_builds_on_itself(tmp_path: Path, schema: Schema, definition: Definition) -> None:
    for a, b in (("mine", "other"), ("other", "mine")):
        (tmp_path / f"{a}.yml").write_text(HEAD.replace("mine", a) + f"diff_of: {b}\n", encoding="utf-8")
    with pytest.raises(InformalityError, match="builds on itself"):
        read_scenario("mine", grammar(schema, definition), tmp_path)


@pytest.mark.parametrize("name", [*LIBRARY_SCENARIOS, "template"])
def test_shipped_scenarios_read(name: str, tmp_path: Path, schema: Schema, definition: Definition) -> None:
    source = (LIBRARY / "scenarios" / f"{name}.yml").read_text(encoding="utf-8")
    if name == "template":
        (tmp_path / "my-scenario.yml").write_text(source, encoding="utf-8")
        name = str(tmp_path / "my-scenario.yml")
    scenario = read_scenario(name, grammar(schema, definition))
    assert all(p.lever.base for p in scenario.levers)  # type: ignore[attr-defined]
    table = register(scenario)
    assert set(table["status"]) <= {"verified", "derived", "recall", "assumption"}
    assert table["source"].notna().all()


def test_combinations_take_each_lever_once(schema: Schema, definition: Definition) -> None:
    """L5 is L3 and more, L11 is L1, L3, L5 and L8: the levers of L3 come once, mandates first."""
    scenario = read_scenario("lao-l11", grammar(schema, definition))
    names = [p.name for p in scenario.levers]
    assert names == ["lao-l1.0", "lao-l3.0", "lao-l3.1", "lao-l5.0", "lao-l8.0", "lao-l8.1"]


@pytest.fixture
def study(sample: pd.DataFrame, sample_design: Design, schema: Schema, definition: Definition) -> Study:
    return study_of(sample, sample_design, schema, definitions=[definition])


def lever(*specs: dict[str, Any]) -> tuple[Placed, ...]:
    adapter: TypeAdapter[Any] = TypeAdapter(AnyLever)
    made = [Placed(f"t.{i}", adapter.validate_python(spec), f"lever {i}") for i, spec in enumerate(specs)]
    return tuple(sorted(made, key=lambda p: not p.lever.mandates))


def total(outcome: Outcome, indicator: str, scheme: str = "all", year: int = 2029) -> float:
    return float(outcome.figure(indicator, year, scheme=scheme).value[0])


V, E = "lao-voluntary", "lao-enterprise"
LEVERS: dict[str, tuple[dict[str, Any], str, str, int]] = {
    "mandate_group": ({"scheme": E, "base": "newly_covered", "who": {"status": "employer"}}, "members", E, +1),
    "size_threshold": ({"scheme": E, "base": "newly_covered", "persons_at_least": 1}, "members", E, +1),
    "enforcement": ({"scheme": E, "base": "covered", "log_odds": 0.5}, "members", E, +1),
    "subsidy": ({"scheme": V, "base": "own", "share": {"default": 0.3}}, "members", V, +1),
    "match_dc": ({"scheme": V, "base": "own", "rate": 0.5, "yearly_cap": 500_000, "vesting": 1.0}, "state_cost", V, +1),
    "flat_contribution": ({"scheme": V, "base": "deemed", "amount": 50_000}, "members", V, +1),
    "monotax": ({"scheme": V, "base": "deemed", "amount": 60_000, "tax": 20_000}, "tax", V, +1),
    "floor_rebase": ({"scheme": V, "base": "monthly_earnings", "value": 1.2e6}, "members", V, +1),
    "ceiling_rebase": ({"scheme": E, "base": "monthly_earnings", "value": 1e7}, "contributions", E, +1),
    "index_rule": ({"scheme": E, "base": "last_value", "of": "ceiling", "index": "wages"}, "contributions", E, +1),
    "assisted_registration": (
        {"scheme": V, "base": "eligible", "reach": [{"who": {"area": "rural"}, "share": 0.5}]},
        "members",
        V,
        +1,
    ),
    "auto_enrol": (
        {"scheme": V, "base": "eligible", "who": {"status": "own_account"}, "opt_out": 0.5},
        "members",
        V,
        +1,
    ),
    "domestic_workers": ({"scheme": E, "base": "newly_covered", "full_time_hours": 48}, "members", E, +1),
    "agri_collective": (
        {"scheme": V, "base": "members", "every_months": 3, "paid": 0.8, "admin_per_member": 1000},
        "contributions",
        V,
        +1,
    ),
    "platform_withholding": (
        {
            "scheme": V,
            "base": "gross_earnings",
            "who": {"status": "own_account", "area": "urban"},
            "rate": 0.09,
            "in_scope": 0.5,
        },
        "members",
        V,
        +1,
    ),
    "package": ({"scheme": V, "base": "statutory_rates", "keep": ["health", "short_term"]}, "members", V, +1),
    "tax_pillar": (
        {"base": "population", "age": 60, "amount": 300_000, "test": "none", "take_up": 1.0, "admin": 0.05},
        "state_cost",
        "all",
        +1,
    ),
    "parametric": ({"scheme": V, "base": "members", "below_min_years": "proportional"}, "liability.0.03", V, +1),
}


@pytest.mark.parametrize("kind", LEVERS)
def test_every_lever_moves_what_it_is_for(kind: str, study: Study, lao_of: Callable[..., Baseline]) -> None:
    spec, indicator, scheme, sign = LEVERS[kind]
    baseline = lao_of()
    before = simulate(study, scenario=status_quo(baseline))
    after = simulate(study, scenario=Scenario(None, baseline, lever({"type": kind, "from": "2026-01-01", **spec})))
    moved = total(after, indicator, scheme) - total(before, indicator, scheme)
    assert np.sign(round(moved, 6)) == sign
    assert total(after, indicator, scheme, 2025) == total(before, indicator, scheme, 2025), (
        "a lever acted before its day"
    )


def test_a_threshold_of_size_needs_the_size(
    eight: pd.DataFrame, eight_design: Design, schema: Schema, baseline_of: Callable[..., Baseline]
) -> None:
    levers = lever(
        {"type": "size_threshold", "from": "2025-01-01", "scheme": E, "base": "newly_covered", "persons_at_least": 5}
    )
    with pytest.raises(InformalityError, match="the survey does not know the size of enough units") as failure:
        simulate(eight, eight_design, Scenario(None, baseline_of(), levers), schema=schema).members(2025)
    assert failure.value.code == ExitCode.DATA


def test_nobody_is_counted_in_two_schemes(study: Study, lao_of: Callable[..., Baseline]) -> None:
    levers = lever(
        {
            "type": "auto_enrol",
            "from": "2026-01-01",
            "scheme": V,
            "base": "eligible",
            "who": {"status": "own_account"},
            "opt_out": 0.1,
        },
        {
            "type": "platform_withholding",
            "from": "2026-01-01",
            "scheme": V,
            "base": "gross_earnings",
            "who": {"status": "own_account"},
            "rate": 0.09,
            "in_scope": 0.7,
        },
        {
            "type": "mandate_group",
            "from": "2026-01-01",
            "scheme": E,
            "base": "newly_covered",
            "who": {"status": ["employer", "own_account"]},
        },
    )
    outcome = simulate(study, scenario=Scenario(None, lao_of(), levers))
    for year in outcome.path:
        chance = np.zeros(len(outcome.ground.people.person))
        for made in year.parts:
            chance[made.part.rows] += made.members[:, 0]
        assert chance.max() <= 1 + 1e-12


def test_a_subsidy_that_ends(study: Study, lao_of: Callable[..., Baseline]) -> None:
    """In the first year without it a quarter of those it brought are left (retention 0.25)."""
    baseline = lao_of()
    spec = {
        "type": "subsidy",
        "scheme": V,
        "base": "own",
        "share": {"default": 0.5},
        "from": "2026-01-01",
        "until": "2028-01-01",
    }
    outcome, quo = (
        simulate(study, scenario=Scenario(None, baseline, lever(spec))),
        simulate(study, scenario=status_quo(baseline)),
    )
    extra = [total(outcome, "members", V, y) - total(quo, "members", V, y) for y in range(2025, 2030)]
    assert extra[0] == 0
    assert 0 < extra[1] < extra[2]
    assert extra[3] == pytest.approx(0.25 * extra[2], rel=0.05)  # the path without it moves on a little meanwhile
    assert total(outcome, "state_support", V, 2027) > 0
    assert total(outcome, "state_support", V, 2028) == 0


def test_months_of_subsidy_run_out(study: Study, lao_of: Callable[..., Baseline]) -> None:
    """At density 0.6, 14.4 months are paid in two years: who joined in 2026 is out of it in 2028, later joiners are not."""
    baseline = lao_of()
    spec = {"type": "subsidy", "scheme": V, "base": "own", "share": {"default": 0.5}, "from": "2026-01-01"}
    forever = simulate(study, scenario=Scenario(None, baseline, lever(spec)))
    short = simulate(study, scenario=Scenario(None, baseline, lever({**spec, "max_months": 14})))
    for year, same in ((2026, True), (2027, True), (2028, False), (2029, False)):
        a, b = total(forever, "state_support", V, year), total(short, "state_support", V, year)
        assert a == pytest.approx(b, rel=1e-12) if same else 0 < b < a
        assert total(short, "members", V, year) <= total(forever, "members", V, year) * (1 + 1e-12)


def test_expectations_are_checked(
    study: Study, lao_of: Callable[..., Baseline], tmp_path: Path, schema: Schema, definition: Definition
) -> None:
    text = HEAD.replace("lao\n", str(tmp_path / "sample.yml") + "\n")
    lao_of()
    levers = (
        "levers:\n  - {type: floor_rebase, scheme: lao-voluntary, base: monthly_earnings, "
        "value: 4000000, from: 2026-01-01}\n"
    )
    (tmp_path / "mine.yml").write_text(text + levers + "expects: {members_not_below: baseline}\n", encoding="utf-8")
    scenario = read_scenario(str(tmp_path / "mine.yml"), grammar(schema, definition), tmp_path)
    outcome, quo = simulate(study, scenario=scenario), simulate(study, scenario=status_quo(scenario.baseline))
    problems = unmet(outcome, {"baseline": quo})
    assert len(problems) == 1
    assert problems[0].place == "mine.yml, line 7"
    assert "expects members not below those of `baseline`, and in 2026 they are" in problems[0].what
    assert not unmet(quo, {})


def test_more_members_on_record_than_could_be(study: Study, lao_of: Callable[..., Baseline]) -> None:
    many = [{"schemes": [V], "members": 5e6, "source": "own", "status": "verified"}]
    with pytest.raises(InformalityError, match="more members on record than people who could be members") as failure:
        simulate(study, scenario=status_quo(lao_of(administrative=many)))
    assert failure.value.code == ExitCode.DATA
    many = [
        {"schemes": ["lao-government", E], "members": 5e6, "source": "own", "status": "verified"},
        LAO["administrative"][1],
    ]
    with pytest.raises(InformalityError, match="more members on record than people who must be members"):
        simulate(study, scenario=status_quo(lao_of(administrative=many)))


def test_records_of_an_office(
    study: Study, lao_of: Callable[..., Baseline], tmp_path: Path, schema: Schema, definition: Definition
) -> None:
    (tmp_path / "members.csv").write_text(
        'scheme,sex,members\nlao-voluntary,female,9000\nlao-voluntary,male,"6,000"\n', encoding="utf-8"
    )
    baseline = lao_of()
    entries = read_members(tmp_path / "members.csv", baseline.schemes, grammar(schema, definition), source="own")
    spec = [LAO["administrative"][0], *(e.model_dump() for e in entries)]
    outcome = simulate(study, scenario=status_quo(lao_of(administrative=spec)))
    by_sex = outcome.figure("members", 2025, scheme=V, by="sex")
    assert dict(zip(by_sex.levels, by_sex.value, strict=True)) == pytest.approx(
        {"male": 6000, "female": 9000}, rel=1e-9
    )
    (tmp_path / "members.csv").write_text(
        "scheme,sex,members\nlao-volunteer,female,9000\nlao-voluntary,men,x\nlao-voluntary,men,5\n", encoding="utf-8"
    )
    with pytest.raises(InformalityError) as failure:
        read_members(tmp_path / "members.csv", baseline.schemes, grammar(schema, definition), source="own")
    assert [p.place for p in failure.value.problems] == [f"members.csv, line {i}" for i in (2, 3, 3, 4, 4)]
    part = [LAO["administrative"][0], {**entries[0].model_dump()}]
    with pytest.raises(InformalityError, match="some people who may join are in none of the groups"):
        simulate(study, scenario=status_quo(lao_of(administrative=part)))


def test_margins_of_later_years(study: Study, lao_of: Callable[..., Baseline]) -> None:
    shares = {2025: {"urban": 0.40, "rural": 0.60}, 2029: {"urban": 0.50, "rural": 0.50}}
    outcome = simulate(
        study,
        scenario=status_quo(
            lao_of(margins=[{"variable": "area", "shares": shares, "source": "own", "status": "assumption"}])
        ),
    )
    people = outcome.figure("population", 2027, by="area")
    assert people["urban"].value[0] / people.value.sum() == pytest.approx(0.45, abs=1e-9)


def test_a_country_without_a_macro_path_runs_one_year(
    study: Study, baseline_of: Callable[..., Baseline], schema: Schema, definition: Definition
) -> None:
    outcome = simulate(study, scenario="khm-enforcement")
    assert outcome.members(2025).value[0] > 0
    scenario = read_scenario("khm-enforcement", grammar(schema, definition))
    spec = scenario.baseline.spec.model_copy(
        update={"years": scenario.baseline.spec.years.model_copy(update={"last": 2026})}
    )
    from dataclasses import replace

    longer = replace(scenario, baseline=replace(scenario.baseline, file=replace(scenario.baseline.file, spec=spec)))
    with pytest.raises(InformalityError, match="there is no path of wages for Cambodia"):
        list(simulate(study, scenario=longer).path)
    assert GOLDEN["years"]["base"] == 2025
    assert number(1)["value"] == 1


@pytest.mark.parametrize(
    ("country", "title", "last", "found"),
    [
        ("khm", "Cambodia", 2025, "prices: no path; wages: no path; the population: no path"),
        ("ecu", "Ecuador", 2021, "prices: nothing for 2022; wages: nothing for 2022; the population: no path"),
        ("lao", "Lao PDR", 2035, "prices: nothing for 2036; wages: nothing for 2036; the population: nothing for 2036"),
    ],
)
def test_years_without_paths_are_refused_before_anything_is_run(
    country: str, title: str, last: int, found: str, tmp_path: Path, schema: Schema, definition: Definition
) -> None:
    """No country but one has sourced paths: a projection says so, and is not run at constant prices and population."""
    text = find("baselines", country).read_text(encoding="utf-8")
    path = tmp_path / "longer.yml"
    path.write_text(re.sub(r"(years: .*last: )\d+", r"\g<1>2036", text), encoding="utf-8")
    with pytest.raises(InformalityError) as failure:
        read_baseline(str(path), grammar(schema, definition))
    (problem,) = failure.value.problems
    assert problem.place.startswith("longer.yml, line ")
    assert problem.what == f"the years to 2036 cannot be run: the paths of {title} end before"
    assert problem.found == found
    assert problem.fix.startswith(f"let `last` be {last}, or lengthen")


def test_peru_asks_those_registered_for_tax(
    eight: pd.DataFrame, eight_design: Design, schema: Schema, definition: Definition
) -> None:
    frame = eight.copy()
    frame["own_tax_registered"] = pd.Categorical(
        np.where(frame["income_self"].notna(), "yes", "not_applicable"),
        categories=frame["own_tax_registered"].cat.categories,
    )
    outcome = simulate(frame, eight_design, "per-2030", schema=schema, definitions=[definition])
    # rows 5, 6 and 8 pay 3 per cent of 1.0, 3.5 and 8.0 million; a quarter of 3000, 1500 and 300 comply, at density 0.85
    expected = 12 * 0.85 * 0.03 * 0.25 * (3000 * 1.0e6 + 1500 * 3.5e6 + 300 * 8.0e6)
    assert total(outcome, "contributions", year=2027) - _employees(outcome) == pytest.approx(expected, rel=1e-12)


def _employees(outcome: Outcome) -> float:
    return sum(float(outcome.contributions(2027, payer=p).value[0]) for p in ("employee", "employer"))
