"""Propensities: no case is scored by what saw its neighbours, and every measure is the weighted one.

Authorities: hand computation on ten cases; populations whose probabilities are known because the test made them; our own
logit, ROC and margins, which are proved against R elsewhere; scikit-learn's unweighted scores.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from informality.inference import Design, interval, means
from informality.inference.models.diagnostics import roc
from informality.inference.models.margins import predicted
from informality.inference.models.regression import logit
from informality.inference.segments.characteristics import Characteristic
from informality.inference.segments.dependence import dependence
from informality.inference.segments.drawing import groups_of
from informality.inference.segments.importance import dealt_out, importance
from informality.inference.segments.learners import Boosting, PenalisedLogit, PlainLogit
from informality.inference.segments.propensity import Propensity, propensity
from informality.inference.segments.recalibration import recalibrated
from informality.inference.segments.scores import calibration_curve, scores

QUICK = Boosting(rounds=40, step=10)
PENALISED = PenalisedLogit(penalties=(1e-2, 1e-4))
KNOWN = [
    Characteristic("area"),
    Characteristic(
        "education", "ordered", title="Education", order=("none", "primary", "tertiary"), apart=("unknown",)
    ),
    Characteristic("age", "number", missing="not known"),
    Characteristic("noise"),
]


def people(n: int = 1500, seed: int = 2) -> pd.DataFrame:
    """Known probabilities of being informal, 60 PSUs in 6 strata, weights from 1 to 9 that go with the outcome."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(
        {
            "area": rng.choice(["rural", "urban"], n),
            "education": rng.choice(["none", "primary", "tertiary", "unknown"], n, p=[0.3, 0.4, 0.25, 0.05]),
            "age": rng.integers(15, 65, n).astype(float),
            "noise": rng.choice(list("abc"), n),
            "psu": rng.integers(0, 60, n),
        }
    )
    x["stratum"] = x["psu"] // 10
    effect = x["education"].map({"none": 2.0, "primary": 1.0, "tertiary": -1.5, "unknown": 0.0})
    x["p"] = special.expit(effect + 1.0 * (x["area"] == "rural") - 0.03 * (x["age"] - 40))
    x["informal"] = (rng.random(n) < x["p"]).astype(float)
    x["weight"] = rng.uniform(1, 5, n) * np.where(x["area"] == "rural", 1.8, 1.0)
    x.loc[rng.random(n) < 0.04, "age"] = np.nan
    x["worker"] = rng.random(n) < 0.9
    return x


X = people()
INSIDE = X["worker"].to_numpy()


def design_of(x: pd.DataFrame) -> Design:
    return Design.from_columns(x["weight"], x["stratum"], x["psu"])


DESIGN = design_of(X)
GIVEN: dict[str, Any] = {"folds": 5, "inner_folds": 3, "seed": 4}


def scored(x: pd.DataFrame, learner: Any, **options: Any) -> Propensity:
    given = {"design": DESIGN if x is X else design_of(x), **GIVEN, **options}
    return propensity(
        given.pop("design"), x, x["informal"], KNOWN, domain=x["worker"].to_numpy(), learner=learner, **given
    )


TREES = scored(X, QUICK)
RIDGE = scored(X, PENALISED)
PLAIN = scored(X, PlainLogit())


# ---- No leak ---------------------------------------------------------------------------------------------


def test_no_case_is_scored_by_a_model_that_saw_its_psu() -> None:
    """Every fold is whole PSUs, and changing the outcomes of a fold does not change its scores."""
    fold = pd.Series(TREES.fold[INSIDE]).groupby(X["psu"][INSIDE].to_numpy())
    assert fold.nunique().max() == 1
    turned = X.assign(informal=np.where(TREES.fold == 2, 1 - X["informal"], X["informal"]))
    for mine, learner in ((TREES, QUICK), (RIDGE, PENALISED)):
        again = scored(turned, learner, design=DESIGN)
        np.testing.assert_array_equal(again.fold, mine.fold)
        held = mine.fold == 2
        np.testing.assert_array_equal(again.value[held], mine.value[held])
        assert (again.value[INSIDE & ~held] != mine.value[INSIDE & ~held]).mean() > 0.9


