"""Sampling errors through calibration, imputation, draws: against replication, hand computation and closed forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.classification.definition import Definition
from informality.coverage.baseline import Baseline
from informality.coverage.calibration import for_scenario
from informality.coverage.calibration import tied as calibrated
from informality.coverage.dated import Number
from informality.coverage.distribution import concentration, poverty
from informality.coverage.figure import Figure
from informality.coverage.means import concentration_of, poverty_changes, poverty_effect
from informality.coverage.measures import Key
from informality.coverage.outcome import Outcome
from informality.coverage.people import People
from informality.coverage.policy import Parameters
from informality.coverage.scenario import Scenario, status_quo
from informality.coverage.sensitivity import draws_of, tornado
from informality.coverage.simulate import Study, simulate, study_of
from informality.coverage.uncertainty import imputation_variance, latin_hypercube, quantile, rubin
from informality.foundation.errors import InformalityError
from informality.foundation.schema import Schema
from informality.inference.estimates.estimate import means, totals
from informality.inference.sampling.design import Design
from informality.inference.sampling.linearise import influence_covariance

from .conftest import LAO, number
from .test_scenarios import E, V, lever

SUBSIDY = {"type": "subsidy", "scheme": V, "base": "own", "share": {"default": 0.3}, "from": "2026-01-01"}
ENFORCE = {
    "type": "enforcement",
    "scheme": "lao-enterprise",
    "base": "covered",
    "who": {"institution": "corporation"},
    "target": 0.8,
    "from": "2026-01-01",
}
FIGURES = [
    ("members", V),
    ("members", "lao-enterprise"),
    ("contributions", "all"),
    ("state_support", V),
    ("accrual.0.03", V),
    ("benefits", "all"),
    ("newly_formal.mine", "all"),
]


@pytest.fixture
def study(
    sample: pd.DataFrame, sample_design: Design, schema: Schema, definition: Definition, lao_of: Callable[..., Baseline]
) -> Study:
    """The made-up sample, and beside the definition one of the test's own, by which jobs become formal in all three ways."""
    study = study_of(sample, sample_design, schema, definitions=[definition])
    study.movable["mine"] = moves(study.ground(lao_of()).people)
    return study


def moves(people: People) -> dict[str, np.ndarray]:
    return {
        "insured_by_employer": people.where({"status": "employee", "area": "urban"}),
        "joins_voluntarily": people.where({"status": "own_account", "sex": "female"}),
        "employs_formally": people.where({"status": "employer"}),
    }


@pytest.fixture
def scenario(lao_of: Callable[..., Baseline]) -> Scenario:
    return Scenario(None, lao_of(), lever(SUBSIDY, ENFORCE))


def jackknife(study: Study, scenario: Scenario, read: Callable[[Outcome], Sequence[float]]) -> np.ndarray:
    """Delete one PSU at a time, calibrate and run anew: (n_h - 1) / n_h x squared deviations from the mean of the stratum."""
    design = study.design
    values = []
    for psu in range(len(design.units.stratum)):
        stratum = design.units.stratum[psu]
        n = int((design.units.stratum == stratum).sum())
        inside = design.units.stratum[design.psu] == stratum
        weight = np.where(design.psu == psu, 0.0, np.where(inside, design.weight * n / (n - 1), design.weight))
        part = replace(study, design=replace(design, weight=weight), grounds={}, thetas={}, movable={}, definitions=())
        ground, line = part.ground(scenario.baseline), study.ground(scenario.baseline).people.line
        part.grounds.update({k: replace(ground, people=replace(ground.people, line=line)) for k in part.grounds})
        part.movable["mine"] = moves(ground.people)
        values.append(read(simulate(part, scenario=scenario)))
    found, out = np.array(values), 0.0
    for stratum in np.unique(design.units.stratum):
        v = found[design.units.stratum == stratum]
        out = out + (len(v) - 1) / len(v) * ((v - v.mean(axis=0)) ** 2).sum(axis=0)
    return np.sqrt(out)


