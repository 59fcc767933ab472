"""Models of the API: the same numbers as the core's, and whom they are about.

Authority: `inference.models`, proved against R in tests of its own, fitted here on columns made by hand; for levels
left out by perfect separation, the score equations of the whole sample, which must hold in the limit; hand counts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import informality as inf
from informality.inference.models import diagnostics, margins, model_tests, regression
from informality.inference.models.quantile_regression import quantile

EMPLOYED, INFORMAL = {"employed": "yes"}, {"job": "informal"}
MISSING = ["unknown", "not_asked", "not_applicable"]
ON = "sex + area + education + age"


@pytest.fixture(scope="module")
def fit(lfs: inf.Survey) -> inf.Fit:
    return inf.logit(lfs, INFORMAL, ON, EMPLOYED, reference={"sex": "Women", "education": "primary"})


@pytest.fixture(scope="module")
def by_hand(lfs: inf.Survey) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns of the model and its cases, made from the workers frame without the API."""
    workers = lfs.frame
    columns = {
        n: workers[n].cat.set_categories([c for c in workers[n].cat.categories if c not in MISSING])
        for n in ("sex", "area", "education")
    }
    frame = pd.DataFrame({**columns, "age": workers["age"], "informal": (workers["job"] == "informal").astype(float)})
    inside = (workers["employed"] == "yes").to_numpy() & frame.notna().all(axis=1).to_numpy()
    return frame, inside


def test_a_logit_equals_the_core(lfs: inf.Survey, fit: inf.Fit, by_hand: tuple[pd.DataFrame, np.ndarray]) -> None:
    frame, inside = by_hand
    reference = {"sex": "female", "education": "primary"}
    core = regression.logit(lfs.design, frame, f"informal ~ {ON}", domain=inside, reference=reference)
    ours = fit.to_pandas()
    assert fit.n == core.n and fit.df == core.df
    assert set(ours.index) == set(core.names)
    theirs = core.table().loc[ours.index]
    for column in ("value", "se", "p", "low", "high"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=1e-7, atol=1e-12)
    ratios = fit.odds_ratios()
    np.testing.assert_allclose(ratios["odds ratio"], np.exp(ours["value"]), rtol=1e-15)
    assert ratios.loc["sex[male]", ["variable", "level"]].tolist() == ["Sex", "Men"]
    effects = margins.effects(core, ["sex"])
    np.testing.assert_allclose(fit.margins("sex").value, effects.value, rtol=1e-6)
    np.testing.assert_allclose(fit.margins("sex").se, effects.se, rtol=1e-6)
    assert fit.test("education").p == pytest.approx(model_tests.wald(core, "education").p, rel=1e-5)
    lr = fit.test("education", "likelihood_ratio")
    assert lr.statistic == pytest.approx(model_tests.likelihood_ratio(core, "education").statistic, rel=1e-7)
    found = fit.diagnostics()
    assert found.goodness is not None and found.roc is not None
    assert found.goodness.p == pytest.approx(diagnostics.archer_lemeshow(core).p, rel=1e-5)
    assert found.roc.value[0] == pytest.approx(diagnostics.roc(core).value[0], rel=1e-9)
    predicted = fit.predict()
    assert predicted.notna().to_numpy().tolist() == inside.tolist()
    weight = lfs.design.weight[inside]
    observed = inf.share(lfs, INFORMAL, {**EMPLOYED, "education": ["none", "primary", "lower_secondary", "upper_secondary",
                                                                   "post_secondary", "tertiary"]})  # fmt: skip
    assert predicted[inside] @ weight / weight.sum() == pytest.approx(observed.value, rel=1e-9)


