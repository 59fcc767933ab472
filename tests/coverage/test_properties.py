"""What must hold whatever the numbers (Hypothesis), and stages against plain row-by-row or brute-force computations."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from informality.classification.definition import Definition
from informality.coverage.accounts import careers, cascade, sdg_131, spread, take_home, vesting, vesting_year
from informality.coverage.baseline import Baseline
from informality.coverage.capacity import household_payment, passes_food
from informality.coverage.compliance import phased, ramp, shifted, uptake_for_target
from informality.coverage.contributions import capped_match, floor_in_proportion, instalment, insurable_earnings
from informality.coverage.country import read_country
from informality.coverage.density import (
    critical_density,
    histories,
    months_paid,
    reentry,
    share_paid,
    topped_up,
    vested_density,
)
from informality.coverage.distribution import line_at_headcount, poverty, quantile_groups, share_of_poorest
from informality.coverage.finance import administration, net_fiscal_cost
from informality.coverage.incidence import jobs_at_risk, labour_cost
from informality.coverage.means import poverty_effect
from informality.coverage.pensions import PensionRule, balancing_rate, moneys_worth, right_value, rolled
from informality.coverage.projection import ageing_factors, rake_weights, require_moderate, weight_quality
from informality.coverage.results import ADDED, SHARED, entrants, results
from informality.coverage.scenario import Scenario, status_quo
from informality.coverage.simulate import Study, simulate, study_of
from informality.coverage.takeup import entrants as flows
from informality.coverage.takeup import shrunk
from informality.foundation.errors import InformalityError
from informality.foundation.schema import Schema
from informality.inference.sampling.design import Design
from informality.tabulation.columns import COLUMNS

from .test_scenarios import E, V, lever

SLOW = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def study(sample: pd.DataFrame, sample_design: Design, schema: Schema, definition: Definition) -> Study:
    return study_of(sample, sample_design, schema, definitions=[definition])


@SLOW
@given(low=st.floats(0, 1), high=st.floats(0, 1), base=st.sampled_from(["own", "floor"]))
def test_more_subsidy_never_fewer_members(
    low: float, high: float, base: str, study: Study, lao_of: Callable[..., Baseline]
) -> None:
    low, high = sorted((low, high))
    baseline = lao_of()
    members = []
    for share in (low, high):
        spec = {"type": "subsidy", "scheme": V, "base": base, "share": {"default": share}, "from": "2026-01-01"}
        outcome = simulate(study, scenario=Scenario(None, baseline, lever(spec)))
        members.append([m.members for y in outcome.path for m in y.parts if m.part.kind == "voluntary"])
    assert all((more >= less - 1e-12).all() for less, more in zip(*members, strict=True))


@given(y=st.lists(st.floats(0, 1e8), min_size=1, max_size=20), floors=st.tuples(st.floats(0, 4e6), st.floats(0, 4e6)))
def test_a_higher_floor_never_lowers_what_is_due(y: list[float], floors: tuple[float, float]) -> None:
    low, high = sorted(floors)
    a, b = (insurable_earnings(np.array(y), f, 4.5e6) for f in (low, high))
    assert (b >= a).all()
    assert ((a == 0) == (np.array(y) == 0)).all() or low == 0


@SLOW
@given(parts=st.integers(2, 6), seed=st.integers(0, 100))
def test_splitting_and_shuffling_rows_changes_nothing(
    parts: int, seed: int, study: Study, lao_of: Callable[..., Baseline]
) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.repeat(np.arange(len(study.workers)), parts))
    design = study.design
    split = Design.from_columns(design.weight[rows] / parts, design.units.stratum[design.psu][rows], design.psu[rows])
    other = study_of(
        study.workers.iloc[rows].reset_index(drop=True), split, study.schema, definitions=study.definitions
    )
    baseline = lao_of()
    a, b = (simulate(s, scenario=status_quo(baseline)) for s in (study, other))
    for indicator in ("members", "contributions", "accrual.0.03"):
        one, two = a.figure(indicator, 2028), b.figure(indicator, 2028)
        assert two.value == pytest.approx(one.value, rel=1e-9)
        assert two.se == pytest.approx(one.se, rel=1e-8)
        assert two.imputation == pytest.approx(one.imputation, rel=1e-8)


def test_an_empty_difference_changes_no_bit(study: Study, lao_of: Callable[..., Baseline]) -> None:
    baseline = lao_of()
    a, b = (
        simulate(study, scenario=status_quo(baseline), draws=20),
        simulate(study, scenario=Scenario(None, baseline, ()), draws=20),
    )
    for indicator in ("members", "contributions", "state_cost", "liability.0.03", "administration"):
        x, y = a.figure(indicator, 2029), b.figure(indicator, 2029)
        assert np.array_equal(x.value, y.value)
        assert np.array_equal(x.draws, y.draws)  # type: ignore[arg-type]


@given(stay=st.floats(0.5, 0.99), d=st.floats(0.2, 0.95), months=st.integers(1, 9), need=st.integers(0, 9))
def test_the_chain_against_every_path(stay: float, d: float, months: int, need: int) -> None:
    """All 2^months histories, one by one, for one who pays in the first month."""
    r = float(reentry(d, stay))
    if r < 1:
        assert share_paid(stay, r) == pytest.approx(d)
    chance, moment = 0.0, 0.0
    exact = np.zeros(months + 1)
    for history in itertools.product((True, False), repeat=months - 1):
        p, paying, paid = 1.0, True, 1
        for nxt in history:
            p *= (stay if nxt else 1 - stay) if paying else (r if nxt else 1 - r)
            paying, paid = nxt, paid + nxt
        exact[paid] += p
        if paid >= need:
            chance, moment = chance + p, moment + p * paid
    assert months_paid(stay, r, months, 1.0) == pytest.approx(exact, abs=1e-12)
    vests, share = vested_density(stay, r, need, months)
    assert vests[months] == pytest.approx(chance, abs=1e-12)
    assert share[months] == pytest.approx(moment / months, abs=1e-12)


def test_drawn_histories_agree_with_the_exact_chain() -> None:
    """Shares of 20,000 drawn members within four of their own standard errors of the chain: every month, the distribution of
    months paid, and qualifying (vector 13). The seed gives the same histories again, and more members keep the first.
    """
    stay, reenter, months, n = 0.95, 0.075, 15, 20_000
    drawn = histories(stay, reenter, months, share_paid(stay, reenter), n, seed=11)
    exact = months_paid(stay, reenter, months, 0.6)
    shares = np.bincount(drawn.sum(axis=1), minlength=months + 1) / n
    assert (np.abs(shares - exact) < 4 * np.sqrt(exact * (1 - exact) / n)).all()
    assert (np.abs(drawn.mean(axis=0) - 0.6) < 4 * np.sqrt(0.24 / n)).all()
    qualified = float((drawn.sum(axis=1) >= 12).mean())
    assert abs(qualified - 0.4328973166) < 4 * np.sqrt(0.4328973166 * 0.5671026834 / n)
    assert abs(qualified - 0.0905019024) > 0.3  # the binomial is another thing
    _, moment = vested_density(stay, reenter, 12, months)
    mine = histories(stay, reenter, months, 1.0, n, seed=12).sum(axis=1)
    each = np.where(mine >= 12, mine, 0) / months
    assert abs(each.mean() - moment[months]) < 4 * each.std() / np.sqrt(n)
    again = histories(stay, reenter, months, 0.6, 2 * n, seed=11)
    assert np.array_equal(again[:n], histories(stay, reenter, months, 0.6, n, seed=11))
    assert not np.array_equal(drawn, histories(stay, reenter, months, 0.6, n, seed=12))
    assert histories(stay, reenter, 0, 0.6, 3, seed=1).shape == (3, 0)


@given(stay=st.floats(0.5, 0.99), d=st.floats(0.2, 0.95), need=st.integers(1, 30), least=st.integers(0, 36))
def test_a_least_pension_over_the_exact_distribution(stay: float, d: float, need: int, least: int) -> None:
    """E[max(S, c) - S; S >= need] / T added up from the distribution of the months paid (:func:`months_paid`)."""
    r = float(reentry(d, stay))
    table = topped_up(stay, r, need, 3)
    for years in (1, 2, 3):
        months = np.arange(12 * years + 1)
        p = months_paid(stay, r, 12 * years, 1.0)
        expected = (np.maximum(least - months, 0) * p)[need:].sum() / (12 * years)
        assert table[years, least] == pytest.approx(expected, abs=1e-12)


def test_critical_densities_of_the_reference_page() -> None:
    """Section 1.3: men 0.50, 0.60, 0.75, 1.00 and women 0.60, 0.75, 1.00, impossible, joining at 30, 35, 40, 45."""
    ages = [30, 35, 40, 45]
    assert critical_density(15, ages, 60) == pytest.approx([0.5, 0.6, 0.75, 1.0])
    assert critical_density(15, ages, 55) == pytest.approx([0.6, 0.75, 1.0, 1.5])
    assert critical_density(15, 60, 60) == np.inf


def test_rights_add_up_to_moneys_worth() -> None:
    """Yearly rights, each valued when earned and brought to the age of joining, are the benefits of money's worth."""
    life, rule = read_country("lao").life["male"], PensionRule(60, 15, 0.02, 0.75)
    entry, g, i = 35, 0.02, 0.03
    ages = np.arange(entry, 60)
    worth = right_value(rule, life, ages, real_wage=g, discount=i)
    growth = ((1 + g) / (1 + i)) ** (ages - entry).astype(float)
    earned = float((worth * growth * life.survival(entry, ages)).sum())
    paid = float((0.05 * growth * life.survival(entry, ages)).sum())
    assert earned / paid == pytest.approx(moneys_worth(rule, life, entry, rate=0.05), rel=1e-12)
    assert balancing_rate(rule, life, entry) == pytest.approx(earned / paid * 0.05, rel=1e-12)
    assert float(rolled(100.0, 7.0, 0.03, 0.05)) == pytest.approx(100 * 1.03 * 1.05 + 7)
    assert np.isnan(moneys_worth(rule, life, 60, rate=0.05))