def test_errors_agree_with_a_jackknife_that_calibrates_anew(study: Study, scenario: Scenario) -> None:
    """Both estimate one variance, to first order. With 40 PSUs of 12 they differ by a few per cent, far less than leaving out
    the calibration would make them: members of the voluntary scheme would then have several times the error.

    The groups of donors and the median income are found anew, too, in the jackknife and not in the linearisation. The
    poverty line is given (:mod:`means`).
    """
    last = 2027
    outcome = simulate(study, scenario=scenario)

    def figures(o: Outcome) -> list[Figure]:
        indices = [concentration_of(o, Key(i, s), last) for i, s in (("contributions", "all"), ("members", V))]
        totals_of_all = [o.figure(i, last, scheme=s) for i, s in FIGURES]
        return [*totals_of_all, *(c for c in indices if c is not None), poverty_changes(o, last)["gap"]]

    ours = [float(f.se[0]) for f in figures(outcome)]
    theirs = jackknife(study, scenario, lambda o: [float(f.value[0]) for f in figures(o)])
    assert len(ours) == len(FIGURES) + 3
    assert ours == pytest.approx(theirs, rel=0.15)


def test_leaving_the_calibration_out_would_be_wrong(study: Study, scenario: Scenario) -> None:
    outcome = simulate(study, scenario=scenario)
    members = outcome.figure("members", 2025, scheme=V)
    assert members.value[0] == pytest.approx(15_000, rel=1e-9)
    assert members.se[0] < 1e-6 * members.value[0]  # on record: no sampling error
    free = Outcome(outcome.ground, outcome.scenario, replace(outcome.theta, influence={}), outcome.parameters, None)
    assert free.figure("members", 2025, scheme=V).se[0] > 500


def test_concentration_has_the_error_of_its_ranks(study: Study, scenario: Scenario) -> None:
    """With nothing tied: the derivative by each weight, found numerically from the index itself (vector 29), gives the error.

    Draws at the values of all numbers give the index back.
    """
    outcome = simulate(study, scenario=scenario)
    free = Outcome(outcome.ground, scenario, replace(outcome.theta, influence={}), outcome.parameters, None)
    people, year, key = outcome.ground.people, 2027, Key("state_support")
    values, factor = free.rows(key, year)[0], outcome.ground.factor(year)
    means_of_all = people.means[people.person]
    known = people.working & ~np.isnan(means_of_all)

    def index(weight: np.ndarray) -> float:
        w = (weight[people.person] * people.share * factor)[known]
        return concentration((values / factor)[known], means_of_all[known], w)

    weight = study.design.weight
    ours = concentration_of(free, key, year)
    assert ours is not None
    assert ours.value[0] == pytest.approx(index(weight), rel=1e-12)
    slopes = np.zeros(len(weight))
    for i in range(len(weight)):
        step = np.where(np.arange(len(weight)) == i, 1e-4 * weight, 0.0)
        slopes[i] = (index(weight + step) - index(weight - step)) / 2e-4
    assert ours.se[0] == pytest.approx(np.sqrt(influence_covariance(study.design, slopes)[0, 0]), rel=1e-6)
    tied = concentration_of(outcome, key, year)
    assert tied is not None
    assert tied.se[0] != pytest.approx(ours.se[0], rel=1e-3)
    same = Parameters({name: np.full(2, n.value) for name, n in scenario.uncertain().items()})
    theta = for_scenario(calibrated(outcome.ground, scenario.baseline, same), outcome.ground, scenario)
    drawn = concentration_of(Outcome(outcome.ground, scenario, outcome.theta, same, theta, (), (year,)), key, year)
    assert drawn is not None
    assert drawn.draws is not None
    assert drawn.draws[0] == pytest.approx(np.full(2, ours.value[0]), rel=1e-9)
    changes = poverty_changes(Outcome(outcome.ground, scenario, outcome.theta, same, theta, (), (year,)), year)
    for figure in changes.values():
        assert figure.draws is not None
        assert figure.draws[0] == pytest.approx(np.full(2, figure.value[0]), rel=1e-9, abs=1e-15)