def test_all_families_equal_the_core(lfs: inf.Survey, by_hand: tuple[pd.DataFrame, np.ndarray]) -> None:
    workers, design = lfs.frame, lfs.design
    unit = workers["unit"].cat.set_categories(["formal", "informal", "household"])
    frame = by_hand[0].assign(hours=workers["hours_usual"], unit=unit)
    employed = (workers["employed"] == "yes").to_numpy()
    worked = employed & frame["hours"].notna().to_numpy()
    both, informal, hours = "sex + area", "informal ~ sex + area", "hours ~ sex + area"
    pairs = [
        (inf.probit(lfs, INFORMAL, both, EMPLOYED), regression.probit(design, frame, informal, domain=employed)),
        (inf.cloglog(lfs, INFORMAL, both, EMPLOYED), regression.cloglog(design, frame, informal, domain=employed)),
        (inf.linear(lfs, INFORMAL, both, EMPLOYED), regression.linear(design, frame, informal, domain=employed)),
        (inf.linear(lfs, "hours_usual", both, EMPLOYED), regression.linear(design, frame, hours, domain=worked)),
        (inf.poisson(lfs, "hours_usual", both, EMPLOYED), regression.poisson(design, frame, hours, domain=worked)),
        (
            inf.multinomial(lfs, "unit", both, EMPLOYED, reference={"unit": "informal"}),
            regression.multinomial(design, frame, "unit ~ sex + area", domain=employed, reference={"unit": "informal"}),
        ),
        (
            inf.quantile_regression(lfs, "hours_usual", both, EMPLOYED, tau=0.25),
            quantile(design, frame, hours, 0.25, domain=worked),
        ),
    ]
    for ours, core in pairs:
        assert ours.core.names == core.names and ours.n == core.n and ours.df == core.df
        np.testing.assert_allclose(ours.core.value, core.value, rtol=1e-9)
        np.testing.assert_allclose(ours.core.cov, core.cov, rtol=1e-7, atol=1e-14)


def test_an_ordered_outcome_keeps_the_order_of_its_categories(lfs: inf.Survey) -> None:
    fit = inf.ordered(lfs, "education", "sex", EMPLOYED)
    assert fit.core.outcomes == ("none", "primary", "lower_secondary", "upper_secondary", "post_secondary", "tertiary")


# -- whom a model is about


def test_levels_foretold_with_certainty_are_left_out_and_named(lfs: inf.Survey) -> None:
    """The other coefficients solve the score equations of all cases once the level's own is large (the limit)."""
    fit = inf.logit(lfs, INFORMAL, "sex + age_group + education")
    gone = fit.cases.separated
    assert [(g.name, g.level, g.outcome) for g in gone] == [("age_group", "65_plus", 1)]
    count = gone[0].cases
    workers = lfs.frame
    whole = (workers["job"] != "not_applicable") & (workers["education"] != "unknown")
    assert count == int((whole & (workers["age_group"] == "65_plus")).sum())
    assert fit.n == int(whole.sum()) - count
    note = (
        f"Age group: 65 and over: all {count:,} cases have the outcome, so there is no finite coefficient; they are left "
        "out, and the others are what they would be with them."
    )
    assert note in fit.table().notes
    eta = np.full(len(workers), fit.core["Intercept"])
    for name in fit.core.names[1:]:
        variable, level = name.rstrip("]").split("[")
        eta += fit.core[name] * (workers[variable] == level).to_numpy()
    eta += 60.0 * (workers["age_group"] == "65_plus").to_numpy()
    residual = lfs.design.weight * ((workers["job"] == "informal") - 1 / (1 + np.exp(-eta))) * whole
    columns = [np.ones(len(workers))]
    columns += [(workers[n.split("[")[0]] == n.rstrip("]").split("[")[1]).to_numpy() for n in fit.core.names[1:]]
    columns += [(workers["age_group"] == "65_plus").to_numpy()]
    score = [abs(float((residual * column).sum())) / lfs.design.weight.sum() for column in columns]
    assert max(score) < 1e-9
    with pytest.raises(inf.InformalityError, match="perfect separation"):
        inf.logit(lfs, INFORMAL, "sex + age_group + education", separated="refuse")
    with pytest.raises(inf.InformalityError, match="perfect separation"):  # the reference asked for is not taken away
        inf.logit(lfs, INFORMAL, "sex + age_group + education", reference={"age_group": "65_plus"})