def test_an_outcome_drawn_for_whole_psus_cannot_be_predicted() -> None:
    """With cases dealt out one by one the trees know the neighbours and seem to know the outcome."""
    rng = np.random.default_rng(0)
    x = pd.DataFrame({"psu": np.repeat(np.arange(80), 15)})
    x["water"] = rng.normal(size=80)[x["psu"]]
    x["age"] = rng.integers(15, 65, len(x)).astype(float)
    y = (rng.random(80) < 0.5)[x["psu"]]
    design = Design.from_columns(rng.uniform(1, 5, len(x)), None, x["psu"])
    known = [Characteristic("water", "number"), Characteristic("age", "number")]
    honest = scores([propensity(design, x, y, known, learner=QUICK, calibration="none", **GIVEN)])
    fooled = scores(
        [propensity(design, x, y, known, learner=QUICK, calibration="none", groups=np.arange(len(x)), **GIVEN)]
    )
    low, high = honest.areas.interval(0.99)
    assert low[0] < 0.5 < high[0]
    assert fooled.value("boosted trees", "AUC") > 0.95
    assert honest.value("boosted trees", "log loss") > honest.value("everyone alike", "log loss")


def test_folds_deal_out_the_psus_of_every_stratum() -> None:
    groups = groups_of(DESIGN, TREES.cases.rows, None, "test")
    fold = groups.folds(5, 1, "test")
    table = pd.crosstab(groups.stratum, fold)
    assert (table == 2).all().all()  # ten PSUs in each stratum, five folds
    some = groups.folds(3, 1, "test", among=np.arange(0, 60, 2))
    assert ((some >= 0) == (np.arange(60) % 2 == 0)).all()
    assert np.bincount(some[some >= 0]).tolist() == [10, 10, 10]


# ---- Measures --------------------------------------------------------------------------------------------


def ten_cases() -> tuple[Propensity, np.ndarray, np.ndarray, np.ndarray]:
    """Ten cases with scores given by hand, in five PSUs."""
    x = pd.DataFrame({"a": list("uvuvuvuvuv"), "psu": np.repeat(np.arange(5), 2)})
    w = np.array([1.0, 2, 3, 4, 5, 1, 2, 3, 4, 5])
    y = np.array([1.0, 0, 0, 1, 1, 0, 1, 0, 1, 1])
    p = np.array([0.9, 0.2, 0.4, 0.7, 0.5, 0.5, 0.8, 0.1, 0.6, 0.3])
    design = Design.from_columns(w, None, x["psu"])
    made = propensity(
        design, x, np.arange(10) % 2, [Characteristic("a")], learner=PlainLogit(), calibration="none", folds=2
    )
    return replace(made, value=p, outcome=y), w, y, p


def test_brier_log_loss_and_auc_by_hand_on_ten_cases() -> None:
    """Brier: (1 x .01 + 2 x .04 + 3 x .16 + 4 x .09 + 5 x .25 + 1 x .25 + 2 x .04 + 3 x .01 + 4 x .16 + 5 x .49) / 30."""
    made, w, y, p = ten_cases()
    table = scores([made])
    brier = (0.01 + 0.08 + 0.48 + 0.36 + 1.25 + 0.25 + 0.08 + 0.03 + 0.64 + 2.45) / 30
    assert table.value("plain logit", "Brier score") == pytest.approx(brier, rel=1e-12)
    surprise = -(w * np.log([0.9, 0.8, 0.6, 0.7, 0.5, 0.5, 0.8, 0.9, 0.6, 0.3])).sum() / 30
    assert table.value("plain logit", "log loss") == pytest.approx(surprise, rel=1e-12)
    with_it, without = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    won = sum(w[i] * w[j] * ((p[i] > p[j]) + 0.5 * (p[i] == p[j])) for i in with_it for j in without)
    area = won / (w[with_it].sum() * w[without].sum())
    assert table.value("plain logit", "AUC") == pytest.approx(area, rel=1e-12)
    # the error of the Brier score: PSU totals of w (loss - mean) / 30, one stratum of five PSUs
    totals = np.add.reduceat(w * ((y - p) ** 2 - brier) / 30, np.arange(0, 10, 2))
    se = np.sqrt(5 / 4 * ((totals - totals.mean()) ** 2).sum())
    row = table.table().query("measure == 'Brier score' and model == 'plain logit'").iloc[0]
    assert row["se"] == pytest.approx(se, rel=1e-12) and row["n"] == 10