def test_poverty_changes_by_hand(study: Study, scenario: Scenario) -> None:
    """With nothing tied: the mean of what happens to each person, with the error of a mean. The headcount rises by those
    whom their household's payment takes below the line.
    """
    outcome = simulate(study, scenario=scenario)
    free = Outcome(outcome.ground, scenario, replace(outcome.theta, influence={}), outcome.parameters, None)
    people, year = outcome.ground.people, 2025
    pay = np.zeros(len(people.frame))
    for made in outcome.path[0].parts:
        np.add.at(pay, people.person[made.part.rows], (made.due * made.paid)[:, 0] * people.share[made.part.rows])
    household = np.bincount(people.household, pay)[people.household]
    after, known = people.means - household / people.size, ~np.isnan(people.means)
    line, before = people.line, people.means
    y = {
        "headcount": (after < line).astype(float) - (before < line),
        "gap": np.maximum(0, 1 - after / line) - np.maximum(0, 1 - before / line),
    }
    levels = poverty_effect(outcome, year).set_index("when")
    for what, each in y.items():
        ours, tied = poverty_changes(free, year)[what], poverty_changes(outcome, year)[what]
        hand = means(study.design, np.nan_to_num(each), np.where(known, 0, -1))
        assert 0 < ours.value[0] == pytest.approx(hand.value[0], rel=1e-12)
        assert ours.value[0] == pytest.approx(levels.loc["after", what] - levels.loc["before", what], rel=1e-9)
        assert ours.se[0] == pytest.approx(hand.se[0], rel=1e-9)
        assert tied.value[0] == ours.value[0]
        assert tied.se[0] > 0
    persons = poverty_changes(free, year)["people"]
    hand_total = totals(study.design, np.nan_to_num(y["headcount"]) * known)
    assert persons.value[0] == pytest.approx(hand_total.value[0], rel=1e-12)
    assert persons.se[0] == pytest.approx(hand_total.se[0], rel=1e-9)
    w = study.design.weight
    assert levels.loc["before", "headcount"] == pytest.approx(poverty(before, w, line)[0])


def test_a_plain_count_has_the_error_of_any_total(study: Study, scenario: Scenario) -> None:
    outcome = simulate(study, scenario=scenario)
    employed = outcome.figure("employed", 2025, by="sex")
    frame = study.workers
    for level in employed.levels:
        y = ((frame["employed"] == "yes") & (frame["sex"] == level)).to_numpy(dtype=float)
        expected = totals(study.design, y)
        assert employed[level].value[0] == pytest.approx(expected.value[0], rel=1e-12)
        assert employed[level].se[0] == pytest.approx(expected.se[0], rel=1e-10)


def test_groups_add_up_and_so_do_payers(study: Study, scenario: Scenario) -> None:
    outcome = simulate(study, scenario=scenario)
    for by in ("sex", "area", "status", "size_group"):
        parts = outcome.contributions(2028).by(by)
        assert parts.value.sum() == pytest.approx(outcome.contributions(2028).value[0], rel=1e-12)
    payers = [outcome.contributions(2028, payer=p).value[0] for p in ("employer", "employee", "self", "state")]
    assert sum(payers) == pytest.approx(outcome.contributions(2028).value[0], rel=1e-12)
    branches = ("pension", "health", "short_term", "unemployment", "injury")
    assert sum(outcome.contributions(2028, branch=b).value[0] for b in branches) == pytest.approx(
        outcome.contributions(2028).value[0], rel=1e-12
    )


def test_scenarios_subtract_with_their_own_error(study: Study, scenario: Scenario) -> None:
    quo = simulate(study, scenario=status_quo(scenario.baseline), draws=60, seed=1)
    new = simulate(study, scenario=scenario, draws=60, seed=1)
    nothing = quo.members(2028) - quo.members(2028)
    assert (nothing.value[0], nothing.se[0], nothing.imputation[0]) == (0, 0, 0)
    gain = new.members(2028, V) - quo.members(2028, V)
    apart = np.hypot(new.members(2028, V).se[0], quo.members(2028, V).se[0])
    assert 0 < gain.se[0] < apart
    assert 0 < gain.imputation[0] < new.members(2028, V).imputation[0] + quo.members(2028, V).imputation[0]
    low, high = gain.range()
    assert 0 < low[0] < gain.value[0] < high[0]
    assert gain.draws is not None
    assert (gain.draws > 0).all()  # more support, never fewer members, in any draw
    coverage = new.coverage(2028)
    assert coverage.value[0] == pytest.approx(
        new.members(2028).value[0] / new.figure("employed", 2028).value[0], rel=1e-12
    )
    parts = new.members(2028, V).uncertainty()
    assert parts.total == pytest.approx(parts.sampling + parts.parameters + parts.imputation)
    assert sum(parts.shares.values()) == pytest.approx(1)