def test_numbers_made_factors_are_left_to_the_core(lfs: inf.Survey) -> None:
    fit = inf.logit(lfs, INFORMAL, "C(jobs) + area", EMPLOYED)
    assert fit.to_pandas().index.tolist()[1].startswith("jobs[")
    with pytest.raises(inf.InformalityError, match="perfect separation"):
        inf.logit(lfs, INFORMAL, "C(age) + area", {**EMPLOYED, "age": [">= 64"]})


def test_who_is_left_out_is_counted_and_printed(lfs: inf.Survey, fit: inf.Fit) -> None:
    workers = lfs.frame
    employed = workers["employed"] == "yes"
    lost = int((employed & (workers["education"] == "unknown")).sum())
    assert lost > 0 and fit.n == int(employed.sum()) - lost
    words = f"{lost} of {int(employed.sum()):,} sampled persons are left out, because an answer is not known (Education: {lost})."
    assert words in fit.table().notes
    kept = inf.logit(lfs, INFORMAL, ON, EMPLOYED, missing="level")
    assert kept.n == int(employed.sum())
    assert "Not known" in kept.to_pandas()["level"].tolist()
    everybody = inf.logit(lfs, INFORMAL, "sex")
    outside = int((workers["job"] == "not_applicable").sum())
    words = f"{outside:,} sampled persons to whom Main job does not apply are outside the universe of the model."
    assert words in everybody.table().notes and everybody.n == len(workers) - outside


def test_missing_answers_on_the_outcome_follow_the_condition(villages: inf.Survey) -> None:
    """One of twelve did not say whether she is covered: left out, unless the condition asks for just these."""
    assert inf.linear(villages, {"covered": "yes"}, "sex").n == 11
    assert inf.linear(villages, {"covered": ["yes", "unknown"]}, "sex").n == 12
    assert inf.linear(villages, "pay", "sex").n == 11
    with pytest.raises(inf.InformalityError, match="`covered` is not known of some of the universe"):
        inf.linear(villages, {"covered": "yes"}, "sex", missing="refuse")


def test_formulas_of_lists_interactions_and_numbers(villages: inf.Survey, village_frame: pd.DataFrame) -> None:
    assert inf.linear(villages, "pay", ["sex", "stratum"]).formula == "pay ~ sex + stratum"
    fit = inf.linear(villages, "pay", "sex * stratum")
    table = fit.to_pandas()
    assert table["level"].tolist() == ["", "Women", "south", "Women × south"]
    means = village_frame.groupby(["sex", "stratum"])["pay"].mean()
    assert fit.core["Intercept"] == pytest.approx(means["m", "north"])
    assert fit.core["sex[f]:stratum[south]"] == pytest.approx(
        means["f", "south"] - means["m", "south"] - means["f", "north"] + means["m", "north"]
    )
    odd = inf.from_frame(village_frame.rename(columns={"sex": "sex of person"}), weight="w", psu="village")
    assert inf.linear(odd, "pay", ["sex of person"]).to_pandas().index.tolist() == ["Intercept", "sex of person[m]"]


def test_predictions_by_group_and_their_gap(lfs: inf.Survey, fit: inf.Fit) -> None:
    by_sex = fit.predicted("sex")
    assert by_sex.to_pandas()["sex"].tolist() == ["Women", "Men"]
    gap = by_sex.differences().iloc[0]
    assert gap["value"] == pytest.approx(by_sex.value[0] - by_sex.value[1], rel=1e-9)
    effect = fit.margins("sex")
    assert effect.value[0] == pytest.approx(-gap["value"], rel=1e-9)
    assert effect.se[0] == pytest.approx(gap["se"], rel=1e-6)
    assert fit.margins("sex", over="status").to_pandas()["in status"].tolist()[0] == "Employees"
    assert fit.margins("age", at={"sex": "Men"}).to_pandas()["sex"].tolist() == ["Men"]