def test_measures_are_scikit_learns_with_equal_weights() -> None:
    even = design_of(X.assign(weight=1.0))
    made = replace(TREES, design=even)
    y, p = X["informal"][INSIDE], TREES.value[INSIDE]
    table = scores([made])
    assert table.value("boosted trees", "Brier score") == pytest.approx(brier_score_loss(y, p), rel=1e-12)
    assert table.value("boosted trees", "log loss") == pytest.approx(sklearn_log_loss(y, p), rel=1e-12)
    assert table.value("boosted trees", "AUC") == pytest.approx(roc_auc_score(y, p), rel=1e-12)


def test_auc_is_that_of_the_design_weighted_roc() -> None:
    x = X.assign(known=X["age"].notna(), years=X["age"].fillna(0))
    fit = logit(DESIGN, x, "informal ~ area + education + years + known", domain=INSIDE)
    area = roc(fit)
    made = scores([replace(PLAIN, value=fit.predict())])
    assert made.areas.value[0] == area.value[0]
    assert made.areas.cov[0, 0] == pytest.approx(area.cov[0, 0], rel=1e-12)
    assert made.areas.df == area.df


def test_differences_between_models_have_the_error_of_the_difference() -> None:
    both = scores([TREES, PLAIN], reference="plain logit")
    rows = TREES.cases.rows
    gap = np.full(len(X), np.nan)
    y = X["informal"].to_numpy()[rows]
    gap[rows] = (y - TREES.value[rows]) ** 2 - (y - PLAIN.value[rows]) ** 2
    theirs = means(DESIGN, gap)
    low, high = interval(theirs)
    mine = (
        both.table().query("model == 'boosted trees' and measure == 'Brier score' and versus == 'plain logit'").iloc[0]
    )
    assert mine["value"] == pytest.approx(theirs.value[0], rel=1e-9)
    assert mine["se"] == pytest.approx(theirs.se[0], rel=1e-9)
    assert (mine["low"], mine["high"]) == pytest.approx((low[0], high[0]), rel=1e-9)
    itself = both.table().query("model == 'everyone alike' and measure == 'AUC' and versus == ''").iloc[0]
    assert itself["value"] == 0.5 and itself["se"] == pytest.approx(0, abs=1e-12)
    for model in ("boosted trees", "plain logit"):
        assert both.value(model, "log loss") < both.value("everyone alike", "log loss")


# ---- Calibration -----------------------------------------------------------------------------------------


def test_probabilities_are_those_of_the_population() -> None:
    """8,000 people with known probabilities: scores are near them, and the curve does not leave the diagonal."""
    x = people(8000, seed=8)
    for learner in (Boosting(rounds=60, step=20), PenalisedLogit()):
        made = scored(x, learner)
        inside = x["worker"].to_numpy() & x["age"].notna().to_numpy()
        assert np.average(np.abs(made.value - x["p"])[inside], weights=x["weight"][inside]) < 0.04
        curve = calibration_curve(made).table()
        gap = curve.query("measure == 'difference'")
        assert (gap["value"].abs() < 3.5 * gap["se"]).all()
        assert len(gap) == 10 and curve["n"].sum() == 3 * x["worker"].sum()
        seen = curve.query("measure == 'observed'")
        assert ((seen["low"] < seen["value"]) & (seen["value"] < seen["high"])).all()


def test_timid_probabilities_are_corrected() -> None:
    """Five rounds of boosting hardly leave the average; both ways of calibration send them out to where they belong."""
    timid = Boosting(rounds=5, step=5)
    raw, platt, isotonic = (scored(X, timid, calibration=c) for c in ("none", "platt", "isotonic"))
    log_losses = [scores([made]).value("boosted trees", "log loss") for made in (raw, platt, isotonic)]
    assert log_losses[1] < log_losses[0] - 0.02 and log_losses[2] < log_losses[0] - 0.02
    gap = calibration_curve(raw, 5).table().query("measure == 'difference'")
    assert (gap["value"].abs() > 3.5 * gap["se"]).any()
    for made in (platt, isotonic):
        gap = calibration_curve(made, 5).table().query("measure == 'difference'")
        assert (gap["value"].abs() < 3.5 * gap["se"]).all()
    assert np.nanmin(isotonic.value) > 0 and np.nanmax(isotonic.value) < 1