def test_small_stages_by_hand() -> None:
    assert floor_in_proportion(2.4e6, [24, 48, 60, np.nan], 48) == pytest.approx([1.2e6, 2.4e6, 2.4e6, 2.4e6])
    assert insurable_earnings(np.array([0.0, 5e6]), 1.2e6, 4.5e6, on_floor=True) == pytest.approx([1.2e6, 1.2e6])
    assert insurable_earnings(np.array([3e6]), 1.2e6, 4.5e6, declared=0.5)[0] == 1.5e6
    assert capped_match([100_000.0, 200_000.0], 0.5, 900_000) == pytest.approx([50_000, 75_000])
    assert float(instalment(108_000, 3)) == 324_000
    assert household_payment([1.0, 2.0, 4.0], np.array([0, 0, 1]), "all_members") == pytest.approx([3, 3, 4])
    assert household_payment([1.0, 2.0, 4.0], np.array([0, 0, 1]), "own_only") == pytest.approx([1, 2, 4])
    assert passes_food([2e6, 2e6], [1e5, 1.2e6], [2, 2], 4.5e5).tolist() == [True, False]
    assert [float(phased(0.1, 0.05, 0.45, y)) for y in (-1, 0, 3, 20)] == pytest.approx([0, 0.1, 0.25, 0.45])
    assert [ramp(y, 4) for y in (0, 1, 2, 4, 9)] == [0, 0.25, 0.5, 1, 1]
    assert ramp(1, 0) == 1
    assert float(uptake_for_target(0.49, 0.75)) == pytest.approx(0.26 / 0.51)
    assert float(uptake_for_target(0.8, 0.75)) == 0  # nobody drops out
    assert float(shifted(0.5, np.log(3))) == pytest.approx(0.75)
    assert float(administration(100.0, 1e6, 500, 60, 0.05)) == pytest.approx(500 + 6000 + 50_000)
    assert float(net_fiscal_cost(10, 20, 5, 1, 4)) == 32
    assert float(labour_cost(2.5e6, 1.5e5, 0.5)) == pytest.approx(2.575e6)
    assert float(labour_cost(2.5e6, 1.5e5, 0.5, 2.5e6)) == pytest.approx(
        2.65e6
    )  # the minimum wage binds: the employer bears all
    assert float(jobs_at_risk(0.06, 0.3)) == pytest.approx(0.018)
    assert shrunk([2.0], [0.6], 5)[0] == pytest.approx(1.3)
    assert shrunk([2.0], [0.6], 20)[0] == 2.0
    new, left = flows(100.0, 110.0, 0.1)
    assert (float(new), float(left)) == (20, 10)
    new, left = flows(100.0, 70.0, 0.1)
    assert (float(new), float(left)) == (0, 30)


