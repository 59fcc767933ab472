"""What must hold of decompositions on any data, and what can be worked out by hand or by another module.

Authorities: algebra written in each test; means and models of this package, which are proved against R.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from informality.inference import Control, Design, means
from informality.inference.decomposition.gaps import fairlie, oaxaca, threefold, yun
from informality.inference.decomposition.result import Comparison, Decomposition
from informality.inference.decomposition.reweighting import Reweighted, reweighted
from informality.inference.estimates.quantiles import quantiles
from informality.inference.models import newton, patterns
from informality.inference.models.regression import linear

REFERENCES = ["pooled", "neumark", "cotton", "male", "female"]
GROUPS = ("sex", "male", "female")
FORMULA = "age + education + area"


def people(n: int = 500, seed: int = 7) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(
        {
            "sex": rng.choice(["female", "male"], n, p=[0.4, 0.6]),
            "age": rng.integers(15, 65, n).astype(float),
            "education": rng.choice(["none", "primary", "tertiary"], n),
            "area": rng.choice(["rural", "urban"], n),
            "stratum": rng.integers(0, 4, n),
            "weight": rng.uniform(1, 9, n),
        }
    )
    x["psu"] = x["stratum"] * 10 + rng.integers(0, 9, n)
    x["male"] = x["sex"] == "male"
    effect = rng.normal(0, 0.5, 40)[x["psu"]]
    score = 0.03 * (x["age"] - 40) - 0.6 * x["male"] * (x["education"] == "tertiary") - 0.3 * x["male"] - effect
    x["informal"] = (rng.random(n) < 1 / (1 + np.exp(score))).astype(float)
    x["wage"] = np.exp(rng.normal(size=n) / 2 - score / 3)
    return x


X = people()


def design_of(x: pd.DataFrame) -> Design:
    return Design.from_columns(x["weight"], x["stratum"], x["psu"])


def decomposed(
    what: str, x: pd.DataFrame, reference: str = "pooled", groups: Any = GROUPS, **options: Any
) -> Comparison:
    design = options.pop("design", None) or design_of(x)
    if what == "oaxaca":
        return oaxaca(design, x, f"log(wage) ~ {FORMULA}", groups, reference, **options)
    if what == "threefold":
        return threefold(design, x, f"log(wage) ~ {FORMULA}", groups, **options)
    if what == "reweighted":
        return reweighted(design, x, f"log(wage) ~ {FORMULA}", groups, ("mean", 0.25, 0.5), **options)
    return yun(design, x, f"informal ~ {FORMULA}", groups, reference, what, **options)  # type: ignore[arg-type]


EVERY = ["oaxaca", "threefold", "logit", "probit", "reweighted"]


def same(a: Comparison, b: Comparison, tolerance: float = 1e-8) -> None:
    """Equal against the size of the errors; the smallest are those of terms that can hardly be told from nothing."""
    scale = np.maximum(b.se, 1e-8 * b.se.max())
    assert (np.abs(a.value - b.value) / scale).max() < tolerance
    assert (np.abs(a.cov - b.cov) / np.outer(scale, scale)).max() < tolerance
    assert (a.df, a.names, a.n) == (b.df, b.names, b.n)


# ---- The parts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("what", ["oaxaca", "logit", "probit", "threefold"])
@given(seed=st.integers(0, 10_000), normalise=st.booleans())
@settings(max_examples=4)
def test_parts_add_up_to_the_gap_and_terms_to_their_part(what: str, reference: str, seed: int, normalise: bool) -> None:
    x = people(400, seed)
    ours = decomposed(what, x, reference, normalise=normalise)
    y = x["informal"] if what in ("logit", "probit") else np.log(x["wage"])
    mean = [np.average(y[x["sex"] == sex], weights=x["weight"][x["sex"] == sex]) for sex in ("male", "female")]
    assert ours["observed: male"] == pytest.approx(mean[0], rel=1e-13)
    assert ours["gap"] == pytest.approx(mean[0] - mean[1], abs=1e-14)
    labels = ours.labels
    names = labels.loc[~labels["part"].isin(["observed", "gap"]), "part"].unique()
    whole = {name: ours[name] for name in names}
    # the coefficients of a logit are right to some 1e-12, and so is a mean they give back
    assert sum(whole.values()) == pytest.approx(ours["gap"], abs=1e-11)
    rest = ours.contrast({"rest": {"gap": 1.0, **dict.fromkeys(names, -1.0)}})
    assert rest.se[0] < 1e-6 * ours.se[ours.place("gap")]
    for name in set(names) - {"not fitted"}:
        terms = [f"{name}: {t}" for t in labels.loc[(labels["part"] == name) & (labels["term"] != ""), "term"]]
        rest = ours.contrast({"rest": {name: 1.0, **dict.fromkeys(terms, -1.0)}})
        assert abs(rest.value[0]) < 1e-11 and rest.se[0] < 1e-6 * max(ours.se)
    assert ("not fitted" in names) == (what == "probit")


def test_the_gap_has_the_error_of_a_difference_of_means_also_when_calibrated() -> None:
    plain = design_of(X)
    known = Control("area", X["area"], {"rural": 1300.0, "urban": 1250.0})
    for design in (plain, plain.calibrate([known]), plain.to_replicates("JKn")):
        by_sex = means(design, np.log(X["wage"]), (X["sex"] == "female").astype(int), 2)
        cov = by_sex.covariance()
        ours = oaxaca(design, X, f"log(wage) ~ {FORMULA}", GROUPS)
        assert ours["gap"] == pytest.approx(float(by_sex.value[0] - by_sex.value[1]), rel=1e-12)
        expected = np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
        assert ours.se[ours.place("gap")] == pytest.approx(expected, rel=1e-9)


def test_pooled_unexplained_is_the_coefficient_of_the_group() -> None:
    """Residuals of the pooled model with a term for the group have mean 0 in each group, so the rest is that term."""
    fit = linear(design_of(X), X, f"log(wage) ~ {FORMULA} + male")
    ours = oaxaca(design_of(X), X, f"log(wage) ~ {FORMULA}", GROUPS)
    assert ours["unexplained"] == pytest.approx(fit["male"], rel=1e-11)
    assert ours.se[ours.place("unexplained")] == pytest.approx(fit.se[fit.place("male")], rel=1e-9)


def test_neumark_credits_covariates_with_part_of_the_gap() -> None:
    """By hand: one covariate that goes with the group, and a gap that has nothing to do with it."""
    x = pd.DataFrame(
        {"sex": ["m"] * 8 + ["f"] * 8, "school": [1.0, 1, 1, 0] * 2 + [0.0, 0, 0, 1] * 2, "psu": range(16)}
    )
    x["pay"] = 10.0 + 2 * (x["sex"] == "m") + np.tile([0.1, -0.1], 8)
    design = Design.from_columns(np.ones(16), None, x["psu"])
    pooled, neumark = (oaxaca(design, x, "pay ~ school", ("sex", "m", "f"), how) for how in ("pooled", "neumark"))
    assert pooled["gap"] == pytest.approx(2.0) and neumark["gap"] == pytest.approx(2.0)
    # without the term, school has the slope 3/4 - 1/4 = 1/2 times the gap, and men have 1/2 more of it
    slope = np.polyfit(x["school"], x["pay"], 1)[0]
    assert neumark["explained"] == pytest.approx(0.5 * slope) and neumark["explained"] > 0.4
    assert abs(pooled["explained"]) < 0.06


def test_logit_parts_by_hand() -> None:
    """One factor: predictions are shares in cells, so the parts are those of direct standardisation."""
    ours = yun(design_of(X), X, "informal ~ education", GROUPS, "female")
    y = X.assign(wy=X["weight"] * X["informal"])
    weight, informal = (y.pivot_table(v, "sex", "education", aggfunc="sum") for v in ("weight", "wy"))
    rate = informal / weight
    people_ = weight.div(weight.sum(axis=1), axis=0)
    explained = ((people_.loc["male"] - people_.loc["female"]) * rate.loc["female"]).sum()
    assert ours["explained"] == pytest.approx(explained, abs=1e-12)
    assert ours["explained: education"] == pytest.approx(explained, abs=1e-12)
    assert ours["unexplained"] == pytest.approx((people_.loc["male"] * (rate.loc["male"] - rate.loc["female"])).sum())


@pytest.mark.parametrize("kind", ["logit", "probit"])
def test_fairlie_is_yun_without_terms(kind: Any) -> None:
    whole = yun(design_of(X), X, f"informal ~ {FORMULA}", GROUPS, "male", kind)
    ours = fairlie(design_of(X), X, f"informal ~ {FORMULA}", GROUPS, "male", kind)
    assert all(name == "not fitted" or ":" not in name or name.startswith("observed") for name in ours.names)
    place = [whole.place(name) for name in ours.names]
    assert np.array_equal(ours.value, whole.value[place])
    assert np.allclose(ours.cov, whole.cov[np.ix_(place, place)], rtol=1e-12, atol=1e-18)


def test_threefold_is_the_twofold_of_either_group() -> None:
    three = decomposed("threefold", X)
    assert three["endowments"] == pytest.approx(decomposed("oaxaca", X, "female")["explained"], rel=1e-10)
    with_men = decomposed("oaxaca", X, "male")
    assert three["endowments"] + three["interaction"] == pytest.approx(with_men["explained"], rel=1e-10)
    assert three["coefficients"] == pytest.approx(with_men["unexplained"], rel=1e-10)


# ---- Groups ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["oaxaca", "logit", "probit"])
@pytest.mark.parametrize("reference", REFERENCES)
def test_swapping_the_groups_turns_every_sign(what: str, reference: str) -> None:
    one, other = decomposed(what, X, reference), decomposed(what, X, reference, ("sex", "female", "male"))
    place = [i for i, part in enumerate(one.labels["part"]) if part != "observed"]
    assert (np.abs(one.value + other.value)[place] < 1e-10).all()
    assert np.allclose(one.se[place], other.se[place], rtol=1e-8, atol=1e-14)


def test_swapping_the_groups_of_a_threefold() -> None:
    """Theirs is e' = -(e + i), c' = -(c + i), i' = i (Jann 2008, section 2)."""
    one, other = decomposed("threefold", X), decomposed("threefold", X, groups=("sex", "female", "male"))
    assert other["endowments"] == pytest.approx(-one["endowments"] - one["interaction"], abs=1e-12)
    assert other["coefficients"] == pytest.approx(-one["coefficients"] - one["interaction"], abs=1e-12)
    assert other["interaction"] == pytest.approx(one["interaction"], abs=1e-12)


