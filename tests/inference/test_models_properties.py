"""What must hold of models on any data, and what can be worked out by hand or by statsmodels.

Authorities: algebra written in each test; statsmodels 0.15 (BSD) for point estimates, and for the one covariance
of its that is a design's (clusters, no strata).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.miscmodels.ordinal_model import OrderedModel

from informality.inference import Design, means, shares
from informality.inference.models import newton, patterns
from informality.inference.models.diagnostics import influential, roc, vif
from informality.inference.models.margins import effects, predicted, predictions
from informality.inference.models.model_tests import likelihood_ratio, wald, working_wald
from informality.inference.models.quantile_regression import quantile
from informality.inference.models.regression import Fit, fit, linear, logit, multinomial, ordered, poisson

KINDS = {
    "linear": "wage ~ sex + age + education",
    "logit": "informal ~ sex * age + education",
    "probit": "informal ~ sex + age + education",
    "cloglog": "informal ~ sex + age + education",
    "poisson": "children ~ sex + age + education",
    "multinomial": "status ~ sex + age",
    "ordered": "satisfaction ~ sex + age",
}


def people(n: int = 600, seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(
        {
            "sex": rng.choice(["female", "male"], n),
            "age": rng.integers(15, 65, n).astype(float),
            "education": rng.choice(["none", "primary", "tertiary"], n),
            "status": rng.choice(["employee", "family", "own_account"], n),
            "satisfaction": rng.integers(1, 5, n),
            "stratum": rng.integers(0, 4, n),
            "weight": rng.uniform(1, 9, n),
        }
    )
    x["psu"] = x["stratum"] * 10 + rng.integers(0, 9, n)
    effect = rng.normal(0, 0.5, 40)[x["psu"]]
    x["informal"] = (rng.random(n) < 1 / (1 + np.exp(0.03 * (x["age"] - 40) - effect))).astype(float)
    x["wage"] = np.exp(rng.normal(size=n) + 0.01 * x["age"] + effect)
    x["children"] = rng.poisson(np.exp(0.01 * x["age"] + effect / 2))
    return x


X = people()


def design_of(x: pd.DataFrame) -> Design:
    return Design.from_columns(x["weight"], x["stratum"], x["psu"])


def same(a: Fit, b: Fit, tolerance: float = 1e-9) -> None:
    scale = np.outer(b.se, b.se)
    assert np.abs((a.value - b.value) / b.se).max() < tolerance
    assert (np.abs(a.cov - b.cov) / scale).max() < tolerance
    assert (a.df, a.names) == (b.df, b.names)


# ---- Invariance ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(KINDS))
@given(scale=st.floats(1e-6, 1e9), seed=st.integers(0, 1000))
@settings(max_examples=6, deadline=None)
def test_weights_scaled_rows_permuted_psus_relabelled(kind: Any, scale: float, seed: int) -> None:
    once = fit(kind, design_of(X), X, KINDS[kind])
    y = X.sample(frac=1, random_state=seed).assign(
        weight=lambda d: d["weight"] * scale, psu=lambda d: "PSU " + (1000 - d["psu"]).astype(str)
    )
    same(fit(kind, design_of(y), y, KINDS[kind]), once)


@pytest.mark.parametrize("kind", list(KINDS))
def test_rows_split_in_two(kind: Any) -> None:
    once = fit(kind, design_of(X), X, KINDS[kind])
    y = pd.concat([X.assign(weight=X["weight"] * 0.3), X.assign(weight=X["weight"] * 0.7)])
    split = fit(kind, design_of(y), y, KINDS[kind])
    same(split, once)
    assert split.n == 2 * once.n


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_domain_is_not_a_subset(kind: Any) -> None:
    """Rows outside count with their PSUs; what they hold does not."""
    outside = people(300, 8).assign(sex="male", age=np.nan, informal=np.nan, wage=np.nan, children=99)
    outside["psu"] = outside["stratum"] * 10 + 9  # a PSU without a member of the domain in each stratum
    y = pd.concat([X, outside], ignore_index=True)
    inside = np.arange(len(y)) < len(X)
    ours = fit(kind, design_of(y), y, KINDS[kind], domain=inside)
    alone = fit(kind, design_of(X), X, KINDS[kind])
    assert np.allclose(ours.value, alone.value, rtol=1e-9)
    assert ours.df == alone.df
    assert not np.allclose(ours.se, alone.se, rtol=1e-6)  # n_h rose from 9 to 10
    influence = ours.influence()
    assert not influence[~inside].any()
    assert np.abs(influence.sum(axis=0)).max() < 1e-9 * np.abs(ours.value).max()


@pytest.mark.parametrize("kind", list(KINDS))
def test_patterns_and_blocks_change_nothing(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    y = X.assign(age=(X["age"] // 10) * 10, wage=X["wage"].round())
    once = fit(kind, design_of(y), y, KINDS[kind])
    assert len(once.data.patterns) < len(y) / 1.2
    monkeypatch.setattr(patterns, "_SAMPLE", 10)
    monkeypatch.setattr(patterns, "_WORTH_IT", 0.0)  # every row its own pattern
    monkeypatch.setattr(newton, "_BLOCK", 1)  # blocks of 256 rows, not kept
    monkeypatch.setattr(newton, "_KEPT", 0)
    monkeypatch.setattr(newton, "_SAMPLE", 100)  # start from every sixth row
    monkeypatch.setattr(newton, "_STATSMODELS_UP_TO", 0)
    blocked = fit(kind, design_of(y), y, KINDS[kind])
    assert len(blocked.data.patterns) == len(y)
    same(blocked, once, 1e-8)
    assert np.allclose(blocked.influence(), once.influence(), rtol=1e-7, atol=1e-12)


def test_what_a_fit_keeps_gives_its_covariance() -> None:
    ours = logit(design_of(X), X, KINDS["logit"])
    z = ours.influence()
    by_psu = pd.DataFrame(z).groupby(X["psu"]).sum().to_numpy()
    stratum = X.groupby("psu")["stratum"].first().to_numpy()
    expected = np.zeros_like(ours.cov)
    for h in range(4):
        t = by_psu[stratum == h]
        expected += len(t) / (len(t) - 1) * (t - t.mean(axis=0)).T @ (t - t.mean(axis=0))
    assert np.allclose(ours.cov, expected, rtol=1e-10)
    # the influence is the derivative with respect to a weight
    step = np.zeros(len(X))
    step[17] = 1e-4
    moved = (ours.refit(X["weight"].to_numpy() + step) - ours.refit(X["weight"].to_numpy() - step)) / 2e-4
    assert np.allclose(moved, z[17] / X["weight"][17], rtol=1e-6, atol=1e-12)


# ---- By hand ---------------------------------------------------------------------------------------------


def test_one_psu_per_row_is_the_textbook_sandwich() -> None:
    """n / (n - 1) times White's HC0 for equal weights."""
    ours = linear(Design.from_columns(np.ones(len(X))), X, "wage ~ sex + age")
    x = np.column_stack([np.ones(len(X)), X["sex"] == "male", X["age"]])
    theirs = sm.OLS(X["wage"].to_numpy(), x).fit(cov_type="HC0")
    assert np.allclose(ours.value, theirs.params, rtol=1e-10)
    assert np.allclose(ours.cov, theirs.cov_params() * len(X) / (len(X) - 1), rtol=1e-9)


