"""The 33 vectors of the reference page on scenarios, section 3.10, by number; each computed from the shipped scheme files.

Tolerances are those of the digits printed there: half a unit of the last place, or exact.
"""

from __future__ import annotations

import math
from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from informality.coverage.capacity import household_residual, passes_household
from informality.coverage.contributions import (
    bracket_match,
    contributions,
    insurable_earnings,
    payer_totals,
    subsidy,
    subsidy_share,
)
from informality.coverage.country import Country, read_country
from informality.coverage.dated import Number
from informality.coverage.density import months_paid, qualifies, share_paid
from informality.coverage.distribution import concentration
from informality.coverage.finance import cash_benefit, percent_of_gdp, tax_pillar
from informality.coverage.incidence import net_pay
from informality.coverage.lifetable import monthly
from informality.coverage.pensions import PensionRule, accrued_value, moneys_worth
from informality.coverage.projection import raked
from informality.coverage.scheme import Scheme, read_scheme
from informality.coverage.takeup import calibrate, diffused, intercept_of, stock, take_up
from informality.coverage.uncertainty import combined, rubin, tornado
from informality.foundation.schema import read_schema
from informality.inference.estimates.estimate import totals
from informality.inference.sampling.design import Design

TODAY = date(2025, 7, 1)


def scheme(name: str, **choices: str) -> Scheme:
    return read_scheme(name, read_schema().grammar, choices={k.replace("__", "."): v for k, v in choices.items()})


def lao_base(wage: float) -> float:
    lao = scheme("lao-enterprise")
    floor, ceiling = lao.value_at("floor", TODAY), lao.value_at("ceiling", TODAY)
    assert floor is not None and ceiling is not None
    return float(insurable_earnings(np.array([wage]), floor.value, ceiling.value)[0])


def lao_paid(wage: float) -> dict[str, float]:
    paid = payer_totals(contributions(np.array([lao_base(wage)]), scheme("lao-enterprise").rates_at(TODAY).rates))
    return {payer: float(amount[0]) for payer, amount in paid.items()}


@pytest.fixture(scope="module")
def lao() -> Country:
    return read_country("lao")


def test_01_a_wage_above_the_ceiling() -> None:
    assert lao_base(10_000_000) == 4_500_000
    paid = lao_paid(10_000_000)
    assert paid["employee"] == pytest.approx(247_500, abs=1e-6)
    assert paid["employer"] == pytest.approx(270_000, abs=1e-6)
    assert sum(paid.values()) == pytest.approx(517_500, abs=1e-6)


def test_02_a_wage_below_the_floor() -> None:
    assert lao_base(1_800_000) == 2_500_000
    paid = lao_paid(1_800_000)
    assert paid["employee"] == pytest.approx(137_500, abs=1e-6)
    assert paid["employer"] == pytest.approx(150_000, abs=1e-6)
    assert 100 * paid["employee"] / 1_800_000 == pytest.approx(7.638889, abs=5e-7)
    assert 100 * paid["employer"] / 1_800_000 == pytest.approx(8.333333, abs=5e-7)
    assert 100 * sum(paid.values()) / 1_800_000 == pytest.approx(15.972222, abs=5e-7)


def test_03_the_voluntary_floor_and_ceiling() -> None:
    held = scheme("lao-voluntary", floor="held", entry_cap="ceiling_only")
    follows = scheme("lao-voluntary", floor="follows_minimum_wage", entry_cap="ceiling_only")
    rate = held.rates_at(TODAY).total("self")
    floors = [s.value_at("floor", TODAY).value for s in (held, follows)]  # type: ignore[union-attr]
    ceiling = held.value_at("ceiling", TODAY)
    assert floors == [1_200_000, 2_500_000] and ceiling is not None
    paid = [float(rate * insurable_earnings(np.array([1_000_000.0]), f, ceiling.value)[0]) for f in floors]
    assert paid == pytest.approx([108_000, 225_000], abs=1e-6)
    at_most = float(rate * insurable_earnings(np.array([9e6]), floors[0], ceiling.value)[0])
    assert at_most == pytest.approx(405_000, abs=1e-6)