def test_the_central_path_is_one_draw(study: Study, scenario: Scenario) -> None:
    """A draw in which every number has its value gives the central values; so does any breakdown of it."""
    outcome = simulate(study, scenario=scenario)
    same = Parameters({name: np.full(3, n.value) for name, n in scenario.uncertain().items()})
    theta = for_scenario(calibrated(outcome.ground, scenario.baseline, same), outcome.ground, scenario)
    drawn = Outcome(outcome.ground, scenario, outcome.theta, same, theta, ("sex",), (2028,), movable=outcome.movable)
    indicators = ("members", "contributions", "state_support", "liability.0.03", "benefits", "administration")
    for indicator in (*indicators, "newly_formal.ilo-17icls", "newly_formal.mine"):
        figure = drawn.figure(indicator, 2028)
        assert figure.draws is not None
        assert figure.draws[0] == pytest.approx(np.full(3, figure.value[0]), rel=1e-9), indicator
    for indicator in ("members", "newly_formal.mine"):
        by = drawn.figure(indicator, 2028, by="sex")
        assert by.draws is not None
        assert by.draws[:, 0] == pytest.approx(by.value, rel=1e-9)


MANY: list[dict[str, Any]] = [
    {"type": "subsidy", "scheme": V, "base": "floor", "share": {"default": 0.3, "poor": 0.5},
     "max_months": 24, "from": "2026-01-01"},
    {"type": "mandate_group", "scheme": E, "base": "newly_covered", "who": {"status": "employer"}, "from": "2026-01-01"},
    {"type": "domestic_workers", "base": "newly_covered", "scheme": E, "full_time_hours": 48, "from": "2026-01-01"},
    {"type": "assisted_registration", "scheme": V, "base": "eligible", "ramp_years": 3, "from": "2026-01-01",
     "reach": [{"who": {"area": "urban"}, "share": 0.25}, {"who": {"area": "rural", "age": ">= 30"}, "share": 0.1}]},
    {"type": "agri_collective", "scheme": V, "base": "members", "who": {"agriculture": "agriculture"}, "paid": 0.75,
     "every_months": 3, "admin_per_member": 20000, "from": "2026-01-01"},
    {"type": "parametric", "scheme": V, "base": "members", "min_years": 10, "minimum": 900000, "from": "2027-01-01"},
]  # fmt: skip


def test_running_kinds_of_workers_is_running_workers(study: Study, lao_of: Callable[..., Baseline]) -> None:
    """Draws over merged workers are those over every worker, whatever levers ask of them, in total and by groups.

    Earnings and hours are coarse here, so that many workers differ in nothing but what levers ask of them.
    """
    from informality.coverage.engine import earning

    frame = study.workers.copy()
    for name, step in (("earnings_employee", 1e6), ("income_self", 1e6), ("hours_usual", 20.0)):
        frame[name] = np.ceil(frame[name] / step) * step
    kind = frame["domestic_worker"]
    uninsured = (frame["social_security"] == "no") & (frame["institution"] == "private")
    frame["domestic_worker"] = kind.where(~uninsured, "yes")  # so that there are many whose floor goes by hours
    study = study_of(frame, study.design, study.schema, definitions=study.definitions)
    baseline = lao_of(takeup={**LAO["takeup"], "observed": "keep"}, groups={"poor": {"welfare_band": "poor"}})
    scenario = Scenario(None, baseline, lever(ENFORCE, *MANY))
    kinds, people = (simulate(study, scenario=scenario, draws=7, breakdowns=("sex", "size_group")) for _ in range(2))
    people.merged = earning(people.ground, scenario, [made.part for made in people.path[0].parts])
    assert kinds.drawn is not None
    assert people.drawn is not None
    merged = [part for part in kinds.merged if part.merged is not None]
    assert len(merged) == 5
    assert sum(len(p.rows) for p in merged) < 0.7 * sum(len(p.merged.everybody) for p in merged if p.merged)
    for year, table in people.drawn.values.items():
        assert set(table) == set(kinds.drawn.values[year])
        for key, values in table.items():
            assert kinds.drawn.values[year][key] == pytest.approx(values, rel=1e-11), (year, key)
    for name, years in people.slopes.items():
        for all_of_one, all_of_other in zip(years, kinds.slopes[name], strict=True):
            for one, other in zip(all_of_one, all_of_other, strict=True):
                for a, b in zip(one, other, strict=True):
                    assert b == pytest.approx(a, abs=1e-9)