def test_distribution_by_hand() -> None:
    means, weight = np.array([1.0, 2, 3, 4, 5]), np.ones(5)
    assert poverty(means, weight, 2.5) == pytest.approx((0.4, (1.5 / 2.5 + 0.5 / 2.5) / 5))
    assert share_of_poorest([1, 1, 2, 3, 3], means, weight, 0.4) == pytest.approx(0.2)
    assert share_of_poorest([1, 1, 2, 3, 3], means, weight, 0.5) == pytest.approx(0.3)
    assert quantile_groups(means, weight).tolist() == [0, 1, 2, 3, 4]
    assert quantile_groups([1.0, np.nan], [1, 1]).tolist() == [2, -1]
    assert line_at_headcount(means, weight, 0.4) == 2.0


def test_ageing_and_raking_of_weights() -> None:
    lao = read_country("lao").population
    assert lao is not None
    sex, age = np.array(["male", "female", "male"]), np.array([22.0, 70.0, np.nan])
    factor = ageing_factors(lao, sex, age, 2025, 2035)
    scale = lao.total[2035] / lao.total[2025] * (lao.table[0].sum() / lao.table[2].sum())
    assert factor[0] == pytest.approx(371.72 / 347.411 * scale, rel=1e-12)
    assert factor[1] == pytest.approx(304.429 / 205.367 * scale, rel=1e-12)
    assert factor[2] == pytest.approx(8829.2 / 7924.1, rel=1e-12)
    w = rake_weights(
        np.array([10.0, 20, 30, 40]),
        [(np.array([0, 0, 1, 1]), np.array([40.0, 60])), (np.array([0, 1, 0, 1]), np.array([50.0, 50]))],
    )
    assert w == pytest.approx([17.5765067213, 22.4234932787, 32.4234932787, 27.5765067213], abs=1e-7)
    quality = weight_quality([1.0, 1, 8], [1.0, 1, 1])
    assert quality.effective_n == pytest.approx(100 / 66)
    with pytest.raises(InformalityError, match="the survey cannot stand for that year"):
        require_moderate(weight_quality([1.0] * 20 + [20], [1.0] * 21), 2035)