@pytest.mark.parametrize("what", EVERY)
def test_groups_alike_in_all_have_nothing_to_explain(what: str) -> None:
    """Every woman has a twin brother in her household: covariates are the same, and so are their errors."""
    women = X[X["sex"] == "female"]
    twins = pd.concat([women, women.assign(sex="male", wage=women["wage"] * 2)], ignore_index=True)
    same_again = people(len(twins), 99)["informal"].to_numpy()
    twins["informal"] = np.where(twins["sex"] == "male", same_again, twins["informal"])
    ours = decomposed(what, twins)
    labels = ours.labels
    place = np.flatnonzero(labels["part"].isin(["explained", "endowments", "interaction"]))
    assert len(place) and np.abs(ours.value[place]).max() < 1e-12
    assert ours.se[place].max() < 1e-9
    if what in ("oaxaca", "threefold"):
        assert ours["gap"] == pytest.approx(np.log(2), rel=1e-12)
        assert ours.se[ours.place("gap")] < 1e-12  # and the same in every household


@pytest.mark.parametrize("what", EVERY)
def test_masks_are_groups(what: str) -> None:
    masks = {"men": (X["sex"] == "male").to_numpy(), "women": (X["sex"] == "female").to_numpy()}
    ours, theirs = decomposed(what, X, "pooled", masks), decomposed(what, X)
    assert np.array_equal(ours.value, theirs.value) and np.array_equal(ours.cov, theirs.cov)
    assert ours.groups == ("men", "women")
    some = {"men": masks["men"] & (X["age"] > 30).to_numpy(), "women": masks["women"]}
    fewer = decomposed(what, X, "pooled", some)
    assert fewer.n == (int(some["men"].sum()), ours.n[1])