def test_calibration_curve_by_hand() -> None:
    """Two halves of ten cases by weight: the scores up to 0.4 carry 13 of 30, 0.5 takes it past 15."""
    made, w, y, p = ten_cases()
    table = calibration_curve(made, 2).table().set_index(["group", "measure"])["value"]
    low = p <= 0.5
    for group, mine in ((1, low), (2, ~low)):
        assert table[group, "predicted"] == pytest.approx(np.average(p[mine], weights=w[mine]), rel=1e-12)
        assert table[group, "observed"] == pytest.approx(np.average(y[mine], weights=w[mine]), rel=1e-12)


def test_a_group_without_variation_has_no_interval() -> None:
    made, *_ = ten_cases()
    table = calibration_curve(replace(made, value=made.outcome / 2 + 0.25), 4).table()
    assert table.query("measure != 'predicted'")[["low", "high"]].isna().all().all()


def test_curves_of_calibration_rise() -> None:
    rng = np.random.default_rng(0)
    p, w = rng.random(400), rng.uniform(1, 5, 400)
    y = (rng.random(400) < p**2).astype(float)
    grid = np.linspace(0, 1, 50)
    for method in ("platt", "isotonic", "none"):
        curve = recalibrated(method, p, y, w)  # type: ignore[arg-type]
        assert (np.diff(curve(grid)) >= 0).all()
        if method != "none":
            assert np.average(curve(p), weights=w) == pytest.approx(np.average(y, weights=w), abs=2e-3)
    np.testing.assert_allclose(recalibrated("platt", p, 1 - y, w)(grid), np.average(1 - y, weights=w))


# ---- Nothing but the data moves them ---------------------------------------------------------------------


def test_the_same_seed_bit_for_bit() -> None:
    for mine, learner in ((TREES, QUICK), (RIDGE, PENALISED)):
        again = scored(X, learner)
        np.testing.assert_array_equal(again.value, mine.value)
        assert again.table().equals(mine.table())
    assert importance(TREES, 3, seed=1).table().equals(importance(TREES, 3, seed=1).table())
    assert (scored(X, PlainLogit(), seed=5).value[INSIDE] != PLAIN.value[INSIDE]).any()


@pytest.mark.parametrize("learner", [QUICK, PENALISED, PlainLogit()])
def test_order_of_rows_scale_of_weights_and_rows_split_in_two(learner: Any) -> None:
    mine = {"boosted trees": TREES, "penalised logit": RIDGE, "plain logit": PLAIN}[learner.name]
    order = np.random.default_rng(1).permutation(len(X))
    moved = scored(X.iloc[order].assign(weight=lambda d: d["weight"] * 321), learner)
    np.testing.assert_allclose(moved.value[np.argsort(order)], mine.value, rtol=1e-8)
    twice = pd.concat([X.assign(weight=X["weight"] / 2), X.assign(weight=X["weight"] / 2)], ignore_index=True)
    split = scored(twice, learner)
    np.testing.assert_allclose(split.value[: len(X)], mine.value, rtol=1e-8)
    np.testing.assert_allclose(split.value[len(X) :], mine.value, rtol=1e-8)
    a, b = scores([mine]), scores([split])
    np.testing.assert_allclose(a.losses.se, b.losses.se, rtol=1e-7)


def test_rows_outside_the_domain_hold_anything() -> None:
    y = X.assign(
        informal=np.where(INSIDE, X["informal"], np.nan),
        area=np.where(INSIDE, X["area"], "sea"),
        age=X["age"].where(INSIDE, 1e9),
    )
    made = scored(y, PENALISED)
    np.testing.assert_array_equal(made.value, RIDGE.value)
    assert np.isnan(made.value[~INSIDE]).all() and (made.fold[~INSIDE] == -1).all()


def test_the_plain_logit_is_the_design_based_logit() -> None:
    """Fold by fold the scores of `regression.logit`, fitted to the other folds."""
    age = X["age"].fillna(X["age"].mean())
    x = X.assign(years=age - 40, square=(age - 40) ** 2 / 100, known=X["age"].notna().astype(float))
    x.loc[x["known"] == 0, ["years", "square"]] = 0.0
    made = scored(X, PlainLogit(), calibration="none")
    for f in range(5):
        fit = logit(
            DESIGN, x, "informal ~ area + education + years + square + known + noise", domain=INSIDE & (made.fold != f)
        )
        held = np.flatnonzero(made.fold == f)
        np.testing.assert_allclose(made.value[held], fit.predict(x.iloc[held]), rtol=1e-4)


# ---- What they rest on -----------------------------------------------------------------------------------