def test_results_are_rows_of_the_one_table(study: Study, lao_of: Callable[..., Baseline]) -> None:
    spec = {"type": "subsidy", "scheme": V, "base": "own", "share": {"default": 0.3}, "from": "2026-01-01"}
    outcome = simulate(study, scenario=Scenario(None, lao_of(), lever(spec)), draws=30, breakdowns=("sex", "area"))
    table = results(outcome, years=[2025, 2027, 2029])
    assert set(SHARED) <= set(COLUMNS)
    assert list(table.columns) == [*SHARED, *ADDED]
    assert set(table["status"]) == {"assumption"}  # the weakest that any of them rests on: the lever
    whole = table[table["dim1"].isna()]
    members = whole[(whole["indicator"] == "members") & (whole["scheme"] == "all")].set_index("year")["value"]
    assert members[2029] == outcome.members(2029).value[0]
    paid = whole[(whole["indicator"] == "contributions") & (whole["year"] == 2029)]
    cells = paid[(paid["scheme"] != "all") & (paid["branch"] != "all") & (paid["payer"] != "all")]
    top = paid[(paid["scheme"] == "all") & (paid["branch"] == "all") & (paid["payer"] == "all")]
    assert cells["value"].sum() == pytest.approx(top["value"].item(), rel=1e-12)
    assert ((whole["lo80"] <= whole["median"]) & (whole["median"] <= whole["hi80"])).all()
    by_sex = table[
        (table["dim1"] == "sex")
        & (table["indicator"] == "members")
        & (table["year"] == 2029)
        & (table["scheme"] == "all")
    ]
    assert by_sex["value"].sum() == pytest.approx(members[2029], rel=1e-12)
    assert by_sex["lo80"].notna().all()
    people = entrants(outcome, 2029)
    ground, whom = outcome.ground.people, dict[tuple[str, str, int], set[int]]()
    for made in outcome.path[2029 - outcome.scenario.baseline.spec.years.base].parts:
        for row, member in zip(made.part.rows, made.members[:, 0] > 0, strict=True):
            if member:
                age = -5 if np.isnan(ground.age[row]) else int(ground.age[row] // 5) * 5
                sex = "female" if ground.female[row] else "male"
                whom.setdefault((made.part.scheme, sex, age), set()).add(int(ground.person[row]))
    for key, cells in people.groupby(["scheme", "sex", "age"]):
        assert cells["n"].max() <= len(whom[key]) <= cells["n"].sum(), (
            "a person of unknown earnings stands in several bands"
        )
    assert len(whom) == people.groupby(["scheme", "sex", "age"]).ngroups
    assert people["members"].sum() == pytest.approx(members[2029], rel=1e-12)
    assert ((people["density"] > 0) & (people["density"] <= 1 + 1e-12)).all()


def test_accounts_hang_together(study: Study, lao_of: Callable[..., Baseline]) -> None:
    outcome = simulate(study, scenario=status_quo(lao_of()))
    steps = cascade(outcome, 2027, V).set_index("step")
    assert steps["persons"].is_monotonic_decreasing
    assert steps.loc["joins", "persons"] == pytest.approx(outcome.members(2027, V).value[0], rel=1e-12)
    assert steps.loc["pays", "persons"] == pytest.approx(0.6 * outcome.members(2027, V).value[0], rel=1e-12)
    assert steps.loc["legal", "persons"] == pytest.approx(outcome.figure("legal_voluntary", 2027).value[0], rel=1e-12)
    home = take_home(outcome, 2025, E, [2.5e6, 5e6])
    assert home["net"].tolist() == pytest.approx([2_362_500, 5e6 - 247_500 - 135_000])
    table = vesting(outcome, 2025, V, ages=(35, 40)).set_index(["sex", "age"])
    assert table.loc[("male", 35), "worth"] == pytest.approx(3.808, abs=5e-4)
    assert table.loc[("male", 40), "worth_expected"] == 0
    assert vesting_year(outcome, V) == 2025 + 25
    share = spread(outcome, 2027, "members", V)
    assert -1 <= share["concentration"] <= 1
    poor = poverty_effect(outcome, 2027).set_index("when")
    assert poor.loc["after", "headcount"] >= poor.loc["before", "headcount"]
    sdg = sdg_131(outcome, 2027).set_index("name")
    assert sdg.loc["contributors_active", "value"] < sdg.loc["contributors_registered", "value"]
    assert np.isnan(sdg.loc["old_age", "value"])  # not determinable, and never 0
    assert sdg.loc["old_age", "note"]


def test_careers_are_drawn_from_a_seed_that_is_kept(study: Study, lao_of: Callable[..., Baseline]) -> None:
    """Who of the drawn has 15 of 25 years by 25 years: the chance of the chain, within four standard errors."""
    outcome = simulate(study, scenario=status_quo(lao_of()))
    lives = careers(outcome, "voluntary", 25, 3_000, seed=5)
    assert lives.shape == (3_000, 25)
    assert lives.attrs["seed"] == 5
    assert lives.max().max() == 12
    chance = float(vested_density(0.95, 0.075, 180, 300)[0][300])
    share = float((lives.sum(axis=1) >= 180).mean())
    assert abs(share - chance) < 4 * np.sqrt(chance * (1 - chance) / 3_000)
    assert (careers(outcome, "mandatory", 3, 10, seed=5) == 12).all().all()  # density 1


def test_formalisation_follows_the_definition(
    study: Study, lao_of: Callable[..., Baseline], definition: Definition
) -> None:
    """Under the 17th ICLS only employees move; the employer's contribution decides. Joiners of the voluntary scheme stay."""
    levers = lever(
        {"type": "enforcement", "from": "2026-01-01", "scheme": E, "base": "uninsured", "target": 0.5},
        {
            "type": "auto_enrol",
            "from": "2026-01-01",
            "scheme": V,
            "base": "eligible",
            "who": {"status": "own_account"},
            "opt_out": 0.2,
        },
    )
    outcome = simulate(study, scenario=Scenario(None, lao_of(), levers))
    newly = outcome.figure("newly_insured", 2029, scheme=E)
    formal = outcome.figure("newly_formal.ilo-17icls", 2029)
    assert 0 < formal.value[0] <= newly.value[0] * (1 + 1e-12)
    assert formal.by("status")["own_account"].value[0] == 0
    assert formal.by("status")["employee"].value[0] == pytest.approx(formal.value[0], rel=1e-12)
    joined = outcome.members(2029, V).value[0] - outcome.members(2025, V).value[0]
    assert joined > newly.value[0] * 0.1  # there were joiners who could have been miscounted
