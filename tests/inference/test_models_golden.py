"""Models against R survey 4.1-1 on our own made-up sample: what the oracle leaves out.

Chosen reference levels, interactions, splines, offsets, a domain that lacks a level, models without a constant, the
lonely rules, and after fitting: margins, working tests, Archer-Lemeshow, AUC, inflation, quantile regression.
Authority: tests/golden/make_golden_models.R, which says how each number was made, and golden_models.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.inference import Design
from informality.inference.models.diagnostics import archer_lemeshow, roc, vif
from informality.inference.models.margins import effects, predicted
from informality.inference.models.model_tests import likelihood_ratio
from informality.inference.models.quantile_regression import quantile
from informality.inference.models.regression import Fit, fit

GOLDEN = Path(__file__).parents[1] / "golden"
LONELY_STRATA = ["G", "H"]
FORMULAS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "linear": ("linear", "log(wage) ~ sex * age + education", {"reference": {"education": "secondary"}}),
    "logit": ("logit", "informal ~ sex + age + I(age**2) + education + area", {}),
    "probit": ("probit", "informal ~ sex + age + education * sex", {}),
    "cloglog": ("cloglog", "informal ~ sex + age + education", {}),
    "poisson": ("poisson", "children ~ sex + age + area", {"offset": "log(years)"}),
    "spline": ("logit", "informal ~ sex + bs(age, df=5)", {}),
    "knots": ("linear", "wage ~ cr(age, knots=[30, 45], lower_bound=15, upper_bound=64, constraints='center') + sex", {}),
    "no_constant": ("logit", "informal ~ education + age - 1", {}),
    "rural": ("logit", "informal ~ education + sex", {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((GOLDEN / "golden_models.json").read_text())
    return content


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "golden_models_sample.csv")


def design_of(name: str, sample: pd.DataFrame) -> tuple[pd.DataFrame, Design]:
    x = sample
    if name not in ("certainty", "adjust", "average"):
        x = sample[~sample["stratum"].isin(LONELY_STRATA)].reset_index(drop=True)
    if name == "weights_only":
        return x, Design.from_columns(x["weight"])
    lonely = name if len(x) == len(sample) else "fail"
    correction = {"fpc": x["N_psu"]} if name == "fpc" else {}
    design = Design.from_columns(x["weight"], x["stratum"], x["psu"], lonely=lonely, **correction)  # type: ignore[arg-type]
    return x, design.to_replicates("JKn") if name == "jkn" else design


def model_of(name: str, x: pd.DataFrame, design: Design) -> Fit:
    kind, formula, options = FORMULAS[name]
    domain = x["employed"] == 1
    if "wage" in formula:
        domain &= x["wage"].notna()
    elif name == "poisson":
        domain = pd.Series(True, index=x.index)
    elif name == "rural":
        domain &= x["area"] == "rural"
    return fit(kind, design, x, formula, domain=domain, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["fail", "fpc", "weights_only", "jkn", "certainty", "adjust", "average"])
def test_models(
    name: str,
    golden: dict[str, Any],
    sample: pd.DataFrame,
    agree: Callable[..., None],
    covariance_floor: Callable[..., np.ndarray],
) -> None:
    x, design = design_of(name, sample)
    cases = [c for c in golden["cases"] if c["design"] == name]
    assert {c["model"] for c in cases} == set(FORMULAS)
    for case in cases:
        where = f"{name}/{case['model']}"
        ours = model_of(case["model"], x, design)
        est, vcov = np.array(case["est"]), np.array(case["vcov"])
        value, cov = ours.value, ours.cov
        order = np.arange(len(est))
        if case["model"] == "knots":
            # patsy's and R's natural splines span the same functions by other bases: compare what both share
            order, value, cov = np.array([-1]), value[[-1]], cov[-1:, -1:]
            assert ours.names[-1] == "sex[male]" and case["names"][-1] == "sexmale"
        est, vcov = est[order], vcov[np.ix_(order, order)]
        se = np.sqrt(np.diag(vcov))
        agree("golden coefficients", value, est, 1e-9 * se, where=where)
        agree("golden covariance", cov, vcov, covariance_floor(est, se) + 1e-9 * np.outer(se, se), where=where)
        assert ours.df == case["df"], where


def test_the_reference_level_is_chosen(golden: dict[str, Any], sample: pd.DataFrame) -> None:
    x, design = design_of("fail", sample)
    assert model_of("linear", x, design).names == (
        "Intercept", "sex[male]", "age", "education[none]", "education[primary]", "education[tertiary]", "sex[male]:age",
    )  # fmt: skip


def test_a_level_the_domain_lacks_is_left_out_and_named(sample: pd.DataFrame) -> None:
    x, design = design_of("fail", sample)
    x = x.assign(education=pd.Categorical(x["education"], ["none", "primary", "secondary", "tertiary"]))
    ours = model_of("rural", x, design)
    assert ours.names == ("Intercept", "education[primary]", "education[secondary]", "sex[male]")
    assert [note.what for note in ours.notes] == ["no case has `education` = tertiary"]
    assert "no case has `education` = tertiary" in str(ours)


@pytest.mark.parametrize("name", ["fail", "fpc"])
def test_after_fitting(name: str, golden: dict[str, Any], sample: pd.DataFrame, agree: Callable[..., None]) -> None:
    x, design = design_of(name, sample)
    ours, theirs = model_of("logit", x, design), golden["after"][name]

    test = likelihood_ratio(ours, "education")
    agree("golden likelihood ratio", test.statistic, theirs["lrt"]["statistic"], where=name)
    agree("golden likelihood ratio lambda", test.deffs, theirs["lrt"]["lambda"], where=name)
    # R looks for the saddle point with a tolerance of 1e-8
    agree("golden likelihood ratio p", test.p, theirs["lrt"]["p"], 1e-5 * theirs["lrt"]["p"], where=name)
    assert (test.df, test.ddf) == (theirs["lrt"]["df"], theirs["lrt"]["ddf"])

    shares = {errors: predicted(ours, ["education"], errors=errors) for errors in ("delta", "unconditional")}  # type: ignore[arg-type]
    agree("golden predictive margins", shares["delta"].value, theirs["predicted"], where=name)
    agree("golden svypredmeans", shares["delta"].value, theirs["svypredmeans"], where=name)
    agree("golden margins delta se", shares["delta"].se, theirs["predicted_delta"], where=name)
    agree("golden margins unconditional se", shares["unconditional"].se, theirs["predicted_full"], where=name)
    slope = effects(ours, ["age"], errors="delta")
    agree("golden slope", slope.value[0], theirs["slope"], where=name)
    agree("golden slope se", slope.se[0], theirs["slope_se"], where=name)

    goodness = archer_lemeshow(ours)
    expected = theirs["archer_lemeshow"]
    agree("golden Archer-Lemeshow", goodness.groups["difference"], expected["residual"], 1e-13, where=name)
    agree("golden Archer-Lemeshow F", goodness.statistic, expected["statistic"], where=name)
    agree("golden Archer-Lemeshow p", goodness.p, expected["p"], where=name)
    assert (goodness.df, goodness.ddf) == (expected["df"], expected["ddf"])

    curve = roc(ours)
    agree("golden AUC", curve.value[0], theirs["auc"], where=name)
    agree("golden AUC se", curve.se[0], theirs["auc_se"], where=name)
    agree("golden vif", vif(ours).loc["age", "gvif"], theirs["vif_age"], where=name)


@pytest.mark.parametrize("name", ["fail", "fpc"])
@pytest.mark.parametrize("place", [0, 1])
def test_quantile_regression(
    name: str, place: int, golden: dict[str, Any], sample: pd.DataFrame, agree: Callable[..., None]
) -> None:
    x, design = design_of(name, sample)
    theirs = golden["after"][name]["quantiles"][place]
    domain = (x["employed"] == 1) & x["wage"].notna()
    ours = quantile(design, x, "log(wage) ~ sex + age + area", theirs["tau"], domain=domain)
    agree("golden quantile regression", ours.value, theirs["est"], where=name)
    agree("golden quantreg::rq", ours.value, theirs["rq"], 1e-9, where=name)
    agree("golden quantile bandwidth", ours.bandwidth, theirs["bandwidth"], where=name)
    agree("golden quantile covariance", ours.cov, theirs["vcov"], 1e-10 * np.outer(ours.se, ours.se), where=name)