@pytest.mark.parametrize("what", EVERY)
def test_a_domain_is_not_a_subset(what: str) -> None:
    """Rows outside count with their PSUs; what they hold, and which group they are of, does not."""
    outside = people(200, 8).assign(sex="unknown", age=np.nan, wage=np.nan, informal=7.0)
    outside["psu"] = outside["stratum"] * 10 + 9  # a PSU without a member of the domain in each stratum
    y = pd.concat([X, outside], ignore_index=True)
    ours, alone = decomposed(what, y, domain=np.arange(len(y)) < len(X)), decomposed(what, X)
    assert np.allclose(ours.value, alone.value, rtol=1e-9, atol=1e-13)
    assert (ours.df, ours.n) == (alone.df, alone.n)
    assert not np.allclose(ours.se, alone.se, rtol=1e-4)  # n_h rose from 9 to 10


# ---- Invariance -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", EVERY)
@given(scale=st.floats(1e-6, 1e9), seed=st.integers(0, 1000))
@settings(max_examples=4)
def test_weights_scaled_rows_permuted_psus_relabelled(what: str, scale: float, seed: int) -> None:
    y = X.sample(frac=1, random_state=seed).assign(
        weight=lambda d: d["weight"] * scale, psu=lambda d: "PSU " + (1000 - d["psu"]).astype(str)
    )
    same(decomposed(what, y), decomposed(what, X))