def test_where_means_decide_nobody_is_merged(study: Study, lao_of: Callable[..., Baseline]) -> None:
    capacity = {**LAO["capacity"], "applied": ["burden", "household"]}
    outcome = simulate(study, scenario=status_quo(lao_of(capacity=capacity)), draws=3)
    assert all(part.merged is None for part in outcome.merged)
    same = outcome.figure("members", 2027)
    assert same.draws is not None
    assert (same.draws > 0).all()


def test_draws_are_kept_and_do_not_depend_on_each_other(study: Study, scenario: Scenario) -> None:
    one = simulate(study, scenario=scenario, draws=50, seed=3)
    two = simulate(study, scenario=status_quo(scenario.baseline), draws=50, seed=3)
    a, b = draws_of(one), draws_of(two)
    assert set(b.columns) <= set(a.columns)
    pd.testing.assert_frame_equal(a[b.columns], b)
    assert one.seed == 3
    other = simulate(study, scenario=scenario, draws=50, seed=4)
    assert not np.array_equal(draws_of(other)["takeup.beta_subsidy"], a["takeup.beta_subsidy"])
    again = simulate(study, scenario=scenario, draws=50, seed=3)
    assert np.array_equal(one.members(2029).draws, again.members(2029).draws)  # type: ignore[arg-type]


def test_a_tornado_of_the_model(study: Study, scenario: Scenario) -> None:
    outcome = simulate(study, scenario=scenario)
    bars = tornado(outcome, "state_support", 2028, scheme=V)
    assert bars["width"].is_monotonic_decreasing
    assert {"takeup.beta_subsidy", "density.voluntary.paid"} <= set(bars["parameter"])
    assert "takeup.beta_assistance" not in set(bars["parameter"])  # nobody is assisted here
    row = bars[bars["parameter"] == "density.voluntary.paid"].iloc[0]
    # money is in proportion to density: 0.6 with its triangle from 0.35 to 0.85
    centre = outcome.figure("state_support", 2028, scheme=V).value[0]
    assert row["at_low"] == pytest.approx(centre * row["low"] / 0.6, rel=1e-9)
    assert row["at_high"] == pytest.approx(centre * row["high"] / 0.6, rel=1e-9)


def test_the_triangle_and_the_hypercube() -> None:
    """Quantiles of the triangular distribution by its formula; one draw in each of n slices."""
    n = Number(value=0.93, low=0.45, high=1.40, unit="log-odds", source="x", status="derived")
    turn = (0.93 - 0.45) / 0.95
    assert quantile(n, [0, turn, 1]) == pytest.approx([0.45, 0.93, 1.40])
    assert float(quantile(n, 0.1)) == pytest.approx(0.45 + np.sqrt(0.1 * 0.95 * 0.48))
    drawn = latin_hypercube({"b": n}, 200, seed=5)["b"]
    cdf = np.where(drawn <= 0.93, (drawn - 0.45) ** 2 / (0.95 * 0.48), 1 - (1.40 - drawn) ** 2 / (0.95 * 0.47))
    assert sorted((cdf * 200).astype(int)) == list(range(200))


def test_imputation_variance_is_rubins_on_average() -> None:
    """Two persons with five and five answers: the mean of Rubin's between term over random files of five permuted answers."""
    rng = np.random.default_rng(1)
    answers = np.array([[1.0, 2, 3, 4, 9], [0.0, 0, 5, 6, 7]])
    ours = imputation_variance((answers / 5).ravel(), np.repeat([0, 1], 5))
    theirs = []
    for _ in range(20_000):
        files = rng.permuted(answers, axis=1).sum(axis=0)
        theirs.append(rubin(files, [0.0] * 5))
    assert ours == pytest.approx(np.mean(theirs), rel=0.02)
    assert imputation_variance(np.array([]), np.array([], dtype=np.intp)) == 0


