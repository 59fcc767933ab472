"""Groups that cannot be compared, and what the user is told. The sentences are part of the behaviour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from informality.foundation.errors import ExitCode, InformalityError
from informality.inference import Design
from informality.inference.decomposition.gaps import fairlie, oaxaca, threefold, yun
from informality.inference.decomposition.reweighting import reweighted

SEX = ("sex", "male", "female")


def people(n: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    x = pd.DataFrame(
        {
            "sex": rng.choice(["female", "male"], n),
            "age": rng.integers(15, 65, n).astype(float),
            "education": rng.choice(["none", "primary", "tertiary"], n, p=[0.3, 0.5, 0.2]),
            "region": rng.choice(["north", "south", "west"], n),
            "psu": rng.integers(0, 40, n),
        }
    )
    x["wage"] = np.exp(0.01 * x["age"] + rng.normal(size=n))
    x["informal"] = (rng.random(n) < 0.5).astype(int)
    return x


X = people()
WEIGHT = np.linspace(1, 3, len(X))
DESIGN = Design.from_columns(WEIGHT, None, X["psu"])


def mean_gap(x: pd.DataFrame, groups: Any = SEX, formula: str = "log(wage) ~ age + education", **options: Any) -> Any:
    return oaxaca(DESIGN, x, formula, groups, **options)


def share_gap(x: pd.DataFrame, groups: Any = SEX, formula: str = "informal ~ age + education", **options: Any) -> Any:
    return yun(DESIGN, x, formula, groups, **options)


def weighted_gap(
    x: pd.DataFrame, groups: Any = SEX, formula: str = "log(wage) ~ age + education", **options: Any
) -> Any:
    return reweighted(DESIGN, x, formula, groups, **options)


EVERY = pytest.mark.parametrize("gap", [mean_gap, share_gap, weighted_gap])


def told(code: ExitCode, what: Callable[[], Any]) -> str:
    with pytest.raises(InformalityError) as error:
        what()
    assert error.value.code == code
    return str(error.value)


# ---- Groups ---------------------------------------------------------------------------------------------------


@EVERY
def test_groups_that_are_not_there(gap: Any) -> None:
    assert "did you mean `sex`?" in told(ExitCode.SPEC, lambda: gap(X, ("sexx", "male", "female")))
    text = told(ExitCode.ESTIMATE, lambda: gap(X, ("sex", "male", "women")))
    assert "`sex` has no level `women`" in text and "its levels are female, male" in text
    assert "the two groups are the same" in told(ExitCode.SPEC, lambda: gap(X, ("sex", "male", "male")))


@EVERY
def test_three_levels(gap: Any) -> None:
    text = told(ExitCode.ESTIMATE, lambda: gap(X, ("region", "north", "south")))
    count = int((X["region"] == "west").sum())
    assert "`region` has more than the two levels north and south in the domain" in text
    assert f"west ({count} rows)" in text and "narrow the domain" in text
    inside = (X["region"] != "west").to_numpy()
    assert gap(X, ("region", "north", "south"), domain=inside).n == tuple(
        X["region"].value_counts()[["north", "south"]]
    )


@EVERY
def test_a_group_without_cases(gap: Any) -> None:
    men = (X["sex"] == "male").to_numpy()
    text = told(ExitCode.ESTIMATE, lambda: gap(X, domain=men))
    assert "nobody in the domain belongs to the group female" in text
    text = told(ExitCode.ESTIMATE, lambda: gap(X, {"men": men, "nobody": np.zeros(len(X), dtype=bool)}))
    assert "belongs to the group nobody" in text
    none = np.zeros(len(X), dtype=bool)
    text = told(ExitCode.ESTIMATE, lambda: gap(X, {"these": none, "those": none}))
    assert "the group these" in text and "the group those" in text
    assert "nobody in the sample belongs to the domain" in told(ExitCode.ESTIMATE, lambda: gap(X, domain=none))


@EVERY
def test_a_group_that_is_empty_once_missing_values_are_left_out(gap: Any) -> None:
    x = X.assign(age=X["age"].where(X["sex"] == "male"))
    assert "`age` is missing in some rows" in told(ExitCode.DATA, lambda: gap(x))
    assert "belongs to the group female" in told(ExitCode.ESTIMATE, lambda: gap(x, missing="drop"))


@EVERY
def test_a_missing_group(gap: Any) -> None:
    x = X.assign(sex=X["sex"].where(X.index >= 7))
    text = told(ExitCode.DATA, lambda: gap(x))
    assert "`sex`, which makes the groups, is missing in some rows of the domain" in text and "7 of 400 rows" in text
    ours = gap(x, missing="drop")
    assert sum(ours.n) == 393
    assert ours.notes[0].what == "7 of 400 rows were left out because `sex` is missing"
    assert "7 of 400 rows were left out" in str(ours)


@EVERY
def test_masks(gap: Any) -> None:
    men, old = (X["sex"] == "male").to_numpy(), (X["age"] > 40).to_numpy()
    text = told(ExitCode.ESTIMATE, lambda: gap(X, {"men": men, "old": old}))
    assert "some rows are in both groups" in text and f"{(men & old).sum()} rows" in text
    for masks in ({"men": men}, {"men": men, "women": ~men[:-1]}, {"men": men, "women": 1 - men.astype(int)}):
        with pytest.raises(ValueError, match="True or False for each row"):
            gap(X, masks)


@EVERY
def test_one_psu(gap: Any) -> None:
    psu = np.where(X["sex"] == "female", 99, X["psu"])
    design = Design.from_columns(WEIGHT, None, psu)
    what = {mean_gap: oaxaca, share_gap: yun, weighted_gap: reweighted}[gap]
    formula = "informal ~ age + education"
    text = told(ExitCode.ESTIMATE, lambda: what(design, X, formula, SEX))  # type: ignore[operator]
    count = int((X["sex"] == "female").sum())
    assert "all cases of the group female lie in one primary sampling unit (PSU)" in text and f"{count} cases" in text


# ---- Covariates -----------------------------------------------------------------------------------------------


@EVERY
def test_the_group_among_the_covariates(gap: Any) -> None:
    outcome = "informal" if gap is share_gap else "log(wage)"
    text = told(ExitCode.SPEC, lambda: gap(X, formula=f"{outcome} ~ age + sex"))
    assert "`sex`, which makes the groups, is also in the formula" in text
    text = told(ExitCode.SPEC, lambda: gap(X, formula=f"{outcome} ~ age - 1 + sex"))
    assert "`sex`, which makes" in text and "a decomposition needs the constant" in text
    # masks have no name to look for, but the covariate tells the groups apart
    men = (X["sex"] == "male").to_numpy()
    text = told(ExitCode.ESTIMATE, lambda: gap(X, {"men": men, "women": ~men}, formula=f"{outcome} ~ age + sex"))
    assert "only women have `sex` = female" in text and "only men have `sex` = male" in text
    x = X.assign(male=men.astype(int))
    text = told(ExitCode.ESTIMATE, lambda: gap(x, formula=f"{outcome} ~ age + male"))
    if gap is weighted_gap:
        assert "model of who is male and not female: some covariates foretell" in text and "`male`" in text
    else:
        assert ", male: `male` is the same for every case" in text


@EVERY
def test_a_level_of_one_group_only(gap: Any) -> None:
    x = X.assign(education=np.where((X["sex"] == "female") & (X["education"] == "tertiary"), "primary", X["education"]))
    text = told(ExitCode.ESTIMATE, lambda: gap(x))
    count = int(((x["sex"] == "male") & (x["education"] == "tertiary")).sum())
    assert "only male have `education` = tertiary" in text and f"{count} cases, and none of female" in text
    assert "join the level with another" in text


@pytest.mark.parametrize("gap", [mean_gap, share_gap])
def test_a_covariate_that_does_not_vary_in_one_group(gap: Any) -> None:
    x = X.assign(tenure=np.where(X["sex"] == "female", 5.0, X["age"] / 2))
    outcome = "informal" if gap is share_gap else "log(wage)"
    text = told(ExitCode.ESTIMATE, lambda: gap(x, formula=f"{outcome} ~ age + tenure"))
    # men's is half their age, and the first group is told first
    assert ", male: `tenure` follows from `age`" in text
    text = told(ExitCode.ESTIMATE, lambda: gap(x, formula=f"{outcome} ~ education + tenure"))
    assert ", female: `tenure` is the same for every case" in text


def test_other_formulas() -> None:
    assert "did you mean `education`?" in told(ExitCode.SPEC, lambda: mean_gap(X, formula="log(wage) ~ educatio"))
    assert "must be a number" in told(ExitCode.SPEC, lambda: mean_gap(X, formula="education ~ age"))
    assert "must lie between 0 and 1" in told(ExitCode.ESTIMATE, lambda: share_gap(X, formula="age ~ education"))


# ---- Outcomes -------------------------------------------------------------------------------------------------


def test_an_outcome_that_does_not_vary_in_one_group() -> None:
    x = X.assign(informal=np.where(X["sex"] == "female", 1, X["informal"]))
    for kind in ("logit", "probit"):
        text = told(ExitCode.ESTIMATE, lambda kind=kind: share_gap(x, kind=kind))  # type: ignore[misc]
        assert "the outcome `informal` is the same for every case of female" in text and "it is 1" in text


def test_separation_in_one_group() -> None:
    x = X.assign(informal=np.where((X["sex"] == "female") & (X["education"] == "none"), 1, X["informal"]))
    text = told(ExitCode.ESTIMATE, lambda: share_gap(x))
    assert ", female: some covariates foretell the outcome" in text and "education = none" in text


# ---- Ways to decompose ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap", [mean_gap, share_gap])
def test_unknown_reference(gap: Any) -> None:
    text = told(ExitCode.SPEC, lambda: gap(X, reference="poled"))
    assert (
        "`poled` is neither a group nor a kind of reference coefficients" in text and "did you mean `pooled`?" in text
    )


def test_unknown_kinds_and_statistics() -> None:
    with pytest.raises(ValueError, match="logit or probit"):
        share_gap(X, kind="linear")
    with pytest.raises(ValueError, match="logit or probit"):
        fairlie(DESIGN, X, "informal ~ age", SEX, kind="tobit")  # type: ignore[arg-type]
    for statistics in ((), (50,), ("mean", 0.0), ("median",)):
        text = told(ExitCode.SPEC, lambda statistics=statistics: weighted_gap(X, statistics=statistics))  # type: ignore[misc]
        assert "probabilities of quantiles, above 0 and below 1" in text and "0.5 is the median" in text


def test_terms_of_a_part_that_is_nothing_are_doubtful() -> None:
    ours = share_gap(X)
    doubts = [note.what for note in ours.notes]
    assert any(
        what.startswith("the terms of the explained part are shares of a sum that cannot be told") for what in doubts
    )
    assert "not touched by this" in str(ours)
    assert not fairlie(DESIGN, X, "informal ~ age + education", SEX).notes  # no terms, no doubts about them
    assert not mean_gap(X).notes and not threefold(DESIGN, X, "wage ~ age", SEX).notes


# ---- Overlap --------------------------------------------------------------------------------------------------


def apart(years: float) -> pd.DataFrame:
    """Women's ages from 15, men's so many years later."""
    return X.assign(age=X["age"] + np.where(X["sex"] == "male", years, 0.0))


def test_overlap_is_shown_and_insisted_on() -> None:
    fine = weighted_gap(X)
    assert not fine.notes and fine.overlap["near_1"].max() < 0.01
    assert "female, reweighted" in str(fine)

    thin = weighted_gap(apart(35), alone=1)
    assert [note.what.split()[:3] for note in thin.notes] == [["62.8%", "of", "male"], ["one", "case", "carries"],
                                                              ["reweighted,", "the", "groups"]]  # fmt: skip
    assert thin.overlap["near_1"].iloc[0] == pytest.approx(0.628, abs=5e-4)
    assert f"`age` by {thin.balance.loc['age', 'after']:+.2f} standard deviations" in thin.notes[2].what

    for options in ({}, {"alone": 1, "fewest": 40}):
        text = told(ExitCode.ESTIMATE, lambda options=options: weighted_gap(apart(35), **options))  # type: ignore[misc]
        assert (
            "female cannot be made to look like male" in text and "62.8% of male have hardly a like in female" in text
        )
        assert f"say as much as {thin.overlap['effective_n'].iloc[2]:.1f} equal ones" in text

    text = told(ExitCode.ESTIMATE, lambda: weighted_gap(apart(60)))  # no man is as young as any woman
    assert "perfect separation" in text and "model of who is male and not female" in text and "`age`" in text
