"""Wrong models, and what the user is told. The sentences are part of the behaviour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.inference import Design
from informality.inference.models.diagnostics import archer_lemeshow, influential, roc
from informality.inference.models.margins import effects, predicted, predictions
from informality.inference.models.model_tests import likelihood_ratio, wald
from informality.inference.models.quantile_regression import quantile
from informality.inference.models.regression import (
    Fit,
    cloglog,
    fit,
    linear,
    logit,
    multinomial,
    ordered,
    poisson,
    probit,
)


def people(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["female", "male"], n),
            "age": rng.integers(15, 65, n).astype(float),
            "education": rng.choice(["none", "primary", "tertiary"], n, p=[0.3, 0.5, 0.2]),
            "area": pd.Categorical(rng.choice(["rural", "urban"], n), ["rural", "urban", "camp"]),
            "status": pd.Categorical(rng.choice(["employee", "own_account", "family"], n)),
            "children": rng.poisson(1.5, n),
            "satisfaction": rng.integers(1, 5, n),
            "wage": np.exp(rng.normal(size=n)),
            "psu": rng.integers(0, 40, n),
        }
    )
    frame["informal"] = (rng.random(n) < 1 / (1 + np.exp(-(1 - 0.02 * frame["age"])))).astype(int)
    return frame


X = people()
DESIGN = Design.from_columns(np.linspace(1, 3, len(X)), None, X["psu"])


def told(code: ExitCode, model: Callable[[], Any]) -> str:
    with pytest.raises(InformalityError) as error:
        model()
    assert error.value.code == code
    return str(error.value)


# ---- The formula -----------------------------------------------------------------------------------------


def test_unknown_names_and_functions_are_told_at_once_with_the_nearest_spelling() -> None:
    text = told(ExitCode.SPEC, lambda: logit(DESIGN, X, "informl ~ sexx + logg(age)"))
    for sentence in (
        "`informl` is not a variable of the data", "did you mean `informal`?", "did you mean `sex`?",
        "`logg` is not a function a formula can use", "did you mean `log`?",
    ):  # fmt: skip
        assert text.count(sentence) == 1


@pytest.mark.parametrize(
    "term", ["__import__('os').system('true')", "age.mean()", "[a for a in age]", "(lambda: age)()", "open('x')"]
)
def test_a_formula_cannot_run_programs(term: str) -> None:
    told(ExitCode.SPEC, lambda: logit(DESIGN, X, f"informal ~ {term}"))
    told(ExitCode.SPEC, lambda: logit(DESIGN, X, "informal ~ age", offset=term))


@pytest.mark.parametrize(
    ("formula", "sentence"),
    [
        ("informal ~ age +* sex", "the formula cannot be read"),
        ("~ age", "the formula must name one outcome"),
        ("informal + wage ~ age", "the formula must name one outcome"),
        ("informal ~ 0", "the model has no covariates"),
        ("informal ~ bs(age, df=2)", "cannot be worked out on the data"),
        ("status == 'emplyee' ~ age", "did you mean `employee`?"),
        ("informal ~ (sex == 'woman')", "`sex` has no level `woman`"),
    ],
)
def test_formulas(formula: str, sentence: str) -> None:
    assert sentence in told(ExitCode.SPEC, lambda: logit(DESIGN, X, formula))


def test_arguments() -> None:
    assert "did you mean `education`?" in told(
        ExitCode.SPEC, lambda: logit(DESIGN, X, "informal ~ education", reference={"educatio": "none"})
    )
    assert "`education` has no level `nome` among the cases" in told(
        ExitCode.ESTIMATE, lambda: logit(DESIGN, X, "informal ~ education", reference={"education": "nome"})
    )
    assert "has no offset" in told(ExitCode.SPEC, lambda: multinomial(DESIGN, X, "status ~ sex", offset="age"))
    assert "has no offset" in told(ExitCode.SPEC, lambda: quantile(DESIGN, X, "wage ~ sex", offset="age"))
    assert "its cut points stand for it" in told(ExitCode.SPEC, lambda: ordered(DESIGN, X, "satisfaction ~ sex - 1"))
    with pytest.raises(ValueError, match="refuse or drop"):
        logit(DESIGN, X, "informal ~ age", missing="ignore")  # type: ignore[typeddict-item]
    with pytest.raises(ValueError, match="True or False for each row"):
        logit(DESIGN, X, "informal ~ age", domain=[1, 0])
    with pytest.raises(ValueError, match="tau"):
        quantile(DESIGN, X, "wage ~ sex", 50)


# ---- The outcome -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "formula", "code", "sentence"),
    [
        ("logit", "status ~ age", ExitCode.SPEC, 'write `status == "own_account"`'),
        ("probit", "children ~ age", ExitCode.ESTIMATE, "must lie between 0 and 1"),
        ("poisson", "log(wage) ~ age", ExitCode.ESTIMATE, "must not be negative"),
        ("linear", "log(children) ~ age", ExitCode.ESTIMATE, "is not a finite number for every case"),
        ("logit", "(age > 0) ~ sex", ExitCode.ESTIMATE, "is the same for every case"),
        ("ordered", "education ~ sex", ExitCode.SPEC, "the order of `education` is not known"),
        ("multinomial", "I(age) ~ sex", ExitCode.SPEC, "must be a variable"),
    ],
)
def test_outcomes(kind: Any, formula: str, code: ExitCode, sentence: str) -> None:
    assert sentence in told(code, lambda: fit(kind, DESIGN, X, formula))


def test_one_category_of_outcome() -> None:
    one = X["status"] == "family"
    text = told(ExitCode.ESTIMATE, lambda: multinomial(DESIGN, X, "status ~ sex", domain=one))
    assert "the outcome `status` is the same for every case" in text


# ---- The data --------------------------------------------------------------------------------------------


def test_missing_values_are_counted_and_refused_or_dropped_on_request() -> None:
    x = X.assign(age=X["age"].where(X["age"] < 60), sex=X["sex"].where(X["age"] != 30))
    old, thirty = int((X["age"] >= 60).sum()), int((X["age"] == 30).sum())
    text = told(ExitCode.DATA, lambda: logit(DESIGN, x, "informal ~ age + sex"))
    assert f"`age` is missing in some rows of the domain\n  found   {old} of 400 rows" in text
    assert f"`sex` is missing in some rows of the domain\n  found   {thirty} of 400 rows" in text
    ours = logit(DESIGN, x, "informal ~ age + sex", missing="drop")
    assert (ours.n, ours.dropped) == (400 - old - thirty, old + thirty)
    assert f"{old + thirty} of 400 rows were left out because a value is missing" in str(ours)


def test_missing_values_outside_the_domain_do_not_matter() -> None:
    inside = X["age"] < 60
    whole = logit(DESIGN, X, "informal ~ age + sex", domain=inside)
    x = X.assign(age=X["age"].where(inside), informal=X["informal"].where(inside), sex=X["sex"].where(inside))
    assert np.array_equal(logit(DESIGN, x, "informal ~ age + sex", domain=inside).cov, whole.cov)


def test_columns_of_the_wrong_kind_or_length() -> None:
    assert "`when` is neither numbers nor words" in told(
        ExitCode.DATA, lambda: linear(DESIGN, X.assign(when=pd.Timestamp("2024-01-01")), "wage ~ when")
    )
    assert "different numbers of rows" in told(ExitCode.DATA, lambda: linear(DESIGN, X[X["age"] > 30], "wage ~ sex"))
    assert "`log(children)` is not a finite number" in told(
        ExitCode.DATA, lambda: linear(DESIGN, X, "wage ~ log(children)")
    )
    assert "`age` is infinite in some rows" in told(
        ExitCode.DATA, lambda: linear(DESIGN, X.assign(age=np.inf), "wage ~ age")
    )
    assert "the offset `log(children)`" in told(
        ExitCode.DATA, lambda: poisson(DESIGN, X, "wage ~ sex", offset="log(children)")
    )


def test_domains() -> None:
    assert "nobody in the sample belongs to the domain" in told(
        ExitCode.ESTIMATE, lambda: logit(DESIGN, X, "informal ~ age", domain=X["age"] > 99)
    )
    assert "lie in one primary sampling unit" in told(
        ExitCode.ESTIMATE, lambda: logit(DESIGN, X, "informal ~ age", domain=X["psu"] == 3)
    )


def test_a_factor_with_one_level_is_named() -> None:
    text = told(ExitCode.ESTIMATE, lambda: logit(DESIGN, X, "informal ~ sex + age", domain=X["sex"] == "male"))
    assert "the factor `sex` has one level among the cases" in text
    assert "cases have male" in text


def test_empty_levels_are_named() -> None:
    ours = logit(DESIGN, X, "informal ~ area")
    assert ours.names == ("Intercept", "area[urban]")
    assert "Note: no case has `area` = camp." in str(ours)
    assert "no level `camp` among the cases" in told(
        ExitCode.ESTIMATE, lambda: logit(DESIGN, X, "informal ~ area", reference={"area": "camp"})
    )


def test_collinear_columns_are_named_or_dropped_on_request() -> None:
    x = X.assign(months=12 * X["age"] + 6, one=7.0, nobody=0.0)
    formula = "informal ~ age + months + one + nobody + sex"
    text = told(ExitCode.ESTIMATE, lambda: logit(DESIGN, x, formula))
    assert "`months` follows from `Intercept`, `age`, so it has no coefficient of its own" in text
    assert "`one` is the same for every case" in text
    assert "no case has `nobody`" in text
    dropped = logit(DESIGN, x, formula, collinear="drop")
    assert dropped.names == ("Intercept", "age", "sex[male]")
    assert [note.what for note in dropped.notes] == [
        "`months` follows from `Intercept`, `age`; it was left out",
        "`one` is the same for every case; it was left out",
        "no case has `nobody`; it was left out",
    ]
    plain = logit(DESIGN, X, "informal ~ age + sex")
    assert np.allclose(dropped.cov, plain.cov, rtol=1e-12)
    # an interaction of levels that never meet
    x["education"] = np.where(x["sex"] == "male", "none", x["education"])
    assert "no case has `sex[male]:education[" in told(
        ExitCode.ESTIMATE, lambda: logit(DESIGN, x, "informal ~ sex * education")
    )


# ---- Separation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [logit, probit, cloglog])
@pytest.mark.parametrize(("level", "outcome"), [("tertiary", 0), ("tertiary", 1), ("none", 0)])
def test_separation_by_a_level(model: Callable[..., Fit], level: str, outcome: int) -> None:
    x = X.assign(informal=X["informal"].mask(X["education"] == level, outcome))
    text = told(ExitCode.ESTIMATE, lambda: model(DESIGN, x, "informal ~ sex + age + education"))
    assert "perfect separation" in text
    assert f"education = {level}: all these cases have the outcome {outcome}" in text


def test_separation_elsewhere() -> None:
    certain = (X["education"] == "tertiary") & (X["sex"] == "male")
    text = told(
        ExitCode.ESTIMATE,
        lambda: logit(DESIGN, X.assign(informal=X["informal"].mask(certain, 0)), "informal ~ sex * education + age"),
    )
    assert "`sex[male]:education[tertiary]`: all these cases have the outcome 0" in text
    text = told(ExitCode.ESTIMATE, lambda: logit(DESIGN, X, "(age > 40) ~ sex + age"))
    assert "found   `age`" in text
    x = X.assign(children=X["children"].mask(X["education"] == "tertiary", 0))
    assert "education = tertiary: all these cases have the outcome 0" in told(
        ExitCode.ESTIMATE, lambda: poisson(DESIGN, x, "children ~ sex + education")
    )
    tertiary = X["education"] == "tertiary"
    x = X.assign(status=X["status"].mask(tertiary & (X["status"] == "own_account"), "employee"))
    assert "education = tertiary: none of these cases has the outcome own_account" in told(
        ExitCode.ESTIMATE, lambda: multinomial(DESIGN, x, "status ~ sex + education")
    )
    x = X.assign(satisfaction=X["satisfaction"].mask(tertiary, 4))
    assert "education = tertiary: all these cases have the outcome 4" in told(
        ExitCode.ESTIMATE, lambda: ordered(DESIGN, x, "satisfaction ~ sex + education")
    )


def test_separation_in_a_replicate() -> None:
    x = X.copy()
    certain = x["education"] == "tertiary"
    x.loc[certain, "informal"] = 0
    x.loc[certain & (x["psu"] == x.loc[certain, "psu"].iloc[0]), "informal"] = 1  # the jackknife leaves these out
    text = told(ExitCode.ESTIMATE, lambda: logit(DESIGN.to_replicates("JKn"), x, "informal ~ sex + education"))
    assert "cannot be fitted with one set of replicate weights" in text
    assert "education = tertiary" in text


# ---- After fitting ---------------------------------------------------------------------------------------


def test_too_few_degrees_of_freedom() -> None:
    few = Design.from_columns(np.ones(len(X)), None, X["psu"] % 4)
    ours = logit(few, X, "informal ~ age + sex + education")
    assert ours.df == -1
    assert np.isnan(ours.p).all() and np.isnan(ours.interval()[0]).all()
    assert "fewer degrees of freedom than the model has coefficients" in str(ours)
    assert "cannot be tested together" in told(ExitCode.ESTIMATE, lambda: wald(ours, ["age", "sex", "education"]))


def test_questions_after_fitting() -> None:
    ours = logit(DESIGN, X, "informal ~ age + sex + education")
    line = linear(DESIGN, X, "wage ~ age + sex")
    for answer, sentence in (
        (lambda: effects(ours, ["educaton"]), "did you mean `education`?"),
        (lambda: effects(ours, at={"education": "tertary"}), "did you mean `tertiary`?"),
        (lambda: effects(ours, ["age"], at={"age": 40}), "there is no effect to show"),
        (lambda: effects(ours, over="area"), "`area` is not a covariate"),
        (lambda: predicted(ours, ["age"]), "`age` has 50 values"),
        (lambda: wald(ours, "educaton"), "did you mean `education`?"),
        (lambda: likelihood_ratio(multinomial(DESIGN, X, "status ~ sex"), "family | sex[male]"), "name terms"),
        (lambda: ours.contrast({"gap": {"sex[mal]": 1.0}}), "did you mean `sex[male]`?"),
        (lambda: archer_lemeshow(line), "is for models of a 0/1 outcome"),
        (lambda: roc(line), "is for models of a 0/1 outcome"),
        (lambda: roc(logit(DESIGN, X, "I(informal / 2) ~ age")), "must be 0 or 1"),
    ):
        assert sentence in told(ExitCode.ESTIMATE, answer)
    new = pd.DataFrame({"age": [30.0], "education": ["primry"]})
    text = told(ExitCode.DATA, lambda: predictions(ours, new.assign(education="none")))
    assert "`sex` is not a variable of the data" in text
    assert "did you mean `primary`?" in told(ExitCode.ESTIMATE, lambda: ours.predict(new.assign(sex="male")))
    with pytest.raises(ValueError, match="psu or row"):
        influential(ours, by="person")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unconditional or delta"):
        effects(ours, errors="robust")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="confidence"):
        ours.interval(95)