def test_covariates_fitted_to_the_survey(study: Study, lao_of: Callable[..., Baseline]) -> None:
    """The coefficient is the design's logit drawn to its prior: few members, so the survey has less than all the say."""
    from informality.inference.models.regression import logit

    takeup = {**LAO["takeup"], "from_survey": True, "covariates": {"area=urban": number(0.2, 0.0, 0.4)}}
    outcome = simulate(study, scenario=status_quo(lao_of(takeup=takeup)))
    frame = study.workers
    may = frame["status"].isin(["own_account", "employer"]) & (frame["employed"] == "yes")
    may &= frame["income_self"].notna() & (frame["age"] <= 60)  # older people may not join
    y = (frame["own_social_security"] == "yes").astype(float)
    fit = logit(
        study.design,
        pd.DataFrame({"y": y, "u": (frame["area"] == "urban").astype(float)}),
        "y ~ u",
        domain=may.to_numpy(),
    )
    share = min(1.0, y[may].sum() / 10)
    assert share < 1
    gamma = outcome.theta.values[f"gamma:{V}:area=urban"][0]
    assert gamma == pytest.approx(share * fit.params[1] + (1 - share) * 0.2, rel=1e-9)
    assert outcome.figure("members", 2025, scheme=V).value[0] == pytest.approx(15_000, rel=1e-9)
    assert outcome.figure("members", 2025, scheme=V).se[0] < 1e-3  # tied, whatever the coefficient
    urban = outcome.figure("members", 2025, scheme=V, by="area")["urban"]
    fixed = replace(
        outcome.theta, influence={k: v for k, v in outcome.theta.influence.items() if not k.startswith("gamma")}
    )
    without = Outcome(outcome.ground, outcome.scenario, fixed, outcome.parameters, None).figure(
        "members", 2025, scheme=V, by="area"
    )["urban"]
    assert urban.se[0] > without.se[0]  # an estimated coefficient adds its own error
    z = outcome.theta.influence[f"gamma:{V}:area=urban"]
    assert z[len(frame) :].sum() == 0  # by person, on the person's own row
    variance = influence_covariance(study.design, z[: len(frame)])[0, 0]
    assert np.sqrt(variance) == pytest.approx(share * fit.se[1], rel=1e-9)


def test_owners_follow_their_first_insured_employee(
    sample: pd.DataFrame, study: Study, lao_of: Callable[..., Baseline]
) -> None:
    """By size of unit: newly insured of the informal employees, as a share; the owners of informal units of that size."""
    from informality.coverage.formalisation import owners_following

    outcome = simulate(study, scenario=status_quo(lao_of()))
    people = outcome.ground.people
    employee = people.where({"status": "employee", "employed": "yes", "job": "informal"})
    newly = np.where(employee & people.where({"size_group": "under_5"}), 0.25, 0.0)
    chance = owners_following(people, newly, people.weight)
    owners = people.where({"status": "employer", "employed": "yes", "job": "informal"})
    assert chance[owners & people.where({"size_group": "under_5"})] == pytest.approx(0.25)
    assert (chance[owners & ~people.where({"size_group": "under_5"})] == 0).all()
    assert (chance[~owners] == 0).all()


def test_replicates_of_a_plain_count_are_linear(study: Study, scenario: Scenario) -> None:
    """Nothing is tied in a count of the employed: jackknife replicates give the errors of linearisation to the last digits."""
    other = replace(study, design=study.design.to_replicates("JKn"), grounds={}, thetas={}, movable={})
    a, b = simulate(study, scenario=scenario), simulate(other, scenario=scenario)
    for indicator in ("employed", "legal_voluntary"):
        one, two = a.figure(indicator, 2027, by="sex"), b.figure(indicator, 2027, by="sex")
        assert two.value == pytest.approx(one.value, rel=1e-12)
        assert two.se == pytest.approx(one.se, rel=1e-9)