def test_04_branch_rates_add_up() -> None:
    rates = scheme("lao-enterprise").rates_at(TODAY).rates
    employee = [rates["employee"][b] for b in ("pension", "health", "short_term", "unemployment")]
    assert employee == [0.025, 0.0075, 0.0125, 0.010]
    assert math.fsum(employee) == pytest.approx(0.055, abs=1e-15)
    assert math.fsum(employee) + rates["employer"]["injury"] == pytest.approx(0.060, abs=1e-15)
    assert [rates["employer"][b] for b in ("pension", "health", "short_term", "unemployment")] == employee
    own = scheme("lao-voluntary").rates_at(TODAY).rates["self"]
    assert own == {"pension": 0.05, "health": 0.015, "short_term": 0.025}
    assert math.fsum(own.values()) == pytest.approx(0.09, abs=1e-15)


def vietnam(declared: float) -> dict[str, tuple[float, float, float]]:
    """State, worker and subsidy share by group, on a declared income, after 1 July 2025."""
    vnm = scheme("vnm-voluntary")
    rate = vnm.rates_at(TODAY).total("self")
    spec = vnm.spec.subsidy
    assert spec is not None and spec.amount is not None and spec.base == "poverty_line"
    line = vnm.country.amount(spec.amount, TODAY)
    own = rate * insurable_earnings(np.array([declared]), line)
    out = {}
    for group, share in [s for s in spec.shares if s.begins <= TODAY][-1].shares.items():
        state = subsidy(share, own, rate * line)
        out[group] = (float(state[0]), float((own - state)[0]), float(subsidy_share(state, own)[0]))
    return out


def test_05_viet_nam_at_the_poverty_line() -> None:
    paid = vietnam(1_500_000)
    groups = ("poor", "near_poor", "ethnic_minority", "default")
    assert [paid[g][0] for g in groups] == pytest.approx([165_000, 132_000, 99_000, 66_000], abs=1e-6)
    assert [paid[g][1] for g in groups] == pytest.approx([165_000, 198_000, 231_000, 264_000], abs=1e-6)


def test_06_viet_nam_the_support_is_flat() -> None:
    state, worker, share = vietnam(5_000_000)["default"]
    assert state + worker == pytest.approx(1_100_000, abs=1e-6)
    assert (state, worker) == pytest.approx((66_000, 1_034_000), abs=1e-6)
    assert share == pytest.approx(0.06, abs=1e-12)


def test_07_cambodia_by_phase() -> None:
    khm = scheme("khm-pension")
    floor, ceiling = khm.value_at("floor", TODAY), khm.value_at("ceiling", TODAY)
    assert floor is not None and ceiling is not None
    base = insurable_earnings(np.array([300_000.0, 800_000.0, 1_500_000.0]), floor.value, ceiling.value)
    for day, each_side in ((date(2025, 7, 1), [8_000, 16_000, 24_000]), (date(2028, 7, 1), [16_000, 32_000, 48_000])):
        paid = payer_totals(contributions(base, khm.rates_at(day).rates))
        assert paid["employer"] == pytest.approx(each_side, abs=1e-6)
        assert paid["employee"] == pytest.approx(each_side, abs=1e-6)
    totals_by_year = {
        y: sum(khm.rates_at(date(y, 12, 1)).total(p) for p in ("employer", "employee"))
        for y in (2022, 2026, 2027, 2031, 2032, 2041, 2042, 2052)
    }
    assert totals_by_year == pytest.approx(
        {2022: 0.04, 2026: 0.04, 2027: 0.08, 2031: 0.08, 2032: 0.1075, 2041: 0.1075, 2042: 0.135, 2052: 0.1625}
    )


def test_08_georgia_in_both_readings() -> None:
    geo = scheme("geo-pension")
    assert geo.mode is None  # sources disagree: nothing runs until a study chooses
    assert geo.open_questions() and geo.spec.match is not None
    brackets = [(b.up_to, b.rate) for b in geo.spec.match.brackets]
    salaries = np.array([20_000.0, 30_000.0, 60_000.0, 70_000.0])
    assert bracket_match(salaries, brackets, "marginal") == pytest.approx([400, 540, 840, 840], abs=1e-9)
    assert bracket_match(salaries, brackets, "cliff") == pytest.approx([400, 300, 600, 0], abs=1e-9)
    assert scheme("geo-pension", match__mode="cliff").mode == "cliff"


def test_09_peru_by_calendar_year() -> None:
    per = scheme("per-pension")
    paid = {y: 3000 * per.rates_at(date(y, 7, 1)).total("self") for y in range(2027, 2036)}
    expected = {2027: 0, 2028: 60, 2029: 60, 2030: 90, 2031: 90, 2032: 120, 2033: 120, 2034: 150, 2035: 150}
    assert paid == pytest.approx(expected, abs=1e-9)