@pytest.mark.parametrize("what", EVERY)
def test_rows_split_in_two(what: str) -> None:
    y = pd.concat([X.assign(weight=X["weight"] * 0.3), X.assign(weight=X["weight"] * 0.7)], ignore_index=True)
    ours, once = decomposed(what, y), decomposed(what, X)
    scale = np.maximum(once.se, 1e-8 * once.se.max())
    assert (np.abs(ours.value - once.value) / scale).max() < 1e-8
    assert (np.abs(ours.cov - once.cov) / np.outer(scale, scale)).max() < 1e-8


@pytest.mark.parametrize(
    ("what", "reference"),
    [*((w, r) for w in ("oaxaca", "logit", "probit") for r in REFERENCES), ("threefold", ""), ("reweighted", "")],
)
def test_patterns_and_blocks_change_nothing(what: str, reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = X.assign(age=(X["age"] // 10) * 10, wage=np.ceil(X["wage"]))
    once = decomposed(what, x, reference)
    monkeypatch.setattr(patterns, "_SAMPLE", 10)
    monkeypatch.setattr(patterns, "_WORTH_IT", 0.0)  # every row its own pattern
    monkeypatch.setattr(newton, "_BLOCK", 1800)  # blocks of 360 rows, and of 300 with a column for the group
    same(decomposed(what, x, reference), once)
    monkeypatch.setattr(newton, "_KEPT", 0)
    same(decomposed(what, x, reference), once)


@pytest.mark.parametrize("what", ["oaxaca", "logit", "probit"])
@pytest.mark.parametrize("level", ["none", "primary", "tertiary"])
def test_the_explained_part_does_not_depend_on_the_reference_level(what: str, level: str) -> None:
    order = [level, *(v for v in ("none", "primary", "tertiary") if v != level)]
    y = X.assign(education=pd.Categorical(X["education"], order))
    plain, other = (decomposed(what, x, normalise=False) for x in (X, y))
    assert isinstance(plain, Decomposition) and isinstance(other, Decomposition)
    explained = [i for i, part in enumerate(plain.labels["part"]) if part in ("gap", "explained")]
    assert np.allclose(plain.value[explained], other.value[explained], rtol=1e-9, atol=1e-13)
    assert np.allclose(plain.se[explained], other.se[explained], rtol=1e-8)
    unexplained = plain.place("unexplained: education")
    moved = abs(plain.value[unexplained] - other.value[unexplained]) > 1e-3
    assert moved == (level != "none")
    same(decomposed(what, y), decomposed(what, X))  # normalised, nothing does


@pytest.mark.parametrize("what", ["oaxaca", "logit", "probit", "threefold"])
def test_normalising_moves_only_factors_and_the_constant(what: str) -> None:
    one, other = decomposed(what, X), decomposed(what, X, normalise=False)
    moved = np.abs(one.value - other.value) > 1e-9
    named = {one.names[i] for i in np.flatnonzero(moved)}
    part = "coefficients" if what == "threefold" else "unexplained"
    assert named == {f"{part}: {term}" for term in ("education", "area", "constant")}


# ---- Shares of the gap ----------------------------------------------------------------------------------------


def test_shares_of_the_gap() -> None:
    ours = decomposed("oaxaca", X)
    assert isinstance(ours, Decomposition)
    shares = ours.as_shares()
    assert shares["gap"] == 1 and shares.se[shares.place("gap")] == pytest.approx(0, abs=1e-15)
    assert shares["explained"] + shares["unexplained"] == pytest.approx(1)
    i, g = ours.place("explained"), ours.place("gap")
    r = ours.value[i] / ours.value[g]
    expected = np.sqrt(ours.cov[i, i] - 2 * r * ours.cov[i, g] + r**2 * ours.cov[g, g]) / abs(ours.value[g])
    assert shares.se[shares.place("explained")] == pytest.approx(expected, rel=1e-12)
    assert list(shares.to_frame().columns[:4]) == ["part", "group", "term", "value"]


def test_it_prints_with_how_to_read_it() -> None:
    text = str(decomposed("threefold", X))
    assert "by sex, male less female; three-fold, from the side of female" in text.splitlines()[0]
    assert "Endowments are read as explained" in text
    for printed in (text, str(decomposed("logit", X)), str(decomposed("reweighted", X))):
        assert "It is not thereby justified" in printed and "It is not proof of discrimination" in printed


def test_a_constant_alone_explains_nothing() -> None:
    ours = oaxaca(design_of(X), X, "log(wage) ~ 1", GROUPS)
    assert ours.names[2:] == ("gap", "explained", "unexplained", "unexplained: constant")
    assert abs(ours["explained"]) < 1e-12 and ours["unexplained"] == pytest.approx(ours["gap"])


# ---- Reweighting ----------------------------------------------------------------------------------------------


def saturated(x: pd.DataFrame, statistics: Any = ("mean",)) -> Reweighted:
    return reweighted(design_of(x), x, "log(wage) ~ education * area", GROUPS, statistics)


def test_reweighting_by_cells_is_direct_standardisation() -> None:
    """With a term for every cell the odds are ratios of cell shares, and the counterfactual is Oaxaca's, error included."""
    ours = saturated(X)
    theirs = oaxaca(design_of(X), X, "log(wage) ~ education * area", GROUPS, "female")
    for part in ("gap", "explained", "unexplained"):
        assert ours[f"mean: {part}"] == pytest.approx(theirs[part], rel=1e-9)
        assert ours.se[ours.place(f"mean: {part}")] == pytest.approx(theirs.se[theirs.place(part)], rel=1e-8)
    assert (ours.balance["after"].abs() < 1e-10).all() and (ours.balance["before"].abs() > 1e-3).any()


def test_the_weight_that_is_kept_gives_the_counterfactual() -> None:
    ours = saturated(X, ("mean", 0.5))
    women = (X["sex"] == "female").to_numpy()
    assert not ours.weight[~women].any()
    assert ours.weight.sum() == pytest.approx(X["weight"][women].sum(), rel=1e-12)
    assert ours["mean: counterfactual: female"] == pytest.approx(np.average(np.log(X["wage"]), weights=ours.weight))
    by_cell = X.assign(v=ours.weight).groupby(["education", "area"])["v"].sum() / ours.weight.sum()
    men = X[~women].groupby(["education", "area"])["weight"].sum() / X["weight"][~women].sum()
    assert np.allclose(by_cell, men, rtol=1e-9)
    order = np.argsort(X["wage"].to_numpy())
    share = np.cumsum(ours.weight[order]) / ours.weight.sum()
    median = np.log(X["wage"].to_numpy()[order][np.searchsorted(share, 0.5)])
    assert ours["quantile 0.5: counterfactual: female"] == pytest.approx(median)


def test_observed_quantiles_are_those_of_the_module_for_them() -> None:
    for design in (design_of(X), design_of(X).to_replicates("JKn")):
        ours = reweighted(design, X, f"log(wage) ~ {FORMULA}", GROUPS, (0.1, 0.5, 0.9))
        theirs = quantiles(design, np.log(X["wage"]), (0.1, 0.5, 0.9), (X["sex"] == "female").astype(int), 2)
        for d, sex in enumerate(("male", "female")):
            place = [ours.place(f"quantile {p}: observed: {sex}") for p in (0.1, 0.5, 0.9)]
            assert np.allclose(ours.value[place], theirs.value[d], rtol=1e-13)
            assert np.allclose(ours.se[place], theirs.se[d], rtol=1e-10)


def test_the_estimated_odds_count_in_the_error() -> None:
    """Were the odds known, the counterfactual would have the error of a mean under its weights: here a larger one."""
    ours = saturated(X)
    given_weights = Design.from_columns(np.where(ours.weight > 0, ours.weight, 0), X["stratum"], X["psu"])
    naive = means(given_weights, np.log(X["wage"]))
    se = ours.se[ours.place("mean: counterfactual: female")]
    assert ours["mean: counterfactual: female"] == pytest.approx(float(naive.value[0]), rel=1e-9)
    assert abs(se / float(naive.se[0]) - 1) > 1e-3


def test_a_share_is_the_mean_of_a_condition() -> None:
    ours = reweighted(design_of(X), X, f"(wage > 1) ~ {FORMULA}", GROUPS)
    women = X["sex"] == "female"
    assert ours["mean: observed: female"] == pytest.approx(np.average(X["wage"][women] > 1, weights=X["weight"][women]))
    assert ours["mean: gap"] == pytest.approx(ours["mean: explained"] + ours["mean: unexplained"], abs=1e-14)