def test_calibration_is_found_anew_with_each_set_of_replicate_weights(
    study: Study, lao_of: Callable[..., Baseline]
) -> None:
    """Brute force: each set of jackknife weights made the survey's own, calibrated and run from the beginning.

    All earnings are known here and nothing rests on the poverty line, which are found once (see :mod:`replication`). A lever
    of each kind whose numbers rest on weights: a subsidy for some months, enforcement from present compliance, a coefficient
    that the survey estimates. Replicates by rows, as offices publish them, are the same.
    """
    frame = study.workers.copy()
    lacking = {
        "earnings_employee": frame["status"] == "employee",
        "income_self": frame["status"].isin(["own_account", "employer"]),
    }
    for name, inside in lacking.items():
        frame[name] = frame[name].where(frame[name].notna() | ~inside | (frame["employed"] != "yes"), 2.1e6)
    takeup = {**LAO["takeup"], "from_survey": True, "covariates": {"log_income": number(0.6, 0.3, 0.9)}}
    baseline = lao_of(takeup=takeup, administrative=[
        *LAO["administrative"][:1],
        {"schemes": [V], "where": {"area": "urban"}, "members": 5_000, "source": "own", "status": "verified"},
        {"schemes": [V], "where": {"area": "rural"}, "members": 10_000, "source": "own", "status": "verified"},
    ])  # fmt: skip
    subsidy = {**SUBSIDY, "max_months": 12}
    scenario = Scenario(None, baseline, lever(subsidy, ENFORCE))
    plain = study.design.to_replicates("JKn")
    assert plain.replicates is not None
    rows = plain.weight[:, None] * plain.replicates.factors[plain.psu]
    published = Design.from_replicates(plain.weight, rows, "JKn", rscales=plain.replicates.rscales)
    figures = [*((i, s, None) for i, s in FIGURES), ("members", V, "sex"), ("liability.0.03", "all", None),
               ("newly_formal.mine", "all", "status")]  # fmt: skip

    def read(outcome: Outcome) -> np.ndarray:
        found = [outcome.figure(i, 2028, scheme=s, by=by) for i, s, by in figures]
        return np.concatenate([f.value for f in found])

    def with_(design: Design) -> Outcome:
        mine = study_of(frame, design, study.schema, definitions=())
        mine.movable["mine"] = moves(mine.ground(baseline).people)
        return simulate(mine, scenario=scenario)

    theirs = np.array([read(with_(replace(study.design, weight=column))) for column in rows.T])
    variance = plain.replicates.rscales @ (theirs - theirs.mean(axis=0)) ** 2
    for design in (plain, published):
        outcome = with_(design)
        ours = np.concatenate([outcome.figure(i, 2028, scheme=s, by=by).se for i, s, by in figures])
        assert ours == pytest.approx(np.sqrt(variance), rel=1e-7)
        fixed = outcome.figure("members", 2025, scheme=V)
        assert fixed.value[0] == pytest.approx(15_000, rel=1e-9)
        assert fixed.se[0] == 0  # on record, with every set of weights


def test_a_record_that_some_set_of_weights_cannot_meet(study: Study, lao_of: Callable[..., Baseline]) -> None:
    """Nearly all who must join are on record: without some PSU there are fewer than that, and the message says so."""
    people = study.ground(lao_of()).people
    covered = study.ground(lao_of()).covered
    must = float(people.weight[(covered["lao-government"] == 1) | (covered["lao-enterprise"] == 1)].sum())
    record = {**LAO["administrative"][0], "members": int(must) - 1}
    scenario = status_quo(lao_of(administrative=[record, LAO["administrative"][1]]))
    assert simulate(study, scenario=scenario).members(2025).value[0] > must
    design = study.design.to_replicates("JKn")
    with pytest.raises(InformalityError) as failure:
        simulate(replace(study, design=design, grounds={}, thetas={}, movable={}), scenario=scenario)
    (problem,) = failure.value.problems
    assert problem.what == (
        "with one of the sets of replicate weights there are more members on record than people who must be members"
    )
    assert problem.place == "members on record of lao-government+lao-enterprise"