def test_10_take_up_with_a_subsidy() -> None:
    assert float(take_up(0.93 * 0.5, intercept_of(0.05))) == pytest.approx(0.077312, abs=1e-6)
    with_all = take_up(np.array([0.45, 0.93, 1.40]), intercept_of(0.0125))
    assert with_all == pytest.approx([0.019466, 0.031085, 0.048825], abs=5e-7)


def test_11_the_intercept_that_meets_a_target() -> None:
    score, weight = np.array([0.0, 1.5]), np.array([1000.0, 500.0])
    alpha = calibrate(score, weight, 120)
    p = take_up(score, alpha)
    assert float(alpha) == pytest.approx(-3.1654753564, abs=5e-11)
    # The two printed here sum to 119.9999994 members, so they are good to 1e-9 only; alpha is good to all its digits.
    assert p == pytest.approx([0.0404858174, 0.1590283640], abs=1e-9)
    assert float(weight @ p) == pytest.approx(120, abs=1e-9)


def test_12_the_intercept_without_covariates() -> None:
    assert float(calibrate(np.zeros(1), np.array([2_140_000.0]), 26_793)) == pytest.approx(-4.3678213184, abs=5e-11)


def test_13_density_and_qualifying() -> None:
    assert share_paid(0.95, 0.075) == pytest.approx(3 / 5, abs=1e-15)
    assert qualifies(0.95, 0.075, 12, 15, 0.6) == pytest.approx(0.4328973166, abs=5e-11)
    # Paying in the last of the fifteen months; the chain is reversible, so that is paying in the first of them.
    assert qualifies(0.95, 0.075, 12, 15, 1.0) == pytest.approx(0.6388707163, abs=5e-11)
    # With no memory (stay = reenter = d) the chain is the binomial, which would have said a fifth of it.
    binomial = sum(math.comb(15, k) * Fraction(3, 5) ** k * Fraction(2, 5) ** (15 - k) for k in range(12, 16))
    assert binomial == Fraction(2761898877, 30517578125)
    assert qualifies(0.6, 0.6, 12, 15, 0.6) == pytest.approx(0.0905019024, abs=5e-11)
    assert months_paid(0.95, 0.075, 15, 0.6).sum() == pytest.approx(1, abs=1e-14)


def test_14_raking() -> None:
    table = raked([[10, 20], [30, 40]], [40, 60], [50, 50])
    x = (-210 + math.sqrt(210**2 + 4 * 4000)) / 2
    assert table[0, 0] == pytest.approx(x, abs=1e-9)
    assert table == pytest.approx(np.array([[17.5765067213, 22.4234932787], [32.4234932787, 27.5765067213]]), abs=5e-10)
    assert table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]) == pytest.approx(2 / 3, abs=1e-9)
    assert raked([[10, 20], [30, 40]], [40, 60], [50, 50], passes=1)[0, 0] == pytest.approx(17.0731707317, abs=5e-11)


def test_15_two_psus_in_a_stratum() -> None:
    design = Design.from_columns(np.ones(4), [1, 1, 2, 2], [1, 2, 3, 4])
    estimate = totals(design, np.array([10.0, 14.0, 20.0, 30.0]))
    assert estimate.se[0] ** 2 == pytest.approx(116, rel=1e-12)
    assert estimate.se[0] == pytest.approx(10.7703296143, abs=5e-11)


def test_16_variances_combined() -> None:
    both = combined([10, 12, 11], [4, 5, 3])
    assert (both.sampling, both.parameters, both.total) == (4, 1, 5)
    assert both.shares == {"sampling": 0.8, "parameters": 0.2, "imputation": 0}
    assert rubin([10, 12, 11], [4, 5, 3]) == pytest.approx(5.3333333, abs=5e-8)


def test_17_annuities(lao: Country) -> None:
    men, women = lao.life["male"], lao.life["female"]
    due = [men.annuity_due(60, 0.03), women.annuity_due(55, 0.03), women.annuity_due(60, 0.03)]
    assert due == pytest.approx([12.7552, 16.3025, 14.1478], abs=5e-5)
    assert [monthly(a) for a in due] == pytest.approx([12.2968, 15.8442, 13.6894], abs=5e-5)
    assert [men.annuity_due(60, 0), women.annuity_due(55, 0)] == pytest.approx([16.773, 23.1452], abs=5e-5)


def test_18_life_expectancy(lao: Country) -> None:
    men, women = lao.life["male"], lao.life["female"]
    assert [men.expectancy(0), women.expectancy(0)] == pytest.approx([67.6749, 72.3139], abs=5e-5)
    assert [men.expectancy(60), women.expectancy(60)] == pytest.approx([16.2638, 18.5643], abs=5e-5)