def test_importance_finds_what_was_planted() -> None:
    for made in (TREES, RIDGE):
        table = importance(made, 5).table()
        assert table["characteristic"].iloc[0] == "education"
        by_name = table.set_index("characteristic")
        assert (by_name.loc[["education", "area", "age"], "low"] > 0).all()
        assert by_name.loc["noise", "value"] < 0.005 < by_name.loc["age", "value"]
        assert (table["n"] == INSIDE.sum()).all() and (table["shuffling_se"] < table["value"].max()).all()


def test_importance_of_what_a_model_does_not_use_is_nothing() -> None:
    alone = propensity(
        DESIGN,
        X,
        X["informal"],
        [KNOWN[0], KNOWN[3]],
        domain=INSIDE,
        learner=Boosting(rounds=5, step=5, leaves=2),
        **GIVEN,
    )
    table = importance(alone, 4).table().set_index("characteristic")
    assert table.loc["noise", "value"] == 0 and table.loc["noise", "se"] == 0


def test_people_are_shuffled_not_rows() -> None:
    rng = np.random.default_rng(0)
    assert sorted(dealt_out(np.ones(50), rng)) == list(range(50))
    w, x = rng.uniform(1, 50, 4000), rng.normal(size=4000)
    w[x > 1] *= 20
    given = x[np.stack([dealt_out(w, rng) for _ in range(40)])]
    for cut in (-1.0, 0.0, 1.0):
        assert (given < cut).mean(axis=0) @ w / w.sum() == pytest.approx(w @ (x < cut) / w.sum(), abs=0.005)
    assert abs(np.corrcoef(x, given[0])[0, 1]) < 0.06


def test_dependence_of_a_logit_is_its_predicted_margin() -> None:
    """Beside our own margins; one is cross-fitted, so they are near, not equal."""
    made = scored(X, PlainLogit(), calibration="none", folds=20)
    age = X["age"].fillna(X["age"].mean())
    x = X.assign(years=age - 40, square=(age - 40) ** 2 / 100, known=X["age"].notna().astype(float))
    fit = logit(DESIGN, x, "informal ~ area + education + years + square + known + noise", domain=INSIDE)
    for name in ("area", "education"):
        margin = predicted(fit, [name])
        mine = dependence(made, name).table().query("versus == ''").set_index("level")
        np.testing.assert_allclose(mine.loc[margin.labels[name], "value"], margin.value, atol=0.01)


def test_the_error_of_dependence_is_right_on_average() -> None:
    """Over 12 samples the jackknife variance of a predicted share is that of our margins, to a sixth."""
    ratios = []
    for seed in range(12):
        x = people(500, seed=100 + seed).assign(worker=True)
        design = design_of(x)
        made = propensity(
            design, x, x["informal"], [KNOWN[0], KNOWN[1]], learner=PlainLogit(), calibration="none", folds=20
        )
        fit = logit(design, x, "informal ~ area + education")
        for name in ("area", "education"):
            theirs = predicted(fit, [name]).se ** 2
            ratios.append(np.diag(dependence(made, name).covariance) / theirs)
    assert np.concatenate(ratios).mean() == pytest.approx(1, abs=1 / 6)


def test_dependence_by_hand_and_its_differences() -> None:
    made = dependence(TREES, "education", ["none", "tertiary"])
    total = 0.0
    for f, model in enumerate(TREES.models):
        rows = np.flatnonzero(TREES.fold == f)
        x = TREES.coded.x[TREES.cases.pattern[TREES.fold[INSIDE] == f]].copy()
        x[:, 1] = 2
        total += X["weight"].to_numpy()[rows] @ model(x)
    assert made.value[1] == pytest.approx(total / X["weight"][INSIDE].sum(), rel=1e-10)
    assert made.value[0] > made.value[1] + 0.2
    table = made.table()
    gap = table.query("versus == 'none'").iloc[0]
    assert gap["value"] == pytest.approx(made.value[1] - made.value[0], rel=1e-12)
    spread = made.replicates[:, 1] - made.replicates[:, 0]
    assert gap["se"] == pytest.approx(np.sqrt(4 / 5 * ((spread - spread.mean()) ** 2).sum()), rel=1e-9)
    ages = dependence(RIDGE, "age", [20, 60]).table()
    assert ages["label"].tolist() == ["20", "60", "60"] and ages["value"].iloc[0] > ages["value"].iloc[1]