@pytest.mark.parametrize("kind", ["linear", "logit", "poisson"])
def test_a_saturated_model_is_a_table(kind: Any) -> None:
    """A model with every interaction predicts the mean of each cell, with the error of the mean."""
    outcome = {"linear": "wage", "logit": "informal", "poisson": "children"}[kind]
    design = design_of(X)
    ours = fit(kind, design, X, f"{outcome} ~ sex * education")
    cell = 3 * (X["sex"] == "male").astype(int) + pd.Categorical(X["education"]).codes
    table = means(design, X[outcome], cell)
    new = pd.DataFrame({"sex": np.repeat(["female", "male"], 3), "education": ["none", "primary", "tertiary"] * 2})
    answer = predictions(ours, new)
    assert np.allclose(answer.value, table.value, rtol=1e-9)
    assert np.allclose(answer.cov, table.covariance(), rtol=1e-8, atol=1e-12)
    for errors in ("delta", "unconditional"):  # within a cell everybody is alike, so the two errors are one
        within = predicted(ours, over=cell, errors=errors)
        assert np.allclose(within.cov, table.covariance(), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("kind", ["linear", "logit", "poisson"])
@pytest.mark.parametrize("replicates", [False, True])
def test_the_average_prediction_is_the_mean_with_its_error(kind: Any, replicates: bool) -> None:
    """With a canonical link the weighted residuals add up to 0, so the average prediction *is* the mean.

    Its unconditional error is therefore the design's error of the mean; the delta error leaves out most of it.
    """
    outcome = {"linear": "wage", "logit": "informal", "poisson": "children"}[kind]
    design = design_of(X).to_replicates("JKn") if replicates else design_of(X)
    ours = fit(kind, design, X, KINDS[kind])
    mean = means(design, X[outcome])
    answer = predicted(ours)
    assert np.allclose(answer.value, mean.value, rtol=1e-9)
    assert np.allclose(answer.se, mean.se, rtol=1e-8)
    by_sex = predicted(ours, over="sex")
    assert np.allclose(by_sex.value, means(design, X[outcome], (X["sex"] == "male").astype(int)).value, rtol=1e-9)


def test_multinomial_shares_add_up_and_are_those_of_the_table() -> None:
    design = design_of(X)
    ours = multinomial(design, X, KINDS["multinomial"])
    answer, table = predicted(ours), shares(design, pd.Categorical(X["status"]).codes.astype(int), 3)
    assert np.allclose(answer.value, table.value[0], rtol=1e-9)
    assert np.allclose(answer.cov, table.covariance(), rtol=1e-7, atol=1e-12)
    moved = effects(ours)
    by_question = moved.value.reshape(-1, 3)
    assert np.abs(by_question.sum(axis=1)).max() < 1e-12
    slopes = effects(ordered(design, X, KINDS["ordered"]), ["age"])
    assert abs(slopes.value.sum()) < 1e-12


def test_slopes_by_hand() -> None:
    """d wage / d age of b age^3 is 3 b age^2; of b log(age) it is b / age; of a logit p (1 - p) (b1 + b2 male)."""
    design, w, age = design_of(X), X["weight"], X["age"]
    ours = linear(design, X, "wage ~ I(age**3) + sex")
    assert np.isclose(
        effects(ours, ["age"]).value[0], 3 * ours["I(age ** 3)"] * np.average(age**2, weights=w), rtol=1e-9
    )
    ours = linear(design, X, "wage ~ log(age) + sex")
    answer = effects(ours, ["age"], errors="delta")
    assert np.isclose(answer.value[0], ours["log(age)"] * np.average(1 / age, weights=w), rtol=1e-9)
    assert np.isclose(answer.se[0], ours.se[1] * np.average(1 / age, weights=w), rtol=1e-9)
    ours = logit(design, X, KINDS["logit"])
    p, male = ours.predict(), X["sex"] == "male"
    slope = p * (1 - p) * (ours["age"] + ours["sex[male]:age"] * male)
    assert np.isclose(effects(ours, ["age"]).value[0], np.average(slope, weights=w), rtol=1e-9)
    by_sex = effects(ours, ["age"], over="sex")
    assert np.isclose(by_sex.value[1], np.average(slope[male], weights=w[male]), rtol=1e-9)
    step = effects(ours, ["age"], change={"age": 10})
    older = logit_of(ours, X.assign(age=age + 10)) - p
    assert np.isclose(step.value[0], np.average(older, weights=w), rtol=1e-9)


def logit_of(ours: Fit, frame: pd.DataFrame) -> np.ndarray:
    return np.asarray(ours.predict(frame))


def test_a_spline_moves_as_one() -> None:
    """The slope of a spline logit against differences of its own predictions."""
    design = design_of(X)
    ours = logit(design, X, "informal ~ bs(age, df=5, lower_bound=10, upper_bound=70) + sex")
    h = 1e-5
    slope = (logit_of(ours, X.assign(age=X["age"] + h)) - logit_of(ours, X.assign(age=X["age"] - h))) / (2 * h)
    assert np.isclose(effects(ours, ["age"]).value[0], np.average(slope, weights=X["weight"]), rtol=1e-6)


def test_discrete_changes_by_hand() -> None:
    ours = logit(design_of(X), X, KINDS["logit"])
    gap = ours.predict(X.assign(sex="male")) - ours.predict(X.assign(sex="female"))
    answer = effects(ours, ["sex"], at={"education": "none"})
    gap_none = ours.predict(X.assign(sex="male", education="none")) - ours.predict(
        X.assign(sex="female", education="none")
    )
    assert answer.names == ("sex: male - female, education = none",)
    assert np.isclose(answer.value[0], np.average(gap_none, weights=X["weight"]), rtol=1e-12)
    # the same as a contrast of predicted shares
    levels = predicted(ours, ["sex"])
    contrast = levels.differences([("sex = male", "sex = female")])
    direct = effects(ours, ["sex"])
    assert np.isclose(contrast.value[0], np.average(gap, weights=X["weight"]), rtol=1e-12)
    assert np.isclose(contrast.se[0], direct.se[0], rtol=1e-9)
    itself = levels.differences([("sex = male", "sex = male")])
    assert itself.value[0] == 0 and itself.se[0] == 0


def test_offset_is_a_coefficient_of_one() -> None:
    """A constant exposure moves the constant by its logarithm and nothing else."""
    x = X.assign(years=np.e)
    design = design_of(x)
    with_it, without = (poisson(design, x, KINDS["poisson"], offset=o) for o in ("log(years)", None))
    assert np.allclose(with_it.value - without.value, np.eye(5)[0] * -1, atol=1e-12)
    assert np.allclose(with_it.cov, without.cov, rtol=1e-9)
    assert np.isclose(with_it.null_deviance, without.null_deviance, rtol=1e-12)
    assert np.allclose(with_it.predict(x.head(3)), without.predict()[:3], rtol=1e-12)


def test_a_wald_test_of_one_coefficient_is_its_t_squared() -> None:
    ours = logit(design_of(X), X, KINDS["logit"])
    test = wald(ours, "age")
    assert np.isclose(test.statistic, ours.t[ours.place("age")] ** 2, rtol=1e-12)
    assert np.isclose(test.p, ours.p[ours.place("age")], rtol=1e-9)
    # with one coefficient the sum of chi-squares is one chi-square times lambda
    working = working_wald(ours, "age", reference="satterthwaite")
    assert np.isclose(working.p, test.p, rtol=1e-9)
    assert np.isclose(working_wald(ours, "age").p, test.p, rtol=0.1)  # the saddlepoint is near
    several = multinomial(design_of(X), X, KINDS["multinomial"])
    assert likelihood_ratio(several, "sex").df == 2 and wald(several, "sex").df == 2


def test_auc_by_pairs() -> None:
    x = X.head(80)
    ours = logit(Design.from_columns(x["weight"]), x, "informal ~ age + sex")
    p, w, y = ours.predict(), x["weight"].to_numpy(), x["informal"].to_numpy()
    pairs = [
        (w[i] * w[j] * ((p[i] > p[j]) + 0.5 * (p[i] == p[j])), w[i] * w[j])
        for i in np.flatnonzero(y == 1) for j in np.flatnonzero(y == 0)
    ]  # fmt: skip
    top, bottom = np.sum(pairs, axis=0)
    curve = roc(ours)
    assert np.isclose(curve.value[0], top / bottom, rtol=1e-12)
    # the area under the curve it draws, by trapezoids
    line = curve.curve
    area = np.trapezoid(np.r_[0, line["specificity"], 1], np.r_[1, line["sensitivity"], 0]) * -1
    assert np.isclose(area, curve.value[0], rtol=1e-9)


def test_inflation_of_unrelated_columns_is_one() -> None:
    balanced = pd.DataFrame({"a": [0, 0, 1, 1] * 5, "b": [0, 1, 0, 1] * 5, "y": np.arange(20.0)})
    table = vif(linear(Design.from_columns(np.ones(20)), balanced, "y ~ a + b"))
    assert np.allclose(table["gvif"], 1)


def test_influence_is_what_leaving_a_psu_out_does() -> None:
    x = people(4000, 3)
    x["psu"] = x["stratum"] * 100 + np.arange(4000) % 60
    design = design_of(x)
    ours = logit(design, x, KINDS["logit"])
    top = influential(ours, top=1).iloc[0]
    place = ours.place(top["most_moved"])
    left = np.where(x["psu"] == top["psu"], 0.0, x["weight"])
    moved = (ours.value - ours.refit(left))[place] / ours.se[place]
    assert abs(moved - top["dfbetas"]) < 0.15 * abs(moved)
    assert top["cases"] == (x["psu"] == top["psu"]).sum() and top["stratum"] == top["psu"] // 100
    assert len(influential(ours, by="row", top=4)) == 4


# ---- statsmodels -----------------------------------------------------------------------------------------


def test_statsmodels_glm(agree: Callable[..., None]) -> None:
    binomial, links = sm.families.Binomial, sm.families.links
    x = np.column_stack([np.ones(len(X)), X["sex"] == "male", X["age"]])
    psu = X["psu"].to_numpy()
    unstratified = Design.from_columns(X["weight"], psu=psu)
    for kind, outcome, family in (
        ("linear", "wage", sm.families.Gaussian()), ("logit", "informal", binomial()),
        ("probit", "informal", binomial(links.Probit())), ("cloglog", "informal", binomial(links.CLogLog())),
        ("poisson", "children", sm.families.Poisson()),
    ):  # fmt: skip
        ours = fit(kind, unstratified, X, f"{outcome} ~ sex + age", information="observed")  # type: ignore[arg-type]
        model = sm.GLM(X[outcome].to_numpy(dtype=float), x, family, var_weights=X["weight"].to_numpy())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that var_weights are weights, and not variances
            theirs = model.fit(
                method="newton", tol=1e-14, cov_type="cluster", cov_kwds={"groups": psu, "use_correction": False}
            )
        clusters = len(np.unique(psu))
        agree("statsmodels coefficients", ours.value, theirs.params, 1e-8 * ours.se, where=kind)
        cov = theirs.cov_params() * clusters / (clusters - 1)
        agree("statsmodels cluster covariance", ours.cov, cov, 1e-7 * np.outer(ours.se, ours.se), where=kind)
    # and the error that must never be used: weights taken for copies of a person
    copies = sm.GLM(X["informal"], x, binomial(), freq_weights=X["weight"]).fit()
    ours = logit(unstratified, X, "informal ~ sex + age")
    assert (np.asarray(copies.bse) < ours.se / 1.5).all()


def test_statsmodels_several_outcomes(agree: Callable[..., None]) -> None:
    equal = Design.from_columns(np.ones(len(X)))
    x = np.column_stack([np.ones(len(X)), X["sex"] == "male", X["age"]])
    ours = multinomial(equal, X, KINDS["multinomial"])
    theirs = sm.MNLogit(pd.Categorical(X["status"]).codes, x).fit(method="newton", disp=0, tol=1e-12)
    agree("statsmodels MNLogit", ours.value, np.asarray(theirs.params).T.ravel(), 1e-8 * ours.se)
    assert np.isclose(-2 * theirs.llf, ours.deviance, rtol=1e-10)
    graded = ordered(equal, X, KINDS["ordered"])
    model = OrderedModel(X["satisfaction"].to_numpy(), x[:, 1:], distr="logit")
    found = model.fit(method="bfgs", disp=0, gtol=1e-8, maxiter=500)
    cuts = model.transform_threshold_params(found.params)[1:-1]
    agree("statsmodels OrderedModel", graded.value, np.r_[found.params[:2], cuts], 1e-4 * graded.se)
    assert np.isclose(-2 * found.llf, graded.deviance, rtol=1e-9)


def test_statsmodels_quantile_regression() -> None:
    """The weighted check function is that of weighted rows, so their algorithm can be borrowed; it stops at 1e-6."""
    design = design_of(X)
    x = np.column_stack([np.ones(len(X)), X["sex"] == "male", X["age"]])
    w = X["weight"].to_numpy()
    for tau in (0.1, 0.5, 0.9):
        ours = quantile(design, X, "wage ~ sex + age", tau)
        theirs = sm.QuantReg(w * X["wage"], w[:, None] * x).fit(tau, max_iter=5000)
        residual = X["wage"].to_numpy()[:, None] - x @ np.column_stack([ours.value, theirs.params])
        loss = (w[:, None] * residual * (tau - (residual < 0))).sum(axis=0)
        assert loss[0] <= loss[1] * (1 + 1e-12)  # ours is the minimum
        assert np.abs((ours.value - theirs.params) / ours.se).max() < 0.02


def test_quantile_regression_on_a_constant_is_the_quantile(monkeypatch: pytest.MonkeyPatch) -> None:
    from informality.inference.models import quantile_regression

    median = quantile(design_of(X), X, "wage ~ 1")
    order = np.argsort(X["wage"])
    cumulated = np.cumsum(X["weight"].to_numpy()[order])
    at = np.searchsorted(cumulated, cumulated[-1] / 2)
    assert np.isclose(median.value[0], X["wage"].to_numpy()[order][at], rtol=1e-12)
    # rows far from the line set aside: the same programme
    whole = quantile(design_of(X), X, "wage ~ sex + age")
    monkeypatch.setattr(quantile_regression, "_AT_ONCE", 40)
    parts = quantile(design_of(X), X, "wage ~ sex + age")
    assert np.allclose(parts.value, whole.value, rtol=1e-9)
    assert np.allclose(parts.cov, whole.cov, rtol=1e-8)
    replicated = quantile(design_of(X).to_replicates("JKn"), X, "wage ~ sex + age")
    assert np.allclose(replicated.value, whole.value, rtol=1e-9)
    assert (replicated.se > 0).all()


# ---- Printing --------------------------------------------------------------------------------------------


def test_a_fit_prints_as_a_table() -> None:
    ours = logit(design_of(X), X, "informal ~ sex + age + education")
    lines = str(ours).splitlines()
    assert lines[0] == "informal ~ sex + age + education   (binomial, logit link)"
    assert lines[1].startswith("600 cases standing for ")
    assert lines[3].split() == ["value", "se", "t", "p", "95%", "from", "to", "odds", "ratio"]
    assert [line.split()[0] for line in lines[4:]] == [
        "Intercept",
        "sex[male]",
        "age",
        "education[primary]",
        "education[tertiary]",
    ]
    assert lines[5].split()[1] == f"{ours.value[1]:.4f}"
    table = ours.table(exponentiate=True)
    low, high = ours.interval()
    assert np.allclose(table["low"], np.exp(low)) and np.allclose(table["high"], np.exp(high))
    margins = effects(ours, ["sex"], over="education").to_frame()
    assert list(margins.columns) == ["variable", "change", "in education", "value", "se", "t", "p", "low", "high"]