MEN, WOMEN = 60, 55
JOINS = (
    ("male", MEN, 25),
    ("male", MEN, 35),
    ("male", MEN, 45),
    ("female", WOMEN, 25),
    ("female", WOMEN, 35),
    ("female", WOMEN, 40),
)


def test_19_moneys_worth(lao: Country) -> None:
    for accrual, expected in (
        (0.02, [3.545, 3.808, 4.131, 5.122, 5.451, 5.632]),
        (0.015, [2.659, 2.856, 3.098, 3.842, 4.088, 4.224]),
    ):
        worth = [
            moneys_worth(PensionRule(age, 15, accrual, 0.75), lao.life[sex], entry, rate=0.05)
            for sex, age, entry in JOINS
        ]
        assert worth == pytest.approx(expected, abs=5e-4)


def test_20_the_vesting_cliff(lao: Country) -> None:
    rule = PensionRule(MEN, 15, 0.02, 0.75)
    assert moneys_worth(rule, lao.life["male"], 35, rate=0.05, density=0.6) == pytest.approx(3.808, abs=5e-4)
    assert moneys_worth(rule, lao.life["male"], 40, rate=0.05, density=0.6) == 0


def test_21_an_accrued_pension() -> None:
    yearly = 10 * 0.02 * 3_000_000 * 12
    assert yearly == pytest.approx(7_200_000, abs=1e-6)
    assert accrued_value(yearly, 12, 0, 0.03) == pytest.approx(86_400_000, abs=1e-6)
    assert accrued_value(yearly, 12, 10, 0.03) == pytest.approx(64_289_714.247, abs=5e-4)


def test_22_a_tax_financed_pension(lao: Country) -> None:
    assert lao.macro is not None
    cost = tax_pillar([378_635, 378_635], 300_000, 0) / 1e9
    assert cost[0] == pytest.approx(1363.086, abs=5e-4)
    with_admin = float(tax_pillar(378_635, 300_000, 0.05))
    assert with_admin / 1e9 == pytest.approx(1431.2403, abs=5e-5)
    assert lao.macro.gdp[2025] == pytest.approx(382_980.7e9)
    assert percent_of_gdp(with_admin, lao.macro.gdp[2025]) == pytest.approx(0.373711, abs=5e-7)


def test_23_a_maternity_grant(lao: Country) -> None:
    assert lao.macro is not None and lao.population is not None
    cost = lao.population.births[2025] * 1_500_000
    assert cost == pytest.approx(242.0625e9, abs=1)
    assert percent_of_gdp(cost, lao.macro.gdp[2025]) == pytest.approx(0.063205, abs=5e-7)


def test_24_a_subsidy_of_a_third(lao: Country) -> None:
    assert lao.macro is not None
    state = subsidy(0.30, np.array([225_000.0]), np.array([225_000.0]))
    assert state[0] == pytest.approx(67_500, abs=1e-9)
    yearly = float(state[0]) * 12 * 0.6 * 214_000
    assert yearly == pytest.approx(104.004e9, abs=1)
    assert percent_of_gdp(yearly, lao.macro.gdp[2025]) == pytest.approx(0.027156, abs=5e-7)
    assert (225_000 - float(state[0])) * 12 * 0.6 * 214_000 == pytest.approx(242.676e9, abs=1)


PERSONS, CONTRIBUTION = 2_140_000, 225_000 * 12


def test_25_the_closed_form_of_a_product() -> None:
    """N c p d with independent uniform p and d: mean of the product, and variance E[p2]E[d2] - (E[p]E[d])2.

    The Latin hypercube must come to it. Its error at 200,000 draws is far below the tolerances used.
    """
    from informality.coverage.uncertainty import latin_hypercube

    p = Number(value=0.05, low=0.02, high=0.10, shape="uniform", unit="share", source="test", status="assumption")
    d = Number(value=0.60, low=0.35, high=0.85, shape="uniform", unit="share", source="test", status="assumption")

    def moments(n: Number) -> tuple[float, float]:
        assert n.low is not None and n.high is not None
        return (n.low + n.high) / 2, (n.low**2 + n.low * n.high + n.high**2) / 3

    (mp, sp), (md, sd) = moments(p), moments(d)
    mean = PERSONS * CONTRIBUTION * mp * md / 1e9
    spread = PERSONS * CONTRIBUTION * math.sqrt(sp * sd - (mp * md) ** 2) / 1e9
    assert mean == pytest.approx(208.008, abs=5e-4)
    assert spread == pytest.approx(96.3578, abs=5e-5)
    assert spread / mean == pytest.approx(0.463241, abs=5e-7)
    drawn = latin_hypercube({"p": p, "d": d}, 200_000, seed=1)
    money = PERSONS * CONTRIBUTION * drawn["p"] * drawn["d"] / 1e9
    assert money.mean() == pytest.approx(208.008, rel=2e-3)
    assert money.std(ddof=1) == pytest.approx(96.3578, rel=5e-3)


def test_26_a_tornado() -> None:
    """The ends are the ends of the ranges here, so the percentiles asked for are 0 and 1."""
    kind = {"unit": "any", "source": "test", "status": "assumption", "shape": "uniform"}
    names = {
        "p": Number(value=0.05, low=0.02, high=0.10, **kind),  # type: ignore[arg-type]
        "d": Number(value=0.6, low=0.35, high=0.85, **kind),  # type: ignore[arg-type]
        "base": Number(value=2.5e6, low=2.5e6, high=3.5e6, **kind),  # type: ignore[arg-type]
        "n": Number(value=PERSONS, low=0.98 * PERSONS, high=1.02 * PERSONS, **kind),  # type: ignore[arg-type]
    }

    def money(x: dict[str, float]) -> float:
        return x["n"] * x["p"] * x["d"] * 0.09 * x["base"] * 12 / 1e9

    assert money({k: v.value for k, v in names.items()}) == pytest.approx(173.34, abs=1e-9)
    bars = tornado(money, names, 0.0, 1.0)  # type: ignore[arg-type]
    assert list(bars) == ["p", "d", "base", "n"]
    assert bars["p"] == pytest.approx((69.336, 346.68), abs=1e-9)
    assert bars["d"] == pytest.approx((101.115, 245.565), abs=1e-9)
    assert bars["base"] == pytest.approx((173.34, 242.676), abs=1e-9)
    assert bars["n"] == pytest.approx((169.8732, 176.8068), abs=1e-9)


def test_27_diffusion() -> None:
    path, p = [], np.array(0.0125)
    for _ in range(5):
        p = diffused(p, 0.10, 0.3)
        path.append(float(p))
    assert path == pytest.approx([0.03875, 0.057125, 0.0699875, 0.07899125, 0.085293875], abs=1e-12)


def test_28_the_stock_of_members() -> None:
    path = stock(100, [20] * 5, 0.25)
    assert path == pytest.approx([95, 91.25, 88.4375, 86.328125, 84.74609375], abs=1e-12)
    assert stock(100, [20] * 200, 0.25)[-1] == pytest.approx(80, abs=1e-9)


def test_29_concentration() -> None:
    assert concentration([0, 1, 1, 2], [1, 2, 3, 4], np.ones(4)) == pytest.approx(0.375, abs=1e-15)


def test_30_the_household_test() -> None:
    left = household_residual(4_000_000, 225_000, 5)
    assert left == pytest.approx(755_000, abs=1e-9)
    assert passes_household(left, 650_000, 0.0)
    assert not passes_household(left, 650_000, 0.2)
    assert 650_000 * 1.2 == 780_000


def test_31_the_maternity_branch() -> None:
    cost = 1000 * cash_benefit(2_500_000, 0.07, 0.45, 0.80, 105)
    assert cost == pytest.approx(220_500_000, abs=1e-4)


def test_32_take_home_pay() -> None:
    paid = lao_paid(2_500_000)
    net = [float(net_pay(2.5e6, paid["employee"], paid["employer"], theta)) for theta in (0, 0.5, 1)]
    assert net == pytest.approx([2_362_500, 2_287_500, 2_212_500], abs=1e-6)
    bound = [float(net_pay(2.5e6, paid["employee"], paid["employer"], theta, 2.5e6)) for theta in (0, 0.5, 1)]
    assert bound == pytest.approx([2_362_500] * 3, abs=1e-6)


def test_33_the_lao_identities() -> None:
    voluntary, members, employed, informal, covered = 26_793, 353_962, 2_140_000 / 0.864, 2_140_000, 867_277
    assert 100 * voluntary / members == pytest.approx(7.5695, abs=5e-5)
    assert 100 * members / employed == pytest.approx(14.2908, abs=5e-5)
    assert 100 * voluntary / informal == pytest.approx(1.2520, abs=5e-5)
    assert covered / members == pytest.approx(2.450198, abs=5e-7)
